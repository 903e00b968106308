"""Drafts of staff: quoted like a cart with what was agreed, and placed by the same verb as every other order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from core.cart.services import Agreed, CartPlace, OwnLine, StoredCart, StoredLine, keep_agreed_cart
from core.checkout.services.details import missing_details
from core.checkout.services.look import CHECKOUT, CheckoutView, look
from core.checkout.services.place_order import CannotBePlaced, EmptyCart, PlacedOrder, place_order
from core.checkout.services.quote import Quote, QuoteLine
from core.hookspecs.checkout import Address
from core.hookspecs.notify import Message
from core.hookspecs.site import Site
from core.kernel import db, i18n, secrets
from core.kernel.i18n import gettext as _
from core.kernel.messages import enqueue_message
from core.kernel.repeats import claim
from core.kernel.sites import SiteState, state_of
from core.lib.errors import NotFound, Unfit
from core.lib.money import Money
from core.orders.services.drafts import (
    LINK_DAYS,
    DraftMoved,
    DraftView,
    DraftWish,
    draft_by_link,
    draft_view,
    make_link,
    present_link,
)
from core.orders.services.links import present_secret
from core.orders.services.read import order_view

TOKEN = "TOKEN"  # noqa: S105 -- stands in an address where the secret goes


def draft_cart(draft: DraftView, *, by_arrangement: bool = False) -> StoredCart:
    """The draft in the form that prices, offers, delivery and taxes are asked for; nothing is stored."""
    wish = draft.wish
    return StoredCart(
        id=-draft.id, site_id=draft.site_id, currency=wish.currency, language=wish.language,
        shopper_id=wish.shopper_id, email=wish.email, codes=(), address=wish.address, billing=wish.billing,
        carrier=wish.carrier, service=wish.service, gateway="", extra={}, note=wish.note, version=draft.version,
        ordered_at=None,
        places=tuple(
            CartPlace(address=one.address, carrier=one.carrier, service=one.service, units=one.units)
            for one in wish.places
        ),
        lines=tuple(
            StoredLine(id=place, variant_id=line.variant_id or -place, quantity=line.quantity)
            for place, line in enumerate(wish.lines, 1)
        ),
        agreed=Agreed(
            draft_id=draft.id, version=draft.version,
            prices={line.variant_id: line.agreed for line in wish.lines if line.variant_id and line.agreed is not None},
            reasons={line.variant_id: line.reason for line in wish.lines if line.agreed is not None},
            own={
                -place: OwnLine(title=line.title, amount=line.agreed or 0, tax_class=line.tax_class)
                for place, line in enumerate(wish.lines, 1)
                if not line.variant_id
            },
            discount=wish.discount, discount_reason=wish.discount_reason, by_arrangement=by_arrangement,
        ),
    )  # fmt: skip


def look_at_draft(state: SiteState, draft: DraftView, *, gateway: str = "") -> CheckoutView:
    """What the draft costs now, with its trace, its ways to be delivered and paid, and what speaks against it."""
    return look(state, replace(draft_cart(draft), gateway=gateway), CHECKOUT)


class DraftQuote(Struct, frozen=True, kw_only=True):
    """A draft as a quote for somebody to read: what it costs now, and until when it may be ordered for that.

    `number` names this version of the draft; it counts in no series. `secret` is that of its pay link, if one is valid.
    `language` is that of its goods, ways and offers. `addresses` are those to which something is delivered, by the
    `place` of the quote's lines.
    """

    draft_id: int
    number: str
    made_at: datetime
    until: datetime
    secret: str
    wish: DraftWish
    language: str
    quote: Quote
    addresses: tuple[Address | None, ...] = ()


def draft_quote(site: Site, draft_id: int, language: str = "") -> DraftQuote:
    """The quote of a draft of this site that is open and has goods. Raises NotFound.

    In a language that is wanted and spoken here, else in the shopper's.
    """
    return _as_quote(site, draft_view(site, draft_id), language)


def offered_quote(site: Site, secret: str, language: str = "") -> DraftQuote:
    """The same behind a pay link that is valid. Raises NotFound."""
    draft = draft_by_link(site, secret)
    if draft is None or draft.state != "sent":
        raise NotFound
    return _as_quote(site, draft, language)


def _as_quote(site: Site, draft: DraftView, wanted: str) -> DraftQuote:
    if not draft.is_open or not draft.wish.lines:
        raise NotFound
    language = wanted if wanted in site.languages else draft.wish.language
    view = _look_in(state_of(site.id), draft, language)
    return DraftQuote(
        draft_id=draft.id, number=f"{draft.id}-{draft.version}", made_at=draft.updated_at,
        until=draft.link_until or draft.updated_at + timedelta(days=LINK_DAYS), secret=present_link(site, draft),
        wish=draft.wish, language=language, quote=view.quote, addresses=addresses_of(view),
    )  # fmt: skip


def _look_in(state: SiteState, draft: DraftView, language: str) -> CheckoutView:
    """What the draft costs, in the words of a language: staff read another one than the shopper they write to."""
    with i18n.speaking_on(state, language):
        return look_at_draft(state, replace(draft, wish=replace(draft.wish, language=language)))


def addresses_of(view: CheckoutView) -> tuple[Address | None, ...]:
    """Where the goods go, by the `place` of lines and deliveries."""
    return tuple(one.address for one in view.places) or (view.stored.address,)


def send_draft(
    state: SiteState, draft: DraftView, *, link: str, actor: str, days: int = LINK_DAYS, key: str = ""
) -> str:
    """Make the draft's pay link and mail it; answers the address. `link` is the page's, with TOKEN for the secret.

    Earlier links are over. Raises Unfit where the shopper could not order it as it is, CannotBePlaced, EmptyCart,
    DraftMoved, DoneBefore. Asks all checkout hooks before. Commits.
    """
    _check(look_at_draft(state, draft))
    view = _look_in(state, draft, draft.wish.language)
    with db.transaction():
        claim(key)
        url = link.replace(TOKEN, make_link(state.site, draft.id, version=draft.version, actor=actor, days=days))
        enqueue_message(state.site, _letter(state, draft, view, url))
    return url


def _check(view: CheckoutView) -> None:
    """Everything but the answers that only the shopper can give."""
    if not view.lines:
        raise EmptyCart
    errors = missing_details(view.stored, view.quote.delivery.rate, ())
    if errors:
        raise Unfit(errors)
    if view.problems:
        raise CannotBePlaced(view.problems)


class _Lines(tuple[str, ...]):
    """Lines within a text: what keeps a name together ends with its line, so each does so by itself."""

    __slots__ = ()

    def __str__(self) -> str:
        return "\n".join(self)


def _letter(state: SiteState, draft: DraftView, view: CheckoutView, url: str) -> Message:
    site = state.site
    with i18n.speaking(draft.wish.language, site.timezone):
        parts = _Lines(f"{name}  {i18n.money(amount)}" for name, amount in _parts(view))
        return Message(
            key=f"draft:{draft.id}:{draft.version}:{url[-22:]}",
            kind="order.draft",
            to=draft.wish.email,
            subject=_("Your order at %(shop)s is ready to be paid", shop=site.name),
            text=_(
                "We have put your order at %(shop)s together:\n\n%(goods)s\n\nTotal: %(total)s\n\n"
                "Look at it and pay here:\n\n%(link)s\n\nNothing is ordered before you do.",
                shop=site.name,
                goods=parts,
                total=i18n.money(view.total),
                link=url,
            ),
            language=draft.wish.language,
            about=f"draft:{draft.id}-{draft.version}",
        )


def _parts(view: CheckoutView) -> list[tuple[str, Money]]:
    """What adds up to the total: goods, what comes off, deliveries, and taxes that come on top."""
    quote = view.quote
    taxes = () if quote.prices_include_tax else quote.tax_sums
    goods = ((one.line.quantity, f"{one.line.name}{_to(view, one)}", one.subtotal) for one in quote.lines)
    others = [
        *((one.title or one.code, -one.amount) for one in quote.adjustments),
        *((one.rate.full_title, one.amount) for one in quote.deliveries if one.rate),
        *((tax.name, tax.amount) for tax in taxes),
    ]
    return [
        *((f"{count} × {i18n.kept_together(name)}", amount) for count, name, amount in goods),
        *((i18n.kept_together(name), amount) for name, amount in others),
    ]


def _to(view: CheckoutView, line: QuoteLine) -> str:
    """Where a line goes, of an order for several addresses."""
    there = view.places[line.place].address if len(view.places) > 1 and line.line.needs_delivery else None
    return f" ({there.whose})" if there else ""


def place_draft(
    state: SiteState,
    draft: DraftView,
    *,
    seen_total: int | None,
    actor: str,
    gateway: str = "",
    extra: Mapping[str, Mapping[str, Any]] | None = None,
    by_arrangement: bool = False,
    begins: bool = False,
) -> PlacedOrder:
    """Make the order of a draft, once: the same order for a repeated click, whoever clicks. Stock is taken now.

    `gateway` and `extra` are the shopper's answers; `by_arrangement` lets staff place it without any gateway, and
    `begins` is as with `place_order`. Raises DraftMoved for one that was let go, and what `place_order` raises.
    """
    if draft.order_id is not None:
        return _known(state, draft.order_id)
    if not draft.is_open:
        raise DraftMoved
    cart = replace(draft_cart(draft, by_arrangement=by_arrangement), gateway=gateway, extra=extra or {})
    token = secrets.derived("draft cart", f"{state.site.id}:{draft.id}")
    keep_agreed_cart(state.site, token, cart)
    agreed = cart.agreed
    return place_order(
        state, token, seen_total=seen_total, shopper_id=draft.wish.shopper_id, actor=actor, agreed=agreed,
        begins=begins,
    )  # fmt: skip


def _known(state: SiteState, order_id: int) -> PlacedOrder:
    order = order_view(order_id, site=state.site)
    if order is None:
        raise NotFound
    secret = present_secret(state.site.id, order_id)
    return PlacedOrder(id=order.id, number=order.number, secret=secret, is_new=False)
