"""Trying all endpoints at once, for the page of the settings."""

from __future__ import annotations

from core.api import Refused, Site
from core.api import gettext as _
from plugins.webhooks.services.reading import listed
from plugins.webhooks.services.replaying import send_test
from plugins.webhooks.services.sending import send_now


class NoEndpoint(Refused):
    """Nobody to send a test to."""

    code = "no_endpoint"
    default_message = "There is no endpoint yet. Add one under Webhooks."


class Silent(Refused):
    """Endpoints that did not take a test event."""

    code = "silent"
    default_message = "Not taken by: %(addresses)s. Under Webhooks stands what they answered."


def try_endpoints(site: Site, actor: str, pause_after: int) -> str:
    """Send a test event to every endpoint, one after the other. Network. Raises NoEndpoint, Silent."""
    endpoints = [row.endpoint for row in listed(site)]
    if not endpoints:
        raise NoEndpoint
    silent = []
    for endpoint in endpoints:
        outcome = send_now(site, send_test(site, endpoint.id, actor=actor), pause_after)
        if outcome is not None and not outcome.is_good:
            silent.append(endpoint.url)
    if silent:
        raise Silent(addresses=", ".join(silent))
    return _("Every endpoint took a test event.")
