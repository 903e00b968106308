"""What can go wrong, as nouns of the situation.

`Refused`: the person may not or cannot (4xx). `Broken`: we or a partner failed (5xx, or a retry).
Both are turned into HTTP once, in `kernel/http.py`.
"""

from __future__ import annotations

from typing import Any


class StoaError(Exception):
    """Root of every error that Stoa raises on purpose."""

    def __init__(self, message: str = "", **params: object) -> None:
        super().__init__(message)
        self.message = message or self.default_message
        self.params = params

    default_message = "Something went wrong."

    def __str__(self) -> str:
        return self.message % self.params if self.params else self.message


class Refused(StoaError):
    """The person may not, or cannot, do this now.

    `message` is an English msgid; `params` fill its `%(name)s`. `field` names the form field it belongs to,
    `status` the HTTP status, `code` a stable word for machines.
    """

    status = 409
    code = "refused"
    default_message = "This is not possible now."

    def __init__(self, message: str = "", *, field: str | None = None, **params: Any) -> None:
        super().__init__(message, **params)
        self.field = field


class NotFound(Refused):
    """No such thing, or not this person's, or not on this site: the answer is the same for all three."""

    status = 404
    code = "not_found"
    default_message = "This does not exist, or no longer does."


class Forbidden(Refused):
    """Known, but not allowed."""

    status = 403
    code = "forbidden"
    default_message = "You may not do this."


class Unfit(Refused):
    """What was sent does not fit its form; `errors` maps field names to translatable messages."""

    status = 422
    code = "unfit"
    default_message = "Some of it needs another look."

    def __init__(self, errors: dict[str, str], message: str = "", **params: Any) -> None:
        super().__init__(message, **params)
        self.errors = errors


class TooMany(Refused):
    """A rate limit was reached."""

    status = 429
    code = "too_many"
    default_message = "Too many tries. Wait a minute, then try again."


class TooManyForNow(TooMany):
    """The same, for some minutes."""

    default_message = "Too many tries. Wait %(minutes)s minutes, then try again."


class TooManyForLong(TooMany):
    """The same, for hours, or for nobody knows how long."""

    default_message = "Too many tries. Try again later."


class Broken(StoaError):
    """We or a partner failed. `permanent` says that a retry cannot help."""

    def __init__(self, message: str = "", *, permanent: bool = False, **params: object) -> None:
        super().__init__(message, **params)
        self.permanent = permanent
