"""Open orders of other channels into a site: they take stock like every order, and each comes in once.

An order stands in a savepoint of its own: what cannot be had is a remark, and the orders beside it come in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from core.accounts.services import shopper_ids
from core.catalogue.services.carts import cart_variants
from core.catalogue.services.shapes import CartVariant
from core.catalogue.services.stock import OutOfStock
from core.catalogue.services.stock_levels import FOR_NOBODY
from core.catalogue.services.stock_reserves import reserved_for
from core.hookspecs.payment import Fact, FactKind
from core.hookspecs.site import Site
from core.imports.models import ORDERS, ImportRun
from core.imports.services.kept_files import RemarksFile
from core.imports.services.rows import Problem, Said
from core.imports.services.running import batches, count, touch
from core.kernel import cache, db
from core.lib.money import Money
from core.orders.services import channel_remarks as remarks
from core.orders.services.channel_rows import ChannelOrder, ReadOrder
from core.orders.services.channels import TAG
from core.orders.services.facts import payment_by_id, store_facts
from core.orders.services.file_rows import OpenFile
from core.orders.services.file_runs import Deal, deals_with
from core.orders.services.gateways import CORE, Arrangement
from core.orders.services.hold_reasons import HoldReason
from core.orders.services.hold_rules import hold_rules, reasons_to_hold
from core.orders.services.links import order_secret
from core.orders.services.new_order import NewAdjustment, NewLine, NewOrder, NewPayment, NewTax
from core.orders.services.store import no_cart, pieces_of, store_order

_AT_ONCE = 500
NOTE = "import"
_Taken = Counter[int | tuple[str, int]]


@deals_with(ORDERS)
def _deal(site: Site, file: OpenFile[ReadOrder], told: RemarksFile) -> Deal:
    taken = _Taken()

    def deal(run: ImportRun, batch: Sequence[ReadOrder]) -> None:
        goods = _goods(site, batch)
        if run.dry_run:
            _rehearse(site, run, batch, goods, taken, told, file)
        else:
            db.retrying(lambda: _store(site, run, batch, goods, told, file))

    return deal


# -- a batch -----------------------------------------------------------------------------------------------------------


class _Outcome(Struct):
    """What becomes of a batch: the remarks about it, and how many came in, were known or stayed out."""

    problems: list[Problem]
    shown: Mapping[str, str]
    counted: Counter[str] = field(default_factory=Counter)

    def refuse(self, order: ChannelOrder, column: str, said: Said, **params: object) -> None:
        self.counted["refused"] += 1
        name = self.shown.get(column, column)
        self.problems.append(Problem(line=order.line, column=name, said=said, params=params))


_Goods = Mapping[str, CartVariant]


def _goods(site: Site, batch: Sequence[ReadOrder]) -> _Goods:
    """The variants of the batch by SKU, whether they are sold on this site or not, and what is in the kits.

    What is left of them is what anybody can have. Outside a transaction.
    """
    skus = sorted({line.sku for one in batch if one.order for line in one.order.lines})
    ids: dict[str, int] = {}
    for part in batches(skus, _AT_ONCE):
        marks = db.marks(part)
        ids.update(db.rows(f"SELECT sku, id FROM variant WHERE sku IN ({marks}) AND deleted_at IS NULL", *part))
    found: dict[int, CartVariant] = {}
    for ids_at_once in batches(sorted(ids.values()), _AT_ONCE):
        found.update(cart_variants(site, site.language, site.currency, ids_at_once, channel=FOR_NOBODY))
    inside = sorted({part.variant_id for one in found.values() for part in one.parts} - found.keys())
    for ids_at_once in batches(inside, _AT_ONCE):
        found.update(cart_variants(site, site.language, site.currency, ids_at_once, channel=FOR_NOBODY))
    return {one.sku: one for one in found.values()}


def _begin(site: Site, batch: Sequence[ReadOrder], shown: Mapping[str, str]) -> tuple[_Outcome, list[ChannelOrder]]:
    """What reading has said of a batch, and the orders that are not in the shop yet. One statement."""
    outcome = _Outcome(problems=[problem for one in batch for problem in one.problems], shown=shown)
    outcome.counted["refused"] += sum(one.order is None and one.is_open for one in batch)
    outcome.counted["unchanged"] += sum(not one.is_open for one in batch)
    numbers = [one.order.number for one in batch if one.order]
    known = {
        (channel.casefold(), number)
        for channel, number in db.rows(
            "SELECT channel, channel_number FROM orders WHERE site_id = ?"
            f" AND channel_number IN ({db.marks(numbers)})",
            site.id, *numbers,
        )
    }  # fmt: skip
    fresh = []
    for one in batch:
        if one.order is None:
            continue
        key = one.order.channel.casefold(), one.order.number
        if key in known:
            outcome.counted["unchanged"] += 1
        else:
            known.add(key)
            fresh.append(one.order)
    return outcome, fresh


def _store(
    site: Site, run: ImportRun, batch: Sequence[ReadOrder], goods: _Goods, told: RemarksFile, file: OpenFile[ReadOrder]
) -> None:
    """A batch with all that belongs to it, or nothing of it."""
    rules = hold_rules(site)
    shoppers = shopper_ids(site, {one.order.email for one in batch if one.order and one.order.email})
    with db.transaction():
        touch(run)
        outcome, fresh = _begin(site, batch, file.shown)
        for order in fresh:
            if not _is_deliverable(order, goods, outcome):
                continue
            holds = reasons_to_hold(
                rules, total=Money(order.sums.total, order.currency), email=order.email,
                addresses=[order.address] if order.address else [],
                billing=order.billing,
            )  # fmt: skip
            try:
                with db.db.atomic():
                    _insert(site, run, order, goods, holds, shoppers.get(order.email))
            except OutOfStock as error:
                short = next((one.sku for one in goods.values() if one.id == error.variant_id), "")
                outcome.refuse(
                    order, "quantity", remarks.SHORT, sku=short, wanted=error.wanted, available=max(0, error.available)
                )
            else:
                outcome.counted["created"] += 1
        if outcome.counted["created"]:
            cache.touch(TAG)
        count(run, batch[-1].line, told, outcome.problems, done=len(batch), **outcome.counted)


def _rehearse(
    site: Site, run: ImportRun, batch: Sequence[ReadOrder], goods: _Goods, taken: _Taken, told: RemarksFile,
    file: OpenFile[ReadOrder],
) -> None:  # fmt: skip
    """What would become of a batch behind those before it; nothing but the run's own counts is written.

    `taken` are the pieces of each variant that the batches before would have had, and those out of each channel's own.
    """
    outcome, fresh = _begin(site, batch, file.shown)
    by_id = {one.id: one for one in goods.values()}
    kept = reserved_for(site.id, sorted({order.channel for order in fresh}), sorted(by_id))
    for order in fresh:
        if not _is_deliverable(order, goods, outcome):
            continue
        needs = pieces_of(_lines(order, goods))
        own = {variant_id: _own(kept, taken, order.channel, variant_id, n) for variant_id, n in needs.items()}
        lacks = next(
            (
                (by_id[variant_id].sku, pieces, max(0, left - taken[variant_id]) + own[variant_id])
                for variant_id, pieces in needs.items()
                if (left := by_id[variant_id].left) is not None and taken[variant_id] + pieces - own[variant_id] > left
            ),
            None,
        )
        if lacks is not None:
            sku, wanted, can_be_had = lacks
            outcome.refuse(order, "quantity", remarks.SHORT, sku=sku, wanted=wanted, available=can_be_had)
            continue
        for variant_id, pieces in needs.items():
            taken[variant_id] += pieces - own[variant_id]
            taken[order.channel, variant_id] += own[variant_id]
        outcome.counted["created"] += 1
    with db.transaction():
        count(run, batch[-1].line, told, outcome.problems, done=len(batch), **outcome.counted)


def _own(kept: Mapping[tuple[str, int], int], taken: _Taken, channel: str, variant_id: int, wanted: int) -> int:
    """How many of them come out of what is kept for the order's channel."""
    return min(wanted, kept.get((channel, variant_id), 0) - taken[channel, variant_id])


