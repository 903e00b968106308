"""The whole table as one carrier."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.api import (
    Address,
    Carrier,
    CarrierService,
    Money,
    Parcel,
    Rate,
    Site,
    country_name,
    language,
    tracking_address,
)
from core.api import gettext as _
from plugins.table_rate.models import Method
from plugins.table_rate.services.pricing import Goods, price
from plugins.table_rate.services.reading import Table, goods_of, text_in, whereabouts
from plugins.table_rate.services.zones import asks_for_more, find_area


class TableRateCarrier(Carrier):
    """What the zone of an address offers. A method without a bracket for a parcel does not offer itself."""

    code = "table_rate"
    calls_out = False

    def __init__(self, site: Site, table: Table) -> None:
        self._site, self._table = site, table
        self.title = _("Delivery")

    def serves(self, address: Address) -> str:
        where = whereabouts(self._site, address)
        found = find_area(self._table.zones, where)
        country = country_name(where.country.upper())
        if found is not None and not found.zone.served and (reason := text_in(found.zone.reasons, language())):
            return reason
        if found is not None and found.zone.served and self._table.of(found.zone):
            return ""
        if found is None and asks_for_more(self._table.zones, where):
            return _("Fill in your post code and region to see what delivery costs.")
        if found is None and any(_names(zone.areas, where.country) for zone in self._table.zones):
            return _("We do not deliver to this part of %(country)s.", country=country)
        return _("We do not deliver to %(country)s.", country=country)

    def quote(self, parcel: Parcel) -> Sequence[Rate]:
        found = find_area(self._table.zones, whereabouts(self._site, parcel.address))
        if found is None or not found.zone.served:
            return []
        methods = self._table.of(found.zone)
        looks = any(method.divisor or method.excluded for method in methods)
        goods = goods_of(parcel.lines, parcel.value, looks=looks)
        return list(_rates(methods, goods))

    def services(self) -> Sequence[CarrierService]:
        return [
            CarrierService(service=_code(method), title=text_in(method.titles, language()), hint=zone.name)
            for zone in self._table.zones
            for method in self._table.of(zone)
        ]

    def tracking_url(self, tracking: str, service: str = "") -> str:
        methods = (method for zone in self._table.zones for method in self._table.of(zone))
        template = next((method.tracking for method in methods if _code(method) == service), "")
        return tracking_address(template, tracking)


def _code(method: Method) -> str:
    return f"method-{method.id}"


def _names(areas: str, country: str) -> bool:
    return any(line.upper().startswith(country.upper()) for line in areas.splitlines())


def _rates(methods: Sequence[Method], goods: Goods) -> Iterator[Rate]:
    for method in methods:
        amount = price(method, goods).amount
        if amount is not None:
            yield Rate(
                service=_code(method),
                title=text_in(method.titles, language()),
                amount=Money(amount, goods.total.currency),
                days=None if method.days_to is None else (method.days_from or 0, method.days_to),
                description=text_in(method.descriptions, language()),
            )
