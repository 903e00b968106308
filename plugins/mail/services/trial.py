"""A letter that tries the settings."""

from __future__ import annotations

from core.api import Message, Refused, Site, gettext, language, uid
from plugins.mail.forms import Settings


class NoServer(Refused):
    """A letter that cannot be tried, because no server is named."""

    code = "no_server"
    default_message = "Name a server first, and save."


def send_trial(site: Site, email: str) -> str:
    """Send a letter to whoever tries the settings, at once; answers what to look for. Network. Raises Broken."""
    settings = Settings.of(site)
    if not settings.host:
        raise NoServer
    from plugins.mail.client import Smtp  # noqa: PLC0415 -- who sends nothing needs no SMTP

    letter = Message(
        key=f"trial:{uid()}",
        kind="trial",
        to=email,
        subject=gettext("A letter from %(site)s", site=site.name),
        text=gettext("This letter came by the mail server that you chose. Shoppers get theirs the same way."),
        language=language(),
    )
    Smtp(settings, site).send(letter)
    return gettext(
        "A letter is on its way to %(email)s. If it does not arrive, look among the unwanted mail.", email=email
    )
