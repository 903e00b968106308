"""The table of a site, what goods say of themselves, remarks on a table, and the way to a price in words."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence

from msgspec import Struct

from core.api import (
    Address,
    Money,
    NotFound,
    ParcelLine,
    Site,
    country_name,
    enumerated,
    kept,
    labelled,
    marks,
    money,
    number,
    rows,
)
from core.api import gettext as _
from plugins.table_rate.forms import Area, Trial, gaps_and_overlaps, shown
from plugins.table_rate.forms.brackets import typed
from plugins.table_rate.models import PER_KG, TOTAL, WEIGHT, Method, Zone
from plugins.table_rate.services.pricing import (
    CARRIES_NOT,
    NO_BRACKET,
    NOT_IN_CURRENCY,
    Goods,
    Priced,
    brackets_of,
    price,
    volumetric_g,
)
from plugins.table_rate.services.zones import find_area

# Attributes of products that say how large a unit is, in centimetres; a part of one counts as a whole one.
SIZES = ("length_cm", "width_cm", "height_cm")


class Table(Struct, frozen=True):
    """Zones in their order, and the methods of each in theirs."""

    zones: list[Zone]
    methods: dict[int, list[Method]]

    def of(self, zone: Zone) -> list[Method]:
        """The methods of a zone."""
        return self.methods.get(zone.id, [])


def tag(site: Site) -> str:
    """What pages that show prices of delivery depend on."""
    return f"table_rate:{site.id}"


def table_of(site: Site) -> Table:
    """The whole table of a site, kept until it changes."""
    return kept(tag(site), lambda: _read_table(site))


def _read_table(site: Site) -> Table:
    methods: dict[int, list[Method]] = defaultdict(list)
    for method in Method.for_site(site).order_by(Method.position, Method.id):
        methods[method.zone_id].append(method)
    return Table(list(Zone.for_site(site).order_by(Zone.position, Zone.id)), dict(methods))


def find_zone(site: Site, zone_id: int) -> Zone:
    """A zone of this site. Raises NotFound."""
    found: Zone | None = Zone.for_site(site).where(Zone.id == zone_id).first()
    if found is None:
        raise NotFound
    return found


def find_method(site: Site, method_id: int) -> Method:
    """A method of this site, with its zone. Raises NotFound."""
    found: Method | None = Method.for_site(site).where(Method.id == method_id).first()
    if found is None:
        raise NotFound
    return found


def text_in(texts: dict[str, str], tag: str) -> str:
    """The words in a language, else in the first that there is."""
    return str(texts.get(tag) or next(iter(texts.values()), ""))


def goods_of(lines: Sequence[ParcelLine], total: Money, *, looks: bool) -> Goods:
    """What a parcel holds. With `looks`, products are asked for their sizes and attributes: one statement."""
    said = _attributes([line.variant_id for line in lines]) if looks else {}
    return Goods(
        total=total,
        weight_g=sum(line.weight_g * line.quantity for line in lines),
        quantity=sum(line.quantity for line in lines),
        volume_cm3=sum(_volume(said.get(line.variant_id, [])) * line.quantity for line in lines),
        marks=frozenset(f"{code}={value}" for of_one in said.values() for code, value, _number in of_one),
    )


_Said = list[tuple[str, str, float | None]]


def _attributes(variant_ids: Sequence[int]) -> dict[int, _Said]:
    said: dict[int, _Said] = defaultdict(list)
    for variant_id, code, value, size in rows(
        "SELECT v.id, a.code, pa.value, pa.number FROM variant v"
        " JOIN product_attribute pa ON pa.product_id = v.product_id JOIN attribute a ON a.id = pa.attribute_id"
        f" WHERE v.id IN ({marks(variant_ids)}) ORDER BY v.id, a.code, pa.position",
        *variant_ids,
    ):
        said[variant_id].append((code, value, size))
    return said


def _volume(said: _Said) -> int:
    """Cubic centimetres of one unit, each side rounded up; 0 unless all three are known."""
    sides = {code: math.ceil(size) for code, _value, size in said if code in SIZES and size is not None and size > 0}
    return math.prod(sides.values()) if len(sides) == len(SIZES) else 0


# -- remarks, and the file ---------------------------------------------------------------------------------------------


def remarks_on(method: Method) -> list[str]:
    """Gaps and overlaps of all currencies of a method."""
    return [
        labelled(currency, remark)
        for currency in method.brackets
        for remark in gaps_and_overlaps(brackets_of(method, currency), method.basis, currency)
    ]


def export_rows(site: Site) -> Iterator[tuple[str, ...]]:
    """The whole table, one row per bracket; areas stand in the first row of their zone."""
    table = table_of(site)
    for zone in table.zones:
        areas = zone.areas.replace("\n", " | ")
        for method in table.of(zone):
            for currency in method.brackets:
                for bracket in brackets_of(method, currency):
                    low, high, amount = typed(bracket, method.basis, currency)
                    yield (
                        zone.name,
                        areas,
                        text_in(method.titles, site.language),
                        method.basis,
                        currency,
                        low,
                        high,
                        amount,
                    )
                    areas = ""


# -- trying out --------------------------------------------------------------------------------------------------------


class TriedMethod(Struct, frozen=True, kw_only=True):
    """A method's answer: `amount` None if it does not carry the parcel, and every step in words."""

    method: Method
    title: str
    amount: Money | None
    steps: tuple[str, ...]


