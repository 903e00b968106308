"""Orders that somebody has to look at first: put on hold by rules, plugins and people, approved or cancelled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from core.checkout.services.place_order import CannotBePlaced
from core.hookspecs.checkout import Address, Problem
from core.hookspecs.site import Site
from core.kernel import db, i18n
from core.kernel.installation import installation
from core.kernel.manifest import LoadError, Plugin
from core.lib.errors import NotFound
from core.lib.money import Money
from core.orders.services.hold_checks import OnHold
from core.orders.services.hold_reasons import hold_reason
from core.orders.services.hold_rules import Rules, reasons_to_hold, set_hold_rules
from core.orders.services.holds import approve_order, held_count, hold_order, lift_hold, refuse_order
from core.orders.services.read import OrderView, order_view
from core.orders.services.ship import ship
from core.testing.shop import Item
from tests.core.checkout.conftest import gateway, plugins, shop
from tests.core.checkout.shop import FakePlugins, Shop
from tests.core.panel.conftest import Panel, words

__all__ = ["gateway", "plugins", "shop"]
STAFF = "staff:1"


def seen(order_id: int) -> OrderView:
    view = order_view(order_id)
    assert view is not None
    return view


def test_each_rule_says_why() -> None:
    rules = Rules(above={"EUR": 10_000}, other_country=True, countries=("FR",), emails=("bad@x.com", "@spam.com"))
    here, there = Address(country="DE"), Address(country="FR")

    def said(amount: int, email: str, address: Address, billing: Address | None) -> list[str]:
        total = Money(amount, "EUR")
        found = reasons_to_hold(rules, total=total, email=email, addresses=[address], billing=billing)
        return [one.text for one in found]

    assert said(10_000, "good@x.com", here, None) == []
    assert said(10_001, "good@x.com", here, here) == ["The total is above the limit."]
    assert len(said(1, "BAD@x.com", there, here)) == 3
    assert said(1, "who@spam.com", here, None) == ["The mail address is on the list."]


def test_a_held_order_is_placed_but_nothing_leaves_before_it_is_approved(shop: Shop) -> None:
    set_hold_rules(shop.site, Rules(above={"EUR": 3000}), actor=STAFF)
    cup = shop.sell("cup", 1000)
    small, large = shop.order((cup, 1)), shop.order((cup, 3))
    ship(shop.site, small.id, actor=STAFF)
    with pytest.raises(OnHold):
        ship(shop.site, large.id, actor=STAFF)
    assert (seen(small.id).is_held, seen(large.id).is_held, held_count(shop.site)) == (False, True, 1)
    assert db.value("SELECT SUM(allocated) FROM stock_level") == 3
    approve_order(shop.site, large.id, actor=STAFF, reason="I rang them")
    ship(shop.site, large.id, actor=STAFF)
    assert [(one.outcome, one.answer) for one in seen(large.id).holds] == [("approved", "I rang them")]


def test_what_is_not_approved_is_cancelled(shop: Shop) -> None:
    cup = shop.sell("cup", 1000)
    placed = shop.order((cup, 2))
    hold_order(shop.site, placed.id, reason="Strange name", actor=STAFF)
    refuse_order(shop.site, placed.id, actor=STAFF, reason="Nobody there")
    assert seen(placed.id).status.order == "cancelled"
    assert db.value("SELECT SUM(allocated) FROM stock_level") == 0
    assert held_count(shop.site) == 0


def test_a_plugin_lets_an_order_wait_without_telling_the_shopper(shop: Shop, plugins: FakePlugins) -> None:
    plugins.problems = [Problem(message="Five orders in an hour", code="velocity", review=True)]
    token = shop.fill_cart((shop.sell("cup", 1000), 1))
    assert shop.look(token).problems == ()
    order = seen(shop.place(token).id)
    assert [(one.source, one.reason) for one in order.holds] == [("velocity", "Five orders in an hour")]
    plugins.problems.append(Problem(message="No", code="no"))
    with pytest.raises(CannotBePlaced) as refused:
        shop.place(shop.fill_cart((shop.sell("pot", 1000), 1)))
    assert [one.message for one in refused.value.problems] == ["No"]


def test_the_queue_shows_why_and_takes_decisions(
    panel: Panel, sell: Callable[..., Item], order: Callable[..., Any], site: Site, colleague: Callable[..., Panel]
) -> None:
    form = {"above-EUR": "100", "other_country": "1", "countries": "fr, it", "emails": "a@b.cd\n@spam.com"}
    assert "The rules are saved" in words(panel.follow(panel.post("/panel/orders/held/rules", form)))
    assert 'value="FR, IT"' in panel.get("/panel/orders/held/rules").get_data(as_text=True)
    assert panel.post("/panel/orders/held/rules", {"above-EUR": "much"}).status_code == 422
    lamp = sell("LAMP", 8900, stock=9)
    first, second = (str(order(lamp, 2).number) for _ in "ab")
    queue = words(panel.get("/panel/orders/held"))
    assert "The total is above the limit" in queue
    bulk = words(panel.post("/panel/orders/bulk", {"n": [first], "act": "ship", "key": "a"}))
    assert "This order is on hold" in bulk
    assert first not in words(panel.get("/panel/orders?view=to_ship"))
    said = panel.follow(panel.post(f"/panel/orders/{first}/hold", {"act": "approve", "back": "queue"}))
    assert f"{first}: Approved" in words(said)
    assert first in words(panel.get("/panel/orders?view=to_ship"))
    for form, beside in (({"act": "refuse", "back": "queue"}, f"reason-{second}"), ({"act": "refuse"}, "hold-reason")):
        asked = panel.post(f"/panel/orders/{second}/hold", form)
        assert asked.status_code == 422
        assert f'aria-describedby="{beside}-error" aria-invalid="true"' in asked.text
        assert "Write a reason" in words(asked)
    panel.post(f"/panel/orders/{second}/hold", {"act": "refuse", "reason": "A test", "back": "queue"})
    assert "No order is on hold" in words(panel.get("/panel/orders/held"))
    assert "Cancelled" in words(panel.get(f"/panel/orders/{second}"))
    panel.post(f"/panel/orders/{first}/hold", {"act": "hold", "reason": "Wrong street?"})
    assert "Wrong street?" in words(panel.get(f"/panel/orders/{first}"))
    assert panel.post(f"/panel/orders/{first}/hold", {"act": "dance"}).status_code == 404
    theirs = colleague({"orders.view", "orders.ship"})
    assert theirs.get("/panel/orders/held").status_code == 403
    assert theirs.post(f"/panel/orders/{first}/hold", {"act": "approve"}).status_code == 403


def test_only_on_its_own_site(order: Callable[..., Any], sell: Callable[..., Item], other_site: Site) -> None:
    placed = order(sell("LAMP", 8900))
    with pytest.raises(NotFound):
        hold_order(other_site, placed.id, reason="x", actor=STAFF)
    with pytest.raises(NotFound):
        approve_order(other_site, placed.id, actor=STAFF)


def test_a_plugin_lifts_its_own_hold_and_no_other(
    order: Callable[..., Any], sell: Callable[..., Item], site: Site
) -> None:
    placed = order(sell("LAMP", 8900))
    for reason in ("No paper yet", "Still no paper"):
        hold_order(site, placed.id, reason=reason, actor="plugin:customs", code="customs")
    hold_order(site, placed.id, reason="Strange name", actor=STAFF)
    assert [(hold.source, hold.reason) for hold in seen(placed.id).holds] == [
        ("customs", "No paper yet"), ("staff", "Strange name"),
    ]  # fmt: skip

    assert lift_hold(site, placed.id, "customs", actor="plugin:customs", why="The paper came")
    assert not lift_hold(site, placed.id, "customs", actor="plugin:customs")

    assert seen(placed.id).is_held
    assert [(hold.source, hold.answer) for hold in seen(placed.id).holds if hold.ended_at] == [
        ("customs", "The paper came")
    ]
    with pytest.raises(NotFound):
        lift_hold(other(site), placed.id, "staff", actor="plugin:customs")
    approve_order(site, placed.id, actor=STAFF)
    ship(site, placed.id, actor=STAFF)


def test_reasons_are_said_in_the_readers_language_but_for_what_staff_typed(
    panel: Panel, site: Site, order: Callable[..., Any], sell: Callable[..., Item]
) -> None:
    set_hold_rules(site, Rules(above={"EUR": 100}), actor=STAFF)
    placed = order(sell("LAMP", 8900))
    hold_order(site, placed.id, reason="Open", actor=STAFF)
    for path in (f"/zh-cn/panel/orders/{placed.number}", "/zh-cn/panel/orders/held"):
        said = words(panel.get(path))
        assert "订单金额超过限额" in said
        assert "The total is above" not in said
        assert "Open" in said, "as it was typed, though there is such a word of ours"


@pytest.mark.once
def test_a_plugin_says_its_holds_by_a_sentence_or_by_a_function(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    del site

    def of_days(values: Mapping[str, Any]) -> str:
        return f"{values['days']} days: {i18n.language()}"

    holds = {"gifts": "A gift for %(count)s guests", "gifts.late": of_days}
    gifts = Plugin(name="gifts", version="1", title="Gifts", category="machinery", author="A", holds=holds)
    monkeypatch.setitem(installation().plugins.loaded, "gifts", SimpleNamespace(plugin=gifts))
    late = hold_reason("gifts.late", "late", {"days": 3})
    assert hold_reason("gifts", "stored", {"count": 2}).said == "A gift for 2 guests"
    assert late.said == "3 days: en"
    with i18n.speaking("zh-CN"):
        assert late.said == "3 days: zh-CN"
    # What cannot be said, or is nobody's, stands as it was written down.
    for lost in (
        hold_reason("gifts.late", "late", {"hours": 3}),
        hold_reason("gifts.late", "late", {"days": object()}),
        hold_reason("gifts.other", "late", {"days": 3}),
        hold_reason("gone", "late", {"days": 3}),
        hold_reason("gifts.late", "late"),
    ):
        assert lost.said == "late"
    with pytest.raises(LoadError, match="code of a hold"):
        Plugin(name="gifts", version="1", title="Gifts", category="machinery", author="A", holds={"risk": "Mine"})


def other(site: Site) -> Site:
    return replace(site, id=site.id + 1)
