"""The operations over HTTP: one door that checks key, scope, rate and form, carries out, and answers.

No cookie is looked at, so a page of another site can do nothing in the name of who visits it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import msgspec
from flask import Response

from core.api import (
    Broken,
    LimitRule,
    NotFound,
    Refused,
    Site,
    TooMany,
    add_limit,
    any_origin,
    current_site,
    current_state,
    limit_left,
    public,
    request,
    take_limit,
)
from plugins.api.forms import Api
from plugins.api.services import keys
from plugins.api.services.operations import OPERATIONS, Call, Operation, Unsold, offered
from plugins.api.views import reading
from plugins.api.views.place import shop
from plugins.api.views.problems import Limited, NoKey, NotAllowed, ScopeMissing, problem

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_HEADERS = "Authorization, Cart-Token, Content-Type, Idempotency-Key, If-None-Match"
_SHOWN = "ETag, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, X-Request-Id"
ByPath = dict[str, dict[str, Operation]]
add_limit("api.refused", LimitRule(address="60 per minute"))


def _by_path(operations: Iterable[Operation]) -> ByPath:
    found: ByPath = {}
    for one in operations:
        found.setdefault(one.path, {})[one.method] = one
    return found


_BY_PATH = _by_path(OPERATIONS)


def _view(path: str) -> Any:
    """The view of all that can be asked at one path."""
    at_path = _BY_PATH[path]

    @any_origin
    @public
    def view(**parts: str) -> Response:
        return _asked(at_path, parts)

    view.__name__ = "at" + re.sub(r"\W+", "_", path).rstrip("_")
    view.__doc__ = " ".join(one.summary for one in at_path.values())
    return view


def _declare() -> None:
    for path, at_path in _BY_PATH.items():
        rule = "/v1" + re.sub(r"\{(\w+)\}", r"<\1>", path)
        view = _view(path)
        shop.route(rule, methods=(*at_path, "OPTIONS"), endpoint=view.__name__)(view)


_declare()


@shop.route("/v1/<path:rest>", methods=METHODS)
@any_origin
@public
def elsewhere(rest: str) -> Response:
    """Whatever else is asked below: an operation of a plugin that is on here; no such thing; or not by this method.

    What plugins offer has no rules of its own: it comes and goes with the next request, and differs by site.
    """
    found = _by_path(offered(current_site()))
    # A word goes before a part of any value.
    for path in sorted(found, key=lambda path: [step.startswith("{") for step in path.split("/")]):
        if at := re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path), f"/{rest}"):
            return _asked(found[path], at.groupdict())
    return _shared(problem(NotFound()))


def _asked(at_path: dict[str, Operation], parts: dict[str, str]) -> Response:
    if request.method == "OPTIONS":
        return _shared(_preflight(at_path))
    one = at_path.get("GET" if request.method == "HEAD" else request.method)
    if one is not None:
        return _shared(_with_limit(_answered(one, parts)))
    response = problem(NotAllowed(method=request.method))
    response.headers["Allow"] = ", ".join([*at_path, *(["HEAD"] if "GET" in at_path else []), "OPTIONS"])
    return _shared(response)


def _answered(one: Operation, parts: dict[str, str]) -> Response:
    try:
        return _carried_out(one, parts)
    except (Refused, Broken) as error:
        return problem(error)


def _carried_out(one: Operation, parts: dict[str, str]) -> Response:
    site = current_site()
    found = _key(site)
    _limit(site, found.id)
    if one.scope not in found.scopes:
        raise ScopeMissing(scope=one.scope)
    call = Call(
        state=current_state(),
        key_id=found.id,
        scopes=found.scopes,
        path=reading.path_of(one, parts),
        query=reading.query_of(one),
        body=reading.body_of(one),
        cart_token=reading.cart_token(one),
        once=reading.once(one),
    )
    answer = _carry(one, call)
    keys.note_use(found.id)
    if one.method != "GET":
        keys.flush_uses()
    return _sent(one, msgspec.json.encode(answer))


def _carry(one: Operation, call: Call) -> Any:
    """What fits the document is never answered with 422: if it cannot be done as things stand, that is a conflict."""
    try:
        return one.carry(call)
    except Refused as error:
        if error.status == HTTPStatus.UNPROCESSABLE_ENTITY and not isinstance(error, Unsold):
            error.status = HTTPStatus.CONFLICT
        raise


def _key(site: Site) -> keys.Found:
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    found = keys.find_key(site, secret.strip()) if kind.lower() == "bearer" else None
    if found is None:
        _take("api.refused", "")
        raise NoKey
    return found


def _limit(site: Site, key_id: int) -> None:
    """So many a minute with one key, and twice as many from one address."""
    count = Api.of(site).per_minute
    name = f"api.{count}"
    add_limit(name, LimitRule(address=f"{2 * count} per minute", subject=f"{count} per minute"))
    request.environ["api.limit"] = (name, str(key_id))
    _take(name, str(key_id))


def _with_limit(response: Response) -> Response:
    """Say what the key has left, in the headers of every answer to it."""
    limited = request.environ.get("api.limit")
    if limited is not None:
        now = limit_left(*limited)
        response.headers["RateLimit-Limit"] = str(now.most)
        response.headers["RateLimit-Remaining"] = str(now.left)
        response.headers["RateLimit-Reset"] = str(now.wait_s)
    return response


def _take(name: str, subject: str) -> None:
    try:
        take_limit(name, subject)
    except TooMany as error:
        raise Limited(name, subject) from error


def _sent(one: Operation, body: bytes) -> Response:
    response = Response(body, one.status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    if one.method == "GET":
        # Kept by whoever asked, and by nobody else; asked for anew each time.
        response.headers["Cache-Control"] = "private, no-cache"
        response.headers["Vary"] = "Authorization, Cart-Token"
        response.set_etag(hashlib.sha256(body).hexdigest()[:32])
        response.make_conditional(request)
    return response


# -- pages of other sites ----------------------------------------------------------------------------------------------


def _shared(response: Response) -> Response:
    """Let pages of the listed sites read the answer; others get nothing that their browser would show them."""
    response.headers.add("Vary", "Origin")
    origin = request.headers.get("Origin", "")
    if origin and origin in Api.of(current_site()).origins.split():
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = _SHOWN
    return response


def _preflight(at_path: dict[str, Operation]) -> Response:
    response = Response(status=204)
    allowed = ", ".join([*at_path, "OPTIONS"])
    response.headers["Allow"] = allowed
    if request.headers.get("Origin", "") in Api.of(current_site()).origins.split():
        response.headers["Access-Control-Allow-Methods"] = allowed
        response.headers["Access-Control-Allow-Headers"] = _HEADERS
        response.headers["Access-Control-Max-Age"] = "600"
    return response
