"""What stands on a sheet, in words and in the reader's language, before anybody draws it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from core.api import (
    Address,
    LocationPacking,
    Money,
    OrderLineView,
    OrderView,
    Site,
    ToPick,
    address_lines,
    day,
    enumerated,
    marks,
    money,
    now,
    number,
    packed_by_location,
    rows,
    speaking,
    text_direction,
    to_pick,
)
from core.api import gettext as _
from plugins.documents.forms import Documents
from plugins.documents.models import INVOICE
from plugins.documents.services.owed import Part, part_of

MOST_ORDERS = 100
Cells = tuple[str, ...]


class Column(Struct, frozen=True, kw_only=True):
    """A column of the table; `share` is its part of the width, of 100."""

    title: str
    share: int
    is_end: bool = False


class Paper(Struct, frozen=True, kw_only=True):
    """A document ready to be drawn. Further texts of a row's first cell stand below it, smaller.

    `paging` says which page of how many one is: `{page}` and `{pages}` stand in it.
    """

    title: str
    code: str
    sender: Cells
    parties: tuple[tuple[str, Cells], ...]
    facts: tuple[tuple[str, str], ...]
    columns: tuple[Column, ...]
    rows: tuple[Cells, ...]
    sums: tuple[tuple[str, str, bool], ...] = ()
    notes: Cells = ()
    footer: Cells = ()
    at: datetime
    paging: str

    def texts(self) -> Iterator[str]:
        """Every text on it."""
        yield from (self.title, self.code, self.paging, *self.sender, *self.notes, *self.footer)
        for heading, lines in self.parties:
            yield from (heading, *lines)
        for label, value in self.facts:
            yield from (label, value)
        yield from (column.title for column in self.columns)
        for row in self.rows:
            yield from row
        for label, value, _is_total in self.sums:
            yield from (label, value)


def paging() -> str:
    """How pages are counted in the present language."""
    return _("Page %(page)s of %(pages)s", page="{page}", pages="{pages}")


def drawn_in(language: str) -> str:
    """The language of a sheet: English in place of those from right to left, for which no sheet is laid out."""
    return "en" if text_direction(language) == "rtl" else language


def language_of(site: Site, content: Mapping[str, Any], wanted: str = "") -> str:
    """The language to draw a document in: one that is wanted and spoken here, else the shopper's."""
    return wanted if wanted in site.languages else str(content["language"])


def issued_paper(content: Mapping[str, Any], language: str) -> Paper:
    """An invoice or a credit note from what was stored when it was issued, and nothing else."""
    with speaking(drawn_in(language), content["timezone"]):
        seller, buyer, at = content["seller"], content["buyer"], datetime.fromisoformat(content["issued_at"])
        parts = [part_of(stored) for stored in content["parts"]]
        is_invoice, with_taxes = content["kind"] == INVOICE, any(part.taxes for part in parts)
        parties = [(_("Bill to"), tuple(buyer["lines"]))]
        if content["deliver_to"] and content["deliver_to"] != buyer["lines"]:
            parties.append((_("Deliver to"), tuple(content["deliver_to"])))
        parties += [(_("Deliver to"), tuple(lines)) for lines in content.get("places", ())]
        return Paper(
            title=_("Invoice") if is_invoice else _("Credit note"),
            code=content["code"],
            sender=_sender(seller["name"], seller["lines"], seller["email"], seller["tax_id"]),
            parties=tuple(parties),
            facts=tuple(_facts(content, at)),
            columns=_columns(with_taxes=with_taxes),
            rows=tuple(_row(part, content, with_taxes=with_taxes) for part in parts),
            sums=tuple(_sums(parts, content)),
            notes=tuple(text for text in (content["tax_note"],) if text),
            footer=tuple(seller["footer"].splitlines()),
            at=at,
            paging=paging(),
        )


def _sender(name: str, lines: Sequence[str], email: str, tax_id: str) -> Cells:
    tax = _("Tax number: %(number)s", number=tax_id) if tax_id else ""
    return tuple(text for text in (name, *lines, email, tax) if text)


