"""Refusals as application/problem+json (RFC 9457)."""

from __future__ import annotations

import re
from collections.abc import Container
from http import HTTPStatus
from urllib.parse import quote

import msgspec
from flask import Response

from core.api import Refused, StoaError, TooMany, Unfit, limit_wait_s, request, say
from plugins.api.services.checkout import NotReady
from plugins.api.services.shapes.base import FieldError, Problem

_HEADERS = frozenset({"Cart-Token", "Idempotency-Key"})


class NoKey(Refused):
    """The request holds no key that is valid here."""

    status = 401
    code = "no_valid_key"
    default_message = "Send a valid key: Authorization: Bearer stoa_…"


class ScopeMissing(Refused):
    """The key may not do this."""

    status = 403
    code = "scope_missing"
    default_message = "This key lacks the scope %(scope)s."


class NotAllowed(Refused):
    """This address is there, but not for this method."""

    status = 405
    code = "method_not_allowed"
    default_message = "This cannot be asked with %(method)s."


class TooLarge(Refused):
    """More than any body of the API holds."""

    status = 413
    code = "too_large"
    default_message = "This is larger than %(limit)s kB."


class NotJson(Refused):
    """A body of another kind."""

    status = 415
    code = "not_json"
    default_message = "Send application/json."


class Unreadable(Refused):
    """A body that is no JSON at all."""

    status = 400
    code = "unreadable"
    default_message = "This is not JSON that can be read."


class Limited(TooMany):
    """A rate limit was reached; `wait_s` seconds from now it will not be."""

    default_message = "Too many requests. Wait for %(wait)s seconds."

    def __init__(self, name: str, subject: str) -> None:
        self.wait_s = max(1, limit_wait_s(name, subject))
        super().__init__(wait=self.wait_s)


def problem(error: StoaError, status: int = 503, code: str = "unavailable") -> Response:
    """A refusal as its answer; what is not a refusal is ours or a partner's failure."""
    if isinstance(error, Refused):
        status, code = error.status, error.code
    body = Problem(
        type="about:blank",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=say(error),
        code=code,
        request=request.environ.get("stoa.request_id", ""),
        errors=_errors(error),
    )
    response = Response(msgspec.json.encode(body), status, content_type="application/problem+json")
    if isinstance(error, NoKey):
        response.headers["WWW-Authenticate"] = 'Bearer realm="api"'
    if isinstance(error, Limited):
        response.headers["Retry-After"] = str(error.wait_s)
    return response


def _errors(error: StoaError) -> tuple[FieldError, ...]:
    if isinstance(error, Unfit):
        # What the cart lacks stands in no body that was sent.
        sent = not isinstance(error, NotReady)
        return tuple(
            FieldError(field=name, pointer=pointer(name, request.args) if sent else "", message=say(Refused(message)))
            for name, message in error.errors.items()
        )
    if isinstance(error, Refused) and error.field:
        return (FieldError(field=error.field, pointer=pointer(error.field, request.args), message=say(error)),)
    return ()


def pointer(name: str, query: Container[str] = ()) -> str:
    """Where a field such as `lines[0].quantity` stands in the body: `#/lines/0/quantity`."""
    if not name or name in query or name in _HEADERS:
        return ""
    steps = re.findall(r"[^.\[\]]+", name)
    return "#/" + "/".join(quote(step.replace("~", "~0").replace("/", "~1"), safe="~") for step in steps)
