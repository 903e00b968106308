"""What the carriers offer for a cart, within a deadline.

One that is slow or broken is left out, and the rest are shown.
"""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from core.checkout.services.quote import ChosenRate
from core.hookspecs.checkout import Address, Cart
from core.hookspecs.fulfil import Carrier, Parcel, ParcelLine, Rate
from core.kernel import db
from core.kernel.answers import checked_all
from core.kernel.i18n import gettext as _
from core.kernel.installation import installation
from core.kernel.sites import SiteState
from core.lib.money import Money

DEADLINE_S = 3.0
_Answer = tuple[str, Sequence[Rate]]


class Delivery(Struct, frozen=True, kw_only=True):
    """The rates to choose from, the chosen one (the first by default), and why carriers do not come, as sentences."""

    rates: tuple[ChosenRate, ...] = ()
    chosen: ChosenRate | None = None
    reasons: tuple[str, ...] = ()


def by_arrangement(currency: str) -> ChosenRate:
    """Core's own way where no carrier is on: shop and shopper agree between themselves, at no charge."""
    return ChosenRate(carrier="", service="", title=_("Delivery by arrangement"), amount=Money.zero(currency))


def deliveries(
    state: SiteState, cart: Cart, address: Address, left: Sequence[int], wanted: tuple[str, str]
) -> Delivery:
    """Ask every carrier at once.

    `left` are the lines' amounts after offers; `wanted` is (carrier, service) as chosen before.
    """
    return deliveries_to(state, [Goods(cart=cart, address=address, left=left, wanted=wanted)])[0]


class Goods(Struct, frozen=True, kw_only=True):
    """What goes to one place; see `deliveries`."""

    cart: Cart
    address: Address
    left: Sequence[int]
    wanted: tuple[str, str]


def deliveries_to(state: SiteState, goods: Sequence[Goods]) -> list[Delivery]:
    """The same for several places: every carrier is asked about each of them, all at once."""
    carriers = [
        (plugin, one) for plugin, answer in state.hooks.each("fulfil_carriers", site=state.site) for one in answer
    ]
    if not carriers:
        rates = [by_arrangement(one.cart.currency) for one in goods]
        return [Delivery(rates=(rate,), chosen=rate) for rate in rates]
    parcels = [_parcel(one.cart, one.address, one.left) for one in goods]
    asked = [(plugin, carrier, parcel) for parcel in parcels for plugin, carrier in carriers]
    answers, many = _ask_all(state, asked), len(carriers)
    return [_offered(one, carriers, answers[place * many : (place + 1) * many]) for place, one in enumerate(goods)]


def _offered(goods: Goods, carriers: Sequence[tuple[str, Carrier]], answers: Sequence[_Answer]) -> Delivery:
    currency, wanted = goods.cart.currency, goods.wanted
    rates = tuple(
        _chosen(plugin, carrier, rate)
        for (plugin, carrier), (_reason, found) in zip(carriers, answers, strict=True)
        for rate in found
        if rate.amount.currency == currency and rate.amount.amount >= 0
    )
    picked = next((rate for rate in rates if (rate.carrier, rate.service) == wanted), rates[0] if rates else None)
    return Delivery(
        rates=rates, chosen=picked, reasons=tuple(dict.fromkeys(reason for reason, _found in answers if reason))
    )


def _chosen(plugin: str, carrier: Carrier, rate: Rate) -> ChosenRate:
    return ChosenRate(
        plugin=plugin,
        carrier=carrier.code,
        carrier_title=carrier.title,
        service=rate.service,
        title=rate.title,
        amount=rate.amount,
        days=rate.days,
        pickup=rate.pickup,
        token=rate.token,
        description=rate.description,
    )


def _parcel(cart: Cart, address: Address, left: Sequence[int]) -> Parcel:
    lines = tuple(
        ParcelLine(
            variant_id=line.variant_id, sku=line.sku, name=line.name, quantity=line.quantity, weight_g=line.weight_g,
            value=Money(amount, cart.currency),
        )
        for line, amount in zip(cart.lines, left, strict=True)
        if line.needs_delivery
    )  # fmt: skip
    return Parcel(
        lines=lines, address=replace(address), value=Money(sum(line.value.amount for line in lines), cart.currency)
    )


def _ask_all(state: SiteState, asked: Sequence[tuple[str, Carrier, Parcel]]) -> list[_Answer]:
    """Each carrier that calls out in a thread of its own, since one that sleeps cannot be stopped; one deadline.

    Those that know their prices answer here meanwhile.
    """
    answers: list[_Answer] = [("", ())] * len(asked)
    opened = db.db.obj

    def ask(place: int) -> None:
        try:
            answers[place] = _answer(state, *asked[place])
        finally:
            db.reset_thread(opened)

    threads = {
        # The context carries the language and the request into the thread.
        place: threading.Thread(target=contextvars.copy_context().run, args=(ask, place), daemon=True)
        for place, (_plugin, carrier, _parcel) in enumerate(asked)
        if carrier.calls_out
    }
    until = time.monotonic() + DEADLINE_S
    for thread in threads.values():
        thread.start()
    for place in range(len(asked)):
        if place not in threads:
            answers[place] = _answer(state, *asked[place])
    for place, thread in threads.items():
        thread.join(max(0.0, until - time.monotonic()))
        if thread.is_alive():
            plugin, carrier, _asked_of = asked[place]
            late = TimeoutError(f"{carrier.code} did not answer within {DEADLINE_S:g} s")
            installation().faults.report(state.site.id, plugin, "quote", late)
    return list(answers)


def _answer(state: SiteState, plugin: str, carrier: Carrier, parcel: Parcel) -> _Answer:
    """What one carrier says; nothing where it fails, which is reported."""
    try:
        reason = carrier.serves(parcel.address)
        return str(reason or ""), [] if reason else checked_all(carrier.quote(parcel), Rate, asked="quote")
    except (Exception, SystemExit) as error:  # noqa: BLE001 -- the guard around a carrier: the others remain
        installation().faults.report(state.site.id, plugin, "quote", error)
        return "", ()
