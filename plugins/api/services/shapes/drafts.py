"""Drafts of orders, and what they cost now."""

from __future__ import annotations

from datetime import datetime

from plugins.api.services.shapes.base import Address, Money, Shown
from plugins.api.services.shapes.carts import CartProblem, DeliveryOption, Gateway, Question, TaxSum, Totals


class DraftedLine(Shown, frozen=True, kw_only=True):
    """Units of a variant: at an `agreed` price with its reason, or null for today's."""

    variant_id: int
    quantity: int
    agreed: Money | None
    reason: str


class DraftCustomer(Shown, frozen=True, kw_only=True):
    """Who the draft is for; only for keys that may read customers."""

    email: str
    note: str
    address: Address | None
    billing: Address | None


class DraftQuote(Shown, frozen=True, kw_only=True):
    """What the draft costs now. `problems` stop it from being ordered."""

    totals: Totals
    taxes: tuple[TaxSum, ...]
    tax_note: str
    delivery: tuple[DeliveryOption, ...]
    gateways: tuple[Gateway, ...]
    fields: tuple[Question, ...]
    problems: tuple[CartProblem, ...]


class DraftRow(Shown, frozen=True, kw_only=True):
    """A draft in a list. `state`: draft, sent, expired (its link), placed or dropped."""

    id: int
    state: str
    version: int
    currency: str
    language: str
    link_until: datetime | None
    order_id: int | None
    order_number: str
    created_at: datetime
    updated_at: datetime


class DraftList(Shown, frozen=True, kw_only=True):
    """A page of drafts; `next` is a cursor, empty at the end."""

    items: tuple[DraftRow, ...]
    next: str


class Draft(DraftRow, frozen=True, kw_only=True):
    """A draft; `quote` is null once it has ended."""

    lines: tuple[DraftedLine, ...]
    discount: Money
    discount_reason: str
    carrier: str
    service: str
    shopper_id: int | None
    customer: DraftCustomer | None
    quote: DraftQuote | None


class PayLink(Shown, frozen=True, kw_only=True):
    """The page where the shopper orders and pays the draft: whoever has it sees the draft. It was mailed, too."""

    url: str
    valid_until: datetime | None
    draft: Draft
