"""The words of the messages about accounts. None holds a name that somebody typed: it could be bait."""

from __future__ import annotations

from core.hookspecs.notify import Message
from core.hookspecs.site import Site
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.messages import enqueue_message


def _send(site: Site, to: str, key: str, language: str, *, subject: str, text: str) -> None:
    message = Message(key=key, kind="account", to=to, subject=subject, text=text, language=language)
    enqueue_message(site, message)


def send_confirmation(site: Site, to: str, key: str, language: str, link: str) -> None:
    """Ask whoever reads `to` to finish the account they began."""
    with i18n.speaking(language, site.timezone):
        subject = _("Finish your account at %(shop)s", shop=site.name)
        text = _(
            "Somebody began an account at %(shop)s with this address. If it was you, open this link within a day and "
            "enter the password you chose:\n\n%(link)s\n\nIf it was not you, there is nothing to do.",
            shop=site.name,
            link=link,
        )
        _send(site, to, key, language, subject=subject, text=text)


def send_known(site: Site, to: str, key: str, language: str) -> None:
    """Tell the owner of an account that somebody tried to make it again."""
    with i18n.speaking(language, site.timezone):
        subject = _("You have an account at %(shop)s already", shop=site.name)
        text = _(
            "Somebody tried to make an account at %(shop)s with this address, but you have one already. If it was you, "
            "log in as usual, or ask for a new password there:\n\n%(link)s\n\n"
            "If it was not you, there is nothing to do.",
            shop=site.name,
            link=site.origin,
        )
        _send(site, to, key, language, subject=subject, text=text)


def send_reset(site: Site, to: str, key: str, language: str, link: str) -> None:
    """Send the link under which a new password can be chosen."""
    with i18n.speaking(language, site.timezone):
        subject = _("A new password for %(shop)s", shop=site.name)
        text = _(
            "Open this link within an hour to choose a new password for %(shop)s:\n\n%(link)s\n\n"
            "If you did not ask for it, there is nothing to do: your password stays as it is.",
            shop=site.name,
            link=link,
        )
        _send(site, to, key, language, subject=subject, text=text)


def send_changed(site: Site, to: str, key: str, language: str) -> None:
    """Tell the owner of an account that its password is another one now."""
    with i18n.speaking(language, site.timezone):
        subject = _("Your password for %(shop)s was changed", shop=site.name)
        text = _(
            "The password of your account at %(shop)s was changed, and all other devices were logged out. "
            "If it was not you, ask for a new password at once:\n\n%(link)s",
            shop=site.name,
            link=site.origin,
        )
        _send(site, to, key, language, subject=subject, text=text)
