"""Delivery rates: keeping them, and quoting them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from core.api import (
    Address,
    Carrier,
    Money,
    NotFound,
    Parcel,
    Rate,
    Site,
    country_name,
    language,
    record_activity,
    transaction,
)
from core.api import gettext as _
from plugins.flat_rate.forms import Wanted
from plugins.flat_rate.models import FlatRate


def rates_of(site: Site) -> list[FlatRate]:
    """The site's rates in the merchant's order. One statement."""
    return list(FlatRate.for_site(site).order_by(FlatRate.position, FlatRate.id))


def find_rate(site: Site, rate_id: int) -> FlatRate:
    """A rate of this site. Raises NotFound."""
    found: FlatRate | None = FlatRate.for_site(site).where(FlatRate.id == rate_id).first()
    if found is None:
        raise NotFound
    return found


def save_rate(site: Site, wanted: Wanted, *, actor: str, rate_id: int | None = None) -> int:
    """Add a rate, or change one; answers its id. Raises NotFound. Commits."""
    with transaction():
        rate = FlatRate(site_id=site.id) if rate_id is None else find_rate(site, rate_id)
        before = _told(rate) if rate_id else {}
        for name, value in asdict(wanted).items():
            setattr(rate, name, value)
        rate.save()
        _record(site, rate, actor, "flat_rate.saved", before, _told(rate))
    return int(rate.id)


def remove_rate(site: Site, rate_id: int, *, actor: str) -> None:
    """Take a rate away; orders that were placed with it keep what they agreed. Raises NotFound. Commits."""
    with transaction():
        rate = find_rate(site, rate_id)
        rate.delete_instance()
        _record(site, rate, actor, "flat_rate.removed", _told(rate), {})


def _told(rate: FlatRate) -> dict[str, object]:
    return {name: getattr(rate, name) for name in ("titles", "prices", "countries", "days_from", "days_to", "position")}


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

    def _serving(self, address: Address) -> list[FlatRate]:
        country = self._country(address)
        return [rate for rate in self._rates if not rate.countries or country in rate.countries.split()]

    def _country(self, address: Address) -> str:
        """Where it goes; the shop's own country while the shopper has not said."""
        return (address.country or self._site.country).upper()


def _quoted(rate: FlatRate, value: Money) -> Rate:
    amount, free_from = rate.prices[value.currency]
    is_free = free_from is not None and value.amount >= free_from
    return Rate(
        service=f"rate-{rate.id}",
        title=title_in(rate, language()),
        amount=Money(0 if is_free else amount, value.currency),
        days=None if rate.days_to is None else (rate.days_from or 0, rate.days_to),
    )
