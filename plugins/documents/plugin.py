"""Documents: invoices and credit notes without gaps, packing slips and pick lists, as PDF."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from markupsafe import Markup

from core.api import (
    Attachment,
    Delivery,
    MenuEntry,
    Message,
    OrderPaid,
    PaymentChanged,
    Permission,
    Plugin,
    ShownOrder,
    Site,
    Slot,
    hookimpl,
    site_by_host,
)
from plugins.documents import forms
from plugins.documents.forms import Documents
from plugins.documents.models import TABLES
from plugins.documents.services import issuing, quoting, showing
from plugins.documents.views import ISSUE, QUOTE, SECTION, VIEW, panel, shop


def issue(arguments: list[str]) -> int:
    """`./stoa documents issue --site HOST [NUMBER ...]`."""
    said = forms.arguments(arguments)
    count = issuing.issue_lacking(site_by_host(said.site), said.numbers)
    sys.stdout.write(f"{count:,} documents issued.\n")
    return 0


PLUGIN = Plugin(
    name="documents",
    version="1.0.0",
    title="Documents",
    summary="Invoices and credit notes with numbers that have no gap, quotes, packing slips and pick lists, as PDF.",
    category="machinery",
    author="Stoa contributors",
    verbs={
        "invoice": "issued an invoice for order %(title)s",
        "credit_note": "issued a credit note for order %(title)s",
    },
    settings=Documents,
    slots=("order.side", "offer.side"),
    models=TABLES,
    shop=shop,
    panel=panel,
    panel_menu=(MenuEntry(title="Documents", endpoint="show", icon="page", permission=VIEW),),
    panel_sections=(SECTION, QUOTE),
    permissions=(
        Permission(code=VIEW, title="Read and print documents"),
        Permission(code=ISSUE, title="Issue invoices and credit notes"),
    ),
    reads=("orders",),
    commands={"issue": issue},
    hears=(OrderPaid, PaymentChanged),
)


@hookimpl
def notify_event(site: Site, delivery: Delivery) -> None:
    """An order is paid, or money goes back: its document is issued, where the merchant wants that.

    The worker tries again after an error.
    """
    event = delivery.event
    if isinstance(event, OrderPaid) and Documents.of(site).automatic:
        issuing.issue_first(site, event.order_id)
    if isinstance(event, PaymentChanged) and event.state in issuing.GIVEN_BACK and Documents.of(site).automatic_credits:
        issuing.issue_credit(site, event.order_id)


@hookimpl
def notify_attachments(site: Site, message: Message) -> Sequence[Attachment]:
    """The quote goes along with the mail of a pay link."""
    return quoting.attached(site, message.about) if message.kind == "order.draft" else []


@hookimpl
def site_slot(site: Site, name: str, subject: object) -> Slot | None:
    """The order's documents on its pages, for whoever holds its link; the quote on the page of a pay link."""
    if name == "offer.side" and isinstance(subject, str):
        return Slot(html=showing.quote_link(subject))
    if name != "order.side" or not isinstance(subject, ShownOrder) or not subject.secret:
        return None
    html: Markup | None = showing.links(site, subject)
    return Slot(html=html) if html else None
