"""What goods that come back may be exchanged for: the same again, another choice of the product, or anything else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from core.catalogue.services.carts import cart_variants
from core.catalogue.services.lists import cards_for
from core.catalogue.services.pages import product_page
from core.catalogue.services.search import plain_search
from core.catalogue.services.shapes import CartVariant, Picture, ProductPage, ShownVariant
from core.hookspecs.site import Site
from core.kernel import db, i18n
from core.kernel.i18n import gettext as _
from core.lib.errors import Unfit
from core.orders.services.part_shapes import OrderLineView
from core.orders.services.shapes import OrderView
from core.storefront.services.fields import Errors, Field, field

Choices = Sequence[tuple[str, str]]
_MOST = 12
_ALSO = "also."
_MOST_UNITS = 999


class Further(Struct, frozen=True, kw_only=True):
    """Other products that may be sent instead: a field to look for them, and one for how many of each that was found.

    `nothing`: nothing was found.
    """

    find: Field
    rows: tuple[tuple[Field, Picture | None], ...]
    nothing: bool


def exchanges_for(site: Site, order: OrderView, lines: Sequence[OrderLineView]) -> dict[int, Choices]:
    """Per line (variant, its name) of what can be sent now. One statement, and two for each product."""
    language = i18n.language()
    products = list(dict.fromkeys(line.product_id for line in lines))[:_MOST]
    cards = cards_for(site, language, order.currency, products) if products else {}
    pages = {one: product_page(site, language, order.currency, card.path) for one, card in cards.items()}
    return {
        line.id: _choices(page, line.variant_id)
        for line in lines
        if isinstance(page := pages.get(line.product_id), ProductPage)
    }


def _choices(page: ProductPage, variant_id: int) -> Choices:
    there = [variant for variant in page.variants if variant.can_be_bought and variant.there != 0]
    there.sort(key=lambda variant: variant.id != variant_id)
    return [(str(one.id), _("The same again") if one.id == variant_id else _name(page, one)) for one in there]


def _name(page: ProductPage, variant: ShownVariant) -> str:
    names = {value.id: value.name for option in page.options for value in option.values}
    return " / ".join(names[one] for one in variant.value_ids if one in names) or variant.sku


def exchanges(order: OrderView, sent: Mapping[str, str]) -> bool:
    """Whether a form asks for anything to be sent instead."""
    instead = any(
        sent.get(f"instead.{line.id}") and sent.get(f"quantity.{line.id}", "0") != "0" for line in order.lines
    )
    return instead or any(count != "0" for count in _also(sent).values())


def read_exchange(site: Site, order: OrderView, wanted: Mapping[int, int], sent: Mapping[str, str]) -> dict[int, int]:
    """The variants that shall be sent instead, with their units. Raises Unfit for what cannot be had."""
    instead = _read_further(site, order, sent)
    asked = {line_id: sent.get(f"instead.{line_id}", "") for line_id in wanted}
    if not any(asked.values()):
        return instead
    offered = exchanges_for(site, order, [line for line in order.lines if asked.get(line.id)])
    for line_id, variant in asked.items():
        if not variant:
            continue
        if variant not in dict(offered.get(line_id, ())):
            raise Unfit({f"instead.{line_id}": _("This cannot be sent now. Choose something else.")})
        instead[int(variant)] = instead.get(int(variant), 0) + wanted[line_id]
    return instead


# -- other products ----------------------------------------------------------------------------------------------------


def further(site: Site, order: OrderView, sent: Mapping[str, str], errors: Errors) -> Further:
    """What was chosen and what the words find, with prices; no statement before anybody looks for anything."""
    words = sent.get("find", "").strip()[:100]
    chosen = [variant_id for variant_id, count in _also(sent).items() if count != "0"]
    found = _found(site, words) if words else []
    shown = _on_sale(site, order, [*chosen, *found]) if chosen or found else {}
    rows = tuple(
        (_how_many(one, _also(sent).get(one.id, "0"), errors), one.picture)
        for variant_id in dict.fromkeys([*chosen, *found])
        if (one := shown.get(variant_id)) is not None
    )
    return Further(
        find=field("find", _("Look for another product"), errors=errors, value=words, max=100, autocomplete="off"),
        rows=rows, nothing=bool(words) and not any(variant_id in shown for variant_id in found),
    )  # fmt: skip


def _also(sent: Mapping[str, str]) -> dict[int, str]:
    """How many of which variant were typed."""
    return {
        int(name.removeprefix(_ALSO)): text.strip() or "0"
        for name, text in sent.items()
        if name.startswith(_ALSO) and name.removeprefix(_ALSO).isdecimal() and len(name) < 16
    }


def _found(site: Site, words: str) -> list[int]:
    """Variants of the products that these words find."""
    products = plain_search(site, i18n.language(), words, _MOST)
    rows = db.rows(
        "SELECT product_id, id FROM variant WHERE active AND deleted_at IS NULL AND product_id IN"
        f" ({db.marks(products)}) ORDER BY product_id, id",
        *products,
    )
    return [variant_id for product in products for of, variant_id in rows if of == product][: 2 * _MOST]


def _on_sale(site: Site, order: OrderView, variant_ids: Sequence[int]) -> dict[int, CartVariant]:
    """Those of the variants that can be had here in the order's currency. One statement."""
    known = cart_variants(site, i18n.language(), order.currency, list(variant_ids))
    return {key: one for key, one in known.items() if one.price is not None and one.left != 0}


def _how_many(one: CartVariant, typed: str, errors: Errors) -> Field:
    choice = " / ".join(value for _option, value in one.choices)
    price = i18n.money(one.price) if one.price is not None else ""
    label = i18n.enumerated(word for word in (one.name, choice, price) if word)
    numbers = {"mode": "numeric", "max": 3, "autocomplete": "off", "wide": True}
    return field(f"{_ALSO}{one.id}", label, errors=errors, value=typed, **numbers)


def _read_further(site: Site, order: OrderView, sent: Mapping[str, str]) -> dict[int, int]:
    """The other products that shall be sent instead. Raises Unfit for what cannot be had."""
    asked = {variant_id: text for variant_id, text in _also(sent).items() if text != "0"}
    if not asked:
        return {}
    there, errors, wanted = _on_sale(site, order, list(asked)), dict[str, str](), dict[int, int]()
    for variant_id, text in asked.items():
        count = int(text) if text.isdecimal() and len(text) <= len(str(_MOST_UNITS)) else 0
        one = there.get(variant_id)
        if not count:
            message = _("Write a whole number from %(least)s to %(most)s.", least=0, most=_MOST_UNITS)
            errors[f"{_ALSO}{variant_id}"] = message
        elif one is None or (one.left is not None and one.left < count):
            errors[f"{_ALSO}{variant_id}"] = _("There are not that many of it now.")
        wanted[variant_id] = count
    if errors:
        raise Unfit(errors)
    return wanted
