"""Asking buyers for reviews: one mail per order, some days after all of it that was noted as delivered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from core.api import (
    Message,
    NotFound,
    OrderView,
    ShownCard,
    Site,
    cards_for,
    enqueue_message,
    execute,
    gettext,
    inline_css,
    link,
    micros,
    now,
    order_view,
    render_outside,
    rows,
    speaking,
    state_of,
    transaction,
)
from plugins.reviews.forms import ReviewSettings
from plugins.reviews.models import NoMail, Review
from plugins.reviews.services.writers import authors_of_order, link_ends, order_key, order_of_key, person

AT_ONCE = 200
# An order that was delivered long before the plugin began to ask is left alone.
LATEST = timedelta(days=30)
_DUE = """
SELECT o.id FROM order_entry e JOIN orders o ON o.id = e.order_id
WHERE o.site_id = ? AND e.kind = 'delivered' AND o.email <> ''
  AND NOT EXISTS (SELECT 1 FROM reviews_invitation i WHERE i.site_id = o.site_id AND i.order_id = o.id)
GROUP BY o.id HAVING MAX(e.at) <= ? AND MAX(e.at) > ? ORDER BY MAX(e.at) LIMIT ?
"""
_CLAIM = """
INSERT INTO reviews_invitation (site_id, order_id, sent, created_at) VALUES (?, ?, ?, ?)
ON CONFLICT (site_id, order_id) DO NOTHING
"""
_STOP = """
INSERT INTO reviews_no_mail (site_id, person, created_at) VALUES (?, ?, ?) ON CONFLICT (site_id, person) DO NOTHING
"""


class Ask(NamedTuple):
    """A product of the order, and where to write about it."""

    name: str
    url: str


def invite(payload: Mapping[str, Any], site: Site) -> None:
    """An hourly job: ask the buyers whose orders have been with them long enough. Commits, an order at a time.

    A shop that is not open takes no reviews, so it asks for none.
    """
    del payload
    settings = ReviewSettings.of(site)
    if not settings.invite or not state_of(site.id).open:
        return
    until = now() - timedelta(days=settings.invite_days)
    for (order_id,) in rows(_DUE, site.id, micros(until), micros(until - LATEST), AT_ONCE):
        order = order_view(order_id, site=site)
        if order is not None:
            _invite(site, order, settings.link_days)


def _invite(site: Site, order: OrderView, link_days: int) -> None:
    """Ask once, whoever runs this how often; who wants no mail, or has nothing to say, is noted and left alone."""
    key = order_key(site, order.id, link_ends(link_days))
    asks = [] if _is_unwanted(site, order) else _asks(site, order, key)
    message = _message(site, order, asks, key, link_days) if asks else None
    with transaction():
        is_first = execute(_CLAIM, site.id, order.id, message is not None, micros(now())) == 1
        if is_first and message is not None:
            enqueue_message(site, message)


def _is_unwanted(site: Site, order: OrderView) -> bool:
    return bool(NoMail.for_site(site).where(NoMail.person == person(site, order.email)).exists())


def _asks(site: Site, order: OrderView, key: str) -> list[Ask]:
    """The products that stayed with the buyer, are on sale, and of which they have said nothing."""
    bought = {line.product_id for line in order.lines if line.shipped > line.received}
    authors = authors_of_order(site, order.email, order.shopper_id)
    said = Review.for_site(site).where(Review.author.in_(authors), Review.product_id.in_(list(bought)))
    open_ones = sorted(bought - {review.product_id for review in said})
    tongue = _tongue(site, order)
    cards: dict[int, ShownCard] = cards_for(site, tongue, order.currency, open_ones) if open_ones else {}
    return [
        Ask(card.name, link(site, "reviews.new", language=tongue, path=card.path, key=key)) for card in cards.values()
    ]


def _tongue(site: Site, order: OrderView) -> str:
    return order.language if order.language in site.languages else site.language


def _message(site: Site, order: OrderView, asks: list[Ask], key: str, link_days: int) -> Message:
    tongue = _tongue(site, order)
    stop = link(site, "reviews.stop", language=tongue, key=key)
    values = {"order": order, "asks": asks, "days": link_days, "tongue": tongue, "stop": stop}
    with speaking(tongue, site.timezone):
        subject = gettext("How do you like it?")
    return Message(
        key=f"reviews:invitation:{order.id}",
        kind="reviews.invitation",
        to=order.email,
        subject=subject,
        text=render_outside(site, "reviews/mail/invitation.txt", tongue, **values),
        html=inline_css(render_outside(site, "reviews/mail/invitation.html", tongue, **values)),
        language=tongue,
        unsubscribe_url=stop,
    )


def stop_mails(site: Site, key: str) -> None:
    """Never ask the buyer behind a link again, however old it is. Raises NotFound for one that is not ours. Commits."""
    order_id = order_of_key(site, key, even_if_over=True)
    order = order_view(order_id, site=site) if order_id is not None else None
    if order is None:
        raise NotFound
    with transaction():
        execute(_STOP, site.id, person(site, order.email), micros(now()))