def _is_deliverable(order: ChannelOrder, goods: _Goods, outcome: _Outcome) -> bool:
    """Whether all of it is known here, and there is a place where it goes."""
    unknown = next((line for line in order.lines if line.sku not in goods), None)
    if unknown is not None:
        outcome.refuse(order, "sku", remarks.NO_SKU, sku=unknown.sku)
    elif order.address is None and any(goods[line.sku].needs_delivery for line in order.lines):
        outcome.refuse(order, "line1", remarks.NO_ADDRESS)
    else:
        return True
    return False


# -- an order ----------------------------------------------------------------------------------------------------------


def _insert(
    site: Site, run: ImportRun, order: ChannelOrder, goods: _Goods, holds: Sequence[HoldReason],
    shopper_id: int | None,
) -> None:  # fmt: skip
    """One order with its stock and its money, and its line in the journal. Raises OutOfStock."""
    new = _new_order(site, run, order, goods, holds, shopper_id)
    order_id = store_order(new).id
    if order.paid:
        _pay(site, order_id, order)
    version = db.value("SELECT version FROM orders WHERE id = ?", order_id)
    db.execute(
        "INSERT INTO import_change (run_id, line, kind, ref, title, created, version, before, after, state, reason)"
        " VALUES (?, ?, 'order', ?, ?, ?, ?, '{}', '{}', '', '')",
        run.id, order.line, order_id, order.number, True, version,
    )  # fmt: skip


