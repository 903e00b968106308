"""Orders that do not go the usual way: what comes back, what waits, what is talked about first."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from datetime import datetime, timedelta

from core.api import (
    LINK_TOKEN,
    CancelUnits,
    DraftLine,
    DraftWish,
    OrderView,
    ReturnTerms,
    add_location,
    adjust_stock,
    approve_case,
    approve_order,
    change_order,
    decline_case,
    draft_view,
    expect_stock,
    first_stock_location,
    hold_order,
    inspect_case,
    look_at_draft,
    make_draft,
    now,
    place_draft,
    promise_day,
    receive_case,
    refund_surplus,
    refuse_order,
    request_case,
    resolve_return,
    send_draft,
    set_backorder_limit,
    tag_order,
    take_delivery,
    transfer_stock,
    value,
    write_order_note,
)
from plugins.demo.services.days import Begun, Life, hour_of
from plugins.demo.services.orders import Shop, variant
from plugins.demo.services.people import Person, stranger


def stories(shop: Shop, today: datetime) -> Iterator[Begun]:
    """Each once, beginning so many days ago."""
    for days, minute, story in _STORIES:
        yield Begun(at=hour_of(shop.site, today, days, minute), site=shop.site, life=story(shop))


def _bought(shop: Shop, place: int, sku: str, pieces: int = 1, **more: int) -> OrderView:
    """What the person at this place orders; the demo's shelves are full enough for it."""
    order = shop.order(shop.people[place], {sku: pieces, **more})
    assert order is not None, sku
    return order


def _announced(shop: Shop, order: OrderView, kind: str, reason: str, note: str, *, pieces: int = 1, **more: int) -> int:
    """The shopper says what is to come back of the first line; `more` are wanted instead, by SKU."""
    return request_case(
        shop.site, order.id, kind=kind, lines={order.lines[0].id: pieces}, reason=reason, key=kind,
        actor=f"shopper:{order.shopper_id}", note_text=shop.words[note],
        wanted={variant(sku): count for sku, count in more.items()},
    )  # fmt: skip


def _came_back(shop: Shop, case_id: int, order: OrderView, **found: int) -> Life:
    """Approved, on its way, there; looked at if it is said what was `found`."""
    yield timedelta(hours=5)
    approve_case(shop.site, case_id, actor=shop.staff)
    yield timedelta(days=2, hours=3)
    line = order.lines[0].id
    receive_case(shop.site, case_id, {line: sum(found.values()) or 1}, actor=shop.staff)
    if found:
        yield timedelta(hours=2)
        inspect_case(shop.site, case_id, {line: found}, actor=shop.staff)


def _give_back(shop: Shop, order: OrderView) -> None:
    """What was paid for it and is owed, where anything was."""
    if shop.look(order.id).refund_due.amount:
        refund_surplus(shop.state, order.id, actor=shop.staff, key="demo", by_hand=True)
        shop.issue(order)


# -- what comes back ---------------------------------------------------------------------------------------------------


def _returned(shop: Shop) -> Life:
    """Sent back in its box, and paid back."""
    order = _bought(shop, 1, "CUSHION-OCHRE")
    yield from shop.fulfilled(order)
    yield timedelta(days=2)
    case = _announced(shop, order, "return", "changed_mind", "returned_note")
    yield from _came_back(shop, case, order, sellable=1)
    resolve_return(shop.state, case, ReturnTerms(answer=shop.words["returned_answer"]), actor=shop.staff)
    yield timedelta(hours=1)
    _give_back(shop, order)


def _replaced(shop: Shop) -> Life:
    """Broken on the way, and sent once more."""
    order = _bought(shop, 2, "PLATES-CHALK")
    yield from shop.fulfilled(order)
    yield timedelta(hours=6)
    case = _announced(shop, order, "claim", "damaged", "damaged_note")
    yield timedelta(hours=3)
    approve_case(shop.site, case, actor=shop.staff)
    yield timedelta(minutes=20)
    resolve_return(
        shop.state, case, ReturnTerms(way="replace", answer=shop.words["damaged_answer"]), actor=shop.staff
    )  # fmt: skip
    yield timedelta(hours=4)
    shop.send(order)
    yield timedelta(days=2)
    shop.arrive(order)


def _declined(shop: Shop) -> Life:
    """Worn out, not faulty."""
    order = _bought(shop, 3, "BOTTLE-MOSS")
    yield from shop.fulfilled(order)
    yield timedelta(days=4)
    case = _announced(shop, order, "return", "faulty", "used_note")
    yield timedelta(hours=20)
    decline_case(shop.site, case, actor=shop.staff, answer=shop.words["used_answer"])


def _exchanged(shop: Shop) -> Life:
    """Another colour."""
    order = _bought(shop, 4, "THROW-FJORD")
    yield from shop.fulfilled(order)
    yield timedelta(days=1)
    case = _announced(shop, order, "exchange", "not_as_described", "exchange_note", **{"THROW-OCHRE": 1})
    yield from _came_back(shop, case, order, sellable=1)
    resolve_return(shop.state, case, ReturnTerms(answer=shop.words["exchange_answer"]), actor=shop.staff)
    yield timedelta(hours=2)
    shop.send(order)
    yield timedelta(days=2)
    shop.arrive(order)


