"""Which variant of a product is shown, and what each other choice would lead to.

Options are walked in order: what an earlier one allows stays open, so that every variant can be reached; a value that
the
choices before it rule out is impossible. The script on the page follows the same rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from core.catalogue.services.shapes import Option, OptionChoice, ProductPage, ShownVariant, Stock
from core.kernel.i18n import day, money
from core.kernel.i18n import gettext as _
from core.lib.errors import Refused


class StockWords(Struct, frozen=True, kw_only=True):
    """How much there is, for people; `kind` (good, low, out) colours it."""

    kind: str
    text: str


class ShownValue(Struct, frozen=True, kw_only=True):
    """A value of an option as a radio button."""

    code: str
    name: str
    colour: str
    chosen: bool
    impossible: bool


class ShownOption(Struct, frozen=True, kw_only=True):
    """An option with its values; `picked` is the chosen value's name."""

    code: str
    name: str
    picked: str
    values: tuple[ShownValue, ...]


class Choice(Struct, frozen=True, kw_only=True):
    """The variant shown (None: nothing to buy), all options, and the facts by which a script shows another variant.

    `shown` spells the variant's values as the form sends them; `tiers` tells of which variants words hold.
    """

    variant: ShownVariant | None
    options: tuple[ShownOption, ...]
    stock: StockWords
    tiers: Mapping[tuple[str, ...], tuple[int, ...]]
    shown: str
    facts: Mapping[str, Any]

    @property
    def can_be_bought(self) -> bool:
        return self.variant is not None and self.variant.can_be_bought


def choice(product: ProductPage, variant: ShownVariant | None) -> Choice:
    """What the page of `product` shows when `variant` is chosen."""
    chosen = frozenset(variant.value_ids) if variant else frozenset()
    return Choice(
        variant=variant,
        options=tuple(_option(product, option, position, chosen) for position, option in enumerate(product.options)),
        stock=stock_words(variant) if variant else StockWords(kind="out", text=""),
        tiers=_tiers(product),
        shown=_spelled(product, variant),
        facts=_facts(product),
    )


def variant_of(product: ProductPage, sku: str, picked: Mapping[str, str]) -> ShownVariant | None:
    """The variant with or nearest to the picked values, else the one of this SKU, else the first.

    `picked` maps option codes to value codes.
    """
    if picked:
        return exact(product, picked) or _nearest(product, picked)
    return next((variant for variant in product.variants if variant.sku == sku), None) or product.first


class NotMade(Refused):
    """The picked values do not go together."""

    code = "not_made"
    default_message = "This product is not made in this combination. Choose another one."


def picked_variant(product: ProductPage, picked: Mapping[str, str]) -> int:
    """The id of the variant that has exactly the picked values. Raises NotMade."""
    found = exact(product, picked) if picked else product.first
    if found is None:
        raise NotMade
    return found.id


def exact(product: ProductPage, picked: Mapping[str, str]) -> ShownVariant | None:
    """The variant that has exactly the picked values; None if it is not made."""
    codes = _codes(product)
    return next(
        (
            variant
            for variant in product.variants
            if all(codes[variant.id].get(code) == value for code, value in picked.items())
        ),
        None,
    )


def _nearest(product: ProductPage, picked: Mapping[str, str]) -> ShownVariant | None:
    """The first variant that agrees with the longest run of choices from the first option on."""
    codes, left = _codes(product), list(product.variants)
    for option in product.options:
        agreeing = [variant for variant in left if codes[variant.id].get(option.code) == picked.get(option.code)]
        left = agreeing or left
        if not agreeing:
            break
    return next((variant for variant in left if variant.can_be_bought), left[0] if left else None)


def _codes(product: ProductPage) -> dict[int, dict[str, str]]:
    """Variant id to {option code: value code}."""
    value_codes = {value.id: (option.code, value.code) for option in product.options for value in option.values}
    return {
        variant.id: dict(value_codes[value_id] for value_id in variant.value_ids if value_id in value_codes)
        for variant in product.variants
    }


def _option(product: ProductPage, option: Option, position: int, chosen: frozenset[int]) -> ShownOption:
    earlier = {value.id for before in product.options[:position] for value in before.values if value.id in chosen}
    picked = next((value.name for value in option.values if value.id in chosen), "")
    return ShownOption(
        code=option.code,
        name=option.name,
        picked=picked,
        values=tuple(_value(product, value, earlier, chosen) for value in option.values),
    )


def _value(product: ProductPage, value: OptionChoice, earlier: set[int], chosen: frozenset[int]) -> ShownValue:
    wanted = earlier | {value.id}
    return ShownValue(
        code=value.code, name=value.name, colour=value.colour, chosen=value.id in chosen,
        impossible=not any(wanted <= set(variant.value_ids) for variant in product.variants),
    )  # fmt: skip


def _spelled(product: ProductPage, variant: ShownVariant | None) -> str:
    """The variant's values as the form would send them, so that an unchanged choice is known without a look-up."""
    codes = _codes(product).get(variant.id, {}) if variant else {}
    return "&".join(f"{option.code}={codes[option.code]}" for option in product.options if option.code in codes)


def stock_words(variant: ShownVariant) -> StockWords:
    """`In stock`, `In stock, 3 left`, `Sold out`; or from when on it leaves."""
    if not variant.can_be_bought:
        return StockWords(kind="out", text=_("Sold out"))
    if variant.release_at is not None:
        return StockWords(kind="low", text=_("Pre-order: leaves from %(day)s on", day=day(variant.release_at)))
    if variant.is_backorder:
        if variant.promised_at is None:
            return StockWords(kind="low", text=_("Not in stock now: leaves as soon as it is there"))
        return StockWords(kind="low", text=_("Not in stock now: leaves from %(day)s on", day=day(variant.promised_at)))
    if variant.stock is Stock.LOW and variant.left is not None:
        return StockWords(kind="low", text=_("In stock, only %(n)s left", n=variant.left))
    return StockWords(kind="good", text=_("In stock"))


def _tiers(product: ProductPage) -> dict[tuple[str, ...], tuple[int, ...]]:
    found: dict[tuple[str, ...], tuple[int, ...]] = {}
    for variant in product.variants:
        said = tuple(
            _("%(n)s or more: %(price)s each", n=tier.from_qty, price=money(tier.amount))
            for tier in variant.tiers
            if tier.from_qty > 1
        )
        if said:
            found[said] = (*found.get(said, ()), variant.id)
    return found


def _facts(product: ProductPage) -> dict[str, Any]:
    """What the script needs to show another variant without asking: words and amounts as the page would say them."""
    if not product.options:
        return {}
    codes = _codes(product)
    pictures = {picture.media_id: place for place, picture in enumerate(product.pictures)}
    sold = [variant for variant in product.variants if variant.price is not None]
    return {
        "options": [option.code for option in product.options],
        "variants": [_fact(variant, codes[variant.id], pictures) for variant in sold],
    }


def _fact(variant: ShownVariant, values: dict[str, str], pictures: Mapping[int, int]) -> dict[str, Any]:
    assert variant.price is not None
    stock = stock_words(variant)
    return {
        "id": variant.id,
        "sku": variant.sku,
        "values": values,
        "amount": variant.price.amount,
        "price": money(variant.price),
        "was": money(variant.was) if variant.was else None,
        "saved": _("Save %(amount)s", amount=money(variant.was - variant.price)) if variant.was else "",
        "stock": {"kind": stock.kind, "text": stock.text},
        "available": variant.can_be_bought,
        "picture": pictures.get(variant.media_id or 0),
    }
