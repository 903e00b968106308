"""A plugin may stop what somebody is about to do with an order: in its own words, and before anything is stored."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from core.checkout.services.changing import change_order, draft_change, preview_change
from core.checkout.services.own_changes import change_own, preview_own
from core.checkout.services.resolving import Terms, resolve
from core.hookspecs.order import ActKind
from core.hookspecs.site import Site
from core.kernel import db
from core.kernel.faults import PluginFault
from core.kernel.installation import installation
from core.kernel.runtime import HookFailed
from core.kernel.sites import state_of
from core.kernel.switch import set_must_pass, switch_off
from core.lib.errors import Broken, Refused
from core.lib.money import Money
from core.orders.services import case as desk
from core.orders.services import opening, parting, payments, refunds
from core.orders.services.cancel import cancel
from core.orders.services.change import confirm_change
from core.orders.services.change_shapes import AddCharge, CancelUnits, SetQuantity
from core.orders.services.expire import expire_unpaid
from core.orders.services.guards import Guarded
from core.orders.services.holds import approve_order, hold_order, refuse_order
from core.orders.services.picked import start_picking
from core.orders.services.read import OrderView, order_view
from core.orders.services.ship import deliver, return_goods, ship
from core.orders.services.stages import enter_stage
from core.testing.shop import Item

STAFF = "staff:1"
GUARD = '''
"""Refuses the acts it is told to, and remembers what it was asked."""

from core.api import *

PLUGIN = Plugin(
    name="guard", version="1", title="Guard", category="machinery", order_stages=(Stage(code="glazed", title="Glazed"),)
)
REFUSES, ASKED, LINE, BREAKS = set(), [], [], []


class Pay(Gateway):
    code = "pay"
    title = "Pay"
    can = frozenset({"auth", "refund"})

    def begin(self, intent, key):
        return Done(facts=(self._fact("authorized", intent.amount, f"a{intent.token}"),))

    def capture(self, intent, amount, key):
        return [self._fact("captured", amount, key)]

    def refund(self, intent, amount, key):
        return [self._fact("refunded", amount, key)]

    def _fact(self, kind, amount, reference):
        return Fact(account="default", live=False, kind=FactKind(kind), reference=reference, amount=amount, at=now())


@hookimpl
def payment_gateways(site):
    return [Pay()]


@hookimpl
def order_problems(site, order, act):
    ASKED.append((act, order))
    if BREAKS:
        raise RuntimeError("a planted fault")
    if act.kind not in REFUSES:
        return []
    return [Problem(message="It is in the kiln.", code="kiln", line_id=LINE[0] if LINE else None)]
'''


@pytest.fixture
def guard(site: Site, turn_on: Callable[..., None]) -> Any:
    """The guard, on; set its REFUSES."""
    folder = installation().config.plugins_path / "guard"
    folder.mkdir(parents=True)
    (folder / "plugin.py").write_text(GUARD, "utf-8")
    turn_on("guard")
    return sys.modules["plugins.guard.plugin"]


@pytest.fixture
def cup(sell: Callable[..., Item]) -> Item:
    return sell("CUP", 1000, stock=50, name="Cup")


def seen(order_id: int) -> OrderView:
    view = order_view(order_id)
    assert view is not None
    return view


def everything() -> list[Any]:
    """All that an act could have written."""
    tables = (
        "orders", "order_line", "order_entry", "order_hold", "order_case", "order_change", "order_charge", "shipment",
        "payment", "payment_operation", "payment_fact", "stock_move", "order_stage", "outbox", "activity",
    )  # fmt: skip
    return [db.rows(f"SELECT * FROM {table} ORDER BY 1") for table in tables]


class Desk:
    """An order in the state in which each act is possible, and the act."""

    def __init__(self, site: Site, place: Callable[..., Any], cup: Item) -> None:
        self.site, self.place, self.cup = site, place, cup
        self.state = state_of(site.id)

    def placed(self, units: int = 3, gateway: str = "pay", **more: Any) -> OrderView:
        found = seen(self.place(self.cup, units, gateway=gateway, **more).id)
        opening.begin_payment(self.state, found.id)
        return seen(found.id)

    def sent(self) -> OrderView:
        order = self.paid()
        ship(self.site, order.id, actor=STAFF)
        deliver(self.site, order.id, actor=STAFF)
        return seen(order.id)

    def paid(self) -> OrderView:
        order = self.placed()
        payments.capture(self.state, order.payments[0].id, Money(3000, "EUR"), actor=STAFF, key="c")
        return seen(order.id)

    def held(self) -> OrderView:
        order = self.placed()
        hold_order(self.site, order.id, reason="Odd", actor=STAFF)
        return order

    def case(self, kind: str = "return") -> tuple[OrderView, int]:
        order = self.sent()
        return order, desk.request_case(
            self.site, order.id, kind=kind, lines={order.lines[0].id: 1}, reason="faulty", key="k", actor="guest"
        )

    def change(self, *actions: Any) -> Callable[[], Any]:
        order = self.placed()
        mine = actions or (SetQuantity(line_id=order.lines[0].id, quantity=5),)
        return lambda: change_order(self.state, order.id, mine, key="k", actor=STAFF)


def _split(at: Desk) -> Callable[[], Any]:
    order = at.paid()
    return lambda: parting.split_order(at.site, order.id, {order.lines[0].id: 1}, key="k", actor=STAFF)


def _merge(at: Desk) -> Callable[[], Any]:
    goes, stays = at.paid(), at.paid()
    return lambda: parting.merge_order(at.site, goes.id, stays.id, key="k", actor=STAFF)


def _cancel(at: Desk) -> Callable[[], Any]:
    order = at.placed()
    return lambda: cancel(at.site, order.id, actor=STAFF)


def _cancel_by_change(at: Desk) -> Callable[[], Any]:
    order = at.placed()
    units = [CancelUnits(line_id=order.lines[0].id, quantity=1)]
    return lambda: change_own(at.state, order.id, units, key="k", actor="guest", seen_price=2000)


def _refuse(at: Desk) -> Callable[[], Any]:
    order = at.held()
    return lambda: refuse_order(at.site, order.id, actor=STAFF, reason="No")


def _release(at: Desk) -> Callable[[], Any]:
    order = at.held()
    return lambda: approve_order(at.site, order.id, actor=STAFF)


def _pick(at: Desk) -> Callable[[], Any]:
    order = at.placed()
    return lambda: start_picking(at.site, order.id, actor=STAFF)


def _ship(at: Desk) -> Callable[[], Any]:
    order = at.placed()
    return lambda: ship(at.site, order.id, actor=STAFF)


def _case(kind: str) -> Callable[[Desk], Callable[[], Any]]:
    def prepared(at: Desk) -> Callable[[], Any]:
        order = at.sent()
        lines = {order.lines[0].id: 1}
        return lambda: desk.request_case(
            at.site, order.id, kind=kind, lines=lines, reason="faulty", key="k", actor="guest"
        )

    return prepared


def _approve(at: Desk) -> Callable[[], Any]:
    _order, case_id = at.case()
    return lambda: desk.approve_case(at.site, case_id, actor=STAFF)


def _resolve(at: Desk) -> Callable[[], Any]:
    order, case_id = at.case()
    desk.approve_case(at.site, case_id, actor=STAFF)
    desk.receive_case(at.site, case_id, {order.lines[0].id: 1}, actor=STAFF)
    desk.inspect_case(at.site, case_id, {order.lines[0].id: {"sellable": 1}}, actor=STAFF)
    return lambda: resolve(at.state, case_id, Terms(restocking=100), actor=STAFF)


def _capture(at: Desk) -> Callable[[], Any]:
    order = at.placed()
    return lambda: payments.capture(at.state, order.payments[0].id, Money(3000, "EUR"), actor=STAFF, key="k")


def _refund(at: Desk) -> Callable[[], Any]:
    order = at.paid()
    cancel(at.site, order.id, actor=STAFF)
    return lambda: refunds.refund_surplus(at.state, order.id, actor=STAFF, key="k")


def _stage(at: Desk) -> Callable[[], Any]:
    order = at.placed()
    return lambda: enter_stage(at.site, order.id, "guard", "glazed", actor=STAFF)


ACTS: list[tuple[str, ActKind, Callable[[Desk], Callable[[], Any]]]] = [
    ("change", ActKind.CHANGE, Desk.change),
    ("split", ActKind.SPLIT, _split),
    ("merge", ActKind.MERGE, _merge),
    ("cancel", ActKind.CANCEL, _cancel),
    ("cancel in the shopper's window", ActKind.CANCEL, _cancel_by_change),
    ("refuse what is on hold", ActKind.CANCEL, _refuse),
    ("release what is on hold", ActKind.RELEASE, _release),
    ("pick", ActKind.PICK, _pick),
    ("ship", ActKind.SHIP, _ship),
    ("return", ActKind.RETURN, _case("return")),
    ("exchange", ActKind.EXCHANGE, _case("exchange")),
    ("claim", ActKind.CLAIM, _case("claim")),
    ("approve a return", ActKind.APPROVE, _approve),
    ("resolve a return", ActKind.RESOLVE, _resolve),
    ("capture", ActKind.CAPTURE, _capture),
    ("refund", ActKind.REFUND, _refund),
    ("enter a stage", ActKind.STAGE, _stage),
]


def test_every_kind_of_act_is_tried_here() -> None:
    assert {kind for _name, kind, _prepare in ACTS} == set(ActKind)


def test_every_act_is_asked_about_once_and_a_refusal_stores_nothing(
    site: Site, guard: Any, order: Callable[..., Any], cup: Item
) -> None:
    at = Desk(site, order, cup)
    for name, kind, prepare in ACTS:
        act = prepare(at)
        before = everything()
        guard.REFUSES.add(kind)
        guard.ASKED.clear()

        with pytest.raises(Guarded, match=r"^It is in the kiln\.$"):
            act()

        assert everything() == before, name
        assert [asked.kind for asked, _order in guard.ASKED] == [kind], name
        guard.REFUSES.clear()
        guard.ASKED.clear()

        act()

        assert everything() != before, name
        # A merge touches two orders, so both are asked about.
        assert [asked.kind for asked, _order in guard.ASKED] == [kind] * (2 if kind is ActKind.MERGE else 1), name


def test_the_guard_is_told_what_would_be_done(site: Site, guard: Any, order: Callable[..., Any], cup: Item) -> None:
    at = Desk(site, order, cup)
    placed = at.placed()
    line = placed.lines[0].id

    def asked(act: Callable[[], Any]) -> Any:
        guard.ASKED.clear()
        act()
        return guard.ASKED[0]

    act, told = asked(lambda: ship(site, placed.id, actor=STAFF, lines={line: 1}))
    assert (act.lines, act.actor, told.number) == ({line: 1}, STAFF, placed.number)
    assert (told.total, told.email, told.lines[0].waiting) == (Money(3000, "EUR"), "mira@example.com", 3)
    act, told = asked(lambda: ship(site, placed.id, actor=STAFF))
    assert (act.lines, told.lines[0].waiting, told.lines[0].shipped) == ({line: 2}, 2, 1)
    act, _told = asked(Desk.change(at))
    assert (act.amount, dict(act.adds)) == (Money(2000, "EUR"), {cup.variant_id: 2})
    held = at.held()
    _act, told = asked(lambda: start_picking_refused(site, held.id))
    assert told.holds == ("staff",)


def start_picking_refused(site: Site, order_id: int) -> None:
    with pytest.raises(Refused, match="on hold"):
        start_picking(site, order_id, actor=STAFF)


@pytest.mark.slow
def test_a_change_is_refused_where_it_is_looked_at_already(
    site: Site, guard: Any, order: Callable[..., Any], cup: Item
) -> None:
    at = Desk(site, order, cup)
    placed = at.placed()
    more = [SetQuantity(line_id=placed.lines[0].id, quantity=4)]
    guard.REFUSES |= {ActKind.CHANGE, ActKind.SPLIT}

    for look in (
        lambda: preview_change(at.state, placed.id, more, actor=STAFF),
        lambda: preview_own(at.state, placed.id, more, actor="guest"),
        lambda: draft_change(at.state, placed.id, more, key="d", actor=STAFF),
        lambda: parting.preview_split(site, at.paid().id, {}, actor=STAFF),
    ):
        with pytest.raises(Refused):
            look()
    assert db.value("SELECT COUNT(*) FROM order_change") == 0


@pytest.mark.slow
def test_a_draft_is_asked_about_again_when_it_is_confirmed(
    site: Site, guard: Any, order: Callable[..., Any], cup: Item
) -> None:
    at = Desk(site, order, cup)
    placed = at.placed()
    drafted = draft_change(at.state, placed.id, [AddCharge(charge="fee", amount=100)], key="d", actor=STAFF)
    guard.REFUSES.add(ActKind.CHANGE)

    with pytest.raises(Guarded):
        confirm_change(site, drafted, actor=STAFF)

    guard.REFUSES.clear()
    confirm_change(site, drafted, actor=STAFF)
    guard.REFUSES.add(ActKind.CHANGE)
    confirm_change(site, drafted, actor=STAFF)
    assert seen(placed.id).total == Money(3100, "EUR")


@pytest.mark.slow
def test_a_click_that_was_heeded_is_answered_as_before(
    site: Site, guard: Any, order: Callable[..., Any], cup: Item
) -> None:
    at = Desk(site, order, cup)
    placed = at.placed()
    sent = ship(site, placed.id, actor=STAFF, key="once")
    payments.capture(at.state, placed.payments[0].id, Money(3000, "EUR"), actor=STAFF, key="once")
    guard.REFUSES |= set(ActKind)

    assert ship(site, placed.id, actor=STAFF, key="once") == sent
    payments.capture(at.state, placed.payments[0].id, Money(3000, "EUR"), actor=STAFF, key="once")


def test_facts_are_never_asked_about(site: Site, guard: Any, order: Callable[..., Any], cup: Item, clock: Any) -> None:
    at = Desk(site, order, cup)
    placed, unpaid = at.paid(), seen(order(cup, 1, gateway="pay", email="late@example.com").id)
    ship(site, placed.id, actor=STAFF)
    guard.REFUSES |= set(ActKind)
    guard.ASKED.clear()

    deliver(site, placed.id, actor=STAFF)
    return_goods(site, placed.id, actor=STAFF)
    clock.move(days=30)
    expire_unpaid()

    assert seen(unpaid.id).status.order == "cancelled"
    assert guard.ASKED == []


def test_a_guard_that_fails_is_left_out_unless_it_must_pass(
    site: Site, guard: Any, order: Callable[..., Any], cup: Item
) -> None:
    at = Desk(site, order, cup)
    placed = at.placed()
    guard.BREAKS.append(1)

    ship(site, placed.id, actor=STAFF, lines={placed.lines[0].id: 1})
    set_must_pass(site.id, "guard", "system", must=True)
    before = everything()
    with pytest.raises(HookFailed):
        ship(site, placed.id, actor=STAFF, lines={placed.lines[0].id: 1})

    assert everything() == before
    installation().faults.flush()
    assert PluginFault.select().where(PluginFault.hook == "order_problems").count() == 2


def test_a_guard_that_is_off_is_not_asked(site: Site, guard: Any, order: Callable[..., Any], cup: Item) -> None:
    placed = seen(order(cup, 2).id)
    guard.REFUSES |= set(ActKind)
    switch_off(site.id, "guard", "system")

    ship(site, placed.id, actor=STAFF)

    assert guard.ASKED == []


def test_without_a_guard_an_act_costs_one_statement_more_at_most(
    site: Site, order: Callable[..., Any], cup: Item, count_statements: Any
) -> None:
    placed = seen(order(cup, 2).id)
    with count_statements() as statements:
        ship(site, placed.id, actor=STAFF)
    assert not any("FROM orders WHERE id = ? AND site_id" in one for one in statements)
    assert sum("FROM epoch" in one for one in statements) <= 1


# -- where people read it ----------------------------------------------------------------------------------------------


def test_staff_read_the_words_beside_the_form_and_in_the_row(
    site: Site, guard: Any, order: Callable[..., Any], cup: Item, at_panel: Any
) -> None:
    at = Desk(site, order, cup)
    one, two = at.placed(), at.paid()
    line, paid = one.lines[0].id, two.lines[0].id
    guard.REFUSES |= set(ActKind)
    before = everything()

    for placed, path, form in (
        (one, "ship", {f"line-{line}": "1", "tracking": "XY1"}),
        (one, "cancel", {f"line-{line}": "1"}),
        (one, "change", {f"qty-{line}": "5", "act": "preview"}),
        (two, "split", {f"line-{paid}": "1", "act": "preview"}),
    ):
        text = at_panel.post(f"/panel/orders/{placed.number}/{path}", status=409, **form)
        assert "It is in the kiln." in text, path
    assert 'value="XY1"' in at_panel.post(
        f"/panel/orders/{one.number}/ship", status=409, **{f"line-{line}": "1", "tracking": "XY1"}
    )
    assert "It is in the kiln." in at_panel.follow(f"/panel/orders/{one.number}/pick")
    text = at_panel.post("/panel/orders/bulk", status=200, act="ship", n=[one.number, two.number], key="b")
    assert text.count("It is in the kiln.") == 2
    assert everything() == before


@pytest.mark.slow
def test_staff_read_it_of_a_guard_that_must_pass_and_fails(
    site: Site, guard: Any, order: Callable[..., Any], cup: Item, at_panel: Any
) -> None:
    placed = Desk(site, order, cup).placed()
    guard.BREAKS.append(1)
    set_must_pass(site.id, "guard", "system", must=True)
    form = {f"line-{placed.lines[0].id}": "1", "tracking": "XY1"}

    text = at_panel.post(f"/panel/orders/{placed.number}/ship", status=409, **form)

    assert "A part of this shop is not answering." in text
    assert 'value="XY1"' in text


@pytest.mark.slow
def test_goodwill_is_not_granted_where_the_refund_is_refused(
    site: Site, guard: Any, order: Callable[..., Any], cup: Item, at_panel: Any
) -> None:
    paid = Desk(site, order, cup).paid()
    guard.REFUSES.add(ActKind.REFUND)
    before = everything()

    text = at_panel.post(f"/panel/orders/{paid.number}/refund", status=409, amount="5.00", reason="Sorry", key="r")

    assert "It is in the kiln." in text
    assert everything() == before


def test_shoppers_read_it_beside_the_line_in_their_own_window(
    site: Site, guard: Any, order: Callable[..., Any], cup: Item, browse: Callable[..., Any]
) -> None:
    placed = Desk(site, order, cup).placed()
    line = placed.lines[0].id
    guard.REFUSES |= {ActKind.CANCEL, ActKind.CHANGE}
    guard.LINE.append(line)

    answer = browse(site, f"/order/{placed.secret}/change", data={f"quantity.{line}": "2"})

    assert answer.status_code == 409
    assert "It is in the kiln." in answer.text
    assert seen(placed.id).lines[0].left == 3


def test_words_with_a_percent_sign_are_shown_as_they_are(guard: Any) -> None:
    from core.kernel.i18n import say

    assert say(Guarded((guard.Problem(message="100 % (100%s)", code="x"),))) == "100 % (100%s)"
    assert issubclass(Guarded, Refused)
    assert not issubclass(Guarded, Broken)


@pytest.mark.slow
def test_programs_are_answered_with_the_words(
    site: Site, guard: Any, order: Callable[..., Any], cup: Item, turn_on: Callable[..., None], client: Any
) -> None:
    turn_on("api")
    from plugins.api.forms import WantedKey
    from plugins.api.services.keys import make_key

    placed = Desk(site, order, cup).placed()
    key = make_key(site, WantedKey(title="Test", scopes=("orders:write",), expires_at=None), actor="system")[1]
    guard.REFUSES.add(ActKind.CANCEL)

    answer = client.post(
        f"/api/v1/orders/{placed.id}/cancellation",
        json={},
        base_url=f"http://{site.host}",
        headers={"Authorization": f"Bearer {key}"},
    )

    assert (answer.status_code, answer.json["code"]) == (409, "guarded")
    assert answer.json["detail"] == "It is in the kiln."
    assert guard.ASKED[-1][0].actor.startswith("api:")
