"""What plugins asked at the checkout and what the shopper answered, in the words of whoever reads it."""

from __future__ import annotations

from collections.abc import Mapping

from core.checkout.services.order_as_cart import order_as_cart, ordered_line
from core.checkout.services.shapes import CHECKOUT
from core.hookspecs.checkout import Field
from core.kernel.i18n import gettext as _
from core.kernel.sites import SiteState
from core.orders.services.shapes import OrderView


def answers_of(state: SiteState, order: OrderView) -> dict[str, list[tuple[str, str]]]:
    """By plugin, each question in the reader's language with its answer; what was left empty is left out.

    Asks checkout_fields of the plugins that the order has answers for, with the order as a cart whose id is below
    zero. A question that nobody asks any more goes by its name.
    """
    given = {plugin: answers for plugin, answers in order.extra.items() if any(map(str, answers.values()))}
    if not given:
        return {}
    cart = order_as_cart(order, (ordered_line(line, line.quantity) for line in order.lines))
    asked = state.hooks.each("checkout_fields", draining=True, among=given, site=state.site, cart=cart, step=CHECKOUT)
    fields = {(plugin, one.name): one for plugin, found in asked for one in found}
    return {
        plugin: [
            _told(fields.get((plugin, name)) or Field(name=name, label=name), str(answer))
            for name, answer in answers.items()
            if str(answer)
        ]
        for plugin, answers in given.items()
    }


def _told(field: Field, answer: str) -> tuple[str, str]:
    choices: Mapping[str, str] = dict(field.choices)
    return field.label, _("Yes") if field.kind == "checkbox" else choices.get(answer, answer)
