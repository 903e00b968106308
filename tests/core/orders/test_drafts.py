"""Staff prepare an order; it is quoted, sent as a link, and becomes an order once."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from msgspec.structs import replace

from core.cart.services import StoredCart
from core.catalogue.services import set_prices, stock
from core.catalogue.services.drafts import PriceDraft
from core.catalogue.services.stock_audit import stock_proof
from core.checkout.services import look
from core.checkout.services.changing import change_order
from core.checkout.services.drafting import TOKEN, look_at_draft, place_draft, send_draft
from core.checkout.services.place_order import CannotBePlaced, PriceChanged
from core.hookspecs.promote import Offer, PercentOff
from core.kernel import db, jobs
from core.lib import clock
from core.lib.errors import NotFound, Unfit
from core.lib.money import Money
from core.orders.services.cancel import cancel
from core.orders.services.change_shapes import CancelUnits, SetQuantity
from core.orders.services.drafts import (
    DraftLine,
    DraftMoved,
    DraftView,
    DraftWish,
    draft_by_link,
    draft_view,
    drop_draft,
    keep_goods,
    list_drafts,
    make_draft,
    revoke_link,
    save_draft,
)
from core.orders.services.payments import mark_paid
from core.orders.services.read import order_view
from core.orders.services.ship import ship
from tests.core.checkout.books import unbalanced
from tests.core.checkout.shop import LONDON, Shop

STAFF = "staff:1"
LINK = f"http://shop.test/offer/{TOKEN}"


@pytest.fixture
def wish(shop: Shop) -> Callable[..., DraftWish]:
    """Three cups, the price of each agreed at 8.00 instead of 10.00, and 2.50 off everything."""
    cup = shop.sell("cup", 1000)

    def make(**more: object) -> DraftWish:
        values: dict[str, object] = {
            "email": "ada@example.com", "language": shop.site.language, "currency": shop.site.currency,
            "lines": (DraftLine(variant_id=cup, quantity=3, agreed=800, reason="For the whole office"),),
            "address": LONDON, "discount": 250, "discount_reason": "A first order",
        }  # fmt: skip
        return DraftWish(**{**values, **more})  # type: ignore[arg-type]

    return make


def draft(shop: Shop, wish: DraftWish, key: str = "one") -> DraftView:
    return draft_view(shop.site, make_draft(shop.site, wish, key=key, actor=STAFF))


def free(shop: Shop) -> int:
    del shop
    level = db.one("SELECT SUM(on_hand), SUM(allocated) FROM stock_level")
    assert level is not None
    return int(level[0]) - int(level[1])


def secret_of(url: str) -> str:
    return url.rpartition("/")[2]


def test_a_draft_costs_what_was_agreed_and_says_why(shop: Shop, wish: Callable[..., DraftWish]) -> None:
    view = look_at_draft(shop.state, draft(shop, wish()))
    assert view.total.amount == 3 * 800 - 250 + 490
    said = [(step.title, step.reason, step.amount.amount) for step in view.quote.trace]
    assert ("Agreed price: cup", "For the whole office", 600) in said
    assert ("A first order", "", 250) in said


def test_a_draft_promises_no_stock_until_it_is_an_order(shop: Shop, wish: Callable[..., DraftWish]) -> None:
    made = draft(shop, wish())
    assert free(shop) == 10
    placed = place_draft(shop.state, made, seen_total=2640, actor="guest")
    assert free(shop) == 7
    order = order_view(placed.id)
    assert order is not None
    assert (order.total.amount, order.discount.amount, order.lines[0].unit.amount) == (2640, 250, 800)
    assert [step["title"] for step in order.trace][:1] == ["Agreed price: cup"]
    assert unbalanced() == []
    ended = draft_view(shop.site, made.id)
    assert (ended.state, ended.order_number) == ("placed", placed.number)


def test_a_draft_becomes_one_order_however_often_it_is_placed(shop: Shop, wish: Callable[..., DraftWish]) -> None:
    made = draft(shop, wish())
    placed = {place_draft(shop.state, made, seen_total=2640, actor="guest").id for _ in range(2)}
    placed.add(place_draft(shop.state, draft_view(shop.site, made.id), seen_total=2640, actor="guest").id)
    assert len(placed) == 1
    assert db.value("SELECT count(*) FROM orders") == 1
    assert draft(shop, wish(), key="one").id == made.id


def test_the_link_goes_out_by_mail_and_stands_for_one_version(shop: Shop, wish: Callable[..., DraftWish]) -> None:
    made = draft(shop, wish())
    secret = secret_of(send_draft(shop.state, made, link=LINK, actor=STAFF))
    mail = db.value("SELECT payload FROM job WHERE name = 'messages.send'")
    assert "ada@example.com" in mail
    assert secret in mail
    # What stands in it adds up to its total.
    for part in ("3 × Cup  €24.00", "A first order  -€2.50", "Standard  €4.90", "Total: €26.40"):
        assert part in json.loads(mail)["text"]
    found = draft_by_link(shop.site, secret)
    assert found is not None
    assert found.state == "sent"
    save_draft(shop.site, made.id, wish(discount=0), version=made.version, actor=STAFF)
    assert draft_by_link(shop.site, secret) is None
    with pytest.raises(DraftMoved):
        place_draft(shop.state, found, seen_total=2640, actor="guest")
    assert db.value("SELECT count(*) FROM orders") == 0


def test_a_link_is_over_when_it_is_revoked_or_another_one_is_sent(shop: Shop, wish: Callable[..., DraftWish]) -> None:
    made = draft(shop, wish())
    first = secret_of(send_draft(shop.state, made, link=LINK, actor=STAFF))
    second = secret_of(send_draft(shop.state, draft_view(shop.site, made.id), link=LINK, actor=STAFF))
    assert first != second
    assert draft_by_link(shop.site, first) is None
    assert draft_by_link(shop.site, second) is not None
    revoke_link(shop.site, made.id, actor=STAFF)
    assert draft_by_link(shop.site, second) is None


def test_a_link_expires(shop: Shop, wish: Callable[..., DraftWish]) -> None:
    with clock.freeze(clock.now()) as time:
        secret = secret_of(send_draft(shop.state, draft(shop, wish()), link=LINK, actor=STAFF, days=3))
        time.move(days=3, seconds=1)
        found = draft_by_link(shop.site, secret)
        assert found is not None
        assert found.state == "expired"


def test_only_what_could_be_ordered_is_sent(shop: Shop, wish: Callable[..., DraftWish]) -> None:
    with pytest.raises(Unfit) as refused:
        send_draft(shop.state, draft(shop, wish(email="nobody", address=None)), link=LINK, actor=STAFF)
    assert {"email", "country"} <= set(refused.value.errors)
    assert db.value("SELECT count(*) FROM job WHERE name = 'messages.send'") == 0


def test_staff_place_it_to_be_paid_by_arrangement(shop: Shop, wish: Callable[..., DraftWish]) -> None:
    placed = place_draft(shop.state, draft(shop, wish()), seen_total=2640, actor=STAFF, by_arrangement=True)
    order = order_view(placed.id)
    assert order is not None
    assert (order.gateway, order.status.payment, order.expires_at) == ("arrangement", "unpaid", None)
    assert order.timeline[0].actor == STAFF


def test_goods_that_are_gone_by_then_are_not_sold(shop: Shop, wish: Callable[..., DraftWish]) -> None:
    made = draft(shop, wish())
    shop.order((made.wish.lines[0].variant_id, 9))
    with pytest.raises(CannotBePlaced):
        place_draft(shop.state, made, seen_total=2640, actor="guest")
    assert draft_view(shop.site, made.id).is_open
    assert unbalanced() == []


def test_prices_that_were_not_agreed_are_those_of_the_day(shop: Shop, wish: Callable[..., DraftWish]) -> None:
    cup = wish().lines[0].variant_id
    made = draft(shop, wish(lines=(DraftLine(variant_id=cup, quantity=1),), discount=0))
    set_prices(shop.site, cup, (PriceDraft(amount=Money(1200, "EUR")),), STAFF)
    with pytest.raises(PriceChanged):
        place_draft(shop.state, made, seen_total=1490, actor="guest")
    assert place_draft(shop.state, made, seen_total=1690, actor="guest").is_new


def test_offers_of_the_shop_go_beside_what_was_agreed(shop: Shop, wish: Callable[..., DraftWish]) -> None:
    offer = Offer(key="autumn", title="Autumn", benefit=PercentOff(basis_points=1000))
    shop.plugins.offers = lambda _cart, _codes: [offer]
    view = look_at_draft(shop.state, draft(shop, wish()))
    assert {one.title for one in view.quote.adjustments} == {"A first order", "Autumn"}
    total = sum(line.total.amount for line in view.quote.lines) + 490
    assert view.total.amount == total < 3 * 800 - 250 + 490


def test_drafts_belong_to_their_site(shop: Shop, wish: Callable[..., DraftWish]) -> None:
    made = draft(shop, wish())
    elsewhere = replace(shop.site, id=shop.site.id + 1)
    for act in (
        lambda: draft_view(elsewhere, made.id),
        lambda: save_draft(elsewhere, made.id, wish(), version=made.version, actor=STAFF),
        lambda: drop_draft(elsewhere, made.id, actor=STAFF),
        lambda: revoke_link(elsewhere, made.id, actor=STAFF),
    ):
        with pytest.raises(NotFound):
            act()
    assert list_drafts(elsewhere) == []
    assert [one.id for one in list_drafts(shop.site, is_open=True)] == [made.id]


def test_a_draft_that_was_let_go_is_never_placed(shop: Shop, wish: Callable[..., DraftWish]) -> None:
    made = draft(shop, wish())
    drop_draft(shop.site, made.id, actor=STAFF)
    with pytest.raises(DraftMoved):
        place_draft(shop.state, made, seen_total=2640, actor="guest")
    assert db.value("SELECT count(*) FROM orders") == 0
    assert stock.stock_of([made.wish.lines[0].variant_id])


# -- goods that are kept ---------------------------------------------------------------------------------------------


def held() -> int:
    return int(db.value("SELECT COALESCE(SUM(held), 0) FROM stock_level"))


def keep(shop: Shop, one: DraftView, days: float = 5) -> DraftView:
    keep_goods(shop.site, one.id, clock.now() + timedelta(days=days), version=one.version, actor=STAFF)
    return draft_view(shop.site, one.id)


def test_goods_are_kept_for_a_draft_and_never_from_it(shop: Shop, wish: Callable[..., DraftWish]) -> None:
    last = shop.sell("last", 900, stock=2)
    one = keep(shop, draft(shop, wish(lines=(DraftLine(variant_id=last, quantity=2),))))
    assert (held(), stock_proof()) == (2, [])
    with pytest.raises(CannotBePlaced):
        shop.order((last, 1))
    assert not look_at_draft(shop.state, one).problems, "its own hold stands in nobody's way"
    total = look_at_draft(shop.state, one).total.amount
    placed = place_draft(shop.state, one, seen_total=total, actor=STAFF, by_arrangement=True)
    order = order_view(placed.id)
    assert order is not None
    assert ([line.allocated for line in order.lines], held(), stock_proof()) == ([2], 0, [])


def _of_nobody(stored: StoredCart) -> str:
    """Planted: what is held for a draft is held from it, too."""
    return f"nobody:{stored.id}"


def test_a_draft_that_is_blocked_by_its_own_hold_is_found(
    shop: Shop, wish: Callable[..., DraftWish], monkeypatch: pytest.MonkeyPatch
) -> None:
    last = shop.sell("last", 900, stock=2)
    one = keep(shop, draft(shop, wish(lines=(DraftLine(variant_id=last, quantity=2),))))
    monkeypatch.setattr(look, "holder_of", _of_nobody)
    with pytest.raises(CannotBePlaced):
        place_draft(shop.state, one, seen_total=None, actor=STAFF, by_arrangement=True)


def test_what_is_kept_follows_the_draft_and_ends_with_its_day(shop: Shop, wish: Callable[..., DraftWish]) -> None:
    last = shop.sell("last", 900, stock=5)
    one = keep(shop, draft(shop, wish(lines=(DraftLine(variant_id=last, quantity=2),))))
    more = wish(lines=(DraftLine(variant_id=last, quantity=4),))
    save_draft(shop.site, one.id, more, version=one.version, actor=STAFF)
    assert held() == 4, "held anew, not twice"
    with time_machine.travel(clock.now() + timedelta(days=6), tick=False):
        while jobs.run_due():
            pass
        assert (held(), stock_proof()) == (0, [])
        shop.order((last, 5))


@pytest.mark.parametrize("ending", ["dropped", "let go"])
def test_what_is_kept_is_free_again_when_it_is_not_wanted(
    shop: Shop, wish: Callable[..., DraftWish], ending: str
) -> None:
    one = keep(shop, draft(shop, wish()))
    assert held() == 3
    if ending == "dropped":
        drop_draft(shop.site, one.id, actor=STAFF)
    else:
        keep_goods(shop.site, one.id, None, version=one.version, actor=STAFF)
    assert (held(), stock_proof()) == (0, [])


def test_goods_are_kept_for_what_was_seen_and_at_most_a_year(shop: Shop, wish: Callable[..., DraftWish]) -> None:
    one = draft(shop, wish())
    for days in (-1, 367):
        with pytest.raises(Unfit):
            keep(shop, one, days)
    save_draft(shop.site, one.id, wish(), version=one.version, actor=STAFF)
    with pytest.raises(DraftMoved):
        keep(shop, one)
    assert held() == 0


# -- lines outside the catalogue -------------------------------------------------------------------------------------


def test_a_line_of_the_shops_own_words_is_ordered_changed_sent_and_paid_without_stock(
    shop: Shop, wish: Callable[..., DraftWish]
) -> None:
    lines = (
        *wish().lines,
        DraftLine(variant_id=0, quantity=2, agreed=450, title="Engraving", tax_class="services"),
        DraftLine(variant_id=0, quantity=1, agreed=1999, title="Set up at your place"),
    )
    one = draft(shop, wish(lines=lines, discount=0))
    view = look_at_draft(shop.state, one)
    assert not view.problems
    # 3 x 8.00, 2 x 4.50, 19.99 and 4.90 for the delivery of the cups.
    assert view.total.amount == 2400 + 900 + 1999 + 490
    placed = place_draft(shop.state, one, seen_total=view.total.amount, actor=STAFF, by_arrangement=True)
    order = order_view(placed.id)
    assert order is not None
    own = order.lines[1]
    assert [(line.variant_id, line.name, line.tax_class) for line in order.lines[1:]] == [
        (0, "Engraving", "services"), (0, "Set up at your place", "standard"),
    ]  # fmt: skip
    assert (stock_proof(), unbalanced()) == ([], [])
    change_order(shop.state, order.id, [SetQuantity(line_id=own.id, quantity=3)], key="more", actor=STAFF)
    change_order(shop.state, order.id, [CancelUnits(line_id=own.id, quantity=1)], key="less", actor=STAFF)
    after = order_view(order.id)
    assert after is not None
    assert after.due.amount == view.total.amount, "one more and one less cost what was agreed"
    mark_paid(shop.state, order.id, actor=STAFF)
    ship(shop.site, order.id, actor=STAFF)
    after = order_view(order.id)
    assert after is not None
    assert (after.status.order, after.status.fulfilment) == ("completed", "shipped")
    assert (stock_proof(), unbalanced()) == ([], [])


def test_what_is_only_a_service_needs_no_delivery(shop: Shop, wish: Callable[..., DraftWish]) -> None:
    lines = (DraftLine(variant_id=0, quantity=1, agreed=5000, title="An hour of advice"),)
    one = draft(shop, wish(lines=lines, discount=500))
    view = look_at_draft(shop.state, one)
    assert (view.total.amount, view.cart.needs_delivery) == (4500, False)
    placed = place_draft(shop.state, one, seen_total=4500, actor=STAFF, by_arrangement=True)
    mark_paid(shop.state, placed.id, actor=STAFF)
    order = order_view(placed.id)
    assert order is not None
    assert (order.status.order, order.status.fulfilment) == ("completed", "not_needed")
    cancel(shop.site, order.id, actor=STAFF)
    after = order_view(order.id)
    assert after is not None
    assert (after.refund_due.amount, unbalanced()) == (4500, [])
