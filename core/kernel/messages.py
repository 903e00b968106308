"""Messages to people.

Stored as a job in the verb's transaction, carried by the first channel of the site afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

import structlog
from msgspec.structs import asdict, replace

from core.hookspecs.notify import Attachment, Message
from core.hookspecs.site import Site
from core.kernel import db, jobs
from core.kernel.jobs import RUNNING
from core.kernel.sites import SiteState, state_of
from core.lib.errors import Broken

log = structlog.get_logger(__name__)

# Mail servers commonly take ten megabytes, of which the encoding needs a third.
_MOST_BYTES = 6_000_000
SEND = "messages.send"


def sends_messages(state: SiteState) -> bool:
    """Whether a plugin carries messages to people; where none does, nobody may be promised one."""
    return bool(state.hooks.answering("notify_channels"))


def enqueue_message(site: Site, message: Message) -> None:
    """Send `message` once after the present transaction commits; the same key is sent once, whoever asks how often.

    Whoever asked to be erased has no address any more: nothing is sent.
    """
    db.require_transaction()
    if not message.to:
        return
    payload = {name: told for name, told in asdict(message).items() if name != "attachments"}
    jobs.enqueue(SEND, payload, site_id=site.id, key=f"message:{site.id}:{message.key}")


def forget_messages(site_id: int, emails: Iterable[str]) -> None:
    """Part of a verb: mails to these addresses that are done, given up or still to go are kept no longer."""
    db.require_transaction()
    for wanted in {email.strip().lower() for email in emails}:
        # Safe as a pattern: what it finds too much is compared below.
        for job_id, payload in db.rows(
            "SELECT id, payload FROM job WHERE name = ? AND site_id = ? AND state <> ? AND LOWER(payload) LIKE ?",
            SEND, site_id, RUNNING, f"%{wanted}%",
        ):  # fmt: skip
            if json.loads(payload)["to"].strip().lower() == wanted:
                db.execute("DELETE FROM job WHERE id = ? AND state <> ?", job_id, RUNNING)


@jobs.job(SEND)
def _send(running: jobs.Running) -> None:
    """Hand the message to the site's first channel; without one it is dropped, which the log tells."""
    assert running.site_id is not None
    state = state_of(running.site_id)
    message = Message(**running.payload)
    channels = state.hooks.each("notify_channels", site=state.site)
    for _, offered in channels:
        for channel in offered:
            channel.send(_with_attachments(state, message))
            return
    if sends_messages(state):
        raise Broken("No channel of this site can carry messages now.")
    log.warning("no channel for messages on this site", site=state.site.key, kind=message.kind)


def _with_attachments(state: SiteState, message: Message) -> Message:
    """The message with the files that plugins give it, as many as a mail carries."""
    found, left = list[Attachment](), _MOST_BYTES
    for one in state.hooks.notify_attachments(site=state.site, message=message):
        if len(one.content) > left:
            log.warning("a file is too large to go along", site=state.site.key, kind=message.kind, name=one.name)
            continue
        found.append(one)
        left -= len(one.content)
    return replace(message, attachments=tuple(found))


def inline_css(html: str) -> str:
    """The HTML of a letter with its styles written into its elements, as mail programs want it."""
    import css_inline  # noqa: PLC0415 -- letters are written by jobs, pages are not

    return css_inline.inline(html)
