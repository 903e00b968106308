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

from core.api import Site, execute, transaction
from plugins.api.services.openapi import document, example
from plugins.api.services.operations import OPERATIONS, Operation, offered
from plugins.api.services.shapes.base import Problem
from plugins.api.tests.conftest import ADDRESS, Program

KINDS = {
    "string": str, "integer": int, "boolean": bool, "array": list, "object": dict, "null": type(None),
}  # fmt: skip


def errors(value: Any, schema: dict[str, Any], found: dict[str, Any], at: str = "$") -> list[str]:
    """What is wrong with a value by a schema: the part of JSON Schema that the document uses."""
    if "$ref" in schema:
        return errors(value, found["components"]["schemas"][schema["$ref"].rpartition("/")[2]], found, at)
    if "anyOf" in schema:
        tried = [errors(value, one, found, at) for one in schema["anyOf"]]
        return [] if any(not one for one in tried) else [f"{at}: fits none of {len(tried)}", *tried[0]]
    kind = schema.get("type")
    if kind and (not isinstance(value, KINDS[kind]) or (kind == "integer" and isinstance(value, bool))):
        return [f"{at}: {value!r} is no {kind}"]
    wrong = outside(value, schema, at)
    if isinstance(value, list):
        for place, one in enumerate(value):
            wrong += errors(one, schema.get("items", {}), found, f"{at}[{place}]")
    if isinstance(value, dict):
        wrong += [f"{at}: {name} is missing" for name in schema.get("required", ()) if name not in value]
        known = schema.get("properties", {})
        for name, one in value.items():
            more = schema.get("additionalProperties", {})
            about = known.get(name, more if isinstance(more, dict) else None)
            wrong += [f"{at}: {name} is not known"] if about is None else errors(one, about, found, f"{at}.{name}")
    return wrong


def outside(value: Any, schema: dict[str, Any], at: str) -> list[str]:
    """Where a text or a number is not within what the schema allows."""
    if isinstance(value, str):
        fits = len(value) <= schema.get("maxLength", 10**9) and re.search(schema.get("pattern", ""), value)
        if schema.get("format") == "date-time":
            fits = re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z\Z", value)
    elif schema.get("type") == "integer":
        fits = schema.get("minimum", value) <= value <= schema.get("maximum", value)
    else:
        fits = True
    return [] if fits else [f"{at}: {value!r} is not allowed"]


class Walk:
    """A shop with something in every corner, and a program that may do everything."""

    def __init__(self, app: Program, item: Any, placed: dict[str, Any], category: int, site: Site) -> None:
        self.app, self.item, self.placed, self.category = app, item, placed, category
        self.document, self.operations = document(site, "Test"), offered(site)
        self.endpoint, self.delivery = self.told()

    def told(self) -> tuple[int, int]:
        """An endpoint of the plugin that tells addresses, and the delivery of an order to it, which was given up."""
        made = self.app.post("/webhooks", {"url": "https://example.com/hooks", "events": ["order.placed"]})["endpoint"]
        self.app.post(f"/webhooks/{made['id']}/pause", status=200)
        with transaction():
            execute(
                "INSERT INTO webhooks_event (site_id, uid, kind, body, at) VALUES (?, ?, ?, ?, ?)",
                *(self.app.site.id, "one", "order.placed", "{}", 1_000_000),
            )
            execute(
                "INSERT INTO webhooks_delivery (site_id, endpoint_id, event_id, state, attempts, due_at, created_at)"
                " SELECT site_id, ?, id, 'dead', 11, at, at FROM webhooks_event",
                made["id"],
            )
        (delivery,) = self.app.get(f"/webhooks/{made['id']}/deliveries")["items"]
        return int(made["id"]), int(delivery["id"])

    def fresh_cart(self, one: Operation) -> int:
        """A cart for an operation that needs one; answers its line."""
        if not one.has_cart:
            return 0
        made = self.app.post("/cart", {"lines": [{"variant_id": self.item.variant_id, "quantity": 2}]})
        self.app.cart = made["token"]
        self.app.patch("/cart/details", {"email": "mira@example.com", "address": ADDRESS})
        return int(made["cart"]["lines"][0]["id"])

    def path(self, one: Operation, line_id: int) -> str:
        values = {
            "product_id": self.item.product_id, "category_id": self.category, "line_id": line_id, "code": "TEN",
            "order_id": self.placed["id"], "endpoint_id": self.endpoint, "delivery_id": self.delivery,
        }  # fmt: skip
        return one.path.format(**values) + ("?q=lamp" if one.name == "search_products" else "")

    def body(self, one: Operation) -> Any:
        if one.body is None:
            return None
        schema = self.document["paths"][one.path][one.method.lower()]["requestBody"]["content"]["application/json"]
        made = example(schema["schema"], self.document["components"]["schemas"])
        fitting = {
            "create_cart": {"lines": [{"variant_id": self.item.variant_id}]},
            "add_line": {"variant_id": self.item.variant_id},
            "create_order": {"seen_total": {"amount": 17800, "currency": "EUR"}},
            "change_details": {"email": "mira@example.com", "address": ADDRESS, "extra": {"x": {"y": "z"}}},
            "create_shipment": {"tracking": "JD01"},
            "create_payment": {"reference": "7"},
            "cancel": {},
        }
        return fitting.get(one.name, made)

    def order_first(self, one: Operation) -> None:
        """What needs an ordered cart gets one."""
        if one.name in {"get_cart_order", "begin_order_payment"}:
            seen = {"seen_total": {"amount": 17800, "currency": "EUR"}}
            self.app.post("/cart/order", seen, Idempotency_Key=f"before-{one.name}")

    def checked(self, one: Operation, status: int) -> Any:
        """The last answer, read by its declaration and by the document."""
        answer = self.app.last
        responses = self.document["paths"][one.path][one.method.lower()]["responses"]
        assert answer.status_code == status, f"{one.name}: {answer.status_code} {answer.text}"
        assert str(status) in responses, f"{one.name}: {status} is not in the document"
        ((kind, content),) = responses[str(status)]["content"].items()
        assert answer.content_type == kind
        said = json.loads(answer.text)
        assert errors(said, content["schema"], self.document) == []
        shape = one.answer if status < 400 else Problem
        assert shape is not None
        msgspec.json.decode(answer.data, type=shape, strict=True)
        return said


