"""Orders in the making: kept, sent as a pay link, placed, let go."""

from __future__ import annotations

from typing import Any

from core.api import (
    LINK_TOKEN,
    CannotBePlaced,
    DraftPlace,
    DraftView,
    DraftWish,
    Refused,
    Unfit,
    cart_variants,
    draft_view,
    drop_draft,
    email_problem,
    find_shopper,
    link,
    list_drafts,
    look_at_draft,
    make_draft,
    place_draft,
    present_link,
    revoke_link,
    save_draft,
    send_draft,
)
from core.api import DraftLine as StoredLine
from core.api import Money as CoreMoney
from plugins.api.forms import drafts as sent
from plugins.api.models import scopes
from plugins.api.services import quotes
from plugins.api.services.checkout import OtherCurrency, not_ready, placed
from plugins.api.services.cursors import number_of
from plugins.api.services.once import once
from plugins.api.services.operations import Call, currency_of, language_of, operation
from plugins.api.services.shapes import drafts as shapes
from plugins.api.services.shapes.base import money
from plugins.api.services.shapes.orders import PlacedOrder

_TAG = "Drafts"
_PAGE = 50


@operation("GET", "/drafts", tag=_TAG, scope=scopes.DRAFTS, query=sent.DraftQuery, answer=shapes.DraftList)
def get_drafts(call: Call) -> shapes.DraftList:
    """List drafts, the newest first."""
    asked: sent.DraftQuery = call.query
    is_open = None if asked.state is None else asked.state == "open"
    found = list_drafts(call.site, is_open=is_open, before=number_of(asked.after))
    return shapes.DraftList(
        items=tuple(shapes.DraftRow(**_facts(draft)) for draft in found),
        next=str(found[-1].id) if len(found) == _PAGE else "",
    )


@operation("GET", "/drafts/{draft_id}", tag=_TAG, scope=scopes.DRAFTS, answer=shapes.Draft)
def get_draft(call: Call) -> shapes.Draft:
    """Read a draft with what it costs now."""
    return _shown(call, _found(call))


@operation(
    "POST", "/drafts", tag=_TAG, scope=scopes.DRAFTS_WRITE, body=sent.NewDraft, answer=shapes.Draft, once="needed",
    status=201,
)  # fmt: skip
def create_draft(call: Call) -> shapes.Draft:
    """Keep a new draft: nothing is promised and nobody is told."""
    wish = _wish(call, call.body)
    made = once(call, "create_draft", lambda key: make_draft(call.site, wish, key=key, actor=call.actor))
    return _shown(call, draft_view(call.site, made))


@operation(
    "PUT", "/drafts/{draft_id}", tag=_TAG, scope=scopes.DRAFTS_WRITE, body=sent.DraftChange, answer=shapes.Draft
)  # fmt: skip
def change_draft(call: Call) -> shapes.Draft:
    """Write a draft anew; a pay link that was sent opens nothing any more."""
    asked: sent.DraftChange = call.body
    draft = _found(call)
    wish = _wish(call, asked, draft.wish.places)
    save_draft(call.site, draft.id, wish, version=asked.version, actor=call.actor)
    return _shown(call, _found(call))


@operation("DELETE", "/drafts/{draft_id}", tag=_TAG, scope=scopes.DRAFTS_WRITE, answer=shapes.Draft)
def delete_draft(call: Call) -> shapes.Draft:
    """Let a draft go, with its link."""
    drop_draft(call.site, call.path["draft_id"], actor=call.actor)
    return _shown(call, _found(call))


@operation(
    "POST", "/drafts/{draft_id}/link", tag=_TAG, scope=scopes.DRAFTS_WRITE, body=sent.NewLink, answer=shapes.PayLink,
    once="heeded", status=201,
)  # fmt: skip
def send_draft_link(call: Call) -> shapes.PayLink:
    """Make the pay link and mail it to the shopper; earlier links are over."""
    asked: sent.NewLink = call.body
    draft = _found(call)

    def act(key: str) -> None:
        address = _address(call, draft, LINK_TOKEN)
        try:
            send_draft(call.state, draft, link=address, actor=call.actor, days=asked.days, key=key)
        except (Unfit, CannotBePlaced) as error:
            raise not_ready(error) from error

    once(call, "send_link", act, of=draft.id)
    draft = _found(call)
    secret = present_link(call.site, draft)
    url = _address(call, draft, secret) if secret else ""
    return shapes.PayLink(url=url, valid_until=draft.link_until, draft=_shown(call, draft))


@operation("DELETE", "/drafts/{draft_id}/link", tag=_TAG, scope=scopes.DRAFTS_WRITE, answer=shapes.Draft)
def delete_draft_link(call: Call) -> shapes.Draft:
    """Let the pay link open nothing any more; the draft stays."""
    revoke_link(call.site, call.path["draft_id"], actor=call.actor)
    return _shown(call, _found(call))


