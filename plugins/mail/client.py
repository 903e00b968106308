"""Speaks SMTP.

A server that is away or busy is Broken (tried again); an address it refuses for good is Broken for good.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from email.headerregistry import Address as MailAddress
from email.headerregistry import BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from functools import cache
from typing import ClassVar
from urllib.parse import quote

from core.api import Broken, Channel, Message, Site, digest, lazy
from plugins.mail.forms import Settings

_TIMEOUT_S = 20
_FILE_NAME = re.compile(r"[^\w.() -]")
_ON_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})


@cache
def _trust() -> ssl.SSLContext:
    """Whom this machine believes: reading that takes longer than sending a mail."""
    return ssl.create_default_context()


class _OneLine(UnstructuredHeader, BaseHeader):
    """A header that is never folded: a long address would be encoded as words, which no mail program follows."""

    def fold(self, *, policy: Policy) -> str:
        return super().fold(policy=policy.clone(max_line_length=None))


_HEADERS = HeaderRegistry()
_HEADERS.map_to_type("List-Unsubscribe", _OneLine)
_POLICY = SMTP.clone(header_factory=_HEADERS)
# What has a meaning in an address, without what has one in the header.
_KEPT_IN_URL = ":/?#[]@!$&*+;=%"


class Smtp(Channel):
    """The mail account of one site."""

    code: ClassVar[str] = "mail"
    title = lazy("Mail")

    def __init__(self, settings: Settings, site: Site) -> None:
        self._settings, self._site = settings, site

    def send(self, message: Message) -> str:
        """Hand the message to the server and answer its Message-ID, which the same message always has.

        Raises Broken: for good where the server refuses the address, else to be tried again.
        """
        mail = self._mail(message)
        try:
            with self._connected() as server:
                server.send_message(mail)
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            raise Broken("The mail server refuses the address.", permanent=all(c >= 500 for c in codes)) from error
        except smtplib.SMTPResponseException as error:
            raise Broken(
                f"The mail server answered {error.smtp_code}.", permanent=error.smtp_code in {552, 554}
            ) from error
        except (OSError, smtplib.SMTPException) as error:
            raise Broken("The mail server does not answer.") from error
        return str(mail["Message-ID"])

    def _connected(self) -> smtplib.SMTP:
        chosen = self._settings
        server: smtplib.SMTP
        if chosen.security == "tls":
            server = smtplib.SMTP_SSL(chosen.host, chosen.port, timeout=_TIMEOUT_S, context=_trust())
        else:
            server = smtplib.SMTP(chosen.host, chosen.port, timeout=_TIMEOUT_S)
        try:
            self._enter(server)
        except Exception:
            server.close()
            raise
        return server

    def _enter(self, server: smtplib.SMTP) -> None:
        """Encrypt and log in, as the settings want it."""
        chosen = self._settings
        if chosen.security == "starttls":
            server.starttls(context=_trust())
        if chosen.user:
            if chosen.security == "none" and chosen.host not in _ON_THIS_MACHINE:
                raise Broken("A password is not sent without encryption.", permanent=True)
            server.login(chosen.user, chosen.password)

    def _mail(self, message: Message) -> EmailMessage:
        """The message with text, HTML and what goes along.

        A line break in a header raises, so nobody adds headers by a name or subject.
        """
        mail = EmailMessage(policy=_POLICY)
        sender = self._settings.sender or self._site.email or f"shop@{self._site.host}"
        try:
            mail["From"] = MailAddress(self._site.name, addr_spec=sender)
            mail["To"] = MailAddress(addr_spec=message.to)
            mail["Subject"] = " ".join(message.subject.splitlines())
            if self._settings.reply_to:
                mail["Reply-To"] = MailAddress(addr_spec=self._settings.reply_to)
        except ValueError as error:
            raise Broken("This is no mail address.", permanent=True) from error
        mail["Message-ID"] = f"<{digest(f'{self._site.key}:{message.key}')[:40]}@{self._site.host}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail["Content-Language"] = message.language
        if message.unsubscribe_url:
            mail["List-Unsubscribe"] = f"<{quote(message.unsubscribe_url, safe=_KEPT_IN_URL)}>"
            if message.unsubscribe_url.startswith("https://"):  # RFC 8058 knows one click over HTTPS alone.
                mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        mail.set_content(message.text)
        if message.html:
            mail.add_alternative(message.html, subtype="html")
        for one in message.attachments:
            kind, _slash, sort = one.mime.partition("/")
            mail.add_attachment(one.content, maintype=kind, subtype=sort, filename=_FILE_NAME.sub("_", one.name))
        return mail
