"""Mail: carries the shop's messages by SMTP, and tells shoppers what happens to their order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from core.api import (
    Channel,
    Delivery,
    GuestErased,
    MenuEntry,
    Permission,
    Plugin,
    ShopperErased,
    Site,
    hookimpl,
    now,
)
from plugins.mail.forms import Settings
from plugins.mail.models import TABLES
from plugins.mail.services import HEARD, Mailbox, forget, send_trial, stays_here, tell_shopper
from plugins.mail.views import READ, RESEND, SECTION, panel

# News that is older than the tries of a mail would only puzzle its reader: it comes from a replay, or from the demo.
_NEWS = timedelta(days=3)

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
    models=TABLES,
    test=send_trial,
    panel=panel,
    panel_sections=(SECTION,),
    panel_menu=(MenuEntry(title="Mailbox", endpoint="mailbox", icon="mail", permission=READ, where=stays_here),),
    permissions=(
        Permission(code=RESEND, title="Send mails of orders again"),
        Permission(code=READ, title="Read the mails that stay on this machine"),
    ),
    reads=("orders",),
    hears=(*HEARD, ShopperErased, GuestErased),
)


@hookimpl
def notify_channels(site: Site) -> Sequence[Channel]:
    """One channel, once a server is named; a shop on this machine alone keeps its mails until then."""
    settings = Settings.of(site)
    if not settings.host:
        return [Mailbox(site)] if stays_here(site) else []
    from plugins.mail.client import Smtp  # noqa: PLC0415 -- who sends nothing needs no SMTP

    return [Smtp(settings, site)]


@hookimpl
def notify_event(site: Site, delivery: Delivery) -> None:
    """Something happened to an order or a return: its shopper gets a mail. Whoever is erased is in no kept one."""
    if isinstance(delivery.event, ShopperErased | GuestErased):
        forget(site, delivery.event.mail_codes, delivery.at)
    elif delivery.at > now() - _NEWS:
        tell_shopper(site, delivery.event, delivery.seq)
