"""What the merchant says about the mail server."""

from __future__ import annotations

from typing import Literal

from core.api import Secret, lazy, setting
from core.api import Settings as BaseSettings


class Settings(BaseSettings):
    """One SMTP account per site, or one for all."""

    host: str = setting("", label=lazy("Mail server"), help=lazy("Its name, such as smtp.example.com."))
    port: int = setting(587, label=lazy("Port"), minimum=1, maximum=65535)
    security: Literal["starttls", "tls", "none"] = setting(
        "starttls",
        label=lazy("Encryption"),
        choices=(
            ("starttls", lazy("STARTTLS (port 587)")),
            ("tls", lazy("TLS (port 465)")),
            ("none", lazy("None (only on this machine)")),
        ),
    )
    user: str = setting("", label=lazy("User name"))
    password: Secret = setting("", label=lazy("Password"))
    sender: str = setting("", label=lazy("Sender address"), help=lazy("Empty: the shop's own address."))
    reply_to: str = setting("", label=lazy("Replies go to"))
