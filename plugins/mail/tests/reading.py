"""What a mail says to whoever reads it."""

from __future__ import annotations

import re
from email.message import EmailMessage


def body(mail: EmailMessage, kind: str = "plain") -> str:
    """The text or the HTML of a mail; without the marks around names that keep their direction, which nobody sees."""
    part = mail.get_body((kind,))
    assert part is not None
    return re.sub(r'<span dir="auto">(.*?)</span>', r"\1", part.get_content())
