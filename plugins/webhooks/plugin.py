"""Webhooks: tells addresses of the merchant what happens in the shop, signed, and again until they have heard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.api import Delivery, MenuEntry, Permission, Plugin, Site, hookimpl
from plugins.webhooks import services
from plugins.webhooks.forms import Webhooks
from plugins.webhooks.models import TABLES
from plugins.webhooks.services.operations import OPERATIONS, SCOPES
from plugins.webhooks.views import panel


def send(payload: Mapping[str, Any], site: Site) -> None:
    """Send what is due on a site."""
    del payload
    services.send_due(site, Webhooks.of(site).pause_after)


def forget(payload: Mapping[str, Any], site: Site) -> None:
    """Delete what is older than the log is kept."""
    del payload
    services.forget_old(site, Webhooks.of(site).keep_days)


def try_all(site: Site, email: str) -> str:
    """Send a test event to every endpoint."""
    return services.try_endpoints(site, f"test:{email}", Webhooks.of(site).pause_after)


PLUGIN = Plugin(
    name="webhooks",
    version="1.0.0",
    title="Webhooks",
    summary="Tells your own systems of orders, payments, stock and products as they happen, signed and with retries.",
    category="channel",
    author="Stoa contributors",
    verbs={
        "added": "added the webhook %(title)s",
        "edited": "changed the webhook %(title)s",
        "secret_made": "gave the webhook %(title)s a new secret",
        "secret_ended": "ended the old secret of the webhook %(title)s",
        "paused": "paused the webhook %(title)s",
        "resumed": "let the webhook %(title)s go on",
        "deleted": "deleted the webhook %(title)s",
        "restored": "brought the webhook %(title)s back",
        "sent_again": "sent events of the webhook %(title)s again",
        "tested": "tried the webhook %(title)s",
    },
    settings=Webhooks,
    test=try_all,
    models=TABLES,
    panel=panel,
    panel_menu=(MenuEntry(title="Webhooks", endpoint="show", icon="link", permission="webhooks.edit"),),
    permissions=(Permission(code="webhooks.edit", title="Edit webhooks and read what was sent"),),
    operations=OPERATIONS,
    scopes=SCOPES,
    jobs={"send": send, "sweep": send, "forget": forget},
    # The sweep finds what a killed worker, or a plugin that was off, left behind.
    every={"sweep": 120, "forget": 86_400},
)


@hookimpl
def notify_event(site: Site, delivery: Delivery) -> None:
    """Keep the event for every endpoint that hears of it; a job sends it."""
    services.keep_event(site, delivery)
