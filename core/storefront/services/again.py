"""The same goods once more: what can be had goes into the cart, what cannot is told."""

from __future__ import annotations

from msgspec import Struct

from core.cart.services import CartFull, NotForSale, add_to_cart
from core.catalogue.services.carts import cart_variants
from core.hookspecs.site import Site
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.lib.errors import Refused
from core.orders.services.part_shapes import OrderLineView
from core.orders.services.shapes import OrderView


class AllGone(Refused):
    """Nothing of the order can be had any more."""

    status = 409
    code = "all_gone"
    default_message = "Nothing of this order can be bought any more."


class Again(Struct, frozen=True, kw_only=True):
    """The cart's token, and what is missing in it, in words."""

    token: str
    missing: tuple[str, ...]


def order_again(site: Site, order: OrderView, token: str | None, *, currency: str, shopper_id: int | None) -> Again:
    """Put the order's goods into the cart, as many as can be had. Commits line by line. Raises AllGone."""
    language = i18n.language()
    wanted = [line for line in order.lines if line.of_line_id is None and line.left]
    known = cart_variants(site, language, currency, [line.variant_id for line in wanted])
    missing, is_empty = list[str](), True
    for line in wanted:
        variant = known.get(line.variant_id)
        units = min(line.left, variant.left) if variant and variant.left is not None else line.left
        if variant is None or variant.price is None or units < 1:
            missing.append(_words(line, 0))
            continue
        try:
            token = add_to_cart(
                site, token, line.variant_id, units, currency=currency, language=language, shopper_id=shopper_id
            )
            is_empty = False
        except (NotForSale, CartFull):
            units = 0
        if units < line.left:
            missing.append(_words(line, units))
    if is_empty or token is None:
        raise AllGone
    return Again(token=token, missing=tuple(missing))


def _words(line: OrderLineView, units: int) -> str:
    if not units:
        return _("%(name)s can no longer be had.", name=line.name)
    return _(
        "Of %(name)s there are only %(there)s instead of %(wanted)s.", name=line.name, there=units, wanted=line.left
    )
