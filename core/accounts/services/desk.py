"""What staff do for shoppers: notes, tags, a link for a new password, the end of their sessions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from core.accounts.services import letters, links
from core.accounts.services.shoppers import get_shopper
from core.kernel import activity, db, sessions
from core.kernel.messages import sends_messages
from core.kernel.repeats import claim
from core.kernel.sites import state_of
from core.lib import clock
from core.lib.errors import NotFound, Refused
from core.lib.text import normal_tag

if TYPE_CHECKING:
    from core.hookspecs.site import Site

LONGEST_NOTE, MOST_TAGS = 2_000, 20


class Note(Struct, frozen=True, kw_only=True):
    """What somebody of the staff keeps in mind of a shopper."""

    id: int
    at: datetime
    actor: str
    text: str


class NothingWritten(Refused):
    """A note or tag without a word."""

    status = 422
    code = "nothing_written"
    default_message = "Nothing was written."


class TooManyTags(Refused):
    """An account wears a handful of tags."""

    code = "too_many_tags"
    default_message = "An account wears at most %(count)s tags."


class NoWayToWrite(Refused):
    """Links go by mail alone: nobody of the staff sees them."""

    code = "no_channel"
    default_message = "This shop cannot send mails at the moment."


# -- notes and tags ----------------------------------------------------------------------------------------------------


def write_note(site: Site, shopper_id: int, text: str, *, actor: str, key: str = "") -> int:
    """Keep a note. Raises NotFound, NothingWritten, DoneBefore. Commits."""
    words = text.replace("\0", "").strip()[:LONGEST_NOTE]
    if not words:
        raise NothingWritten
    with db.transaction():
        claim(key)
        get_shopper(site, shopper_id)
        made = db.value(
            "INSERT INTO shopper_note (site_id, shopper_id, at, actor, text) VALUES (?, ?, ?, ?, ?) RETURNING id",
            site.id, shopper_id, clock.now_us(), actor, words,
        )  # fmt: skip
        # The words stay with the account, and go with it; the log tells that there were some.
        activity.record(actor, "shopper.note", f"shopper:{shopper_id}", site_id=site.id)
    return int(made)


def drop_note(site: Site, shopper_id: int, note_id: int, *, actor: str) -> str:
    """Take a note away; answers its words. Raises NotFound. Commits."""
    with db.transaction():
        text = db.value(
            "DELETE FROM shopper_note WHERE id = ? AND shopper_id = ? AND site_id = ? RETURNING text",
            note_id, shopper_id, site.id,
        )  # fmt: skip
        if text is None:
            raise NotFound
        activity.record(actor, "shopper.note_gone", f"shopper:{shopper_id}", site_id=site.id)
    return str(text)


def notes_of(site: Site, shopper_id: int) -> list[Note]:
    """The newest first."""
    return [
        Note(id=row[0], at=clock.instant(row[1]), actor=row[2], text=row[3])
        for row in db.rows(
            "SELECT id, at, actor, text FROM shopper_note WHERE shopper_id = ? AND site_id = ? ORDER BY id DESC",
            shopper_id, site.id,
        )
    ]  # fmt: skip


def tag_shopper(site: Site, shopper_id: int, tag: str, *, actor: str) -> bool:
    """Put a tag on an account; whether it is new there. Raises NotFound, NothingWritten, TooManyTags. Commits."""
    word = normal_tag(tag)
    if not word:
        raise NothingWritten
    with db.transaction():
        _lock(site, shopper_id)
        worn = db.value("SELECT COUNT(*) FROM shopper_tag WHERE shopper_id = ?", shopper_id)
        if int(worn) >= MOST_TAGS:
            raise TooManyTags(count=MOST_TAGS)
        is_new = db.execute(
            "INSERT INTO shopper_tag (site_id, shopper_id, tag) VALUES (?, ?, ?)"
            " ON CONFLICT (shopper_id, tag) DO NOTHING",
            site.id, shopper_id, word,
        )  # fmt: skip
        if is_new:
            activity.record(actor, "shopper.tag", f"shopper:{shopper_id}", after={"tag": word}, site_id=site.id)
    return bool(is_new)


def untag_shopper(site: Site, shopper_id: int, tag: str, *, actor: str) -> bool:
    """Take a tag off; whether it was there. Raises NotFound. Commits."""
    word = normal_tag(tag)
    with db.transaction():
        _lock(site, shopper_id)
        gone = db.execute(
            "DELETE FROM shopper_tag WHERE site_id = ? AND shopper_id = ? AND tag = ?", site.id, shopper_id, word
        )
        if gone:
            activity.record(actor, "shopper.untag", f"shopper:{shopper_id}", before={"tag": word}, site_id=site.id)
    return bool(gone)


def _lock(site: Site, shopper_id: int) -> None:
    """Two people at one account count its tags one after the other. Raises NotFound."""
    if not db.execute("UPDATE shopper SET words = words WHERE id = ? AND site_id = ?", shopper_id, site.id):
        raise NotFound


def tags_of(shopper_ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """The tags of these accounts. One statement."""
    found: dict[int, tuple[str, ...]] = {}
    for shopper_id, tag in db.rows(
        f"SELECT shopper_id, tag FROM shopper_tag WHERE shopper_id IN ({db.marks(shopper_ids)}) ORDER BY tag",
        *shopper_ids,
    ):
        found[shopper_id] = (*found.get(shopper_id, ()), tag)
    return found


def known_tags(site: Site) -> list[str]:
    """The words in use on this site."""
    found = db.rows("SELECT DISTINCT tag FROM shopper_tag WHERE site_id = ? ORDER BY tag LIMIT 200", site.id)
    return [row[0] for row in found]


# -- getting in --------------------------------------------------------------------------------------------------------


def send_reset(site: Site, shopper_id: int, *, actor: str, key: str = "") -> None:
    """Mail the owner a link for a new password. Commits.

    Raises NotFound, NoWayToWrite, DoneBefore.
    """
    if not sends_messages(state_of(site.id)):
        raise NoWayToWrite
    with db.transaction():
        claim(key)
        shopper = get_shopper(site, shopper_id)
        if shopper.disabled_at is not None:
            raise NotFound
        token = links.issue(links.RESET, shopper=shopper)
        name = f"reset:{shopper_id}:{clock.now_us()}"
        language = shopper.language
        letters.send_reset(site, shopper.email, name, language, letters.reset_page(site, language, token))
        activity.record(actor, "shopper.reset_sent", f"shopper:{shopper_id}", site_id=site.id)


def sign_out(site: Site, shopper_id: int, *, actor: str) -> int:
    """End every session of an account; answers how many. Raises NotFound. Commits."""
    with db.transaction():
        get_shopper(site, shopper_id)
        ended = sessions.end_sessions(shopper_id=shopper_id)
        activity.record(actor, "shopper.signed_out", f"shopper:{shopper_id}", after={"ended": ended}, site_id=site.id)
    return ended
