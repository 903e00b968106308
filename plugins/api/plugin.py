"""API: products, carts, the checkout and orders over HTTP and JSON, for programs that hold a key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.api import MenuEntry, Permission, Plugin, Site
from plugins.api.forms import Api
from plugins.api.models import TABLES
from plugins.api.services import keys, once
from plugins.api.views import panel, shop


def keep(payload: Mapping[str, Any], site: Site) -> None:
    """Write when keys were last used."""
    del payload, site
    keys.flush_uses()


def forget(payload: Mapping[str, Any], site: Site) -> None:
    """Forget old Idempotency-Keys."""
    del payload
    once.forget_old(site)


PLUGIN = Plugin(
    name="api",
    version="1.0.0",
    title="API",
    summary="Products, carts, the checkout and orders for your own programs and apps, over HTTP and JSON.",
    category="channel",
    author="Stoa contributors",
    verbs={
        "key_added": "made the API key %(title)s",
        "key_revoked": "revoked the API key %(title)s",
    },
    settings=Api,
    models=TABLES,
    shop=shop,
    panel=panel,
    panel_menu=(MenuEntry(title="API keys", endpoint="show", icon="key", permission="api.edit"),),
    permissions=(Permission(code="api.edit", title="Make and revoke API keys"),),
    jobs={"keep": keep, "forget": forget},
    every={"keep": 60, "forget": 86_400},
)