def _new_order(
    site: Site, run: ImportRun, order: ChannelOrder, goods: _Goods, holds: Sequence[HoldReason],
    shopper_id: int | None,
) -> NewOrder:  # fmt: skip
    sums, cart_id = order.sums, no_cart()
    needs_delivery = any(goods[line.sku].needs_delivery for line in order.lines)
    title = (order.payment or order.channel)[:200]
    return NewOrder(
        site_id=site.id, holder="", cart_id=cart_id, secret=order_secret(site.id, cart_id), shopper_id=shopper_id,
        email=order.email, language=order.language, currency=order.currency,
        subtotal=sum(line.subtotal for line in sums.lines),
        discount=sum(line.off + line.share for line in sums.lines) + sums.delivery_off, delivery=sums.delivery,
        tax=sums.tax, total=sums.total, delivery_total=sums.delivery_total, prices_include_tax=sums.included,
        tax_note="", address=order.address if needs_delivery else None,
        billing=order.billing or (None if needs_delivery else order.address), carrier=order.carrier,
        carrier_plugin="", service=order.service, delivery_title=order.delivery, rate={},
        payment=NewPayment(plugin=CORE, gateway=Arrangement.code, account="", live=True, title=title),
        note=order.note, codes=(), extra={}, trace=(), lines=_lines(order, goods), adjustments=_adjustments(order),
        taxes=_taxes(order), actor=run.actor, holds=holds, placed_at=order.placed_at, channel=order.channel,
        channel_number=order.number,
    )  # fmt: skip


def _lines(order: ChannelOrder, goods: _Goods) -> list[NewLine]:
    lines = []
    for line, sums in zip(order.lines, order.sums.lines, strict=True):
        variant = goods[line.sku]
        lines.append(
            NewLine(
                variant_id=variant.id, product_id=variant.product_id, sku=variant.sku,
                name=line.name or variant.title,
                picture=variant.picture.name if variant.picture else "", quantity=line.quantity,
                unit_amount=sums.unit, list_amount=sums.unit, subtotal=sums.subtotal, discount=sums.off + sums.share,
                tax=sums.tax, total=sums.total, tax_class=variant.tax_class, weight_g=variant.weight_g,
                needs_delivery=variant.needs_delivery, returns=variant.returns,
                parts=variant.parts,
            )
        )  # fmt: skip
    return lines


def _adjustments(order: ChannelOrder) -> list[NewAdjustment]:
    """What was taken off single lines, off all of them together, and off the delivery."""
    found = [
        ({place: line.off for place, line in enumerate(order.sums.lines) if line.off}, "lines", 0),
        ({place: line.share for place, line in enumerate(order.sums.lines) if line.share}, "lines", 0),
        ({}, "delivery", order.sums.delivery_off),
    ]
    return [
        NewAdjustment(
            plugin="", rule="channel", title=order.discount_title, code="", target=target,
            amount=sum(shares.values()) + more, shares=shares,
        )
        for shares, target, more in found
        if shares or more
    ]  # fmt: skip


def _taxes(order: ChannelOrder) -> list[NewTax]:
    taxed: list[tuple[int | None, int, int]] = [
        (place, line.rate, line.tax) for place, line in enumerate(order.sums.lines)
    ]
    taxed.append((None, order.sums.delivery_rate, order.sums.delivery_tax))
    return [
        NewTax(position=place, name=order.tax_name, rate=rate, amount=amount) for place, rate, amount in taxed if amount
    ]


def _pay(site: Site, order_id: int, order: ChannelOrder) -> None:
    """What its channel has received for it."""
    payment = payment_by_id(int(db.value("SELECT id FROM payment WHERE order_id = ?", order_id)))
    assert payment is not None
    fact = Fact(
        account=payment.account, live=payment.live, kind=FactKind.CAPTURED,
        reference=f"{order.channel} {order.number} {order.reference}".strip()[:200],
        amount=Money(order.paid, order.currency), at=order.paid_at, note=NOTE,
    )  # fmt: skip
    store_facts(site.id, payment.plugin, payment.account, [fact], payment)
