"""kill -9 at any statement and any commit of an order's life: what was acknowledged is there, and the books balance."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from core.checkout.services import place_order as placing
from core.checkout.services.place_order import PlacedOrder
from core.hookspecs.checkout import Cart
from core.hookspecs.payment import Fact, FactKind, Intent
from core.hookspecs.promote import AmountOff, Claim, Offer
from core.kernel import db
from core.lib import clock
from core.lib.money import Money
from core.orders.services import store as storing
from core.orders.services.cancel import cancel
from core.orders.services.new_order import NewOrder
from core.orders.services.opening import begin_payment, fetch_payment
from core.orders.services.payments import refund
from core.orders.services.read import order_view
from core.orders.services.resume import resume_unknown
from core.orders.services.ship import ship
from tests.core.checkout.books import unbalanced
from tests.core.checkout.shop import FakeGateway, FakePlugins, Shop

fork = multiprocessing.get_context("fork")


class FileGateway(FakeGateway):
    """A gateway whose server survives the shop: what happened stands in a file, one line per fact, once per key."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        path.touch()

    def fetch(self, intent: Intent) -> Sequence[Fact]:
        return [self._fact(line) for line in self.lines() if line["token"] == intent.token]

    def happen(self, token: str, kind: FactKind, amount: Money, reference: str = "", **more: Any) -> Fact:
        del more
        line = {"token": token, "kind": str(kind), "amount": amount.amount, "reference": reference or f"{kind}-{token}"}
        if not any(known["reference"] == line["reference"] for known in self.lines()):
            with self._path.open("a") as stream:
                stream.write(json.dumps(line) + "\n")
        return self._fact(line)

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._path.read_text().splitlines()]

    def _fact(self, line: dict[str, Any]) -> Fact:
        return Fact(
            account=self.account, live=self.live, kind=FactKind(line["kind"]), reference=line["reference"],
            amount=Money(line["amount"], "EUR"), at=clock.EPOCH,
        )  # fmt: skip


@pytest.fixture
def gateway(tmp_path: Path) -> FileGateway:
    return FileGateway(tmp_path / "gateway.jsonl")


def counted(_cart: Cart, _codes: Sequence[str]) -> list[Offer]:
    claim = Claim(key="first thousand", limit=1_000)
    return [Offer(key="sale", title="Sale", benefit=AmountOff(amount=Money(100, "EUR")), claims=(claim,))]


# -- a process that dies -----------------------------------------------------------------------------------------------


