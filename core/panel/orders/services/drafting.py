"""What a person wrote about an order in the making, and the drafts in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct

from core.accounts.services import find_shopper
from core.cart.services import MOST_PLACES
from core.catalogue.services.carts import cart_variants
from core.catalogue.services.skus import variants_by_sku
from core.checkout.forms import read_address
from core.hookspecs.checkout import Address
from core.hookspecs.site import Site
from core.kernel import db
from core.kernel.i18n import gettext as _
from core.kernel.i18n import lazy, phrases
from core.lib import addresses
from core.lib.addresses import place_prefix
from core.lib.errors import Unfit
from core.lib.money import Money, NotMoney, parse_money
from core.orders.services.draft_keeping import Kept, kept_for
from core.orders.services.drafts import DraftLine, DraftPlace, DraftView, DraftWish
from core.panel.orders.services.addressing import BILLING, PREFIX, address_errors, address_values
from core.panel.shell.status import Status

MOST_ROWS = 200
_FOUND = 12
_MOST_UNITS = 999
MOST_OWN = 20
# Of the rows whose fields begin so: how many are empty at least, how many there are at most, what asks for one more.
_ROWS = {"sku-": (2, MOST_ROWS, "row"), "own-": (1, MOST_OWN, "own_row")}
_STATES: dict[str, tuple[Any, str, str]] = {
    "draft": (lazy("Draft"), "none", ""),
    "sent": (lazy("Sent"), "wait", "busy"),
    "expired": (lazy("Link expired"), "warn", "warn"),
    "placed": (lazy("Ordered"), "done", "good"),
    "dropped": (lazy("Dropped"), "stop", ""),
}


class Row(Struct, frozen=True, kw_only=True):
    """A line of the form as typed; `price` is empty where today's price holds.

    `away` are the pieces for each further address, in their order.
    """

    sku: str = ""
    name: str = ""
    quantity: str = "1"
    price: str = ""
    reason: str = ""
    today: Money | None = None
    away: tuple[str, ...] = ()


class OwnRow(Struct, frozen=True, kw_only=True):
    """A line outside the catalogue as typed."""

    title: str = ""
    quantity: str = "1"
    price: str = ""
    tax_class: str = "standard"


class Found(Struct, frozen=True, kw_only=True):
    """A variant that the search brought."""

    sku: str
    name: str
    price: Money | None
    left: int | None


def status(draft: DraftView) -> Status:
    """Where a draft is, as the panel draws it."""
    text, glyph, tone = _STATES[draft.state]
    return Status(str(text), glyph, tone)


# -- rows of the form --------------------------------------------------------------------------------------------------


def typed_rows(form: Mapping[str, str], site: Site) -> list[Row]:
    """The lines of a form that say something, with `pick` (an SKU that the search brought) after them."""
    rows = [
        Row(
            sku=form.get(f"sku-{place}", "").strip()[:120],
            quantity=form.get(f"qty-{place}", "").strip() or "1",
            price=form.get(f"price-{place}", "").strip(),
            reason=form.get(f"why-{place}", "").strip()[:200],
            away=tuple(form.get(f"{place_prefix(n)}qty-{place}", "").strip() for n in range(1, MOST_PLACES)),
        )
        for place in range(MOST_ROWS)
        if any(form.get(f"{name}-{place}", "").strip() for name in ("sku", "price", "why"))
    ]
    picked = form.get("pick", "").strip()
    if picked and picked not in {row.sku for row in rows}:
        rows.append(Row(sku=picked))
    rows.sort(key=lambda row: not row.sku)
    return _named(site, rows, form.get("language") or site.language, form.get("currency") or site.currency)


def stored_rows(site: Site, draft: DraftView) -> list[Row]:
    """The lines of a draft as its form shows them."""
    wish = draft.wish
    variants = cart_variants(
        site, wish.language, wish.currency, [line.variant_id for line in wish.lines if line.variant_id]
    )
    return [
        Row(
            sku=variants[line.variant_id].sku if line.variant_id in variants else "",
            name=full_name(variants[line.variant_id]) if line.variant_id in variants else "",
            quantity=str(line.quantity),
            price="" if line.agreed is None else Money(line.agreed, wish.currency).decimal,
            reason=line.reason,
            today=variants[line.variant_id].price if line.variant_id in variants else None,
            away=tuple(str(one.units.get(line.variant_id, "")) for one in wish.places),
        )
        for line in wish.lines
        if line.variant_id
    ]


def free_rows(form: Mapping[str, str], begin: str, filled: int) -> int:
    """How many empty rows there are below the filled ones: as many as were sent, and one more where it is asked for."""
    least, most, act = _ROWS[begin]
    sent = sum(f"{begin}{place}" in form for place in range(most))
    return max(0, min(most, max(filled + least, sent + (form.get("act") == act))) - filled)


def typed_own(form: Mapping[str, str]) -> list[OwnRow]:
    """The lines of a form that are outside the catalogue."""
    return [
        OwnRow(
            title=addresses.one_line(form.get(f"own-{place}", ""), 200),
            quantity=form.get(f"own_qty-{place}", "").strip() or "1",
            price=form.get(f"own_price-{place}", "").strip(),
            tax_class=addresses.one_line(form.get(f"own_tax-{place}", ""), 60) or "standard",
        )
        for place in range(MOST_OWN)
        if any(form.get(f"{name}-{place}", "").strip() for name in ("own", "own_price"))
    ]  # fmt: skip


def stored_own(draft: DraftView) -> list[OwnRow]:
    """The same of a stored draft."""
    return [
        OwnRow(
            title=line.title, quantity=str(line.quantity), price=Money(line.agreed or 0, draft.wish.currency).decimal,
            tax_class=line.tax_class,
        )
        for line in draft.wish.lines
        if not line.variant_id
    ]  # fmt: skip


def _own_lines(form: Mapping[str, str], currency: str, errors: dict[str, str]) -> tuple[DraftLine, ...]:
    found = []
    for place, row in enumerate(typed_own(form)):
        if not row.title:
            errors[f"own-{place}"] = _("Write what it is.")
        count = int(row.quantity) if row.quantity.isascii() and row.quantity.isdecimal() else 0
        if not 0 < count <= _MOST_UNITS:
            errors[f"own_qty-{place}"] = _("%(title)s: write a whole number from 1 to 999.", title=row.title)
        amount = _amount({"x": row.price}, "x", currency, {}) if row.price else None
        if amount is None:
            errors[f"own_price-{place}"] = _("%(title)s: write what one costs.", title=row.title)
        found.append(
            DraftLine(variant_id=0, quantity=max(1, count), agreed=amount, title=row.title, tax_class=row.tax_class)
        )
    return tuple(found)


def _named(site: Site, rows: list[Row], language: str, currency: str) -> list[Row]:
    known = variants_by_sku([row.sku for row in rows])
    currency = currency if currency in site.currencies else site.currency
    variants = cart_variants(site, language, currency, list(known.values()))
    found = [(row, variants.get(known.get(row.sku, 0))) for row in rows]
    return [
        Row(
            sku=row.sku, quantity=row.quantity, price=row.price, reason=row.reason, away=row.away,
            name=full_name(variant) if variant else "", today=variant.price if variant else None,
        )
        for row, variant in found
    ]  # fmt: skip


def search(site: Site, text: str, language: str, currency: str) -> list[Found]:
    """Variants whose SKU or name holds `text`, as far as this site sells them. Two statements."""
    if not text.strip():
        return []
    piece = "%" + "".join(f"\\{c}" if c in "%_\\" else c for c in text.strip().lower()) + "%"
    ids = [
        row[0]
        for row in db.rows(
            "SELECT v.id FROM variant v JOIN listing l ON l.product_id = v.product_id AND l.site_id = ?"
            " WHERE v.deleted_at IS NULL AND (LOWER(v.sku) LIKE ? ESCAPE '\\' OR EXISTS (SELECT 1 FROM product_text t"
            " WHERE t.product_id = v.product_id AND (t.site_id IS NULL OR t.site_id = ?)"
            " AND LOWER(t.name) LIKE ? ESCAPE '\\')) ORDER BY v.sku LIMIT ?",
            site.id, piece, site.id, piece, _FOUND,
        )
    ]  # fmt: skip
    variants = cart_variants(site, language, currency, ids)
    return [
        Found(sku=one.sku, name=full_name(one), price=one.price, left=one.left)
        for variant_id in ids
        if (one := variants.get(variant_id)) is not None
    ]


def full_name(variant: Any) -> str:
    """The name of a variant with its choices."""
    choices = " / ".join(value for _option, value in variant.choices)
    return phrases((variant.name, choices)) if choices else str(variant.name)


# -- reading the form --------------------------------------------------------------------------------------------------


def wish_of(form: Mapping[str, str], site: Site) -> DraftWish:
    """The draft that a form describes. Raises Unfit with a message per field, in the order of the form."""
    errors: dict[str, str] = {}
    language = form.get("language", "")
    currency = form.get("currency", "")
    currency = currency if currency in site.currencies else site.currency
    lines = (*_lines(form, site, currency, errors), *_own_lines(form, currency, errors))
    carrier, _colon, service = addresses.one_line(form.get("delivery", ""), 121).partition(":")
    discount = _amount(form, "discount", currency, errors)
    email = addresses.one_line(form.get("email", ""), 254)
    if email and (problem := addresses.email_problem(email)):
        errors["email"] = _(problem)
    billing = _address(form, BILLING)
    if billing is not None:
        errors.update(address_errors(billing, prefix=BILLING))
    places = _places(form, site, {line.variant_id: line.quantity for line in lines if line.variant_id}, errors)
    if errors:
        raise Unfit(errors)
    account = find_shopper(site, email) if email else None
    return DraftWish(
        email=email, language=language if language in site.languages else site.language, currency=currency,
        lines=lines, shopper_id=account.id if account else None, address=_address(form),
        billing=billing, carrier=carrier[:60],
        service=service[:60], note=form.get("note", "").replace("\0", "").strip()[:2000], discount=discount or 0,
        discount_reason=addresses.one_line(form.get("discount_reason", ""), 200), places=places,
    )  # fmt: skip


def _address(form: Mapping[str, str], prefix: str = PREFIX) -> Address | None:
    """The address, once more than its country is filled in."""
    found = read_address(form, prefix)
    return found if found is not None and (found.name or found.lines or found.city or found.postcode) else None


def typed_places(form: Mapping[str, str]) -> int:
    """How many further addresses a form knows, the empty ones between them included."""
    used = [
        number
        for number in range(1, MOST_PLACES)
        if _address(form, prefix := place_prefix(number)) is not None
        or any(text.strip() and name.startswith(f"{prefix}qty-") for name, text in form.items())
    ]
    return max(used, default=0)


def _places(
    form: Mapping[str, str], site: Site, ordered: Mapping[int, int], errors: dict[str, str]
) -> tuple[DraftPlace, ...]:
    """The further addresses with what goes there. More than there is of a line, or nothing at all, is an error."""
    rows = typed_rows(form, site)
    known, left = variants_by_sku([row.sku for row in rows]), dict(ordered)
    found = []
    for number in range(1, typed_places(form) + 1):
        prefix = place_prefix(number)
        address, units = _address(form, prefix), _units(rows, number, known, left, errors)
        if address is None and not units:
            continue
        if address is None:
            errors[f"{prefix}name"] = _("Write to whom these pieces go.")
        else:
            errors.update(address_errors(address, prefix=prefix))
        if not units and not any(name.startswith(f"{prefix}qty-") for name in errors):
            errors[f"{prefix}qty-0"] = _("Say what goes to the further address.")
        carrier, _colon, service = addresses.one_line(form.get(f"{prefix}delivery", ""), 121).partition(":")
        found.append(DraftPlace(address=address, carrier=carrier[:60], service=service[:60], units=units))
    return tuple(found)


def _units(
    rows: list[Row], number: int, known: Mapping[str, int], left: dict[int, int], errors: dict[str, str]
) -> dict[int, int]:
    units = {}
    for place, row in enumerate(rows):
        text, variant_id = row.away[number - 1] if len(row.away) >= number else "", known.get(row.sku, 0)
        count = int(text) if text.isascii() and text.isdecimal() else -1 if text else 0
        if not 0 <= count <= left.get(variant_id, 0):
            most = left.get(variant_id, 0)
            errors[f"{place_prefix(number)}qty-{place}"] = _("%(sku)s: from 0 to %(most)s.", sku=row.sku, most=most)
        elif count:
            units[variant_id] = count
            left[variant_id] -= count
    return units


def _lines(form: Mapping[str, str], site: Site, currency: str, errors: dict[str, str]) -> tuple[DraftLine, ...]:
    rows = typed_rows(form, site)
    known = variants_by_sku([row.sku for row in rows])
    found: dict[int, DraftLine] = {}
    for place, row in enumerate(rows):
        wrong = _wrong(row, known.get(row.sku), found, currency)
        errors.update({f"{name}-{place}": text for name, text in wrong.items()})
        if not wrong:
            agreed = _amount({"x": row.price}, "x", currency, {}) if row.price else None
            found[known[row.sku]] = DraftLine(
                variant_id=known[row.sku], quantity=int(row.quantity), agreed=agreed, reason=row.reason
            )
    return tuple(found.values())


def _wrong(row: Row, variant_id: int | None, found: Mapping[int, DraftLine], currency: str) -> dict[str, str]:
    """All that is wrong with a line, by the beginning of the field's name."""
    wrong = {}
    if not row.sku:
        return {"sku": _("Write the SKU of this line, or empty it.")}
    if variant_id is None:
        wrong["sku"] = _("%(sku)s: no variant has this SKU.", sku=row.sku)
    elif variant_id in found:
        wrong["sku"] = _("%(sku)s stands here twice.", sku=row.sku)
    if not (row.quantity.isascii() and row.quantity.isdecimal() and 0 < int(row.quantity) <= _MOST_UNITS):
        wrong["qty"] = _("%(sku)s: write a whole number from 1 to 999.", sku=row.sku)
    if row.price and _amount({"x": row.price}, "x", currency, {}) is None:
        wrong["price"] = _("%(sku)s: write an amount of 0 or more.", sku=row.sku)
    elif row.price and not row.reason:
        wrong["why"] = _("%(sku)s: say why it costs something else.", sku=row.sku)
    return wrong


