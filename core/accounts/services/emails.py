"""Another e-mail address for an account: confirmed at the new one, told to the old one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import peewee
import structlog

from core.accounts.models import ResetToken, Shopper, folded
from core.accounts.services import letters, links
from core.accounts.services.passwords import prove
from core.accounts.services.shoppers import EmailTaken, find_shopper, get_shopper
from core.kernel import db, jobs, limits
from core.kernel.messages import sends_messages
from core.kernel.sites import state_of
from core.lib import clock
from core.lib.addresses import email_problem
from core.lib.errors import Unfit

if TYPE_CHECKING:
    from core.hookspecs.site import Site

log = structlog.get_logger(__name__)


def request_email(site: Site, shopper: Shopper, email: str, *, password: str, link: str, address: str) -> bool:
    """Ask the new address to confirm; the account keeps the old one until then. Commits.

    The answer is the same whether somebody else has the address: its owner is told by mail. Where the site cannot send
    messages the address is changed at once, unconfirmed, and the answer is True. Raises Unfit, WrongPassword,
    EmailTaken, TooMany.
    """
    email = email.strip()
    if problem := email_problem(email):
        raise Unfit({"email": problem})
    if folded(email) == shopper.email_folded:
        raise Unfit({"email": "This is your address already."})
    prove(shopper, password, address=address)
    limits.take("register", f"{site.id}:{folded(email)}", address=address)
    if not sends_messages(state_of(site.id)):
        _change(site, shopper, email, None)
        return True
    with db.transaction():
        token = links.issue(links.EMAIL, site_id=site.id, shopper=shopper, data={"email": email})
        asked = {"shopper": shopper.id, "email": email, "link": link.replace(links.TOKEN, token)}
        jobs.enqueue("accounts.email", asked, site_id=site.id)
        letters.send_email_asked(site, shopper.email, f"email:{shopper.id}:{clock.now_us()}", shopper.language)
    return False


@jobs.job("accounts.email")
def _send_confirmation(running: jobs.Running) -> None:
    """The part that differs between free and taken addresses, done by the worker, out of sight."""
    assert running.site_id is not None
    asked, site = running.payload, state_of(running.site_id).site
    shopper, key = get_shopper(site, asked["shopper"]), f"email:{running.id}"
    with db.transaction():
        if find_shopper(site, asked["email"]) is None:
            letters.send_email_link(site, asked["email"], key, shopper.language, asked["link"])
        else:
            letters.send_email_in_use(site, asked["email"], key, shopper.language)


def confirm_email(site: Site, shopper: Shopper, token: str, *, address: str) -> None:
    """Take the new address; only the account that asked for it can. Commits.

    Every other link that was sent is over: those that lie in the old mailbox too. Raises LinkOver, EmailTaken, TooMany.
    """
    limits.take("token", address=address)
    link = _own_link(site, shopper, token)
    _change(site, shopper, link.data["email"], link)


def new_email(site: Site, shopper: Shopper, token: str, *, address: str) -> str:
    """The address that a link stands for, for the page that asks once more. Raises LinkOver, TooMany."""
    limits.take("token", address=address)
    return str(_own_link(site, shopper, token).data["email"])


def _own_link(site: Site, shopper: Shopper, token: str) -> ResetToken:
    """A link is worthless to everybody but the account that asked for it."""
    link = links.find(links.EMAIL, token, site.id)
    if link.shopper != shopper:
        raise links.LinkOver
    return link


def _change(site: Site, shopper: Shopper, email: str, link: ResetToken | None) -> None:
    old, now = shopper.email, clock.now()
    try:
        with db.transaction():
            if link is not None:
                links.use(link)
            if find_shopper(site, email) is not None:
                raise EmailTaken
            shopper.email, shopper.email_folded = email, folded(email)
            shopper.confirmed_at = now if link is not None else None
            shopper.save(only=[Shopper.email, Shopper.email_folded, Shopper.confirmed_at, Shopper.words])
            links.use_all(shopper)
            letters.send_email_changed(site, old, f"email:{shopper.id}:{clock.micros(now)}:old", shopper.language)
    except peewee.IntegrityError:
        raise EmailTaken from None
    log.info("e-mail changed", shopper=shopper.id, site=site.id)
