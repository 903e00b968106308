"""Messages to people.

Stored as a job in the verb's transaction, carried by the first channel of the site afterwards.
"""

from __future__ import annotations

from dataclasses import asdict

import structlog

from core.hookspecs.notify import Message
from core.hookspecs.site import Site
from core.kernel import db, jobs
from core.kernel.sites import state_of
from core.lib.errors import Broken

log = structlog.get_logger(__name__)


def enqueue_message(site: Site, message: Message) -> None:
    """Send `message` once after the present transaction commits; the same key is sent once, whoever asks how often.

    Whoever asked to be erased has no address any more: nothing is sent.
    """
    db.require_transaction()
    if not message.to:
        return
    jobs.enqueue("messages.send", asdict(message), site_id=site.id, key=f"message:{site.id}:{message.key}")


@jobs.job("messages.send")
def _send(running: jobs.Running) -> None:
    """Hand the message to the site's first channel; without one it is dropped, which the log tells."""
    assert running.site_id is not None
    state = state_of(running.site_id)
    message = Message(**running.payload)
    channels = state.hooks.each("notify_channels", site=state.site)
    for _, offered in channels:
        for channel in offered:
            channel.send(message)
            return
    if state.hooks.answering("notify_channels"):
        raise Broken("No channel of this site can carry messages now.")
    log.warning("no channel for messages on this site", site=state.site.key, kind=message.kind)


def inline_css(html: str) -> str:
    """The HTML of a letter with its styles written into its elements, as mail programs want it."""
    import css_inline  # noqa: PLC0415 -- letters are written by jobs, pages are not

    return css_inline.inline(html)
