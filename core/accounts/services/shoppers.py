"""Accounts of shoppers: made, entered, changed and closed, without telling strangers who has one."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import structlog

from core.accounts.models import NAME, PHONE, Shopper, folded, shopper_words
from core.accounts.services import letters, links
from core.accounts.services.passwords import WrongPassword, check_login
from core.hookspecs.events import ShopperRegistered
from core.kernel import activity, db, events, jobs, limits, passwords, sessions
from core.kernel.messages import sends_messages
from core.kernel.sites import state_of
from core.lib import clock
from core.lib.addresses import email_problem, one_line, phone_problem
from core.lib.errors import NotFound, Refused, Unfit

if TYPE_CHECKING:
    from core.hookspecs.site import Site

log = structlog.get_logger(__name__)


class EmailTaken(Refused):
    """There is an account with this address already. Said only where no mail can carry it to the owner instead."""

    status = 422
    code = "email_taken"
    default_message = "There is an account with this address already. Log in instead."

    def __init__(self) -> None:
        super().__init__(field="email")


def register_shopper(
    site: Site, *, email: str, name: str, password: str, language: str, link: str, address: str
) -> Shopper | None:
    """Make an account, or begin one. Commits.

    Where the site has a channel for messages it answers None, whether the address is known or not: a message holds the
    link (`link` with its TOKEN replaced) to `confirm_registration`, or says that there is an account already. Without a
    channel the account is made at once and answered. Raises Unfit, WeakPassword, EmailTaken, TooMany.
    """
    email = email.strip()
    if problem := email_problem(email):
        raise Unfit({"email": problem})
    limits.take("register", f"{site.id}:{folded(email)}", address=address)
    passwords.check_new(password, email)
    known = {"email": email, "name": one_line(name, NAME), "language": language, "hash": passwords.hashed(password)}
    if not sends_messages(state_of(site.id)):
        return _register_at_once(site, known, password)
    with db.transaction():
        token = links.issue(links.REGISTER, site_id=site.id, data=known)
        asked = {"email": email, "language": language, "link": link.replace(links.TOKEN, token)}
        jobs.enqueue("accounts.register", asked, site_id=site.id)
    return None


def _register_at_once(site: Site, known: dict[str, Any], password: str) -> Shopper:
    """A second click of the same person finds the account that the first one made."""
    existing = find_shopper(site, known["email"])
    if existing is None:
        with db.transaction():
            return _logged(_create(site, known))
    if existing.disabled_at is None and passwords.matches(password, existing.password_hash):
        return existing
    raise EmailTaken


@jobs.job("accounts.register")
def _send_registration(running: jobs.Running) -> None:
    """The part that differs between known and new addresses, done by the worker, out of sight."""
    assert running.site_id is not None
    asked, site = running.payload, state_of(running.site_id).site
    key = f"register:{running.id}"
    with db.transaction():
        if find_shopper(site, asked["email"]) is None:
            letters.send_confirmation(site, asked["email"], key, asked["language"], asked["link"])
        else:
            letters.send_known(site, asked["email"], key, asked["language"])


def confirm_registration(site: Site, token: str, password: str, *, address: str) -> Shopper:
    """Make the account that was begun. Commits, and tells ShopperRegistered.

    The password is asked again: else an account begun by a stranger with this address would open to that stranger.
    Raises LinkOver, WrongPassword, TooMany.
    """
    limits.take("token", address=address)
    link = links.find(links.REGISTER, token, site.id)
    if not passwords.matches(password, link.data["hash"]):
        raise WrongPassword
    with db.transaction():
        links.use(link)
        if find_shopper(site, link.data["email"]) is not None:
            raise links.LinkOver
        return _logged(_create(site, link.data, confirmed=True))


def _logged(shopper: Shopper) -> Shopper:
    log.info("shopper registered", shopper=shopper.id, site=shopper.site_id)
    return shopper


def _create(site: Site, known: dict[str, Any], *, confirmed: bool = False) -> Shopper:
    now = clock.now_us()
    # By the count of rows, since of two registrations at once the second must not enter the first one's account.
    made = db.execute(
        "INSERT INTO shopper"
        " (site_id, email, email_folded, name, phone, password_hash, language, created_at, confirmed_at, words)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (site_id, email_folded) DO NOTHING",
        site.id,
        known["email"],
        folded(known["email"]),
        known["name"],
        known.get("phone", ""),
        known["hash"],
        known["language"],
        now,
        now if confirmed else None,
        shopper_words(known["name"], known["email"], known.get("phone", "")),
    )
    shopper = find_shopper(site, known["email"])
    if not made or shopper is None:
        raise EmailTaken
    events.record(ShopperRegistered(shopper_id=shopper.id), site.id)
    return shopper


def open_account(site: Site, *, email: str, name: str, language: str, phone: str = "", password: str = "") -> Shopper:
    """Make the account of somebody the shop knows from elsewhere, at once and without a mail. Commits.

    Without a password it is entered by the link that its owner asks for. Raises Unfit, WeakPassword, EmailTaken.
    """
    email = email.strip()
    if problem := email_problem(email):
        raise Unfit({"email": problem})
    if phone.strip() and (problem := phone_problem(phone, site.country)):
        raise Unfit({"phone": problem})
    if password:
        passwords.check_new(password, email)
    known = {
        "email": email, "name": one_line(name, NAME), "phone": one_line(phone, PHONE), "language": language,
        "hash": passwords.hashed(password) if password else None,
    }  # fmt: skip
    with db.transaction():
        return _create(site, known, confirmed=True)


def authenticate(site: Site, email: str, password: str, *, address: str) -> Shopper:
    """The shopper of this address and password. Raises WrongLogin, the same for every reason and as late; TooMany."""
    shopper = find_shopper(site, email)
    usable = shopper if shopper is not None and shopper.disabled_at is None else None
    check_login(f"shopper:{site.id}", email, password, usable, address=address)
    assert usable is not None
    return usable


def find_shopper(site: Site, email: str) -> Shopper | None:
    """The account of this address on this site, disabled or not."""
    found: Shopper | None = Shopper.for_site(site).where(Shopper.email_folded == folded(email)).first()
    return found


def shopper_ids(site: Site, emails: Collection[str]) -> dict[str, int]:
    """The accounts of these addresses on this site, by the address as it was given; one statement."""
    forms = {email: folded(email) for email in emails}
    wanted = sorted({*forms.values()})
    sql = f"SELECT email_folded, id FROM shopper WHERE site_id = ? AND email_folded IN ({db.marks(wanted)})"
    ids: dict[str, int] = dict(db.rows(sql, site.id, *wanted))
    return {email: ids[form] for email, form in forms.items() if form in ids}


def get_shopper(site: Site, shopper_id: int) -> Shopper:
    """An account of this very site. Raises NotFound."""
    found: Shopper | None = Shopper.for_site(site).where(Shopper.id == shopper_id).first()
    if found is None:
        raise NotFound
    return found


def update_shopper(site: Site, shopper_id: int, *, name: str, phone: str, language: str) -> Shopper:
    """Change what a shopper says of themselves. Raises NotFound, Unfit. Commits."""
    shopper = get_shopper(site, shopper_id)
    if phone.strip() and (problem := phone_problem(phone, site.country)):
        raise Unfit({"phone": problem})
    if language not in site.languages:
        raise Unfit({"language": "Choose one of these."})
    with db.transaction():
        shopper.name, shopper.phone, shopper.language = one_line(name, NAME), one_line(phone, PHONE), language
        shopper.save()
    return shopper


def disable_shopper(site: Site, shopper_id: int, *, actor: str) -> None:
    """Close an account to its owner, and end its sessions now. Commits."""
    _set_disabled(site, shopper_id, actor, disabled=True)


def enable_shopper(site: Site, shopper_id: int, *, actor: str) -> None:
    """Open a disabled account again. Commits."""
    _set_disabled(site, shopper_id, actor, disabled=False)


def _set_disabled(site: Site, shopper_id: int, actor: str, *, disabled: bool) -> None:
    with db.transaction():
        shopper = get_shopper(site, shopper_id)
        before = shopper.disabled_at is not None
        shopper.disabled_at = clock.now() if disabled else None
        shopper.save()
        if disabled:
            sessions.end_sessions(shopper_id=shopper_id)
        activity.record(
            actor,
            "shopper.disable" if disabled else "shopper.enable",
            f"shopper:{shopper_id}",
            before={"disabled": before},
            after={"disabled": disabled},
            site_id=site.id,
        )
