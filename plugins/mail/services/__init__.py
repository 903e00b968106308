"""The mails of orders, and those that stay on this machine."""

from __future__ import annotations

from plugins.mail.services.mailbox import Mailbox, forget, kept_mail, list_mails, stays_here
from plugins.mail.services.resending import mails_of, mails_of_cases, send_again
from plugins.mail.services.trial import send_trial
from plugins.mail.services.triggers import HEARD, tell_shopper

__all__ = [
    "HEARD",
    "Mailbox",
    "forget",
    "kept_mail",
    "list_mails",
    "mails_of",
    "mails_of_cases",
    "send_again",
    "send_trial",
    "stays_here",
    "tell_shopper",
]
