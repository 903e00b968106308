"""The checkout as its one page shows it: at most eight fields before anything is unfolded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.cart.services import StoredCart
from core.checkout.forms import BILLING
from core.checkout.services.details import address_texts
from core.checkout.services.look import CheckoutView, GatewayView
from core.hookspecs.checkout import Address
from core.hookspecs.payment import Gateway
from core.hookspecs.site import Site
from core.kernel.i18n import gettext as _
from core.kernel.sites import SiteState
from core.lib.errors import Broken
from core.lib.money import Money
from core.orders.services.gateways import gateways_of, guarded
from core.orders.services.read import OrderView
from core.storefront.services.cart import Held, held_goods, refused_code, shown_lines
from core.storefront.services.fields import (
    FOLDED,
    Errors,
    Field,
    address_fields,
    country_field,
    email_field,
    plugin_field,
    summary,
)
from core.storefront.services.options import Option, delivery_option
from core.storefront.services.order import ShownLine
from core.storefront.services.totals import Row, quote_rows

_NO_DELIVERY = "no_delivery"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCheckout:
    """All of the page.

    `errors` are (field id or empty, message); `more` are folded fields, open if one of them is filled.
    """

    errors: tuple[tuple[str, str], ...]
    contact: Sequence[Field]
    country: Field
    address: Sequence[Field]
    more: Sequence[Field]
    more_open: bool
    billing_other: bool
    billing: Sequence[Field]
    needs_delivery: bool
    deliveries: Sequence[Option]
    delivery_error: str
    payments: Sequence[Option]
    payment_error: str
    fields: Sequence[Field]
    lines: Sequence[ShownLine]
    codes: tuple[str, ...]
    code_error: str
    totals: Sequence[Row]
    total: Money
    held: Held | None = None


def with_defaults(
    stored: StoredCart, site: Site, address: Address | None, billing: Address | None, email: str
) -> StoredCart:
    """Before anything was typed: the shopper's own addresses, else the site's country."""
    if stored.address is not None:
        return replace(stored, email=stored.email or email)
    known = address or Address(country=site.country)
    return replace(stored, email=stored.email or email, address=known, billing=stored.billing or billing)


def shown_checkout(view: CheckoutView, site: Site, errors: Errors) -> ShownCheckout:
    """`view` as a page; `errors` are messages by field name, in the reader's language."""
    stored = view.stored
    address = stored.address or Address(country=site.country)
    contact = [email_field(stored.email, errors, text=_("For the confirmation and news of this order, nothing else."))]
    country = country_field(address.country, (), errors)
    main, more = address_fields(address, errors), address_fields(address, errors, folded=True)
    billing = _billing(stored.billing, errors) if stored.billing else []
    questions = [plugin_field(plugin, one, _answer(view, plugin, one.name), errors) for plugin, one in view.fields]
    return ShownCheckout(
        errors=_errors(view, errors, [*contact, country, *main, *more, *billing, *questions]),
        contact=contact,
        country=country,
        address=main,
        more=more,
        more_open=any(address_texts(address)[name] or name in errors for name in FOLDED),
        billing_other=stored.billing is not None,
        billing=billing,
        needs_delivery=view.cart.needs_delivery,
        deliveries=[delivery_option(rate, view.delivery.chosen) for rate in view.delivery.rates],
        delivery_error=errors.get("delivery", "") or _no_delivery(view),
        payments=[_payment(gateway, view.gateway) for gateway in view.gateways],
        payment_error=errors.get("gateway", ""),
        fields=questions,
        lines=[
            ShownLine(
                name=line.name,
                quantity=line.quantity,
                picture=line.picture,
                choice=line.choice,
                total=line.total,
                notes=line.notes,
            )
            for line in shown_lines(view.lines)
        ],
        codes=tuple(code.code for code in view.codes),
        code_error=refused_code(view.codes),
        totals=quote_rows(view.quote, stored.count),
        total=view.total,
        held=held_goods(view),
    )


def _errors(view: CheckoutView, errors: Errors, fields: Sequence[Field]) -> tuple[tuple[str, str], ...]:
    """What plugins and fields say, in the order of the page; delivery and payment are lists of radio buttons."""
    anchors = {"delivery": "delivery-1", "gateway": "gateway-1"}
    told = [
        ("", one.message) for one in view.problems if one.code != _NO_DELIVERY and one.message not in errors.values()
    ]
    rest = {name: text for name, text in errors.items() if name not in anchors}
    return (*told, *summary(rest, fields), *((id_, errors[name]) for name, id_ in anchors.items() if name in errors))


def _no_delivery(view: CheckoutView) -> str:
    """Why nobody delivers there; not before an address was typed."""
    typed = view.stored.address is not None and view.stored.address.lines
    return next((one.message for one in view.problems if one.code == _NO_DELIVERY), "") if typed else ""


def _billing(address: Address, errors: Errors) -> list[Field]:
    return [
        country_field(address.country, (), errors, BILLING),
        *address_fields(address, errors, BILLING),
        *address_fields(address, errors, BILLING, folded=True),
    ]


def _payment(gateway: GatewayView, chosen: GatewayView | None) -> Option:
    return Option(
        value=gateway.code,
        title=gateway.title,
        text=gateway.reason or gateway.description,
        icon=gateway.icon,
        amount=None,
        chosen=gateway == chosen,
        disabled=bool(gateway.reason),
    )


def payments_again(state: SiteState, order: OrderView) -> list[Option]:
    """The ways in which an order that waits for its money can be paid now, the one of before first and chosen.

    Where that one is an instruction which the page shows anyway, only the others are left.
    """
    if not order.can_be_paid:
        return []
    address = order.billing or order.address
    usable = [one for plugin, one in gateways_of(state) if _takes(state, plugin, one, order.due, address) == ""]
    offered = [one for one in usable if one.code != order.gateway or one.flow != "instructions"]
    chosen = next((one.code for one in offered if one.code == order.gateway), offered[0].code if offered else "")
    return [
        Option(
            value=one.code,
            title=one.title,
            text=one.description,
            icon=one.icon,
            amount=None,
            chosen=one.code == chosen,
            disabled=False,
        )
        for one in sorted(offered, key=lambda one: one.code != chosen)
    ]


def _takes(state: SiteState, plugin: str, gateway: Gateway, due: Money, address: Address | None) -> str | None:
    """Why a gateway does not take this amount; empty if it does, None if it is broken."""
    try:
        return guarded(state, plugin, "takes", lambda: gateway.takes(due, address))
    except Broken:
        return None


def _answer(view: CheckoutView, plugin: str, name: str) -> object:
    return view.stored.extra.get(plugin, {}).get(name, "")
