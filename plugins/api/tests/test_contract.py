"""The document, the checks and the answers are one: every operation is walked with what fits and with what does not.

Answers are read against their declared shapes strictly, so that a field too many, one too few or one of another kind
fails; the document is read by rules written here, which share nothing with how it is made.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest

from core.api import Site, execute, transaction, value
from core.testing.attempts import forget_attempts
from plugins.api.services.openapi import document
from plugins.api.services.operations import OPERATIONS, Operation
from plugins.api.tests.rules import errors
from plugins.api.tests.walk import Walk

# Let go, money cannot be taken, and only what was taken is given back; deleted, an endpoint is told nothing; with a
# carrier that carries nothing, nothing is ordered any more.
LATER = ("release_payment", "create_refund", "delete_endpoint", "buy_label_of_return", "get_return_label")


def place(one: Operation) -> int:
    """When it is walked: after all others, or among them."""
    return LATER.index(one.name) + 1 if one.name in LATER else 0


def test_every_operation_answers_as_the_document_says(walk: Walk) -> None:
    for one in sorted(walk.operations, key=place):
        line_id = walk.cart_of(one)
        walk.ready(one)
        walk.app.ask(one.method, walk.path(one, line_id), walk.body(one), Idempotency_Key=f"walk-{one.name}")
        walk.checked(one, one.status)


def twice(walk: Walk, one: Operation) -> str:
    """What is wrong with the second answer under a name: it is the first, and the shop has not moved in between."""
    walk.ready(one)
    path, body, name = walk.path(one, 0), walk.body(one), f"twice-{one.name}"
    walk.app.ask(one.method, path, body, Idempotency_Key=name)
    first = walk.checked(one, one.status)
    before = counts()
    if one.name != "create_transfer":
        # As if the process had died before it kept what was made; a transfer's id is then not known any more.
        with transaction():
            execute("UPDATE api_once SET made_id = NULL")
    walk.app.ask(one.method, path, body, Idempotency_Key=name)
    again = walk.checked(one, one.status)
    # An order counts who looked at it under its lock, too.
    if counts() != before or {**again, "version": 0} != {**first, "version": 0}:
        return f"{one.name}: {again}, {counts()}"
    if body is not None:
        field = next(iter(body))
        other = {**body, field: walk.shown(one)[field]}
        walk.app.ask(one.method, path, other, Idempotency_Key=name)
        if other != body and walk.app.last.status_code not in {409, 422}:
            return f"{one.name}: {walk.app.last.text}"
    return ""


def counts() -> list[Any]:
    tables = ("stock_move", "order_change", "order_case", "order_draft", "stock_transfer", "payment_fact", "shipment")
    return [value(f"SELECT count(*) FROM {table}") for table in tables]


A_FEW = ("create_order_change", "create_return", "create_shipment", "note_expected", "create_transfer")


@pytest.mark.parametrize("all_of_them", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_what_takes_a_name_is_done_once_under_it(
    walk: Walk, monkeypatch: pytest.MonkeyPatch, all_of_them: bool
) -> None:
    named = [one for one in walk.operations if one.once and not one.plugin and not one.has_cart]
    named = [one for one in named if all_of_them or one.name in A_FEW]
    assert [wrong for one in sorted(named, key=place) if (wrong := twice(walk, one))] == []
    # Planted: a verb that ignores its key.
    monkeypatch.setattr("core.catalogue.services.stock_counts.claim", lambda _key: None)
    (move,) = (one for one in named if one.name == "note_expected")
    with transaction():
        execute("DELETE FROM api_once")
        execute("DELETE FROM done_form")
    assert "note_expected" in twice(walk, move)


def spoiled(body: dict[str, Any]) -> list[Any]:
    """Bodies that do not fit: each field of another kind, one that nobody declared, and no object at all."""
    wrong: list[Any] = [[], "text", 7, b"null", {**body, "nobody_declared": 1}]
    for place, name in enumerate(body):
        wrong += [{**body, name: [[]]}, {**body, name: ({"nobody": 1}, -1, "x" * 5_000)[place % 3]}]
    return wrong


@pytest.mark.once
def test_every_body_that_does_not_fit_is_refused_with_a_problem(walk: Walk) -> None:
    for one in (one for one in walk.operations if one.body is not None):
        line_id = walk.cart_of(one)
        schema = walk.document["paths"][one.path][one.method.lower()]["requestBody"]["content"]["application/json"]
        for body in spoiled(walk.body(one)):
            if not isinstance(body, bytes) and not errors(body, schema["schema"], walk.document):
                continue
            walk.app.ask(one.method, walk.path(one, line_id), body, Idempotency_Key="walk")
            assert walk.checked(one, 422)["errors"], (one.name, body)
        walk.app.ask(one.method, walk.path(one, line_id), b"{", Idempotency_Key="walk")
        walk.checked(one, 400)


@pytest.mark.once
def test_every_parameter_that_does_not_fit_is_refused_with_a_problem(walk: Walk) -> None:
    for one in walk.operations:
        line_id, body = walk.cart_of(one), walk.body(one)
        said = walk.document["paths"][one.path][one.method.lower()]["parameters"]
        for parameter in (parameter for parameter in said if parameter["in"] == "query"):
            value = "x" * 400 if "maxLength" in parameter["schema"] else "~"
            walk.app.ask(one.method, f"{one.path.format(**dict.fromkeys(one.parts, 1))}?{parameter['name']}={value}")
            walk.checked(one, 422)
        walk.app.ask(one.method, walk.path(one, line_id).partition("?")[0] + "?nobody_declared=1", body)
        walk.checked(one, 422)
        for part in one.parts:
            if part.endswith("_id"):
                for value in ("0", "-1", "abc", "1.5", "9" * 30, "%00"):
                    path = one.path.format(**{**dict.fromkeys(one.parts, 1), part: value})
                    walk.app.ask(one.method, path, body, Idempotency_Key="x")
                    assert walk.app.last.status_code == 404, (one.name, value)


@pytest.mark.once
def test_every_operation_needs_its_scope_its_key_and_its_cart(walk: Walk, program: Any) -> None:
    from plugins.api.models.scopes import scopes_of

    held = scopes_of(walk.app.site)
    lacking = {scope: program(*(one for one in held if one != scope)).key for scope in held}
    for one in walk.operations:
        line_id = walk.cart_of(one)
        path, body, name = walk.path(one, line_id), walk.body(one), f"scopes-{one.name}"
        keep = walk.app.key
        forget_attempts()
        walk.app.key = ""
        walk.app.ask(one.method, path, body, Idempotency_Key=name)
        walk.checked(one, 401)
        walk.app.key = lacking[one.scope]
        walk.app.ask(one.method, path, body, Idempotency_Key=name)
        assert one.scope in walk.checked(one, 403)["detail"]
        walk.app.key = keep
        if one.has_cart:
            token, walk.app.cart = walk.app.cart, ""
            walk.app.ask(one.method, path, body, Idempotency_Key=name)
            walk.checked(one, 422)
            walk.app.cart = "x" * 22
            walk.app.ask(one.method, path, body, Idempotency_Key=name)
            walk.checked(one, 404)
            walk.app.cart = token


def test_the_document_is_whole(site: Site) -> None:
    found = document(site, "Test")
    text = json.dumps(found)

    assert found["openapi"] == "3.1.0"
    for name in re.findall(r"#/components/schemas/(\w+)", text):
        assert name in found["components"]["schemas"]
    names = [said["operationId"] for at_path in found["paths"].values() for said in at_path.values()]
    assert len(names) == len(set(names)) == len(OPERATIONS) == 74
    for path, at_path in found["paths"].items():
        for said in at_path.values():
            parts = {one["name"] for one in said["parameters"] if one["in"] == "path"}
            assert parts == set(re.findall(r"\{(\w+)\}", path))
            assert said["summary"]


def test_bodies_are_closed_and_answers_open_for_later_fields(site: Site) -> None:
    shapes = document(site, "Test")["components"]["schemas"]

    assert shapes["NewCart"]["additionalProperties"] is False
    assert "additionalProperties" not in shapes["Order"]


def test_planted_a_field_that_is_not_declared_is_noticed(site: Site) -> None:
    found = document(site, "Test")
    money = {"amount": 1, "currency": "EUR"}

    assert errors({"amount": "1", "currency": "EUR"}, found["components"]["schemas"]["Money"], found)
    assert errors({"amount": 1}, found["components"]["schemas"]["Money"], found)
    assert not errors(money, found["components"]["schemas"]["Money"], found)
    from plugins.api.services.shapes.base import Money

    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**money, "secret": 1}, Money)
