"""What came, read by its declaration: nothing that is not declared gets through."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import msgspec

from core.api import CartGone, NotFound, Unfit, request
from plugins.api.forms.base import Id
from plugins.api.services.operations import Operation
from plugins.api.views.problems import NotJson, TooLarge, Unreadable

_PLACE = re.compile(r"(?P<message>.*?)(?: - at `(?:key in )?\$?\.?(?P<place>[^`]*)`)?\Z", re.DOTALL)
_EXACT = 2**53
_ONCE = re.compile(r"[A-Za-z0-9._:-]{1,100}\Z")


def path_of(one: Operation, parts: dict[str, str]) -> dict[str, Any]:
    """The parts of the path; what is no id is not found."""
    return {name: _part(name, text) for name, text in parts.items() if name in one.parts}


def _part(name: str, text: str) -> Any:
    if not name.endswith("_id"):
        if "\0" in text or len(text) > 64:
            raise NotFound
        return text
    if not (text.isascii() and text.isdigit() and len(text) < 17):
        raise NotFound
    try:
        return msgspec.convert(int(text), Id)
    except msgspec.ValidationError as error:
        raise NotFound from error


def query_of(one: Operation) -> Any:
    """The query string. Raises Unfit, also for names that are not declared or stand twice."""
    if one.query is None:
        if request.args:
            raise Unfit(dict.fromkeys(request.args, "This is not asked for here."))
        return None
    lists = {field.name for field in msgspec.structs.fields(one.query) if _is_list(field.type)}
    sent: dict[str, Any] = {}
    for name, values in request.args.lists():
        if any("\0" in value for value in (name, *values)):
            raise Unfit({name.replace("\0", ""): "This holds a character that cannot be stored."})
        if name not in lists and len(values) > 1:
            raise Unfit({name: "This stands here more than once."})
        sent[name] = values if name in lists else values[0]
    try:
        read = msgspec.convert(sent, one.query, strict=False)
    except msgspec.ValidationError as error:
        raise _unfit(error) from error
    # The library takes the word "null" for nothing; here what is not wanted is left out.
    if empty := [name for name in sent if getattr(read, name) is None]:
        raise Unfit(dict.fromkeys(empty, "Leave out what is not wanted."))
    # And a number for the seconds since 1970.
    if bare := [name for name, text in sent.items() if isinstance(getattr(read, name), datetime) and ":" not in text]:
        raise Unfit(dict.fromkeys(bare, "Write an instant such as 2026-11-26T08:00:00Z."))
    return read


def _is_list(kind: Any) -> bool:
    found = msgspec.inspect.type_info(kind)
    return isinstance(found.type if isinstance(found, msgspec.inspect.Metadata) else found, msgspec.inspect.ListType)


def body_of(one: Operation) -> Any:
    """The body. Raises TooLarge, NotJson, Unreadable, Unfit."""
    if (request.content_length or 0) > one.largest:
        raise TooLarge(limit=one.largest // 1024)
    data = request.stream.read(one.largest + 1)
    if len(data) > one.largest:
        raise TooLarge(limit=one.largest // 1024)
    if one.body is None:
        if data:
            raise Unfit({"": "Nothing is asked for in the body."})
        return None
    if request.mimetype != "application/json":
        raise NotJson
    try:
        plain = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable from error
    try:
        return msgspec.convert(_storable(plain), one.body)
    except msgspec.ValidationError as error:
        raise _unfit(error) from error


def _storable(plain: Any) -> Any:
    """The same with 2.0 as 2, which JSON Schema calls a whole number. Raises Unfit for NUL: PostgreSQL keeps none."""
    if isinstance(plain, str) and "\0" in plain:
        raise Unfit({"": "This holds a character that cannot be stored."})
    if isinstance(plain, dict):
        return {_storable(name): _storable(part) for name, part in plain.items()}
    if isinstance(plain, list):
        return [_storable(part) for part in plain]
    is_whole = isinstance(plain, float) and plain.is_integer() and abs(plain) < _EXACT
    return int(plain) if is_whole else plain


def _unfit(error: msgspec.ValidationError) -> Unfit:
    """The library's message, with the field that it names. It is for programmers, so it stays English."""
    found = _PLACE.match(str(error))
    assert found is not None
    return Unfit({found["place"] or "": found["message"].replace("%", "%%")})


def cart_token(one: Operation) -> str:
    """The token of the cart, where one is needed. Raises Unfit without one, CartGone for what cannot be one."""
    if not one.has_cart:
        return ""
    token = request.headers.get("Cart-Token", "")
    if not token:
        raise Unfit({"Cart-Token": "Fill this in."})
    if len(token) > 100:
        raise CartGone
    return token


def once(one: Operation) -> str:
    """The Idempotency-Key. Raises Unfit where it is needed and missing, or is none."""
    if not one.once:
        return ""
    name = request.headers.get("Idempotency-Key", "")
    if (not name and one.once == "needed") or (name and not _ONCE.match(name)):
        raise Unfit({"Idempotency-Key": "Send a name of 1 to 100 letters, digits and ._:- for this one request."})
    return name
