"""Passwords of accounts: checked in the same time for everybody, changed with all sessions ended, reset by a link."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from core.accounts.models import ResetToken, Shopper, Staff, folded
from core.accounts.services import letters, links
from core.kernel import activity, db, i18n, jobs, limits, passwords, sessions
from core.kernel.sites import state_of
from core.lib import clock
from core.lib.errors import Refused

if TYPE_CHECKING:
    from core.hookspecs.site import Site

log = structlog.get_logger(__name__)
Account = Shopper | Staff


class WrongLogin(Refused):
    """Address and password are not those of an account that may log in; which of the two is not said."""

    status = 422
    code = "wrong_login"
    default_message = "The e-mail address or the password is not right."


class WrongPassword(Refused):
    """Somebody who is logged in did not know their password."""

    status = 422
    code = "wrong_password"
    default_message = "This is not your password."

    def __init__(self) -> None:
        super().__init__(field="current")


def check_login(kind: str, email: str, password: str, account: Account | None, *, address: str) -> None:
    """Raise WrongLogin unless `password` is that of `account`; TooMany after too many tries. One hash, account or not.

    Commits only when the stored hash has outdated parameters and is made anew.
    """
    subject = f"{kind}:{folded(email)}"
    limits.take("login", subject, address=address)
    if not passwords.matches(password, account.password_hash if account is not None else None) or account is None:
        log.warning("login refused", kind=kind, email=email, address=address)
        raise WrongLogin
    limits.forget("login", subject, address=address)
    if account.password_hash is not None and passwords.is_outdated(account.password_hash):
        _store(account, passwords.hashed(password))


def _store(account: Account, password_hash: str) -> None:
    with db.transaction():
        type(account).update(password_hash=password_hash).where(type(account).id == account.id).execute()


def prove(account: Account, password: str, *, address: str) -> None:
    """Whoever sits at an open session proves to be its owner. Raises WrongPassword, TooMany."""
    limits.take("login", f"{type(account).__name__}:{account.id}", address=address)
    if not passwords.matches(password, account.password_hash):
        raise WrongPassword


def change_password(account: Account, current: str, new: str, *, address: str, end_others: bool = True) -> None:
    """Change the password of somebody who is logged in and knows it. Commits.

    With `end_others` all their sessions end, this one too: the view logs them in again, under a new id. Raises
    WrongPassword, WeakPassword, TooMany.
    """
    prove(account, current, address=address)
    if new == current:
        raise passwords.WeakPassword("Choose another password than the one you have.")
    _renew(account, new, end_others=end_others)


def _renew(
    account: Account, new: str, link: ResetToken | None = None, *, site: Site | None = None, end_others: bool = True
) -> None:
    passwords.check_new(new, account.email)
    password_hash = passwords.hashed(new)
    with db.transaction():
        if link is not None:
            links.use(link)
        account.password_hash = password_hash
        _note_renewal(account, confirmed=link is not None)
        account.save()
        if end_others:
            sessions.end_sessions(**_owner(account))
        links.use_all(account)
        _tell(account, site, logged_out=end_others)
    log.info("password changed", **_owner(account))


def _tell(account: Account, site: Site | None, *, logged_out: bool) -> None:
    """By mail; of staff it is logged, too. Who changed it in the panel has no `site` and no need to be told."""
    key = f"password:{account.id}:{clock.now_us()}"
    if isinstance(account, Staff):
        who = f"staff:{account.id}"
        activity.record(who, "staff.password", who, title=account.email)
        if site is not None:
            name, tongue, page = f"staff-{key}", i18n.language(), "panel.forgotten"
            letters.send_changed(site, account.email, name, tongue, logged_out=logged_out, page=page)
        return
    site = state_of(account.site_id).site
    letters.send_changed(site, account.email, key, account.language, logged_out=logged_out)


def _note_renewal(account: Account, *, confirmed: bool) -> None:
    """A one-time password is over now; who came by a link has proved to read their mail."""
    if isinstance(account, Staff):
        account.must_change_password, account.password_until = False, None
    elif confirmed and account.confirmed_at is None:
        account.confirmed_at = clock.now()


def _owner(account: Account) -> dict[str, int]:
    return {"staff_id" if isinstance(account, Staff) else "shopper_id": account.id}


# -- forgotten --------------------------------------------------------------------------------------------------------


def request_reset(site: Site, email: str, *, link: str, language: str, address: str, for_staff: bool = False) -> None:
    """Send a link for a new password if there is such an account; answer and time are the same if not. Commits.

    `link` is the absolute address of the page for it, with TOKEN where the token goes. Raises TooMany.
    """
    limits.take("reset", folded(email), address=address)
    asked = {"email": folded(email), "link": link, "language": language, "for_staff": for_staff}
    with db.transaction():
        jobs.enqueue("accounts.reset", asked, site_id=site.id)


@jobs.job("accounts.reset")
def _send_reset(running: jobs.Running) -> None:
    """The part whose length tells whether there is an account, done by the worker."""
    assert running.site_id is not None
    asked, site = running.payload, state_of(running.site_id).site
    account = (_staff if asked["for_staff"] else _shopper)(site.id, asked["email"])
    if account is None:
        return
    owner = {"staff": account} if isinstance(account, Staff) else {"shopper": account}
    with db.transaction():
        token = links.issue(links.RESET, site_id=site.id, **owner)
        address = asked["link"].replace(links.TOKEN, token)
        letters.send_reset(site, account.email, f"reset:{running.id}", asked["language"], address)


def _shopper(site_id: int, email: str) -> Shopper | None:
    found: Shopper | None = (
        Shopper.for_site(site_id).where(Shopper.email_folded == email, Shopper.disabled_at.is_null()).first()
    )
    return found


def _staff(_site_id: int, email: str) -> Staff | None:
    found: Staff | None = Staff.get_or_none(Staff.email_folded == email, Staff.disabled_at.is_null())
    return found


def check_reset(site: Site, token: str, *, address: str) -> None:
    """Raise LinkOver unless the link can be used: the page for a new password asks it first."""
    limits.take("token", address=address)
    links.find(links.RESET, token, site.id)


def reset_password(site: Site, token: str, new: str, *, address: str) -> Account:
    """Set a new password by a link; ends all sessions of the account and answers it. Commits.

    Raises LinkOver, WeakPassword, TooMany.
    """
    limits.take("token", address=address)
    link = links.find(links.RESET, token, site.id)
    account: Account | None = link.staff or link.shopper
    if account is None or account.disabled_at is not None:
        raise links.LinkOver
    _renew(account, new, link, site=site)
    return account
