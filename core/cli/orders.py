"""order: open orders of other channels come in from a file, and are taken back."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.cli.boot import bar, boot, the_site
from core.lib.days import DAY_ORDERS

if TYPE_CHECKING:
    from core.hookspecs.site import Site
    from core.imports.services.reports import Report


def add_to(commands: Any) -> None:
    """`order import|imports|undo`."""
    order = commands.add_parser(
        "order", help="orders from files: open ones of other channels, and what came before"
    ).add_subparsers(dest="verb", metavar="VERB", required=True)
    imports = order.add_parser("import", help="rehearse a file of open orders, then bring them in")
    imports.add_argument("file", type=Path)
    imports.add_argument("--site", required=True, help="the site's domain")
    imports.add_argument("--channel", default="", help="where they were placed, if the file does not say so by row")
    imports.add_argument(
        "--column", action="append", default=[], metavar="NAME=MEANING", help="what a column stands for; empty: nothing"
    )
    imports.add_argument(
        "--dates", choices=DAY_ORDERS, default="", help="the order of dates, where the file leaves it open"
    )
    imports.add_argument("--dry-run", action="store_true", help="rehearse only: say what would come in")
    imports.add_argument("--errors", type=Path, help="where to write the remarks (FILE.errors.csv)")
    imports.set_defaults(run=_import)
    shown = order.add_parser("imports", help="list the last imports of a site")
    shown.add_argument("--site", required=True, help="the site's domain")
    shown.set_defaults(run=_list)
    undo = order.add_parser("undo", help="take an import back: orders with which nothing has happened since")
    undo.add_argument("number", type=int, help="as `order imports` lists it")
    undo.add_argument("--site", required=True, help="the site's domain")
    undo.set_defaults(run=_undo)


def _import(options: argparse.Namespace) -> int:
    """The same steps as in the panel: opened, columns chosen, rehearsed, and for good what can come in."""
    from core.imports.models import ORDERS
    from core.imports.services.reports import report
    from core.orders.services.file_runs import Terms, carry_on, choose, for_good, look, open_file, rehearse

    wanted = dict(one.partition("=")[::2] for one in options.column)
    boot()
    site = the_site(options.site)
    terms = Terms(channel=options.channel, dates=options.dates)
    run = open_file(site, ORDERS, options.file, options.file.name, "system", terms)
    columns = {one.name: one.target for one in look(site, ORDERS, run).columns}
    if lost := wanted.keys() - columns.keys():
        print(f"the file has no column {min(lost)!r}", file=sys.stderr)
        return 2
    mapping = columns | wanted
    if not options.channel.strip() and "channel" not in mapping.values():
        print("say where these orders were placed: --channel NAME", file=sys.stderr)
        return 2
    choose(site, ORDERS, run, mapping, terms)
    rehearse(site, ORDERS, run)
    carry_on(run, bar)
    if not options.dry_run and report(site, run, ORDERS).created:
        run = for_good(site, ORDERS, run, "system")
        carry_on(run, bar)
    return _told(site, report(site, run, ORDERS), options.errors or options.file.with_suffix(".errors.csv"))


def _told(site: Site, found: Report, errors: Path) -> int:
    """What came of it; remarks go to a file of their own."""
    from core.imports.models import ORDERS
    from core.imports.services.reports import remarks_csv

    words = "would come in" if found.dry_run else "came in"
    print(f"Orders: {found.created} {words}, {found.unchanged} known or over, {found.refused} left out.")
    if found.error:
        print(found.error, file=sys.stderr)
    if found.remarks is not None:
        with errors.open("wb") as stream:
            stream.writelines(remarks_csv(site, found.id, ORDERS))
        print(errors)
    if found.undoable:
        print(f"Take it back: ./stoa order undo {found.id} --site {site.host}")
    return 1 if found.refused or found.error else 0


def _list(options: argparse.Namespace) -> int:
    from core.imports.models import HISTORY, ORDERS
    from core.imports.services.reports import reports

    boot()
    site = the_site(options.site)
    found = [(one, kind) for kind in (ORDERS, HISTORY) for one in reports(site, kind=kind)]
    for one, kind in sorted(found, key=lambda pair: -pair[0].id):
        state = "rehearsed" if one.dry_run else one.state
        print(f"{one.id:>6}  {one.created_at:%Y-%m-%d %H:%M}  {state:<10} {one.created:>6} {kind:<7}  {one.original}")
    return 0


def _undo(options: argparse.Namespace) -> int:
    from core.imports.models import HISTORY, UNDOING
    from core.imports.services.reports import report
    from core.kernel import jobs
    from core.orders.services.channel_undo import kind_of, undo_import
    from core.orders.services.history_undo import undo_history

    boot()
    site = the_site(options.site)
    kind = kind_of(site, options.number)
    (undo_history if kind == HISTORY else undo_import)(site, options.number, "system")
    # What the worker would do; if one has it already, it is waited for.
    while report(site, options.number, kind).state == UNDOING:
        if not jobs.run_due():
            jobs.wait(1)
    found = report(site, options.number, kind)
    print(f"Orders: {found.undone} taken back, {found.kept} left, because something has happened with them.")
    return 1 if found.kept else 0
