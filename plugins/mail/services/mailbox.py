"""The mailbox: where mails go in a shop that only this machine can reach, and that names no mail server."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, ClassVar

from core.api import Channel, Message, NotFound, Site, execute, is_loopback, lazy, mail_code, micros, now, transaction
from plugins.mail.models import Kept

PAGE = 50
# Newer ones push older ones out, so that nobody has to empty it.
MOST = 200
_SUBJECT = 400


def stays_here(site: Site) -> bool:
    """Whether the shop is one on this machine alone: no browser elsewhere ever asks for `*.localhost`."""
    return is_loopback(site.host)


class Mailbox(Channel):
    """Keeps what is sent, for whoever tries the shop out; nobody is written to."""

    code: ClassVar[str] = "mailbox"
    reaches_people: ClassVar[bool] = False
    title = lazy("Mailbox")

    def __init__(self, site: Site) -> None:
        self._site = site

    def send(self, message: Message) -> str:
        """Keep the message, once; the oldest beyond MOST go. Commits."""
        kept = (
            self._site.id, message.key[:200], message.kind[:60], message.to[:200],
            " ".join(message.subject.splitlines())[:_SUBJECT], message.text, message.html,
            ", ".join(one.name for one in message.attachments), message.language, micros(now()),
        )  # fmt: skip
        with transaction():
            execute(
                "INSERT INTO mail_kept (site_id, key, kind, address, subject, text, html, attached, language, at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (site_id, key) DO NOTHING",
                *kept,
            )
            execute(
                "DELETE FROM mail_kept WHERE site_id = ? AND id <= (SELECT id FROM mail_kept WHERE site_id = ?"
                " ORDER BY id DESC LIMIT 1 OFFSET ?)",
                self._site.id, self._site.id, MOST,
            )  # fmt: skip
        return message.key


def list_mails(site: Site, text: str = "", before: int | None = None, limit: int = PAGE) -> list[Any]:
    """The kept mails, newest first, a page at a time; `text` is a piece of the address or subject. One statement."""
    found = Kept.for_site(site).select(Kept.id, Kept.kind, Kept.address, Kept.subject, Kept.at)
    if text:
        found = found.where(Kept.address.contains(text) | Kept.subject.contains(text))
    if before is not None:
        found = found.where(Kept.id < before)
    return list(found.order_by(Kept.id.desc()).limit(limit))


def kept_mail(site: Site, mail_id: int) -> Kept:
    """One of them. Raises NotFound."""
    found: Kept | None = Kept.for_site(site).where(Kept.id == mail_id).first()
    if found is None:
        raise NotFound
    return found


def forget(site: Site, codes: Collection[str], at: datetime) -> None:
    """Drop the mails until `at` to the addresses with these codes. Commits."""
    found = Kept.for_site(site).select(Kept.id, Kept.address).where(Kept.at <= at)
    theirs = [mail.id for mail in found if mail_code(site.id, mail.address) in codes]
    with transaction():
        for mail_id in theirs:
            execute("DELETE FROM mail_kept WHERE id = ? AND site_id = ?", mail_id, site.id)