def _scratched(shop: Shop) -> Life:
    """Two came back, one of them damaged."""
    order = _bought(shop, 5, "HEADPHONES-INK", 2)
    yield from shop.fulfilled(order)
    yield timedelta(days=3)
    case = _announced(shop, order, "return", "not_as_described", "scratched_note", pieces=2)
    yield from _came_back(shop, case, order, sellable=1, damaged=1)
    resolve_return(shop.state, case, ReturnTerms(answer=shop.words["scratched_answer"]), actor=shop.staff)
    yield timedelta(hours=1)
    _give_back(shop, order)


def _in_quality(shop: Shop) -> Life:
    """Came back yesterday, and waits to be looked at."""
    order = _bought(shop, 6, "TEAPOT-INK")
    yield from shop.fulfilled(order)
    yield timedelta(days=1)
    case = _announced(shop, order, "return", "changed_mind", "quality_note")
    yield from _came_back(shop, case, order)


def _asked_for(shop: Shop) -> Life:
    """A return that waits for an answer."""
    order = _bought(shop, 0, "TEAPOT-CLAY")
    yield from shop.fulfilled(order)
    yield timedelta(days=1, hours=9)
    _announced(shop, order, "return", "faulty", "waiting_note")


def _lost(shop: Shop) -> Life:
    """A claim that waits for a decision."""
    order = _bought(shop, 9, "SCARF-FJORD")
    yield from shop.fulfilled(order)
    yield timedelta(hours=28)
    _announced(shop, order, "claim", "missing", "claim_note")


# -- what changes or waits ---------------------------------------------------------------------------------------------


def _fewer(shop: Shop) -> Life:
    """One instead of two, before it leaves; what was paid for the other goes back."""
    order = _bought(shop, 7, "SPEAKER-FOG", 2)
    yield from shop.paid_before(order)
    change_order(
        shop.state, order.id, [CancelUnits(line_id=order.lines[0].id, quantity=1)], key="one is enough",
        actor=shop.staff, reason=shop.words["changed_reason"],
    )  # fmt: skip
    yield timedelta(hours=1)
    _give_back(shop, order)
    yield timedelta(hours=14)
    yield from shop.underway(order)


def _in_two_parcels(shop: Shop) -> Life:
    """The first parcel is there, the second follows."""
    order = yield from _parted(shop, 10)
    yield timedelta(days=4)
    yield from shop.underway(order)


def _half_sent(shop: Shop) -> Life:
    """The second parcel still waits."""
    yield from _parted(shop, 8)


def _parted(shop: Shop, place: int) -> Generator[timedelta, None, OrderView]:
    order = _bought(shop, place, "NOTEBOOK-RUST", 2, **{"TUMBLER-MOSS": 1})
    yield from shop.paid_before(order)
    shop.send(order, {order.lines[0].id: order.lines[0].quantity})
    return order


def _for_ada(shop: Shop) -> Life:
    """A present, with a wish."""
    order = shop.order(shop.people[0], {"LAMP-CHALK": 1}, note=shop.words["gift_note"])
    if order is None:
        return
    yield timedelta(hours=2)
    tag_order(shop.site, order.id, shop.words["gift_tag"], actor=shop.staff)
    yield from shop.fulfilled(order)


def _unclear(shop: Shop) -> Life:
    """Somebody without an account, at an address that no courier finds."""
    order = shop.order(stranger(shop.site, shop.words["guest"]), {"MIRROR-OAK": 1})
    if order is None:
        return
    yield timedelta(hours=3)
    hold_order(shop.site, order.id, reason=shop.words["hold_reason"], actor=shop.staff)
    yield timedelta(hours=20)
    write_order_note(shop.site, order.id, shop.words["hold_note"], actor=shop.staff)


def _risky(shop: Shop) -> Life:
    """Large, the first one, and from an address that lasts ten minutes."""
    shop.order(stranger(shop.site, shop.words["swift"]), {"HEADPHONES-SAND": 4})
    yield timedelta()


def _refused(shop: Shop) -> Life:
    """The same, looked into."""
    order = shop.order(stranger(shop.site, shop.words["quick"]), {"HEADPHONES-SAND": 4})
    if order is not None and shop.look(order.id).holds:
        yield timedelta(hours=5)
        refuse_order(shop.site, order.id, actor=shop.staff, reason=shop.words["refused_reason"])


def _approved(shop: Shop) -> Life:
    """Many pieces, for a reason."""
    order = shop.order(stranger(shop.site, shop.words["office"]), {"KETTLE-INK": 2, "MUG-CHALK": 11})
    if order is None:
        return
    yield timedelta(hours=4)
    hold_order(shop.site, order.id, reason=shop.words["hold_reason"], actor=shop.staff)
    yield timedelta(hours=1)
    approve_order(shop.site, order.id, actor=shop.staff, reason=shop.words["approved_reason"])
    yield from shop.fulfilled(order)


