"""What a cart or a draft costs at the checkout, and addresses, in the shapes of the API."""

from __future__ import annotations

from core.api import Address as CoreAddress
from core.api import CheckoutView
from plugins.api.forms.base import AddressSent
from plugins.api.services.shapes.base import Address, money
from plugins.api.services.shapes.carts import (
    CartProblem,
    Choice,
    DeliveryOption,
    Gateway,
    Question,
    TaxSum,
    Totals,
)


def totals(view: CheckoutView) -> Totals:
    """The sums."""
    found = view.quote.totals
    return Totals(
        subtotal=money(found.subtotal), discount=money(found.discount), delivery=money(found.delivery),
        tax=money(found.tax), total=money(found.total),
    )  # fmt: skip


def problems(view: CheckoutView) -> tuple[CartProblem, ...]:
    """What stops the order."""
    return tuple(
        CartProblem(code=one.code, message=one.message, field=one.field, line_id=one.line_id) for one in view.problems
    )


def delivery(view: CheckoutView) -> tuple[DeliveryOption, ...]:
    """The ways to deliver."""
    chosen = view.delivery.chosen
    return tuple(
        DeliveryOption(
            carrier=rate.carrier, service=rate.service, title=rate.title, amount=money(rate.amount),
            days=tuple(rate.days or ()), pickup=rate.pickup, chosen=rate == chosen,
        )
        for rate in view.delivery.rates
    )  # fmt: skip


def gateways(view: CheckoutView) -> tuple[Gateway, ...]:
    """The ways to pay."""
    return tuple(
        Gateway(
            code=one.code, title=one.title, description=one.description, reason=one.reason,
            chosen=view.gateway is not None and one.code == view.gateway.code,
        )
        for one in view.gateways
    )  # fmt: skip


def questions(view: CheckoutView) -> tuple[Question, ...]:
    """The further questions of plugins."""
    return tuple(
        Question(
            plugin=plugin, name=one.name, label=one.label, kind=one.kind, required=one.required, help=one.help,
            choices=tuple(Choice(value=value, label=label) for value, label in one.choices),
            max_length=one.max_length,
        )
        for plugin, one in view.fields
    )  # fmt: skip


def taxes(view: CheckoutView) -> tuple[TaxSum, ...]:
    """The taxes over all of it."""
    return tuple(TaxSum(name=tax.name, rate=tax.rate, amount=money(tax.amount)) for tax in view.quote.tax_sums)


# -- addresses ---------------------------------------------------------------------------------------------------------


def address(found: CoreAddress | None) -> Address | None:
    """A stored address as it is shown."""
    if found is None:
        return None
    return Address(
        name=found.name, company=found.company, lines=tuple(found.lines), city=found.city, district=found.district,
        region=found.region, postcode=found.postcode, country=found.country, phone=found.phone,
    )  # fmt: skip


def kept_address(sent: AddressSent | None) -> CoreAddress | None:
    """An address that was sent as it is stored."""
    if sent is None:
        return None
    return CoreAddress(
        name=_line(sent.name), company=_line(sent.company),
        lines=tuple(line for line in map(_line, sent.lines) if line), city=_line(sent.city),
        district=_line(sent.district), region=_line(sent.region), postcode=_line(sent.postcode), country=sent.country,
        phone=_line(sent.phone),
    )  # fmt: skip


def _line(text: str) -> str:
    """One line without blanks at its ends, as the checkout's form keeps it."""
    return " ".join(text.split())
