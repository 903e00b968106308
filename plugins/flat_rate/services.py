"""Delivery rates: keeping them, and quoting them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup
from msgspec import Struct

from core.api import (
    Address,
    Carrier,
    CarrierService,
    Money,
    NotFound,
    Parcel,
    Rate,
    Site,
    Slot,
    asdict,
    claim_form,
    country_name,
    current_currency,
    day,
    kept,
    kept_part,
    language,
    now,
    part,
    record_activity,
    touch,
    tracking_address,
    transaction,
)
from core.api import gettext as _
from plugins.flat_rate.forms import Wanted
from plugins.flat_rate.models import FlatRate


def rates_of(site: Site) -> list[FlatRate]:
    """The site's rates in the merchant's order, kept until they change."""
    return kept(_tag(site), lambda: list(FlatRate.for_site(site).order_by(FlatRate.position, FlatRate.id)))


def find_rate(site: Site, rate_id: int) -> FlatRate:
    """A rate of this site. Raises NotFound."""
    found: FlatRate | None = FlatRate.for_site(site).where(FlatRate.id == rate_id).first()
    if found is None:
        raise NotFound
    return found


def save_rate(site: Site, wanted: Wanted, *, actor: str, rate_id: int | None = None, key: str = "") -> int:
    """Add a rate, or change one; answers its id. Raises NotFound, DoneBefore. Commits."""
    with transaction():
        claim_form(key)
        rate = FlatRate(site_id=site.id) if rate_id is None else find_rate(site, rate_id)
        before = _told(rate) if rate_id else {}
        for name, value in asdict(wanted).items():
            setattr(rate, name, value)
        rate.save()
        touch(_tag(site))
        _record(site, rate, actor, "flat_rate.saved", before, _told(rate))
    return int(rate.id)


def remove_rate(site: Site, rate_id: int, *, actor: str) -> None:
    """Take a rate away for now; orders that were placed with it keep what they agreed. Raises NotFound. Commits."""
    with transaction():
        rate = find_rate(site, rate_id)
        FlatRate.put_away(site, rate_id)
        touch(_tag(site))
        _record(site, rate, actor, "flat_rate.removed", _told(rate), {})


def restore_rate(site: Site, rate_id: int, *, actor: str) -> None:
    """Bring a rate back that was taken away. Raises NotFound. Commits."""
    with transaction():
        rate = FlatRate.bring_back(site, rate_id)
        if rate is None:
            raise NotFound
        touch(_tag(site))
        _record(site, rate, actor, "flat_rate.restored", {}, _told(rate))


def _told(rate: FlatRate) -> dict[str, object]:
    names = ("titles", "prices", "countries", "days_from", "days_to", "position", "tracking")
    return {name: getattr(rate, name) for name in names}


def _record(
    site: Site, rate: FlatRate, actor: str, verb: str, before: dict[str, object], after: dict[str, object]
) -> None:
    record_activity(
        actor,
        verb,
        f"flat_rate:{rate.id}",
        before=before,
        after=after,
        site_id=site.id,
        title=title_in(rate, site.language),
    )


def title_in(rate: FlatRate, tag: str) -> str:
    """The rate's name in a language, else in the first that it has."""
    return str(rate.titles.get(tag) or next(iter(rate.titles.values()), ""))


class FlatRateCarrier(Carrier):
    """All rates of a site as one carrier. A rate without a price in the cart's currency is not offered."""

    code = "flat_rate"
    calls_out = False

    def __init__(self, site: Site, rates: Sequence[FlatRate]) -> None:
        self._site, self._rates = site, rates
        self.title = _("Delivery")

    def serves(self, address: Address) -> str:
        if self._serving(address):
            return ""
        return _("We do not deliver to %(country)s.", country=country_name(self._country(address)))

    def quote(self, parcel: Parcel) -> Sequence[Rate]:
        currency = parcel.value.currency
        return [_quoted(rate, parcel.value) for rate in self._serving(parcel.address) if currency in rate.prices]

    def services(self) -> Sequence[CarrierService]:
        return [CarrierService(service=_code(rate), title=title_in(rate, language())) for rate in self._rates]

    def tracking_url(self, tracking: str, service: str = "") -> str:
        template = next((rate.tracking for rate in self._rates if _code(rate) == service), "")
        return tracking_address(template, tracking)

    def _serving(self, address: Address) -> list[FlatRate]:
        country = self._country(address)
        return [rate for rate in self._rates if not rate.countries or country in rate.countries.split()]

    def _country(self, address: Address) -> str:
        """Where it goes; the shop's own country while the shopper has not said."""
        return (address.country or self._site.country).upper()


