"""Fake gateway: a pay page on another origin, for trying out every way a payment can go. Never real money."""

from __future__ import annotations

from collections.abc import Sequence

from core.api import Csp, Gateway, Plugin, Site, hookimpl
from plugins.fake_gateway.forms import Settings
from plugins.fake_gateway.server.command import serve
from plugins.fake_gateway.services import gateway_of, try_connection

PLUGIN = Plugin(
    name="fake_gateway",
    version="1.0.0",
    title="Test gateway (no real money)",
    summary="A pay page on a server of its own: try out success, decline, silence, late and doubled notices.",
    category="payment",
    author="Stoa contributors",
    settings=Settings,
    test=try_connection,
    csp=Csp(form_action=lambda settings: (settings.origin,) if settings.origin else ()),
    commands={"serve": serve},
)


@hookimpl
def payment_gateways(site: Site) -> Sequence[Gateway]:
    """The test gateway, in the mode that the settings name, once they name a server."""
    settings = Settings.of(site)
    return [gateway_of(settings)] if settings.origin else []