@pytest.fixture
def walk(bought: Any, sell: Any, site: Site, turn_on: Any) -> Walk:
    from core.api import CategoryDraft, CategoryText, create_category

    turn_on("webhooks")
    turn_on("bank_transfer", holder="Shop", account="DE89370400440532013000")
    app, placed = bought(quantity=3, stock=500)
    category = create_category(CategoryDraft(code="light", texts={"en": CategoryText(name="Light")}), "system")
    return Walk(app, sell("SHADE", 8900, stock=500), placed, category, site)


# Paid and shipped, an order cannot be cancelled; deleted, an endpoint is told nothing.
LATER = ("create_payment", "create_shipment", "delete_endpoint")


def test_every_operation_answers_as_the_document_says(walk: Walk) -> None:
    for one in sorted(walk.operations, key=lambda one: one.name in LATER):
        line_id = walk.fresh_cart(one)
        walk.order_first(one)
        if one.name == "cancel":
            (line,) = walk.app.get(f"/orders/{walk.placed['id']}")["lines"]
            body: Any = {"lines": [{"line_id": line["id"], "quantity": 1}]}
        else:
            body = walk.body(one)
        walk.app.ask(one.method, walk.path(one, line_id), body, Idempotency_Key=f"walk-{one.name}")
        walk.checked(one, one.status)


def spoiled(body: dict[str, Any]) -> list[Any]:
    """Bodies that do not fit: each field of another kind, one that nobody declared, and no object at all."""
    wrong: list[Any] = [[], "text", 7, b"null", {**body, "nobody_declared": 1}]
    wrong += [{**body, name: [[]]} for name in body] + [{**body, name: {"nobody": 1}} for name in body]
    wrong += [{**body, name: -1} for name in body] + [{**body, name: "x" * 5_000} for name in body]
    return wrong


def test_every_body_that_does_not_fit_is_refused_with_a_problem(walk: Walk) -> None:
    for one in (one for one in walk.operations if one.body is not None):
        line_id = walk.fresh_cart(one)
        for body in spoiled(walk.body(one)):
            walk.app.ask(one.method, walk.path(one, line_id), body, Idempotency_Key="walk")
            assert walk.checked(one, 422)["errors"], (one.name, body)
        walk.app.ask(one.method, walk.path(one, line_id), b"{", Idempotency_Key="walk")
        walk.checked(one, 400)


def test_every_parameter_that_does_not_fit_is_refused_with_a_problem(walk: Walk) -> None:
    for one in walk.operations:
        line_id = walk.fresh_cart(one)
        said = walk.document["paths"][one.path][one.method.lower()]["parameters"]
        for parameter in (parameter for parameter in said if parameter["in"] == "query"):
            value = "x" * 400 if "maxLength" in parameter["schema"] else "~"
            walk.app.ask(one.method, f"{one.path.format(**dict.fromkeys(one.parts, 1))}?{parameter['name']}={value}")
            walk.checked(one, 422)
        walk.app.ask(one.method, walk.path(one, line_id).partition("?")[0] + "?nobody_declared=1", walk.body(one))
        walk.checked(one, 422)
        for part in one.parts:
            if part.endswith("_id"):
                for value in ("0", "-1", "abc", "1.5", "9" * 30, "%00"):
                    path = one.path.format(**{**dict.fromkeys(one.parts, 1), part: value})
                    walk.app.ask(one.method, path, walk.body(one), Idempotency_Key="x")
                    assert walk.app.last.status_code == 404, (one.name, value)


def test_every_operation_needs_its_scope_its_key_and_its_cart(walk: Walk, program: Any) -> None:
    from plugins.api.models.scopes import scopes_of

    held = scopes_of(walk.app.site)
    for one in walk.operations:
        line_id = walk.fresh_cart(one)
        path, body, name = walk.path(one, line_id), walk.body(one), f"scopes-{one.name}"
        keep = walk.app.key
        walk.app.key = ""
        walk.app.ask(one.method, path, body, Idempotency_Key=name)
        walk.checked(one, 401)
        walk.app.key = program(*(scope for scope in held if scope != one.scope)).key
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
    assert len(names) == len(set(names)) == len(OPERATIONS) == 22
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
