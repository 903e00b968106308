"""The instance's key: what plugins must keep secret is encrypted with it, and what it opened never reaches a log.

`instance/secret.key` (readable by its owner alone) holds one Fernet key per line, the newest first: it encrypts, all
open. Losing the file loses the secrets; a backup names the key it needs, and includes it where that is asked for.
"""

from __future__ import annotations

import base64
import hmac
import json
import logging
import os
import re
import sys
import threading
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from core.kernel import db
from core.kernel.installation import installation
from core.lib.errors import Broken
from core.lib.text import fold

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

FILE = "secret.key"
_MARK = "$secret"
_HIDDEN = "[hidden]"
_SHORTEST_KNOWN = 6
# Where settings with secrets are stored: how they are read, and how one is written.
_STORED = (
    ("SELECT id, settings FROM site_plugin", "UPDATE site_plugin SET settings = ? WHERE id = ?"),
    ("SELECT id, settings FROM plugin_default", "UPDATE plugin_default SET settings = ? WHERE id = ?"),
)
_known: set[str] = set()


class Sealed(Broken):
    """A stored secret cannot be opened: the instance's key is another one than when it was stored."""

    default_message = "A stored secret cannot be opened with this installation's key. Enter it again."


def sealed(text: str) -> dict[str, str]:
    """`text` encrypted, as the JSON value that settings store."""
    _remember(text)
    return {_MARK: _ring().encrypt(text.encode()).decode()}


def opened(value: Mapping[str, str]) -> str:
    """The text behind what `sealed` made; from now on logs hide it. Raises Sealed under another key."""
    from cryptography.fernet import InvalidToken  # noqa: PLC0415

    token = value[_MARK].encode()
    try:
        text = _ring().decrypt(token).decode()
    except InvalidToken:
        text = _opened_anew(token)
    _remember(text)
    return text


def _opened_anew(token: bytes) -> str:
    """Another process may have put a new key into the file since this one read it."""
    from cryptography.fernet import InvalidToken  # noqa: PLC0415

    _ring_of.cache_clear()
    try:
        return _ring().decrypt(token).decode()
    except InvalidToken:
        raise Sealed(permanent=True) from None


def derived(purpose: str, text: str) -> str:
    """128 bits as 22 URL-safe characters that only this installation can make of `text`; the same at every call.

    Made with the oldest key, which stays when `rotate` puts a newer one before it.
    """
    code = hmac.digest(_oldest(installation().config.instance), f"{purpose}:{text}".encode(), "sha256")
    return base64.urlsafe_b64encode(code[:16]).rstrip(b"=").decode()


@lru_cache(maxsize=4)
def _oldest(folder: Path) -> bytes:
    """The one key of the file that never changes, so it is read once."""
    return _lines(folder / FILE)[-1].encode()


def mail_code(site_id: int, email: str) -> str:
    """A code of a mail address on one site, the same for every spelling; only this installation can make it.

    What is told of an erased person names their addresses by it, so that whoever keeps one knows it again.
    """
    return derived("mail.address", f"{site_id}:{fold(email.strip())}")


def signing_key() -> bytes:
    """A key of its own for signing what browsers carry back to us; another one after `rotate`."""
    return hmac.digest(_lines(installation().config.instance / FILE)[0].encode(), b"signing", "sha256")


def rotate() -> int:
    """Put a new key before the old ones and seal all settings with it anew; answers how many secrets. Commits.

    The old keys stay in the file: they may be taken out by hand once no backup needs them. Raises Sealed.
    """
    path = installation().config.instance / FILE
    _write(path, [_new_key(), *_lines(path)])
    _ring_of.cache_clear()
    with db.transaction():
        return sum(_reseal(read, write) for read, write in _STORED)


def _reseal(read: str, write: str) -> int:
    count = 0
    for row_id, stored in db.rows(read):
        settings = json.loads(stored)
        old = {name: value for name, value in settings.items() if isinstance(value, dict) and _MARK in value}
        if old:
            settings.update({name: sealed(opened(value)) for name, value in old.items()})
            db.execute(write, json.dumps(settings), row_id)
            count += len(old)
    return count


def _ring() -> MultiFernet:
    return _ring_of(installation().config.instance / FILE)


@lru_cache(maxsize=4)
def _ring_of(path: Path) -> MultiFernet:
    from cryptography.fernet import Fernet, MultiFernet  # noqa: PLC0415 -- where nothing is secret, nothing is opened

    return MultiFernet([Fernet(line) for line in _lines(path)])


def _new_key() -> str:
    """A key as Fernet has them: 32 bytes by chance."""
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


def _lines(path: Path) -> list[str]:
    """The keys of `path`, which is made with a first one if it is not there."""
    if not path.exists():
        # Written aside and linked into place whole: a second process must never read an empty file.
        new = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(_new_key() + "\n")
        with suppress(FileExistsError):  # an earlier start, or another process just now
            os.link(new, path)
        new.unlink()
    return path.read_text("ascii").split()


def _write(path: Path, lines: list[str]) -> None:
    """Replace the file in one step, so that no reader sees half of it."""
    new = path.with_suffix(".new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


# -- logs -------------------------------------------------------------------------------------------------------------

_SECRET_NAME = re.compile(r"passw|secret|token|authorization|cookie|api_?key|private_?key|session", re.IGNORECASE)
_SECRET_PAIR = re.compile(
    r"(?P<name>passw(?:or)?d|secret|token|api_?key|authorization|cookie)"
    r"(?P<is>[\"']?\s*[=:]\s*[\"']?)(?:(?:Bearer|Basic)\s+)?[^\s\"'&,;]+",
    re.IGNORECASE,
)
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")


def redacted(text: str) -> str:
    """`text` with opened secrets, and what follows the name of one, hidden."""
    for secret in _known:
        if secret in text:
            text = text.replace(secret, _HIDDEN)
    return _SECRET_PAIR.sub(rf"\g<name>\g<is>{_HIDDEN}", text)


def in_one_line(text: str) -> str:
    """Line breaks and other controls as escapes, so that nobody can write a line of the log by a user name."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def redact_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
    """A structlog processor, to stand last before the renderer, which writes line breaks as JSON does."""
    return {name: _HIDDEN if _SECRET_NAME.search(name) else _clean(value) for name, value in event.items()}


class RedactingFilter(logging.Filter):
    """The same for records of the standard library's loggers: werkzeug, gunicorn, waitress."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = in_one_line(redacted(record.getMessage())), ()
        return True


def configure_log() -> None:
    """Let every line of the log, ours and the libraries', pass through the redaction; once per start."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            redact_event,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    for handler in (*logging.getLogger().handlers, logging.lastResort):
        if handler is not None and not any(isinstance(known, RedactingFilter) for known in handler.filters):
            handler.addFilter(RedactingFilter())


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, dict):
        return {name: _HIDDEN if _SECRET_NAME.search(str(name)) else _clean(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value


def _remember(text: str) -> None:
    """Very short texts would blacken innocent words of the log."""
    if len(text) >= _SHORTEST_KNOWN:
        _known.add(text)
