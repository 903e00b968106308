"""Past orders for a shop of the bench: in every state that facts make, by accounts and guests, from many countries.

Runs as a program of its own, `python -m bench.past COUNT`, on the instance that STOA_INSTANCE names; prints JSON. Rows
are written straight into the tables, since verbs would take an hour; what lists are narrowed by is then made by the
same function as `./stoa reindex`, and every level stays the sum of its moves.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

from bench.servers import HOST
from core.accounts.models import Staff, folded, shopper_words
from core.catalogue.services.writing import insert_rows
from core.cli.boot import bar, boot
from core.hookspecs.site import Site
from core.kernel import db, passwords
from core.kernel.sites import site_by_host
from core.lib import clock, ids
from core.orders.services.states import copy_all

_BATCH = 1_000
_DAY_US = 86_400_000_000
_COUNTRIES = ("DE", "AT", "FR", "NL", "PL", "IT", "GB", "CH")
_PEOPLE = ("Mira", "Jonas", "Ada", "Li", "Noor", "Emil", "Zoë", "Ivo", "Sanna", "Kaya")
_LATER = ("Kowalski", "Weber", "Öztürk", "Chen", "Jansen", "Rossi", "Meyer", "Novák", "Smith", "Dubois")
_TAGS = ("gift", "call back", "wholesale", "vip", "fragile")
_PLACES = ("order_line", "payment", "payment_fact", "order_hold", "order_tag", "order_entry", "order_case")
_Rows = dict[str, list[dict[str, object]]]
# (kind of order, of ten thousand). Most are long done; some states are rare.
_KINDS = (
    ("delivered", 7_000), ("shipped", 1_500), ("to_ship", 800), ("unpaid", 200), ("cancelled", 250), ("part", 60),
    ("returned", 100), ("requested", 30), ("disputed", 4), ("partly_paid", 6), ("authorized", 20), ("pending", 10),
    ("refunded", 17), ("held", 3),
)  # fmt: skip
EMAIL, PASSWORD = "owner@bench.test", "a bench is for sitting"


def build(count: int) -> dict[str, Any]:
    """Fill the shop; answers how long it took, and how many orders are in each state."""
    boot()
    site, draw, began = site_by_host(HOST), random.Random(7), time.perf_counter()
    _owner()
    shoppers = _shoppers(site, max(10, count // 5), draw)
    goods = db.rows("SELECT v.id, v.product_id, v.sku FROM variant v ORDER BY v.id LIMIT 20000")
    place = int(db.value("SELECT MIN(id) FROM location"))
    first = clock.now_us() - 730 * _DAY_US
    for start in range(0, count, _BATCH):
        some = range(start, min(start + _BATCH, count))
        with db.transaction():
            _orders(site, some, first, count, shoppers, goods, place, draw)
        bar(some.stop, count, "past orders")
    with db.transaction():
        _levels(place, draw)
        db.execute(
            "INSERT INTO order_counter (site_id, last) VALUES (?, ?) ON CONFLICT (site_id) DO UPDATE SET last ="
            " excluded.last",
            site.id, 10_000 + count,
        )  # fmt: skip
    copied = time.perf_counter()
    copy_all(bar)
    db.look_again()
    return {
        "orders": count,
        "shoppers": len(shoppers),
        "seconds": round(time.perf_counter() - began, 1),
        "copy_s": round(time.perf_counter() - copied, 1),
        "states": dict(db.rows("SELECT state, COUNT(*) FROM orders GROUP BY state ORDER BY 2 DESC")),
    }


def _owner() -> None:
    """Somebody who may look at every page of the panel."""
    known, now = passwords.hashed(PASSWORD), clock.now()
    with db.transaction():
        Staff.create(
            email=EMAIL, email_folded=folded(EMAIL), name="Owner", password_hash=known, is_owner=True, created_at=now
        )


def _shoppers(site: Site, count: int, draw: random.Random) -> list[tuple[int, str, str]]:
    """(id, name, e-mail) of accounts."""
    people = [(f"{draw.choice(_PEOPLE)} {draw.choice(_LATER)}", f"shopper{number}@example.org") for number in
              range(count)]  # fmt: skip
    now = clock.now_us()
    with db.transaction():
        insert_rows(
            "shopper",
            ("site_id", "email", "email_folded", "name", "phone", "language", "created_at", "confirmed_at", "words"),
            [(site.id, mail, folded(mail), name, "", site.language, now - place * _DAY_US // 50, now,
              shopper_words(name, mail, ""))
             for place, (name, mail) in enumerate(people)],
        )  # fmt: skip
    found = db.rows("SELECT id, name, email FROM shopper WHERE site_id = ? ORDER BY id", site.id)
    return [(row[0], row[1], row[2]) for row in found]


def _orders(
    site: Site,
    numbers: range,
    first: int,
    count: int,
    shoppers: Sequence[tuple[int, str, str]],
    goods: Sequence[db.Row],
    place: int,
    draw: random.Random,
) -> None:
    highest = int(db.value("SELECT COALESCE(MAX(id), 0) FROM orders") or 0)
    lines = int(db.value("SELECT COALESCE(MAX(id), 0) FROM order_line") or 0)
    payments = int(db.value("SELECT COALESCE(MAX(id), 0) FROM payment") or 0)
    every = [kind for kind, _ in _KINDS]
    drawn = draw.choices(every, [weight for _, weight in _KINDS], k=len(numbers))
    kinds = drawn if numbers[0] else [*every, *drawn[len(every) :]]  # one of each, however small the shop is
    orders: list[dict[str, object]] = []
    rows: _Rows = {name: [] for name in _PLACES}
    moves: list[tuple[object, ...]] = []
    for place_of, (number, kind) in enumerate(zip(numbers, kinds, strict=True), 1):
        at = first + number * (730 * _DAY_US) // count
        chosen = draw.sample(goods, draw.randint(1, 3))
        picked = [(*one, draw.randint(1, 3), draw.randint(900, 20_000)) for one in chosen]
        total = sum(quantity * price for *_, quantity, price in picked) + 490
        who = draw.choice(shoppers) if draw.random() < 0.6 else None
        name = who[1] if who else f"{draw.choice(_PEOPLE)} {draw.choice(_LATER)}"
        email = who[2] if who else f"guest{draw.randrange(max(1, count // 3))}@example.net"
        order_id = highest + place_of
        orders.append(_order(site, order_id, number, at, total, who and who[0], name, email, draw.choice(_COUNTRIES)))
        payments += 1
        rows["payment"].append(_payment(site, payments, order_id, total, at))
        rows["payment_fact"] += [_fact(site, payments, order_id, *one, at) for one in _facts(kind, total)]
        for position, (variant_id, product_id, sku, quantity, price) in enumerate(picked):
            lines += 1
            happened = _events(kind, quantity, position)
            rows["order_line"].append(
                {"order_id": order_id, "position": position, "variant_id": variant_id, "product_id": product_id,
                 "sku": sku, "name": f"Thing {sku}", "picture": "", "unit_amount": price, "list_amount": price,
                 "subtotal": price * quantity, "discount": 0, "tax": 0, "total": price * quantity,
                 "tax_class": "standard", "weight_g": 800, "needs_delivery": True, "ordered": quantity,
                 "promise": "", **happened}
            )  # fmt: skip
            gone, waits = int(happened["shipped"]), int(happened["allocated"])
            moves += [("allocate", variant_id, place, 0, quantity, order_id, at)] if gone or waits else []
            moves += [("ship", variant_id, place, -gone, -gone, order_id, at + _DAY_US)] if gone else []
        rows["order_entry"].append({"order_id": order_id, "at": at, "actor": "guest", "kind": "placed", "data": "{}"})
        _beside(site, rows, kind, order_id, at, draw)
    insert_dicts("orders", orders)
    for name, found in rows.items():
        insert_dicts(name, found)
    _moves(moves)


def insert_dicts(table: str, found: Sequence[dict[str, object]]) -> None:
    """Rows with the same columns."""
    if found:
        insert_rows(table, tuple(found[0]), [tuple(row.values()) for row in found])


def _order(
    site: Site,
    order_id: int,
    number: int,
    at: int,
    total: int,
    shopper_id: int | None,
    name: str,
    email: str,
    country: str,
) -> dict[str, object]:
    place = {"name": name, "lines": ["Lange Str. 1"], "city": "Town", "postcode": "10115", "country": country}
    return {
        "id": order_id, "site_id": site.id, "number": str(10_001 + number), "cart_id": -order_id,
        "key_digest": ids.digest(f"past-{order_id}"), "link": 0, "link_until": at + 180 * _DAY_US,
        "shopper_id": shopper_id, "email": email, "phone": "", "name": name, "language": site.language,
        "currency": "EUR", "placed_at": at, "subtotal": total - 490, "discount": 0, "delivery": 490, "tax": 0,
        "total": total, "delivery_total": 490, "charges": 0, "given_back": 0, "prices_include_tax": True,
        "tax_note": "", "address": json.dumps(place), "billing": None,
        "carrier": _mostly(order_id, "flat_rate", "pickup"), "service": "standard",
        "carrier_plugin": "flat_rate", "delivery_title": "Standard", "rate": "{}",
        "gateway": _mostly(order_id, "bank_transfer", "cash_on_delivery"),
        "payment_title": "Bank transfer", "note": "", "codes": "[]", "extra": "{}", "trace": "[]", "days_to_pay": 0,
        "version": 1,
    }  # fmt: skip


def _mostly(order_id: int, usual: str, rare: str) -> str:
    """One of a thousand orders goes another way."""
    return rare if order_id % 1_000 == 7 else usual


def _payment(site: Site, payment_id: int, order_id: int, total: int, at: int) -> dict[str, object]:
    return {
        "id": payment_id, "site_id": site.id, "order_id": order_id, "plugin": "bank_transfer",
        "gateway": "bank_transfer", "account": "bank", "live": True, "token": f"past-{payment_id}", "amount": total,
        "currency": "EUR", "title": "Bank transfer", "reference": "", "data": "{}", "created_at": at,
    }  # fmt: skip


def _facts(kind: str, total: int) -> Iterator[tuple[str, int]]:
    """What the gateway told of an order of this kind."""
    if kind in {"unpaid", "cancelled"}:
        return
    if kind in {"authorized", "pending"}:
        yield kind, total
        return
    yield "captured", total // 2 if kind == "partly_paid" else total
    if kind in {"refunded", "returned"}:
        yield "refunded", total
    if kind == "disputed":
        yield "disputed", total


def _fact(site: Site, payment_id: int, order_id: int, kind: str, amount: int, at: int) -> dict[str, object]:
    return {
        "site_id": site.id, "plugin": "bank_transfer", "account": "bank", "live": True, "kind": kind,
        "reference": f"{kind}-{order_id}", "amount": amount, "currency": "EUR", "at": at, "stored_at": at,
        "payment_id": payment_id, "verdict": "counted", "note": "",
    }  # fmt: skip


def _events(kind: str, quantity: int, position: int) -> dict[str, int]:
    """What happened to the pieces of a line."""
    found = dict.fromkeys(
        ("allocated", "picked", "shipped", "delivered", "cancelled", "return_requested", "received", "restocked",
         "written_off", "claimed", "claimed_amount"), 0,
    )  # fmt: skip
    if kind == "cancelled":
        return {**found, "cancelled": quantity}
    sent = kind in {"delivered", "shipped", "returned", "requested", "refunded", "disputed"}
    sent = sent or (kind == "part" and position == 0)
    if not sent:
        return {**found, "allocated": quantity}
    found |= {"shipped": quantity, "picked": quantity, "delivered": 0 if kind == "shipped" else quantity}
    if kind == "returned":
        found |= {"return_requested": quantity, "received": quantity}
    if kind == "requested":
        found["return_requested"] = quantity
    return found


def _beside(site: Site, rows: _Rows, kind: str, order_id: int, at: int, draw: random.Random) -> None:
    """Holds, tags and cases."""
    if kind == "held":
        rows["order_hold"].append(
            {"site_id": site.id, "order_id": order_id, "source": "staff", "reason": "A strange name",
             "facts": "", "actor": "staff:1", "at": at, "outcome": "", "answer": ""}
        )  # fmt: skip
    if draw.random() < 0.05:
        rows["order_tag"].append({"site_id": site.id, "order_id": order_id, "tag": draw.choice(_TAGS)})
    if kind in {"returned", "requested"}:
        done = at + 20 * _DAY_US if kind == "returned" else None
        rows["order_case"].append(
            {"site_id": site.id, "order_id": order_id, "kind": "return", "key": f"past-{order_id}",
             "reason": "changed_mind", "note": "", "photos": "[]", "wanted": "{}", "wish": "", "way": "",
             "outcome": "resolved" if done else "", "granted": 0, "actor": "guest", "answer": "",
             "requested_at": at + 9 * _DAY_US, "approved_at": done, "ended_at": done}
        )  # fmt: skip


_MOVES = (
    "kind", "variant_id", "location_id", "on_hand", "allocated", "held", "reason", "actor", "reference", "at",
)  # fmt: skip
# -- stock -------------------------------------------------------------------------------------------------------------


def _moves(moves: Sequence[tuple[object, ...]]) -> None:
    rows = [
        (kind, variant, place, on_hand, promised, 0, "", "system", f"order:{order}", at)
        for kind, variant, place, on_hand, promised, order, at in moves
    ]
    insert_rows("stock_move", _MOVES, rows)


def _levels(place: int, draw: random.Random) -> None:
    """A few variants run low; then every level is the sum of its moves."""
    levels = db.rows("SELECT variant_id, on_hand FROM stock_level WHERE location_id = ? ORDER BY variant_id", place)
    low = draw.sample(levels, max(1, len(levels) // 500))
    taken = dict(
        db.rows("SELECT variant_id, SUM(on_hand) FROM stock_move WHERE location_id = ? GROUP BY variant_id", place)
    )
    now = clock.now_us()
    counted = [
        ("count", variant, place, 3 - int(taken[variant]), 0, 0, "Counted", "system", "", now) for variant, _ in low
    ]
    insert_rows("stock_move", _MOVES, counted)
    db.execute(
        "UPDATE stock_level SET on_hand = m.on_hand, allocated = m.allocated, backorder_limit = 1000 FROM"
        " (SELECT variant_id, location_id, SUM(on_hand) AS on_hand, SUM(allocated) AS allocated FROM stock_move"
        " GROUP BY variant_id, location_id) m"
        " WHERE m.variant_id = stock_level.variant_id AND m.location_id = stock_level.location_id"
    )


if __name__ == "__main__":
    print(json.dumps(build(int(sys.argv[1]))))
