"""The verbs of webhooks. Each module below is one noun or use case."""

from __future__ import annotations

from plugins.webhooks.models.kinds import KINDS, title_of
from plugins.webhooks.services.endpoints import (
    delete_endpoint,
    drop_old_secrets,
    find_endpoint,
    pause_endpoint,
    restore_endpoint,
    resume_endpoint,
    rotate_secret,
    save_endpoint,
    secrets_of,
)
from plugins.webhooks.services.events import forget_old, keep_event
from plugins.webhooks.services.reading import (
    Filters,
    attempts_of,
    deliveries,
    find_delivery,
    latest_of,
    listed,
)
from plugins.webhooks.services.replaying import replay, replay_since, send_test
from plugins.webhooks.services.sending import LADDER, send_due, send_now
from plugins.webhooks.services.trying import try_endpoints

__all__ = [
    "KINDS",
    "LADDER",
    "Filters",
    "attempts_of",
    "delete_endpoint",
    "deliveries",
    "drop_old_secrets",
    "find_delivery",
    "find_endpoint",
    "forget_old",
    "keep_event",
    "latest_of",
    "listed",
    "pause_endpoint",
    "replay",
    "replay_since",
    "restore_endpoint",
    "resume_endpoint",
    "rotate_secret",
    "save_endpoint",
    "secrets_of",
    "send_due",
    "send_now",
    "send_test",
    "title_of",
    "try_endpoints",
]