def _for_later(shop: Shop) -> Life:
    """More than there were; the last waits for the workshop, which is late."""
    person, sku, at = shop.people[11], "STOOL-RED", first_stock_location()
    left = value("SELECT MIN(on_hand - allocated - held) FROM stock_level WHERE variant_id = ?", variant(sku))
    set_backorder_limit(variant(sku), at, 8, shop.staff)
    order = shop.order(person, {sku: max(0, left) + 1})
    if order is None:
        return
    yield timedelta(hours=4)
    expect_stock(variant(sku), at, 12, shop.words["supplier"], shop.staff)
    yield from shop.paid_before(order)
    day = (now() + timedelta(days=12)).date()
    promise_day(shop.site, order.id, day, actor=shop.staff, why=shop.words["late_why"])
    yield timedelta(hours=2)
    write_order_note(shop.site, order.id, shop.words["late_note"], actor=shop.staff)


def _given_up(shop: Shop) -> Life:
    """Nobody has paid, and nobody will."""
    shop.order(shop.people[3], {"CLOCK-CHALK": 1})
    yield timedelta()


# -- what is talked about first ----------------------------------------------------------------------------------------


def _wish(shop: Shop, person: Person, sku: str, pieces: int, note: str, **more: object) -> DraftWish:
    return DraftWish(
        email=person.email, language=shop.site.language, currency=shop.site.currency,
        lines=(DraftLine(variant_id=variant(sku), quantity=pieces),), shopper_id=person.shopper_id,
        address=person.address, note=shop.words[note], **more,  # type: ignore[arg-type]
    )  # fmt: skip


def _quoted(shop: Shop) -> Life:
    """A quote that waits for its reader."""
    person = stranger(shop.site, shop.words["library"])
    discount = {"discount": 10_000, "discount_reason": shop.words["quote_discount"]}
    wish = _wish(shop, person, "LAMP-PINE", 10, "quote_note", **discount)
    draft = make_draft(shop.site, wish, key="library", actor=shop.staff)
    yield timedelta(hours=3)
    # The pages are not there yet when this runs, so nobody can be asked for the address.
    address = f"{shop.site.origin}/offer/{LINK_TOKEN}"
    send_draft(shop.state, draft_view(shop.site, draft), link=address, actor=shop.staff)


def _jotted(shop: Shop) -> Life:
    """A draft that is not finished."""
    make_draft(shop.site, _wish(shop, shop.people[5], "BOWLS-CELADON", 6, "draft_note"), key="six", actor=shop.staff)
    yield timedelta()


def _by_phone(shop: Shop) -> Life:
    """A draft that became an order."""
    wish = _wish(shop, shop.people[10], "LANTERN-RED", 2, "placed_note")
    draft = draft_view(shop.site, make_draft(shop.site, wish, key="phone", actor=shop.staff))
    yield timedelta(hours=1)
    seen = look_at_draft(shop.state, draft, gateway=shop.gateway).total.amount
    placed = place_draft(shop.state, draft, seen_total=seen, actor=shop.staff, gateway=shop.gateway)
    yield from shop.fulfilled(shop.look(placed.id))


# -- on the shelves ----------------------------------------------------------------------------------------------------


def _on_the_shelves(shop: Shop) -> Life:
    """What came in, broke, was found, and goes to the shop's window."""
    at, words, staff = first_stock_location(), shop.words, shop.staff
    expect_stock(variant("BOWLS-CLAY"), at, 12, words["supplier"], staff)
    yield timedelta(days=6)
    take_delivery(variant("BOWLS-CLAY"), at, 12, words["supplier"], staff)
    yield timedelta(days=9, hours=2)
    adjust_stock(variant("TUMBLER-MOSS"), at, -1, words["broken_reason"], staff)
    yield timedelta(days=12)
    adjust_stock(variant("NOTEBOOK-RUST"), at, 1, words["counted_reason"], staff)
    yield timedelta(days=10)
    window = add_location(words["place_code"], words["place_name"], None, shop.site.country, staff)
    transfer_stock(
        variant("VASE-SAND"), at, window, 2, words["transfer_reason"], staff, on_its_way=True
    )  # fmt: skip
    yield timedelta()


# Days ago, the minute of that day, and what began then.
_STORIES: tuple[tuple[int, int, Callable[[Shop], Life]], ...] = (
    (57, 1145, _returned),
    (52, 610, _on_the_shelves),
    (49, 1212, _replaced),
    (45, 774, _declined),
    (41, 1263, _exchanged),
    (36, 1301, _refused),
    (33, 655, _by_phone),
    (29, 1187, _scratched),
    (25, 844, _approved),
    (22, 1222, _fewer),
    (19, 1154, _in_two_parcels),
    (16, 1248, _for_ada),
    (13, 1096, _in_quality),
    (9, 1171, _asked_for),
    (8, 1235, _lost),
    (6, 1005, _for_later),
    (5, 1129, _half_sent),
    (4, 1268, _given_up),
    (3, 1190, _unclear),
    (2, 668, _quoted),
    (1, 931, _jotted),
    (1, 1317, _risky),
)
