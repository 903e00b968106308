"""What goods that come back may be exchanged for: the same again, or another choice of the same product."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.catalogue.services.lists import cards_for
from core.catalogue.services.pages import product_page
from core.catalogue.services.shapes import ProductPage, ShownVariant
from core.hookspecs.site import Site
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.lib.errors import Unfit
from core.orders.services.shapes import OrderLineView, OrderView

Choices = Sequence[tuple[str, str]]
_MOST = 12


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


def read_exchange(site: Site, order: OrderView, wanted: Mapping[int, int], sent: Mapping[str, str]) -> dict[int, int]:
    """The variants that shall be sent instead, with their units. Raises Unfit for what cannot be had."""
    asked = {line_id: sent.get(f"instead.{line_id}", "") for line_id in wanted}
    if not any(asked.values()):
        return {}
    offered = exchanges_for(site, order, [line for line in order.lines if asked.get(line.id)])
    instead: dict[int, int] = {}
    for line_id, variant in asked.items():
        if not variant:
            continue
        if variant not in dict(offered.get(line_id, ())):
            raise Unfit({f"instead.{line_id}": _("This cannot be sent now. Choose something else.")})
        instead[int(variant)] = instead.get(int(variant), 0) + wanted[line_id]
    return instead
