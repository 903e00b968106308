"""The words of the messages about accounts. None holds a name that somebody typed: it could be bait."""

from __future__ import annotations

from core.hookspecs.notify import Message
from core.hookspecs.site import Site
from core.kernel import i18n, outside
from core.kernel.i18n import gettext as _
from core.kernel.messages import enqueue_message

_FORGOTTEN = "storefront.forgot_password"


def _page(site: Site, language: str, endpoint: str) -> str:
    return outside.link(site, endpoint, language=language)


def reset_page(site: Site, language: str, token: str) -> str:
    """Where a shopper chooses a new password."""
    return outside.link(site, "storefront.new_password", language=language, token=token)


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
            link=_page(site, language, "storefront.login"),
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


def send_changed(site: Site, to: str, key: str, language: str, *, logged_out: bool, page: str = _FORGOTTEN) -> None:
    """Tell the owner of an account that its password is another one now; staff have a `page` of their own."""
    with i18n.speaking(language, site.timezone):
        subject = _("Your password for %(shop)s was changed", shop=site.name)
        words = {"shop": site.name, "link": _page(site, language, page)}
        if logged_out:
            text = _(
                "The password of your account at %(shop)s was changed, and all other devices were logged out. "
                "If it was not you, ask for a new password at once:\n\n%(link)s",
                **words,
            )
        else:
            text = _(
                "The password of your account at %(shop)s was changed. "
                "If it was not you, ask for a new password at once:\n\n%(link)s",
                **words,
            )
        _send(site, to, key, language, subject=subject, text=text)


def send_email_link(site: Site, to: str, key: str, language: str, link: str) -> None:
    """Ask whoever reads `to` to confirm that it is the new address of an account."""
    with i18n.speaking(language, site.timezone):
        subject = _("Confirm your new address for %(shop)s", shop=site.name)
        text = _(
            "Open this link within a day, on a device where you are signed in at %(shop)s, to use this address for "
            "your account:\n\n%(link)s\n\nIf you did not ask for it, there is nothing to do.",
            shop=site.name,
            link=link,
        )
        _send(site, to, key, language, subject=subject, text=text)


def send_email_in_use(site: Site, to: str, key: str, language: str) -> None:
    """Tell the owner of an account that another account wanted its address."""
    with i18n.speaking(language, site.timezone):
        subject = _("You have an account at %(shop)s already", shop=site.name)
        text = _(
            "Somebody wanted to use this address for another account at %(shop)s, but it belongs to yours. "
            "Nothing was changed, and there is nothing to do:\n\n%(link)s",
            shop=site.name,
            link=_page(site, language, "storefront.home"),
        )
        _send(site, to, key, language, subject=subject, text=text)


def send_email_asked(site: Site, to: str, key: str, language: str) -> None:
    """Warn the present address before another one takes its place."""
    with i18n.speaking(language, site.timezone):
        subject = _("Another address for your account at %(shop)s", shop=site.name)
        text = _(
            "Somebody who knows your password asked for another e-mail address for your account at %(shop)s. "
            "If it was not you, change your password at once:\n\n%(link)s",
            shop=site.name,
            link=_page(site, language, "storefront.own_password"),
        )
        _send(site, to, key, language, subject=subject, text=text)


def send_email_changed(site: Site, to: str, key: str, language: str) -> None:
    """Tell the old address that it is the account's no longer."""
    with i18n.speaking(language, site.timezone):
        subject = _("Your address for %(shop)s was changed", shop=site.name)
        text = _(
            "Your account at %(shop)s has another e-mail address now, and this one no longer opens it. "
            "If it was not you, write to the shop at once:\n\n%(link)s",
            shop=site.name,
            link=_page(site, language, "storefront.home"),
        )
        _send(site, to, key, language, subject=subject, text=text)


def send_erasure(site: Site, to: str, key: str, language: str) -> None:
    """Tell the owner of an account when it goes, and how to keep it."""
    with i18n.speaking(language, site.timezone):
        subject = _("Your account at %(shop)s will be erased", shop=site.name)
        text = _(
            "You asked us to erase your account at %(shop)s. That is done in 14 days. "
            "If you want to keep it, sign in before then and say so:\n\n%(link)s",
            shop=site.name,
            link=_page(site, language, "storefront.account_data"),
        )
        _send(site, to, key, language, subject=subject, text=text)


# What became of the ways into an account, as the log names it.
SIGN_IN_CHANGES = {
    "factor_on": i18n.lazy("A code is asked for at sign-in from now on."),
    "factor_off": i18n.lazy("No code is asked for at sign-in any more."),
    "passkey_added": i18n.lazy("A passkey was added."),
    "passkey_removed": i18n.lazy("A passkey was removed."),
}


def send_sign_in_changed(site: Site, to: str, key: str, language: str, what: str) -> None:
    """Tell the owner of an account that there is another way into it, or one fewer."""
    with i18n.speaking(language, site.timezone):
        subject = _("How you sign in at %(shop)s was changed", shop=site.name)
        text = _(
            "%(what)s It is about your account at %(shop)s. "
            "If it was not you, ask for a new password at once:\n\n%(link)s",
            what=SIGN_IN_CHANGES[what],
            shop=site.name,
            link=_page(site, language, _FORGOTTEN),
        )
        _send(site, to, key, language, subject=subject, text=text)
