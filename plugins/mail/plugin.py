"""Mail: carries the shop's messages by SMTP, and tells shoppers what happens to their order."""

from __future__ import annotations

from collections.abc import Sequence

from core.api import Channel, Delivery, Permission, Plugin, Site, hookimpl
from plugins.mail.forms import Settings
from plugins.mail.services import send_trial, tell_shopper
from plugins.mail.views import RESEND, SECTION, panel

PLUGIN = Plugin(
    name="mail",
    version="1.0.0",
    title="Mail",
    summary="Sends order mails and every other message of the shop through your mail server.",
    category="channel",
    author="Stoa contributors",
    verbs={
        "again": "sent a mail about order %(title)s again",
    },
    settings=Settings,
    test=send_trial,
    panel=panel,
    panel_sections=(SECTION,),
    permissions=(Permission(code=RESEND, title="Send mails of orders again"),),
    reads=("orders",),
)


@hookimpl
def notify_channels(site: Site) -> Sequence[Channel]:
    """One channel, once a server is named."""
    settings = Settings.of(site)
    if not settings.host:
        return []
    from plugins.mail.client import Smtp  # noqa: PLC0415 -- who sends nothing needs no SMTP

    return [Smtp(settings, site)]


@hookimpl
def notify_event(site: Site, delivery: Delivery) -> None:
    """Something happened to an order or a return: its shopper gets a mail."""
    tell_shopper(site, delivery.event, delivery.seq)
