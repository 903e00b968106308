"""Links that are sent to an address: random, single use, short-lived, each for one purpose of one account."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from core.accounts.models import ResetToken, Shopper, Staff
from core.kernel import db, jobs
from core.lib import clock, ids
from core.lib.errors import Refused

TOKEN = "TOKEN"  # noqa: S105 -- the place of the token in the address that a view hands over
REGISTER, RESET, EMAIL = "register", "reset", "email"
LIFE = {REGISTER: timedelta(days=1), RESET: timedelta(hours=1), EMAIL: timedelta(days=1)}


class LinkOver(Refused):
    """The link was used, is too old, or never was: which of them is nobody's business."""

    status = 410
    code = "link_over"
    default_message = "This link has been used or is too old. Ask for a new one."


def issue(
    purpose: str,
    *,
    site_id: int | None = None,
    shopper: Shopper | None = None,
    staff: Staff | None = None,
    data: Mapping[str, Any] | None = None,
) -> str:
    """Store a new link inside the verb's transaction; answers its token, which is kept nowhere."""
    db.require_transaction()
    token = ids.token()
    ResetToken.create(
        digest=ids.digest(token),
        purpose=purpose,
        site_id=site_id,
        shopper=shopper,
        staff=staff,
        data=dict(data or {}),
        expires_at=clock.now() + LIFE[purpose],
    )
    return token


def find(purpose: str, token: str, site_id: int | None) -> ResetToken:
    """The living link of this purpose on this site, without using it. Raises LinkOver."""
    found: ResetToken | None = ResetToken.get_or_none(
        ResetToken.digest == ids.digest(token),
        ResetToken.purpose == purpose,
        ResetToken.site_id.is_null() if site_id is None else ResetToken.site_id == site_id,
        ResetToken.used_at.is_null(),
        ResetToken.expires_at > clock.now(),
    )
    if found is None:
        raise LinkOver
    return found


def use(link: ResetToken) -> None:
    """Use the link up, inside the verb's transaction; of two at once one gets LinkOver."""
    if not db.execute("UPDATE reset_token SET used_at = ? WHERE id = ? AND used_at IS NULL", clock.now_us(), link.id):
        raise LinkOver


def use_all(account: Shopper | Staff) -> None:
    """Part of a verb: every link that was sent to this person is over."""
    db.require_transaction()
    owner = "staff_id" if isinstance(account, Staff) else "shopper_id"
    db.execute(f"UPDATE reset_token SET used_at = ? WHERE {owner} = ? AND used_at IS NULL", clock.now_us(), account.id)


@jobs.job("accounts.forget_links", every=timedelta(hours=6))
def _forget(running: jobs.Running) -> None:
    """Links that are over leave the table, with what they held."""
    del running
    with db.transaction():
        db.execute("DELETE FROM reset_token WHERE expires_at < ? OR used_at IS NOT NULL", clock.now_us())
