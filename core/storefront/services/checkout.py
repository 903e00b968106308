"""The checkout as its one page shows it: at most eight fields before anything is unfolded."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from core.cart.services import StoredCart
from core.checkout.forms import BILLING, units_text
from core.checkout.services.details import address_texts
from core.checkout.services.look import CheckoutView, LineView
from core.hookspecs.checkout import Address, Cart
from core.hookspecs.site import Site
from core.kernel.i18n import gettext as _
from core.lib.addresses import place_prefix
from core.lib.money import Money
from core.storefront.services.cart import Held, held_goods, refused_code, shown_lines
from core.storefront.services.fields import (
    Errors,
    Field,
    address_fields,
    country_field,
    email_field,
    folded_in,
    place_title,
    plugin_field,
    summary,
)
from core.storefront.services.options import Option, delivery_option, payment_option
from core.storefront.services.order import ShownLine
from core.storefront.services.totals import Row, quote_rows

_NO_DELIVERY = "no_delivery"


class ShownPlace(Struct, frozen=True, kw_only=True):
    """One of several places: its fields, whose names begin with `prefix`, the ways there, and what goes there.

    `units` is that for the form to send back.
    """

    number: int
    prefix: str
    title: str
    whose: str
    country: Field
    address: Sequence[Field]
    more: Sequence[Field]
    more_open: bool
    deliveries: Sequence[Option]
    delivery_error: str
    lines: Sequence[ShownLine]
    units: str = ""


class ShownCheckout(Struct, frozen=True, kw_only=True):
    """All of the checkout's page.

    `errors` are (field id or empty, message); `more` are folded fields, open if one of them is filled. `first` and the
    further `places` are there where the goods go to several; `can_be_spread` where they could. `cart` is the cart as
    hooks were asked about it.
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
    cart: Cart
    held: Held | None = None
    can_be_spread: bool = False
    first: ShownPlace | None = None
    places: Sequence[ShownPlace] = ()


def with_defaults(
    stored: StoredCart, site: Site, address: Address | None, billing: Address | None, email: str
) -> StoredCart:
    """Before anything was typed: the shopper's own addresses, else the site's country."""
    if stored.address is not None:
        return replace(stored, email=stored.email or email)
    known = address or Address(country=site.country)
    return replace(stored, email=stored.email or email, address=known, billing=stored.billing or billing)


def settled(stored: StoredCart, view: CheckoutView) -> StoredCart:
    """The cart with a first address to which something goes: where nothing does, the next one is the first."""
    if not view.places or view.places[0].number == 0:
        return stored
    numbers = [one.number for one in view.places]
    first, *rest = [stored.places[number - 1] for number in numbers]
    return replace(
        stored, address=first.address, carrier=first.carrier, service=first.service, places=tuple(rest)
    )  # fmt: skip


def shown_checkout(view: CheckoutView, site: Site, errors: Errors) -> ShownCheckout:
    """`view` as a page; `errors` are messages by field name, in the reader's language."""
    stored = view.stored
    address = stored.address or Address(country=site.country)
    contact = [email_field(stored.email, errors, text=_("For the confirmation and news of this order, nothing else."))]
    country = country_field(address.country, (), errors)
    main, more = address_fields(address, errors), address_fields(address, errors, folded=True)
    billing = _billing(stored.billing, errors) if stored.billing else []
    places = [_place(view, at, site, errors) for at in range(len(view.places))] if len(view.places) > 1 else []
    further = [field for one in places[1:] for field in (one.country, *one.address, *one.more)]
    questions = [plugin_field(plugin, one, _answer(view, plugin, one.name), errors) for plugin, one in view.fields]
    return ShownCheckout(
        errors=_errors(view, errors, [*contact, country, *main, *more, *_of_the_bill(billing), *further, *questions]),
        contact=contact,
        country=country,
        address=main,
        more=more,
        more_open=any(address_texts(address)[name] or name in errors for name in folded_in(address.country)),
        billing_other=stored.billing is not None,
        billing=billing,
        needs_delivery=view.cart.needs_delivery,
        deliveries=[delivery_option(rate, view.delivery.chosen) for rate in view.delivery.rates],
        delivery_error=errors.get("delivery", "") or _no_delivery(view),
        payments=[payment_option(one, chosen=one == view.gateway, reason=one.reason) for one in view.gateways],
        payment_error=errors.get("gateway", ""),
        fields=questions,
        lines=_lines(view.lines),
        codes=tuple(code.code for code in view.codes),
        code_error=refused_code(view.codes),
        totals=quote_rows(view.quote, stored.count, [one.whose for one in places]),
        total=view.total,
        cart=view.cart,
        held=held_goods(view),
        can_be_spread=site.several_addresses and pieces_to_deliver(view) > 1,
        first=places[0] if places else None,
        places=places[1:],
    )


def pieces_to_deliver(view: CheckoutView) -> int:
    """How many pieces could go to different addresses."""
    return sum(line.quantity for line in view.lines if line.priced and line.priced.line.needs_delivery)


def _lines(lines: Sequence[LineView]) -> list[ShownLine]:
    return [
        ShownLine(
            name=line.name,
            quantity=line.quantity,
            picture=line.picture,
            choice=line.choice,
            total=line.total,
            notes=line.notes,
        )
        for line in shown_lines(lines)
    ]


def _place(view: CheckoutView, at: int, site: Site, errors: Errors) -> ShownPlace:
    place = view.places[at]
    prefix, address = place_prefix(place.number), place.address or Address(country=site.country)
    texts = address_texts(address)
    problem = next((one.message for one in view.problems if one.field == f"{prefix}delivery"), "")
    typed = place.address is not None and place.address.lines
    return ShownPlace(
        number=at + 1,
        prefix=prefix,
        title=place_title(at + 1, place.address),
        whose=(place.address.whose if place.address else "") or place_title(at + 1, None),
        country=country_field(address.country, (), errors, prefix),
        address=address_fields(address, errors, prefix),
        more=address_fields(address, errors, prefix, folded=True),
        more_open=any(texts[name] or prefix + name in errors for name in folded_in(address.country)),
        deliveries=[delivery_option(rate, place.delivery.chosen) for rate in place.delivery.rates],
        delivery_error=errors.get(f"{prefix}delivery", "") or (problem if typed else ""),
        lines=_lines([line for line in view.lines if line.place == at and line.priced is not None]),
        units=units_text(view.stored.places[place.number - 1].units) if place.number else "",
    )


def _errors(view: CheckoutView, errors: Errors, fields: Sequence[Field]) -> tuple[tuple[str, str], ...]:
    """What plugins and fields say, in the order of the page; delivery and payment are lists of radio buttons."""
    anchors = {"delivery": "delivery-1", "gateway": "gateway-1"}
    anchors.update({f"{place_prefix(n)}delivery": f"{place_prefix(n)}delivery-1" for n in range(1, len(view.places))})
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


def _of_the_bill(fields: Sequence[Field]) -> list[Field]:
    """Its fields as a list of what is wrong names them, where those of the delivery stand as well."""
    return [{**one, "label": _("%(part)s for the bill", part=one["label"])} for one in fields]


def _answer(view: CheckoutView, plugin: str, name: str) -> object:
    return view.stored.extra.get(plugin, {}).get(name, "")