def _amount(form: Mapping[str, str], name: str, currency: str, errors: dict[str, str]) -> int | None:
    text = form.get(name, "").strip()
    try:
        amount = parse_money(text, currency).amount if text else None
    except NotMoney:
        amount = -1
    if amount is not None and amount < 0:
        errors[name] = _("Write an amount of 0 or more.")
        return None
    return amount


def end_of(site: Site, text: str) -> datetime:
    """The last moment of a day as it was typed. Raises Unfit."""
    try:
        day = date.fromisoformat(text.strip())
    except ValueError as error:
        raise Unfit({"keep_until": _("Choose a day from today on, within a year.")}) from error
    return datetime.combine(day, time(23, 59, 59), tzinfo=ZoneInfo(site.timezone))


def kept(draft: DraftView) -> Kept | None:
    """What of the goods is kept for an open draft."""
    if not draft.is_open or draft.keep_until is None:
        return None
    return kept_for(draft.id, {line.variant_id: line.quantity for line in draft.wish.lines if line.variant_id})


def standing(draft: DraftView, site: Site, rows: list[Row]) -> dict[str, str]:
    """What the fields of the form say before anything is written into them; `rows` are the stored ones."""
    found = fields_of(draft, site)
    for place, row in enumerate(rows):
        found |= {f"sku-{place}": row.sku, f"qty-{place}": row.quantity, f"price-{place}": row.price}
        found |= {f"why-{place}": row.reason}
        found |= {f"{place_prefix(n)}qty-{place}": text for n, text in enumerate(row.away, 1)}
    for place, own in enumerate(stored_own(draft)):
        found |= {f"own-{place}": own.title, f"own_qty-{place}": own.quantity, f"own_price-{place}": own.price}
        found |= {f"own_tax-{place}": own.tax_class}
    return found


def fields_of(draft: DraftView | None, site: Site) -> dict[str, str]:
    """The form's fields as a draft says them; those of a new one are empty."""
    if draft is None:
        country = dict.fromkeys((f"{PREFIX}country", f"{BILLING}country"), site.country)
        return {"language": site.language, "currency": site.currency, **country}
    wish = draft.wish
    return {
        "email": wish.email, "language": wish.language, "currency": wish.currency, "note": wish.note,
        "delivery": f"{wish.carrier}:{wish.service}" if wish.carrier or wish.service else "",
        "discount": Money(wish.discount, wish.currency).decimal if wish.discount else "",
        "discount_reason": wish.discount_reason,
        **address_values(wish.address),
        **({} if wish.address else {f"{PREFIX}country": site.country}),
        **address_values(wish.billing, BILLING),
        **({} if wish.billing else {f"{BILLING}country": site.country}),
        **{
            name: text
            for number, one in enumerate(wish.places, 1)
            for name, text in (
                *address_values(one.address, place_prefix(number)).items(),
                (f"{place_prefix(number)}delivery", f"{one.carrier}:{one.service}" if one.carrier else ""),
            )
        },
    }  # fmt: skip