class Fuse:
    """Ends this process by SIGKILL at its n-th point: before a statement, before a commit, or right after one."""

    def __init__(self, left: int) -> None:
        self.left = left

    def pass_point(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def install(self) -> None:
        run, commit = db._run, db.db.obj.commit

        def counted_run(sql: str, params: Sequence[object]) -> Any:
            self.pass_point()
            return run(sql, params)

        def counted_commit() -> Any:
            self.pass_point()
            done = commit()
            self.pass_point()
            return done

        db._run = counted_run  # type: ignore[assignment]
        db.db.obj.commit = counted_commit


def live(shop: Shop, variant: int, fuse: Fuse, said: Connection) -> None:
    """Order, pay, send, give back and cancel; say so after each act."""
    db.after_fork()
    db.connect()
    token = shop.fill_cart((variant, 2))
    gateway = shop.plugins.gateways[0]
    assert isinstance(gateway, FakeGateway)
    fuse.install()
    order = shop.place(token, begins=True)
    said.send(("placed", order.number))
    begin_payment(shop.state, order.id, order.payment)
    payment_id, pay_token, total = db.rows("SELECT id, token, amount FROM payment WHERE order_id = ?", order.id)[0]
    gateway.happen(pay_token, FactKind.CAPTURED, Money(total, "EUR"))
    fetch_payment(shop.state, payment_id)
    said.send(("paid", order.number))
    line_id = db.value("SELECT id FROM order_line WHERE order_id = ?", order.id)
    ship(shop.site, order.id, actor="staff:1", lines={line_id: 1})
    said.send(("shipped", order.number))
    cancel(shop.site, order.id, actor="staff:1")
    said.send(("cancelled", order.number))
    refund(shop.state, payment_id, Money(500, "EUR"), actor="staff:1", key="cancelled")
    said.send(("refunded", order.number))
    fuse.left = -1


def a_life(shop: Shop, variant: int, points: int) -> list[tuple[str, str]]:
    """One process, killed after `points`; answers what it had acknowledged."""
    db.close_all()
    ours, theirs = fork.Pipe(duplex=False)
    process = fork.Process(target=live, args=(shop, variant, Fuse(points), theirs))
    process.start()
    theirs.close()
    said = []
    while True:
        try:
            said.append(ours.recv())
        except EOFError:
            break
    process.join()
    db.connect()
    return said


def lost(said: Sequence[tuple[str, str]]) -> list[str]:
    """Acknowledged acts that left no trace."""
    facts = {
        "placed": lambda view: True,
        "paid": lambda view: view.captured.amount > 0,
        "shipped": lambda view: len(view.shipments) == 1,
        "cancelled": lambda view: view.lines[0].cancelled == 1,
        "refunded": lambda view: view.refunded.amount == 500,
    }
    missing = []
    for act, number in said:
        order_id = db.value("SELECT id FROM orders WHERE number = ?", number)
        view = order_view(order_id) if order_id is not None else None
        if view is None or not facts[act](view):
            missing.append(f"{act} {number}")
    return missing


def doubled(gateway: FileGateway) -> list[str]:
    """Payments whose books are not the gateway's, after it was asked about what was open."""
    wrong = []
    for token, order_id in db.rows("SELECT token, order_id FROM payment"):
        truth = {
            kind: sum(line["amount"] for line in gateway.lines() if line["token"] == token and line["kind"] == kind)
            for kind in ("captured", "refunded")
        }
        view = order_view(order_id)
        assert view is not None
        if (view.captured.amount, view.refunded.amount) != (truth["captured"], truth["refunded"]):
            wrong.append(f"order {view.number}: {view.captured}, {view.refunded} here, {truth} there")
    return wrong


def after(shop: Shop) -> None:
    """What the worker does after a restart: ask about every open payment."""
    resume_unknown(shop.state, older_than_s=-1)
    for (payment_id,) in db.rows("SELECT id FROM payment"):
        fetch_payment(shop.state, payment_id)


def crashes(shop: Shop, plugins: FakePlugins, gateway: FileGateway, points: Sequence[int]) -> list[str]:
    """One life per point, each killed there; answers what went wrong."""
    plugins.offers = counted
    cup = shop.sell("cup", stock=10_000)
    said = [act for point in points for act in a_life(shop, cup, point)]
    wrong = [*lost(said), *unbalanced()]
    after(shop)
    return [*wrong, *unbalanced(), *doubled(gateway)]


@pytest.mark.parametrize("kills", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_kill_9_loses_doubles_and_unbalances_nothing(
    shop: Shop, plugins: FakePlugins, gateway: FileGateway, kills: int
) -> None:
    draw = random.Random(2026)
    assert crashes(shop, plugins, gateway, [draw.randint(1, 115) for _ in range(kills)]) == []


def test_an_order_in_two_transactions_is_found(
    shop: Shop, plugins: FakePlugins, gateway: FileGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: the cart is claimed and committed before the order is written."""

    def store(_state: object, view: Any, new: NewOrder) -> PlacedOrder:
        with db.transaction():
            db.execute("UPDATE carts SET ordered_at = 1 WHERE id = ?", view.stored.id)
        with db.transaction():
            order = storing.store_order(new)
        return PlacedOrder(id=order.id, number=order.number, secret=new.secret, is_new=True, payment=order.payment)

    monkeypatch.setattr(placing, "_store", store)
    found = crashes(shop, plugins, gateway, range(8, 20))
    assert any("ordered, but no order" in wrong for wrong in found)