class Tried(Struct, frozen=True, kw_only=True):
    """Where an address lies and why, and what each method there says. `zone` None: nowhere."""

    zone: Zone | None
    place: str
    methods: tuple[TriedMethod, ...] = ()


def tried(site: Site, trial: Trial, tag: str) -> Tried:
    """The way from an imagined parcel to its prices, by the functions that the checkout uses."""
    table = table_of(site)
    found = find_area(table.zones, trial.address)
    if found is None:
        return Tried(zone=None, place=_("No zone holds this address."))
    goods = Goods(total=trial.total, weight_g=trial.weight_g, quantity=trial.quantity, volume_cm3=trial.volume_cm3)
    place = _("Found by the area %(area)s.", area=area_words(found.area))
    if not found.zone.served:
        return Tried(zone=found.zone, place=f"{place} {_('Nothing is delivered there.')}")
    methods = tuple(_tried(method, goods, tag) for method in table.of(found.zone))
    return Tried(zone=found.zone, place=place, methods=methods)


def area_words(area: Area) -> str:
    """An area for people: country, region, post codes."""
    if not area.country:
        return _("everywhere")
    code = f"{area.low}–{area.high}" if area.high else f"{area.low}…" if area.low else ""
    return enumerated(part for part in (country_name(area.country), area.region, code) if part)


def _tried(method: Method, goods: Goods, tag: str) -> TriedMethod:
    priced = price(method, goods)
    currency = goods.total.currency
    return TriedMethod(
        method=method,
        title=text_in(method.titles, tag),
        amount=None if priced.amount is None else Money(priced.amount, currency),
        steps=tuple(_steps(method, goods, priced)),
    )


def _steps(method: Method, goods: Goods, priced: Priced) -> Iterator[str]:
    currency = goods.total.currency
    if method.divisor and goods.volume_cm3:
        yield _(
            "Volumetric weight %(volumetric)s g, real weight %(real)s g: the greater is billed.",
            volumetric=number(volumetric_g(method.divisor, goods.volume_cm3)),
            real=number(goods.weight_g),
        )
    if priced.refused == NOT_IN_CURRENCY:
        yield _("It has no prices in %(currency)s.", currency=currency)
    if priced.refused == CARRIES_NOT:
        yield _("It does not carry %(mark)s.", mark=priced.mark)
    if priced.refused == NO_BRACKET:
        yield _("%(measure)s: no line holds this.", measure=_measured(method, priced, currency))
    if priced.bracket is not None:
        yield from _counted(method, goods, priced)


def _counted(method: Method, goods: Goods, priced: Priced) -> Iterator[str]:
    currency, bracket = goods.total.currency, priced.bracket
    assert bracket is not None
    low = shown(bracket.low, method.basis, currency)
    yield _(
        "%(measure)s: line %(line)s costs %(amount)s.",
        measure=_measured(method, priced, currency),
        line=_("from %(low)s", low=low)
        if bracket.high is None
        else _("%(low)s to %(high)s", low=low, high=shown(bracket.high, method.basis, currency)),
        amount=money(Money(bracket.amount, currency)),
    )
    if priced.surcharge:
        each = money(Money(int(method.surcharges[currency]), currency))
        units = number(priced.units)
        text = (
            _("Surcharge: %(units)s kg started, %(each)s each.", units=units, each=each) if method.per == PER_KG else ""
        )
        yield text or _("Surcharge: parcels: %(units)s, %(each)s each.", units=units, each=each)
    if priced.free:
        yield _("Free from %(amount)s on.", amount=money(Money(method.free_from[currency], currency)))


def _measured(method: Method, priced: Priced, currency: str) -> str:
    value = shown(priced.measure, method.basis, currency)
    if method.basis == WEIGHT:
        return _("Weight %(value)s", value=value)
    if method.basis == TOTAL:
        return _("Order value %(value)s", value=value)
    return _("Pieces: %(value)s", value=value)


def whereabouts(site: Site, address: Address) -> Address:
    """The address, in the shop's own country while the shopper has not said."""
    return (
        address if address.country else Address(country=site.country, region=address.region, postcode=address.postcode)
    )