@operation(
    "POST", "/drafts/{draft_id}/order", tag=_TAG, scope=scopes.DRAFTS_WRITE, body=sent.DraftOrder, answer=PlacedOrder,
    status=201,
)  # fmt: skip
def order_draft(call: Call) -> PlacedOrder:
    """Make the order of a draft, once: sent again, it is the same order. Stock is promised now."""
    asked: sent.DraftOrder = call.body
    draft = _found(call)
    if asked.seen_total.currency != draft.wish.currency:
        raise OtherCurrency("The draft is in another currency.", field="seen_total.currency")
    try:
        made = place_draft(
            call.state, draft, seen_total=asked.seen_total.amount, actor=call.actor, gateway=asked.gateway,
            extra=asked.extra, by_arrangement=not asked.gateway,
        )  # fmt: skip
    except Refused as error:
        raise not_ready(error) from error
    return placed(call, made.id)


def _found(call: Call) -> DraftView:
    return draft_view(call.site, call.path["draft_id"])


def _address(call: Call, draft: DraftView, secret: str) -> str:
    return link(call.site, "storefront.offer", language=draft.wish.language, secret=secret)


# -- what was sent -----------------------------------------------------------------------------------------------------


def _wish(call: Call, asked: sent.NewDraft, places: tuple[DraftPlace, ...] = ()) -> DraftWish:
    """What shall be kept; `places` are those that staff wrote in the panel. Raises Unfit with a message per field."""
    language, currency = language_of(call.site, asked.language), currency_of(call.site, asked.currency)
    known = cart_variants(call.site, language, currency, [line.variant_id for line in asked.lines])
    errors: dict[str, str] = {}
    seen: set[int] = set()
    for place, line in enumerate(asked.lines):
        if line.variant_id not in known:
            errors[f"lines[{place}].variant_id"] = "There is no such variant."
        elif line.variant_id in seen:
            errors[f"lines[{place}].variant_id"] = "This stands here more than once."
        elif line.agreed is not None and not line.reason.strip():
            errors[f"lines[{place}].reason"] = "Say why it costs something else."
        seen.add(line.variant_id)
    if asked.email and (problem := email_problem(asked.email)):
        errors["email"] = problem
    if errors:
        raise Unfit(errors)
    account = find_shopper(call.site, asked.email) if asked.email else None
    delivery = asked.delivery
    return DraftWish(
        email=asked.email, language=language, currency=currency, shopper_id=account.id if account else None,
        lines=tuple(
            StoredLine(variant_id=one.variant_id, quantity=one.quantity, agreed=one.agreed, reason=one.reason)
            for one in asked.lines
        ),
        address=quotes.kept_address(asked.address), billing=quotes.kept_address(asked.billing),
        carrier=delivery.carrier if delivery else "", service=delivery.service if delivery else "", note=asked.note,
        discount=asked.discount, discount_reason=asked.discount_reason, places=places,
    )  # fmt: skip


# -- into shapes -------------------------------------------------------------------------------------------------------


def _facts(draft: DraftView) -> dict[str, Any]:
    return {
        "id": draft.id, "state": draft.state, "version": draft.version, "currency": draft.wish.currency,
        "language": draft.wish.language, "link_until": draft.link_until, "order_id": draft.order_id,
        "order_number": draft.order_number, "created_at": draft.created_at, "updated_at": draft.updated_at,
    }  # fmt: skip


def _shown(call: Call, draft: DraftView) -> shapes.Draft:
    wish = draft.wish
    return shapes.Draft(
        **_facts(draft),
        lines=tuple(
            shapes.DraftedLine(
                variant_id=one.variant_id, quantity=one.quantity, reason=one.reason,
                agreed=None if one.agreed is None else money(CoreMoney(one.agreed, wish.currency)),
            )
            for one in wish.lines
        ),
        discount=money(CoreMoney(wish.discount, wish.currency)), discount_reason=wish.discount_reason,
        carrier=wish.carrier, service=wish.service, shopper_id=wish.shopper_id,
        customer=_customer(wish) if scopes.CUSTOMERS in call.scopes else None,
        quote=_quote(call, draft) if draft.is_open else None,
    )  # fmt: skip


def _customer(wish: DraftWish) -> shapes.DraftCustomer:
    return shapes.DraftCustomer(
        email=wish.email, note=wish.note, address=quotes.address(wish.address), billing=quotes.address(wish.billing)
    )


def _quote(call: Call, draft: DraftView) -> shapes.DraftQuote:
    view = look_at_draft(call.state, draft)
    return shapes.DraftQuote(
        totals=quotes.totals(view), taxes=quotes.taxes(view), tax_note=view.quote.tax_note,
        delivery=quotes.delivery(view), gateways=quotes.gateways(view), fields=quotes.questions(view),
        problems=quotes.problems(view),
    )  # fmt: skip
