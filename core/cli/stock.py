"""location, stock: the places that goods ship from, and pieces that go from one to another."""

from __future__ import annotations

import argparse
from typing import Any

from core.cli.boot import boot
from core.lib.errors import NotFound


def add_to(commands: Any) -> None:
    """`location add|list` and `stock move`."""
    location = commands.add_parser("location", help="the places that goods ship from").add_subparsers(
        dest="verb", metavar="VERB", required=True
    )
    add = location.add_parser("add", help="add a place, behind the others")
    add.add_argument("code", help="small letters, digits and hyphens; it stays as it is")
    add.add_argument("--name", required=True, help="as people call it")
    add.add_argument("--country", default="", help="an ISO code such as DE")
    add.add_argument("--postcode", default="", help="of several in one country, the nearer goes first")
    add.set_defaults(run=_add)
    location.add_parser("list", help="list the places with what is there").set_defaults(run=_list)
    stock = commands.add_parser("stock", help="pieces in these places").add_subparsers(
        dest="verb", metavar="VERB", required=True
    )
    move = stock.add_parser("move", help="move free pieces from one place to another")
    move.add_argument("sku")
    move.add_argument("pieces", type=int)
    move.add_argument("--from", dest="source", required=True, help="the code of the place where they are")
    move.add_argument("--to", dest="target", required=True, help="the code of the place where they go")
    move.add_argument("--why", default="", help="stands beside both moves")
    move.add_argument("--on-its-way", action="store_true", help="incoming there until received in the panel")
    move.set_defaults(run=_move)


def _add(options: argparse.Namespace) -> int:
    from core.catalogue.services.locations import add_location

    boot()
    add_location(options.code, options.name, None, options.country.upper(), "system", postcode=options.postcode)
    print(f"{options.code}: {options.name}")
    return 0


def _list(options: argparse.Namespace) -> int:
    from core.catalogue.services.locations import all_locations

    del options
    boot()
    for one in all_locations():
        closed = "" if one.is_open else " (closed)"
        print(f"{one.code:<20} {one.name:<30} {one.country or '-':<3} {one.on_hand:>9} there{closed}")
    return 0


def _move(options: argparse.Namespace) -> int:
    from core.catalogue.services.locations import all_locations
    from core.catalogue.services.stock_transfers import transfer_stock
    from core.kernel import db

    boot()
    places = {one.code: one.id for one in all_locations()}
    for code in (options.source, options.target):
        if code not in places:
            raise NotFound(f"there is no place with the code {code}; see ./stoa location list")
    variant_id = db.value("SELECT id FROM variant WHERE sku = ? AND deleted_at IS NULL", options.sku)
    if variant_id is None:
        raise NotFound(f"there is no variant with the SKU {options.sku}")
    made = transfer_stock(
        int(variant_id), places[options.source], places[options.target], options.pieces, options.why, "system",
        on_its_way=options.on_its_way,
    )  # fmt: skip
    print(f"transfer {made}: {options.pieces} × {options.sku} from {options.source} to {options.target}")
    return 0