def _facts(content: Mapping[str, Any], at: datetime) -> Iterator[tuple[str, str]]:
    yield _("Number"), content["code"]
    yield _("Date"), day(at)
    yield _("Order"), content["order"]
    yield _("Ordered on"), day(datetime.fromisoformat(content["ordered_at"]))
    if content["kind"] == INVOICE and content["payment"]:
        yield _("Payment"), content["payment"]
    if content.get("corrects"):
        yield _("Belongs to"), enumerated(content["corrects"])


def _columns(*, with_taxes: bool) -> tuple[Column, ...]:
    return (
        Column(title=_("Item"), share=46 if with_taxes else 56),
        Column(title=_("Quantity"), share=12, is_end=True),
        Column(title=_("Each"), share=16, is_end=True),
        *([Column(title=_("Tax rate"), share=10, is_end=True)] if with_taxes else []),
        Column(title=_("Amount"), share=16, is_end=True),
    )


def _row(part: Part, content: Mapping[str, Any], *, with_taxes: bool) -> Cells:
    """The amount is before offers, which stand below the table once, and before tax where prices are.

    What a credit note takes back of a deduction, such as goodwill, is one piece at what is given.
    """
    rates = " + ".join(dict.fromkeys(rate_text(tax.rate) for tax in part.taxes if tax.amount or part.amount))
    turn = -1 if part.quantity < 0 else 1
    each, amount = (Money(value, content["currency"]) for value in (turn * part.unit, part.subtotal))
    whose = content.get("goes_to", {}).get(part.key, "")
    name = "\n".join(text for text in (part.name, part.sku, going_to(whose)) if text)
    return (name, number(turn * part.quantity), money(each), *([rates] if with_taxes else []), money(amount))


def names_of(places: Sequence[Address | None]) -> list[str]:
    """Who lives at each of several places and in which town, with the street where that is not enough.

    Empty where all goes to one place, or where there is no address.
    """
    if len(places) < 2:
        return [""] * len(places)
    short = [one.whose if one else "" for one in places]
    return [
        enumerated((name, *one.lines)) if one and short.count(name) > 1 else name
        for name, one in zip(short, places, strict=True)
    ]


def going_to(whose: str) -> str:
    """To whom a line goes, in words; empty where nobody is named."""
    return _("To %(place)s", place=whose) if whose else ""


def rate_text(rate: int) -> str:
    """Hundredths of a percent as people write them."""
    return f"{number(rate / 100)} %"


