"""A guest's order link: a secret of 128 bits that this installation can make again for mails and repeated clicks.

A link ends by itself, and whoever has the order ends it sooner: the next one has another number, so another secret.
"""

from __future__ import annotations

from datetime import timedelta

from core.hookspecs.notify import Message
from core.hookspecs.site import Site
from core.kernel import db, i18n, secrets
from core.kernel.i18n import gettext as _
from core.kernel.messages import enqueue_message, sends_messages
from core.kernel.repeats import claim
from core.kernel.sites import state_of
from core.lib import clock, ids
from core.lib.errors import NotFound, Refused
from core.orders.services.timeline import note

LIFE = timedelta(days=180)
SECRET = "SECRET"  # noqa: S105 -- the place of the secret in the address that a view hands over


class OrderLinkOver(Refused):
    """The link was right once."""

    status = 410
    code = "order_link_over"
    default_message = "This link has ended. Ask for a new one where orders are tracked, or sign in."


class NoChannel(Refused):
    """A new link that nobody could send would lock the shopper out."""

    status = 409
    code = "no_channel"
    default_message = "This shop cannot send mails at the moment, so the link stays as it is."


def order_secret(site_id: int, cart_id: int, link: int = 0) -> str:
    """The secret of the order made of this cart: of its first link, or of a later one. The table keeps a digest."""
    return secrets.derived("order", f"{site_id}:{cart_id}:{link}" if link else f"{site_id}:{cart_id}")


def present_secret(site_id: int, order_id: int) -> str:
    """The secret of the link that opens an order now. Raises NotFound."""
    row = db.one("SELECT cart_id, link FROM orders WHERE id = ? AND site_id = ?", order_id, site_id)
    if row is None:
        raise NotFound
    return order_secret(site_id, row[0], row[1])


def renew_link(site: Site, order_id: int, *, address: str, actor: str, key: str = "", by_hand: bool = False) -> None:
    """End the order's link and mail a new one to the order's address; `address` holds SECRET. Commits.

    `by_hand`: where no mail can be sent, the new one is handed over by whoever acts. Raises NotFound, NoChannel,
    DoneBefore.
    """
    is_mailed = sends_messages(state_of(site.id))
    if not is_mailed and not by_hand:
        raise NoChannel
    with db.transaction():
        claim(key)
        row = _locked(site, order_id)
        secret = number_link_anew(site.id, order_id)
        note(order_id, actor, "link_renewed", mailed=is_mailed)
        if is_mailed:
            _send(site, row, address.replace(SECRET, secret))


def number_link_anew(site_id: int, order_id: int) -> str:
    """Part of a verb that has locked the order: end its link; answers the secret of the new one."""
    db.require_transaction()
    cart_id, link = db.rows("SELECT cart_id, link FROM orders WHERE id = ?", order_id)[0]
    secret = order_secret(site_id, cart_id, link + 1)
    db.execute(
        "UPDATE orders SET link = link + 1, link_until = ?, key_digest = ? WHERE id = ?",
        clock.micros(clock.now() + LIFE),
        ids.digest(secret),
        order_id,
    )
    return secret


def send_link(site: Site, order_id: int, *, address: str, actor: str) -> None:
    """Mail the order's link once more; one that has ended is renewed first. Commits. Raises NotFound, NoChannel."""
    if not sends_messages(state_of(site.id)):
        raise NoChannel
    with db.transaction():
        row = _locked(site, order_id)
        is_over = row[3] <= clock.now_us()
        if not is_over:
            note(order_id, actor, "link_sent")
            _send(site, row, address.replace(SECRET, order_secret(site.id, row[1], row[2])))
    if is_over:
        renew_link(site, order_id, address=address, actor=actor)


def _locked(site: Site, order_id: int) -> db.Row:
    """(number, cart, link, until, e-mail, language), held until the commit: of two renewals one follows the other."""
    row = db.one(
        "UPDATE orders SET version = version WHERE id = ? AND site_id = ?"
        " RETURNING number, cart_id, link, link_until, email, language",
        order_id,
        site.id,
    )
    if row is None:
        raise NotFound
    return row


def _send(site: Site, row: db.Row, link: str) -> None:
    with i18n.speaking(row[5], site.timezone):
        subject = _("The link to your order %(number)s at %(shop)s", number=row[0], shop=site.name)
        text = _(
            "Under this link you see your order %(number)s, and can do with it what is still possible:\n\n%(link)s\n\n"
            "Give it to nobody who should not. Earlier links that were ended lead nowhere.",
            number=row[0],
            link=link,
        )
    key = f"order-link:{row[1]}:{clock.now_us()}"
    enqueue_message(site, Message(key=key, kind="order_link", to=row[4], subject=subject, text=text, language=row[5]))
