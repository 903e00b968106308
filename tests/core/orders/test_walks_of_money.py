"""Random lives of orders of several shops, in three currencies, with taxes, offers, delivery, papers and a bank."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import peewee
import pytest
from msgspec.structs import replace

from core.app import App
from core.kernel import db
from core.orders.services import cancel, facts, money_limits, payments, ship
from core.orders.services.read import OrderView
from tests.core.orders import ledger
from tests.core.orders.fair import ACTS, Stall, bank, digest, go, open_fair
from tests.core.orders.test_walks import seeded, steps
from tests.core.orders.walk import STAFF
from tests.core.testing.bank import Bank

__all__ = ["bank"]

# Where the walks ended on SQLite, shop by shop; PostgreSQL must end there, too. Prices hold the tax in every second.
ENDS = {0: "44994665-2c778e0b-d4339d77", 1: "f686a498-7ee21fd9-32f55101"}


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("seed", range(2))
def test_whatever_happens_at_a_fair_adds_up_alike_on_every_database(bank: Bank, seed: int) -> None:
    stalls = go(open_fair(bank, inside=seed % 2 == 0), seeded(seed, 24))
    names = [name for stall in stalls for name in stall.names]
    assert len(names) > 6
    assert digest(stalls) == ENDS[seed], names


@pytest.mark.slow
@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("seed", range(2, 120))
def test_whatever_happens_at_many_fairs_adds_up(bank: Bank, seed: int) -> None:
    go(open_fair(bank, inside=seed % 2 == 0), seeded(seed, 120))


@pytest.fixture
def stall(app: App, bank: Bank) -> Stall:
    """One shop in euro, taxes on top."""
    del app
    (found,) = open_fair(bank, inside=False, currencies=["EUR"])
    return found


def act(*acts: tuple[str, int, int, int]) -> list[tuple[int, int, int, int]]:
    return steps(*acts, among=ACTS)


# -- mistakes that the walks must find ---------------------------------------------------------------------------------

PAID = ("visit", 0, 1, 2)
HELD = ("visit", 1, 1, 2)


def _forgets_parcels(*_: object) -> None:
    """Planted: what is in a parcel is not written down."""


def _takes_anything(*_: object, **__: object) -> None:
    """Planted: nobody compares with what was authorised."""


def _forgets_what_is_under_way(*_: object) -> int:
    """Planted: a refund without an answer counts as none."""
    return 0


_numbers = count()


def _stores_anew(*args: object) -> bool:
    """Planted: a fact that comes again is another one."""
    site_id, plugin, fact, reference, payment, judged = args
    return bool(_insert(site_id, plugin, fact, f"{reference}#{next(_numbers)}", payment, judged))  # type: ignore[arg-type]  # as they came


_insert = facts._insert


def _any_site(order_id: int, site_id: int | None = None) -> int:
    """Planted: whose order it is does not matter."""
    del site_id
    return _lock(order_id)


_lock = cancel.lock_order


# An answer is lost, so the wish is repeated under another name.
TWICE = act(PAID, ("cancel", 0, 1, 1), ("give", 0, 1, 1), ("give", 0, 1, 0), ("enquire", 0, 1, 0))


def test_what_is_owed_is_given_back_once_though_an_answer_was_lost(stall: Stall) -> None:
    go([stall], TWICE)
    assert stall.refused == 2
    assert stall.order.refunded
    assert not stall.order.refund_due


# The shopper asks the bank for all of it, and the shop for what was cancelled.
DISPUTED = act(PAID, ("dispute", 0, 1, 0), ("cancel", 0, 1, 1), ("give", 0, 1, 0))


def test_what_is_disputed_is_not_given_back_once_more(stall: Stall) -> None:
    go([stall], DISPUTED)
    assert (stall.refused, stall.order.status.payment) == (1, "disputed")
    go([stall], act(("dispute_ends", 0, 1, 0), ("give", 0, 1, 0)))
    assert (stall.refused, stall.order.status.payment) == (2, "refunded")
    with pytest.raises(payments.NothingToRefund):
        payments.refund(stall.shop.state, stall.payment(0)[0], stall.money(1), actor=STAFF, key="free")


def test_a_dispute_that_is_won_leaves_the_money_here(stall: Stall) -> None:
    go([stall], act(PAID, ("dispute", 0, 0, 0), ("dispute_ends", 0, 0, 0)))
    assert stall.order.status.payment == "paid"
    go([stall], act(("cancel", 0, 1, 1), ("give", 0, 1, 0)))
    assert (stall.refused, stall.order.status.payment) == (0, "partly_refunded")


@pytest.mark.parametrize(
    ("where", "name", "planted", "taken"),
    [
        (ship, "_insert_part", _forgets_parcels, act(("send", 0, 0, 0))),
        (payments, "_check_limit", _takes_anything, act(HELD, ("take_all", 0, 0, 0), ("take", 0, 1, 0))),
        (money_limits, "_untold", _forgets_what_is_under_way, TWICE),
        (facts, "_insert", _stores_anew, act(("visit", 0, 1, 1))),
    ],
)  # fmt: skip
def test_the_fair_finds_planted_mistakes(
    stall: Stall, monkeypatch: pytest.MonkeyPatch, where: object, name: str, planted: Callable[..., object],
    taken: list[tuple[int, int, int, int]],
) -> None:  # fmt: skip
    monkeypatch.setattr(where, name, planted)
    with pytest.raises(AssertionError):
        go([stall], taken)


def test_a_shop_that_meddles_with_anothers_order_is_found(
    app: App, bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    del app
    stalls = open_fair(bank, inside=True, currencies=["JPY", "KWD"])
    go(stalls, act(("meddle", 0, 0, 0)))
    monkeypatch.setattr(cancel, "lock_order", _any_site)
    with pytest.raises(pytest.fail.Exception):
        go(stalls, act(("meddle", 0, 0, 0)))


def test_a_paper_whose_parts_do_not_add_up_is_found(stall: Stall, monkeypatch: pytest.MonkeyPatch) -> None:
    from plugins.documents.services import owed

    real = owed._line

    def rounds_by_itself(*args: object, **more: object) -> owed.Part:
        """Planted: the reduction is a share of its own."""
        part = real(*args, **more)  # type: ignore[arg-type]  # as they came
        return replace(part, discount=part.discount + (part.quantity == 2))

    papers = act(("paper", 0, 0, 0), ("cancel", 0, 0, 1), ("paper", 0, 0, 0))
    monkeypatch.setattr(owed, "_line", rounds_by_itself)
    with pytest.raises(AssertionError, match="net"):
        go([stall], papers)


def test_a_tax_that_is_rounded_down_is_found(app: App, bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    from plugins.tax_table import services

    del app
    monkeypatch.setattr(services, "portion", lambda amount, part, whole: amount * part // whole)
    open_fair(bank, inside=True, currencies=["EUR"])
    assert any("by its rate" in said for said in ledger.complaints())


# -- rows that cannot be right -----------------------------------------------------------------------------------------


class _Undone(Exception):
    """Takes a row back that was bent on purpose."""


BENT = (
    ("uncounted", "UPDATE order_line SET shipped = 1, allocated = allocated - 1 WHERE position = 0"),
    ("uncounted", "UPDATE order_line SET ordered = ordered + 1 WHERE position = 0"),
    ("unequal_sums", "UPDATE order_line SET tax = tax + 1, total = total + 1 WHERE position = 0"),
    ("unequal_sums", "UPDATE order_line SET total = total - 1 WHERE position = 0"),
    ("unequal_sums", "UPDATE order_tax SET amount = amount + 1"),
    ("unequal_sums", "UPDATE orders SET total = total + 1"),
    ("unequal_sums", "UPDATE orders SET tax = tax + 1"),
    ("money_out_of_bounds", "UPDATE payment_fact SET amount = amount - 1 WHERE kind = 'authorized'"),
    ("money_out_of_bounds", "UPDATE payment_fact SET kind = 'refunded', amount = amount + 1 WHERE kind = 'authorized'"),
    ("stock_that_differs", "UPDATE stock_level SET incoming = incoming + 1"),
    ("stock_that_differs", "UPDATE stock_move SET on_hand = on_hand + 1"),
    ("kept_for_closed", "UPDATE order_line SET allocated = 0, cancelled = ordered"),
)


def test_the_ledger_complains_of_rows_that_cannot_be_right(stall: Stall) -> None:
    go([stall], act(HELD, ("take_all", 0, 0, 0)))
    for rule, statement in BENT:
        with pytest.raises(_Undone):
            _bent(rule, statement)
    assert ledger.complaints() == []


def _bent(rule: str, statement: str) -> None:
    with db.transaction():
        if "stock_move" in statement:
            _unguard()
        assert db.execute(statement)
        assert rule in {said.partition(":")[0] for said in ledger.complaints()}, statement
        raise _Undone


def _unguard() -> None:
    """Let moves of stock be changed, until the transaction is undone."""
    for trigger in ("stock_move_stays", "stock_move_is_kept") if db.is_sqlite() else ("stock_move_stays",):
        db.execute(f"DROP TRIGGER {trigger}" + ("" if db.is_sqlite() else " ON stock_move"))


def test_the_ledger_complains_of_a_false_status(stall: Stall, monkeypatch: pytest.MonkeyPatch) -> None:
    del stall
    real = ledger.order_view
    for axis in ("order", "payment", "fulfilment", "returned"):

        def lies(order_id: int, axis: str = axis) -> OrderView | None:
            found = real(order_id)
            return found and replace(found, status=replace(found.status, **{axis: "none of these"}))

        monkeypatch.setattr(ledger, "order_view", lies)
        assert [said for said in ledger.complaints() if f": {axis} none of these" in said]


def test_no_quantity_below_zero_can_be_stored(stall: Stall) -> None:
    del stall
    places = [("order_line", name) for name in ledger.COUNTS] + [("stock_level", name) for name in ledger.STATES]
    for table, name in places:
        with pytest.raises(peewee.IntegrityError), db.transaction():
            db.execute(f"UPDATE {table} SET {name} = -1")