def _code(rate: FlatRate) -> str:
    return f"rate-{rate.id}"


def _quoted(rate: FlatRate, value: Money) -> Rate:
    amount, free_from = rate.prices[value.currency]
    is_free = free_from is not None and value.amount >= free_from
    return Rate(
        service=_code(rate),
        title=title_in(rate, language()),
        amount=Money(0 if is_free else amount, value.currency),
        days=None if rate.days_to is None else (rate.days_from or 0, rate.days_to),
    )


# -- what pages say before anything is ordered -------------------------------------------------------------------------


class Promise(Struct, frozen=True, kw_only=True):
    """By when the quickest rate arrives (empty: not said), its price, and from what amount it is free.

    `variants` are those that it holds for.
    """

    variants: tuple[int, ...]
    arrives: str
    amount: Money
    free_from: Money | None


def promise(site: Site, product: Any) -> Slot | None:
    """The delivery of a product within the shop's own country; none where nothing of it is delivered."""
    rate = _quickest(site, current_currency())
    sent = [variant for variant in product.variants if variant.needs_delivery]
    if rate is None or not sent:
        return None
    amount, free_from = rate.prices[current_currency()]
    today = now().astimezone(ZoneInfo(site.timezone)).date()
    soonest = "" if rate.days_to is None else day(working_day(today, rate.days_to), "full")
    days: dict[str, list[int]] = {}
    for one in sent:
        days.setdefault(soonest if _leaves_now(one) else "", []).append(one.id)
    said = [
        Promise(
            variants=tuple(variants),
            arrives=arrives,
            amount=Money(amount, current_currency()),
            free_from=None if free_from is None else Money(free_from, current_currency()),
        )
        for arrives, variants in days.items()
    ]
    is_one = len(days) == 1 and len(sent) == len(product.variants)
    tomorrow = datetime.combine(today + timedelta(days=1), time(), ZoneInfo(site.timezone))
    lines = [kept_part("flat_rate/promise", promise=one, shown=product.shown, is_one=is_one) for one in said]
    return Slot(html=Markup().join(lines), tags=(_tag(site),), until=tomorrow)


def _leaves_now(variant: Any) -> bool:
    return variant.can_be_bought and not variant.release_at and not variant.is_backorder


def way_to_free(site: Site, cart: Any) -> Slot | None:
    """How far a cart with something in it is from free delivery, where there is such a thing."""
    rates = [rate for rate in _at_home(site) if cart.subtotal.currency in rate.prices]
    limits = [limit for rate in rates if (limit := rate.prices[cart.subtotal.currency][1]) is not None]
    if not limits or not cart.lines:
        return None
    threshold = Money(min(limits), cart.subtotal.currency)
    left = threshold - cart.short_totals[0].amount
    return Slot(html=part("flat_rate/free", left=left, threshold=threshold))


def working_day(start: date, days: int) -> date:
    """The day that is so many days from Monday to Friday after `start`."""
    found = start
    for _one in range(days):
        found += timedelta(days=1)
        while found.weekday() > 4:
            found += timedelta(days=1)
    return found


def _at_home(site: Site) -> list[FlatRate]:
    return [rate for rate in rates_of(site) if not rate.countries or site.country.upper() in rate.countries.split()]


def _quickest(site: Site, currency: str) -> FlatRate | None:
    offered = [rate for rate in _at_home(site) if currency in rate.prices]
    return min(
        offered, key=lambda rate: (rate.days_to is None, rate.days_to or 0, rate.prices[currency][0]), default=None
    )


def _tag(site: Site) -> str:
    return f"flat_rate:{site.id}"