def _sums(parts: Sequence[Part], content: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    def shown(amount: int) -> str:
        return money(Money(amount, content["currency"]))

    offers: dict[str, int] = {}
    for offer in (one for part in parts for one in part.offers):
        offers[offer.title] = offers.get(offer.title, 0) + offer.amount
    included = content["prices_include_tax"]
    if any(offers.values()) or len(parts) > 1:
        yield _("Subtotal"), shown(sum(part.subtotal for part in parts)), False
    for title, amount in offers.items():
        if amount:
            yield title or _("Offers"), shown(-amount), False
    taxes: dict[tuple[str, int], int] = {}
    for part in parts:
        for tax in part.taxes:
            taxes[tax.name, tax.rate] = taxes.get((tax.name, tax.rate), 0) + tax.amount
    if not included:
        yield from _tax_rows(taxes, shown)
    yield _("Total") if content["kind"] == INVOICE else _("Total given back"), shown(content["total"]), True
    if included and taxes:
        yield _("Without tax"), shown(content["total"] - sum(taxes.values())), False
        yield from _tax_rows(taxes, shown)


def _tax_rows(taxes: Mapping[tuple[str, int], int], shown: Any) -> Iterator[tuple[str, str, bool]]:
    for (name, rate), amount in taxes.items():
        yield tax_label(name, rate), shown(amount), False


def tax_label(name: str, rate: int) -> str:
    """A tax with its rate, unless its name says it already."""
    said = rate_text(rate)
    return name if said.replace(" ", "") in name.replace(" ", "") else f"{name} {said}"


# -- what is printed for the hands that pack: worked out anew each time, nothing is stored -----------------------------


def packing_slips(site: Site, order: OrderView, language: str = "", at: int | None = None) -> list[Paper]:
    """One for each parcel that can leave: of what is on the shelf, by location, or `at` one. None where none can.

    Where all has left it is one of what did. Of an order that goes to several places it is about one:
    `order.at(place)`.
    """
    here, packed = {line.id for line in order.lines}, packed_by_location([order.id]).get(order.id, [])
    places = [one for one in packed if here & {*one.units, *(part.line_id for part in one.parts)}]
    if at is not None:
        found = [packing_slip(site, order, language, one, places) for one in places if one.location_id == at]
    elif len(places) < 2:
        found = [packing_slip(site, order, language)]
    else:
        found = [packing_slip(site, order, language, one, places) for one in places]
    return [paper for paper in found if paper.rows]


def may_be_packed(order: OrderView) -> bool:
    """Whether it may have a slip, without asking where its goods lie: that of a kit may be in several places."""
    lines = [line for line in order.lines if line.needs_delivery]
    waiting = [line for line in lines if line.allocated]
    return any(order.here.get(line.id) or line.parts for line in waiting) if waiting else any(one.left for one in lines)


def packing_slip(
    site: Site,
    order: OrderView,
    language: str = "",
    location: LocationPacking | None = None,
    places: Sequence[LocationPacking] = (),
) -> Paper:
    """What goes into the parcel, from a `location` if there are several `places`. No prices.

    The units that wait and are there; where nothing waits, all that was ordered. Of a kit whose parts lie apart it is
    the parts that are packed here, each with the kit's name.
    """
    settings, here = Documents.of(site), order.here if location is None else location.units
    with speaking(drawn_in(language or order.language), site.timezone):
        waits = any(line.allocated for line in order.lines if line.needs_delivery)
        units = [(line, here.get(line.id, 0) if waits else line.left) for line in order.lines if line.needs_delivery]
        waiting = sum(line.allocated for line in order.lines if line.needs_delivery) - sum(
            order.here.get(line.id, 0) for line in order.lines
        )
        parties = ((_("Deliver to"), address_lines(order.address)),) if order.address else ()
        facts = [(_("Order"), order.number), (_("Ordered on"), day(order.placed_at))]
        if order.delivery_title:
            facts.append((_("Sent by"), order.delivery_title))
        if location is not None and location.name:
            facts.append((_("From"), location.name))
        notes = [_("The shopper writes: %(note)s", note=order.note)] if order.note else []
        notes += _taken_back(order) if waits else ()
        notes += _elsewhere(order, location, places) if location is not None else ()
        if waits and waiting > 0:
            notes.append(_("%(count)s more will follow when they are there.", count=number(waiting)))
        return Paper(
            title=_("Packing slip"),
            code=order.number,
            sender=_sender(settings.company or site.name, settings.address.splitlines(), site.email, ""),
            parties=parties,
            facts=tuple(facts),
            columns=(
                Column(title=_("Item"), share=56),
                Column(title=_("SKU"), share=28),
                Column(title=_("Quantity"), share=16, is_end=True),
            ),
            rows=(
                *((_whole(line), line.sku, number(count)) for line, count in units if count),
                *(_parts(order, location) if location is not None else ()),
            ),
            notes=tuple(notes),
            footer=tuple(settings.footer.splitlines()),
            at=now(),
            paging=paging(),
        )


def _whole(line: OrderLineView) -> str:
    """A line's name; a kit's parts stand below it."""
    parts = enumerated(_of(part.name, part.quantity) for part in line.parts)
    return f"{line.name}\n{parts}" if parts else line.name


def _parts(order: OrderView, location: LocationPacking) -> Iterator[Cells]:
    """What this place packs of kits that lie apart."""
    for line in order.lines:
        of_kit = {part.variant_id: part.pieces for part in location.parts if part.line_id == line.id}
        for part in line.parts:
            if pieces := of_kit.get(part.variant_id, 0):
                yield f"{part.name}\n{_('Part of %(kit)s', kit=line.name)}", part.sku, number(pieces)


def _elsewhere(order: OrderView, location: LocationPacking, places: Sequence[LocationPacking]) -> Iterator[str]:
    """From where the other parts of this place's kits come, so that nobody looks for them here."""
    here = {part.line_id for part in location.parts}
    for line in order.lines:
        others = [one.name for one in places if one is not location and line.id in {part.line_id for part in one.parts}]
        if line.id in here and others:
            yield _(
                "%(kit)s comes in several parcels: its other parts are sent from %(places)s.",
                kit=line.name, places=enumerated(others),
            )  # fmt: skip


def _taken_back(order: OrderView) -> list[str]:
    """Which parcels of what waits now were noted and did not leave, so that nobody looks for them or packs twice."""
    waiting = {line.id for line in order.lines if line.allocated}
    return [
        _(
            "The parcel %(number)s of %(day)s did not leave: what was in it waits again.",
            number=parcel.tracking or parcel.title or parcel.id, day=day(parcel.shipped_at),
        )
        for parcel in order.taken_back
        if waiting & parcel.lines.keys() and any(parcel.lines.values())
    ]  # fmt: skip


def pick_lists(site: Site, orders: Iterable[OrderView], language: str, at: int | None = None) -> list[Paper]:
    """What to fetch from the shelves for these orders by SKU, kits in their parts: a paper for each place, or `at` one.

    What is not counted, and goes along with nothing that is, stands on a paper that names no place.
    """
    wanted: dict[int | None, list[ToPick]] = {}
    for one in to_pick(site, list(orders)):
        if at in {None, one.location_id}:
            wanted.setdefault(one.location_id, []).append(one)
    with speaking(drawn_in(language), site.timezone):
        return [_pick_list(site, found) for found in wanted.values()]


def _pick_list(site: Site, found: Sequence[ToPick]) -> Paper:
    """The paper of one place."""
    pieces: dict[tuple[str, str], dict[str, int]] = {}
    kits: dict[tuple[str, str], dict[str, None]] = {}
    for one in found:
        pieces.setdefault((one.sku, one.name), {})[one.order_number] = one.pieces
        kits.setdefault((one.sku, one.name), {}).update(dict.fromkeys(one.kits))
    place, orders = found[0].place, {one.order_number for one in found}
    return Paper(
        title=_("Pick list"),
        code=day(now()),
        sender=(site.name,),
        parties=(),
        facts=(
            *([(_("Place"), place)] if place else []),
            (_("Date"), day(now())),
            (_("Orders"), number(len(orders))),
        ),
        columns=(
            Column(title=_("SKU"), share=24),
            Column(title=_("Item"), share=38),
            Column(title=_("For orders"), share=24),
            Column(title=_("Pieces"), share=14, is_end=True),
        ),
        rows=tuple(
            (sku, _item(name, list(kits[sku, name])), enumerated(_of(*one) for one in of.items()),
             number(sum(of.values())))
            for (sku, name), of in sorted(pieces.items())
        ),
        at=now(), paging=paging(),
    )  # fmt: skip


def _item(name: str, kits: Sequence[str]) -> str:
    return f"{name}\n{_('Part of %(kit)s', kit=enumerated(kits))}" if kits else name


def _of(code: str, count: int) -> str:
    return code if count == 1 else f"{code} × {count}"


def orders_to_ship(site: Site, numbers: Sequence[str]) -> list[int]:
    """The ids of these orders of the site, in this order, at most a hundred."""
    wanted = list(dict.fromkeys(numbers))[:MOST_ORDERS]
    sql = f"SELECT number, id FROM orders WHERE site_id = ? AND number IN ({marks(wanted)})"
    found: dict[str, int] = dict(rows(sql, site.id, *wanted))
    return [found[code] for code in wanted if code in found]
