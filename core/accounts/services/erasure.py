"""The end of an account: asked for by its owner, taken back within two weeks, then nobody can tell who it was."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from core.accounts.models import ResetToken, Shopper
from core.accounts.services import letters, passkeys
from core.accounts.services.passwords import prove
from core.accounts.services.shoppers import get_shopper
from core.hookspecs.events import ShopperErased
from core.kernel import activity, db, events, messages, sessions
from core.kernel.secrets import mail_code
from core.lib import clock

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.hookspecs.site import Site

log = structlog.get_logger(__name__)
GRACE = timedelta(days=14)


def request_erasure(site: Site, shopper: Shopper, *, password: str, address: str, keep: int | None = None) -> None:
    """Let the account be erased in two weeks; ends its sessions but `keep`. Raises WrongPassword, TooMany. Commits."""
    prove(shopper, password, address=address)
    _ask(site, shopper, f"shopper:{shopper.id}", keep)


def erase_for(site: Site, shopper_id: int, *, actor: str) -> Shopper:
    """The same for somebody who asked the shop for it. Raises NotFound. Commits."""
    shopper = get_shopper(site, shopper_id)
    _ask(site, shopper, actor, None)
    return shopper


def _ask(site: Site, shopper: Shopper, actor: str, keep: int | None) -> None:
    with db.transaction():
        shopper.erase_at = clock.now() + GRACE
        shopper.save(only=[Shopper.erase_at])
        sessions.end_sessions(shopper_id=shopper.id, keep=keep)
        letters.send_erasure(site, shopper.email, f"erase:{shopper.id}:{clock.now_us()}", shopper.language)
        activity.record(actor, "shopper.erase_ask", f"shopper:{shopper.id}", site_id=site.id)


def keep_account(site: Site, shopper: Shopper, *, actor: str = "") -> None:
    """Take it back. Commits."""
    with db.transaction():
        shopper.erase_at = None
        shopper.save(only=[Shopper.erase_at])
        who = actor or f"shopper:{shopper.id}"
        activity.record(who, "shopper.erase_stop", f"shopper:{shopper.id}", site_id=site.id)


def due_for_erasure() -> list[tuple[int, int]]:
    """(site, shopper) whose two weeks are over."""
    found = db.rows("SELECT site_id, id FROM shopper WHERE erase_at <= ? ORDER BY erase_at, id", clock.now_us())
    return [(row[0], row[1]) for row in found]


def erase(site_id: int, shopper_id: int, ordered_with: Iterable[str] = ()) -> bool:
    """Part of a verb: nothing that names the person is left in the account. False if it was taken back meanwhile.

    `ordered_with`: other mail addresses of theirs. Records ShopperErased.
    """
    db.require_transaction()
    emails = {db.value("SELECT email FROM shopper WHERE id = ? AND site_id = ?", shopper_id, site_id), *ordered_with}
    gone = f"erased-{shopper_id}@erased.invalid"
    found = db.execute(
        "UPDATE shopper SET email = ?, email_folded = ?, name = '', phone = '', password_hash = NULL,"
        " confirmed_at = NULL, disabled_at = ?, erase_at = NULL, words = ''"
        " WHERE id = ? AND site_id = ? AND erase_at <= ?",
        gone,
        gone,
        clock.now_us(),
        shopper_id,
        site_id,
        clock.now_us(),
    )
    if not found:
        return False
    db.execute("DELETE FROM shopper_address WHERE shopper_id = ? AND site_id = ?", shopper_id, site_id)
    db.execute("DELETE FROM shopper_tag WHERE shopper_id = ? AND site_id = ?", shopper_id, site_id)
    db.execute("DELETE FROM shopper_note WHERE shopper_id = ? AND site_id = ?", shopper_id, site_id)
    ResetToken.delete().where(ResetToken.shopper == shopper_id).execute()
    passkeys.forget(f"shopper:{shopper_id}")
    sessions.end_sessions(shopper_id=shopper_id)
    messages.forget_messages(site_id, emails)
    codes = tuple(sorted({mail_code(site_id, email) for email in emails}))
    events.record(ShopperErased(shopper_id=shopper_id, mail_codes=codes), site_id)
    activity.record("system", "shopper.erase", f"shopper:{shopper_id}", site_id=site_id)
    log.info("account erased", shopper=shopper_id, site=site_id)
    return True
