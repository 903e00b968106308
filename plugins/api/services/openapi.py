"""The OpenAPI 3.1 document, made from the declarations of operations: what it says is what is checked and answered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from core.api import Site
from plugins.api.forms.base import Id, Sent
from plugins.api.models.scopes import scopes_of
from plugins.api.services.operations import OPERATIONS, Operation, offered
from plugins.api.services.shapes.base import Problem

VERSION = "1.0.0"
ROOT = "/api/v1"
_REF = "#/components/schemas/{name}"
_NO_NUL = r"^[^\x00]*$"
# What stands in forms.py beside a language and a currency.
_CHOICES = {
    "One of the site's languages; by default its own.": "languages",
    "One of the site's currencies; by default its own.": "currencies",
}
_ABOUT = (
    "Products, carts, the checkout, orders with their changes, returns and payments, drafts, stock and shoppers of this"
    " shop. Money is in whole minor units. Requests that make something take an `Idempotency-Key`: sent again under the"
    " same one they are carried out once. Lists are paged by `after`, with `next` of the page before."
)
_LIMITS = {
    "RateLimit-Limit": "Requests a minute with this key.",
    "RateLimit-Remaining": "How many of them are left.",
    "RateLimit-Reset": "In how many seconds all are there again.",
}
_PROBLEM = {"schema": {"$ref": _REF.format(name="Problem")}}
_TITLES = {
    200: "Done", 201: "Made", 400: "It cannot be read", 401: "No valid key", 403: "The key may not do this",
    404: "There is no such thing on this site", 409: "Not possible as things stand", 413: "Too large",
    415: "Not JSON", 422: "It does not fit", 429: "Too many requests", 503: "Not possible now; try again",
}  # fmt: skip


def document(site: Site, title: str) -> dict[str, Any]:
    """The document of one site: with its address, its languages and its currencies."""
    operations = offered(site)
    found = {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": title,
            "version": VERSION,
            "description": _ABOUT,
        },
        "servers": [{"url": site.origin + ROOT}],
        "security": [{"key": []}],
        "tags": [{"name": name} for name in dict.fromkeys(one.tag for one in operations)],
        "paths": _paths(operations),
        "components": {
            "schemas": schemas(operations),
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A key from the panel. Scopes: " + ", ".join(scopes_of(site)) + ".",
                }
            },
        },
    }
    whole: dict[str, Any] = _of_site(site, found)
    return _with_examples(whole)


def _of_site(site: Site, part: Any) -> Any:
    """A copy in which languages and currencies are those of the site."""
    if isinstance(part, list):
        return [_of_site(site, one) for one in part]
    if not isinstance(part, dict):
        return part
    if part.get("type") == "string" and part.get("description") in _CHOICES:
        known = list(getattr(site, _CHOICES[part["description"]]))
        return {"type": "string", "enum": known, "examples": known[:1], "description": part["description"]}
    return {name: _of_site(site, one) for name, one in part.items()}


def _with_examples(found: dict[str, Any]) -> dict[str, Any]:
    """An example beside every body and every good answer, made of the examples of its fields."""
    shapes = found["components"]["schemas"]
    for said in (said for at_path in found["paths"].values() for said in at_path.values()):
        good = next(answer for status, answer in said["responses"].items() if status.startswith("2"))
        for part in (said.get("requestBody", {}), good):
            for content in part.get("content", {}).values():
                content["example"] = example(content["schema"], shapes)
    return found


def _paths(operations: Iterable[Operation]) -> dict[str, dict[str, Any]]:
    paths: dict[str, dict[str, Any]] = {}
    for one in operations:
        paths.setdefault(one.path, {})[one.method.lower()] = _described(one)
    return paths


def _described(one: Operation) -> dict[str, Any]:
    said: dict[str, Any] = {
        "operationId": f"{one.plugin}_{one.name}" if one.plugin else one.name,
        "summary": one.summary,
        "description": f"Scope: `{one.scope}`.",
        "tags": [one.tag],
        "parameters": parameters(one),
        "responses": _responses(one),
    }
    if one.body is not None:
        schema = {"$ref": _ref(one, one.body)}
        said["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return said


# -- schemas -----------------------------------------------------------------------------------------------------------


def schemas(operations: Iterable[Operation]) -> dict[str, Any]:
    """Every shape by its name; before that of a plugin's shape stands its own, so no plugin's can displace another."""
    by_plugin: dict[str, list[Operation]] = {"": list(OPERATIONS)}
    for one in operations:
        if one.plugin:
            by_plugin.setdefault(one.plugin, []).append(one)
    found: dict[str, Any] = {}
    for plugin, those in by_plugin.items():
        answers = tuple(dict.fromkeys(one.answer for one in those if one.answer is not None))
        bodies = tuple(dict.fromkeys(one.body for one in those if one.body is not None))
        found |= _schemas(_prefix(plugin), answers if plugin else (*answers, Problem), bodies)
    return dict(sorted(found.items()))


@lru_cache(maxsize=128)
def _schemas(prefix: str, answers: tuple[type, ...], bodies: tuple[type, ...]) -> dict[str, Any]:
    """The shapes of one plugin. Answers may gain fields in later versions, so theirs are left open."""
    found = _components([*answers, *bodies], prefix)
    for name in _components(answers):
        found[name].pop("additionalProperties", None)
    for name in _components(bodies):
        found[name] = _without_nul(found[name])
    return {prefix + name: shape for name, shape in found.items()}


def _prefix(plugin: str) -> str:
    """The API's own shapes have no underscore in their names, so they stay apart from every plugin's."""
    return f"{plugin}_" if plugin else ""


def _ref(one: Operation, shape: type) -> str:
    return _REF.format(name=_prefix(one.plugin) + shape.__name__)


def _without_nul(part: Any) -> Any:
    """The schema of something sent, in which every free text says that it takes no NUL."""
    if isinstance(part, list):
        return [_without_nul(one) for one in part]
    if not isinstance(part, dict):
        return part
    inner = {name: _without_nul(one) for name, one in part.items() if name != "propertyNames"}
    if "propertyNames" in part:
        inner["propertyNames"] = {**part["propertyNames"], "pattern": _NO_NUL}
    is_free = part.get("type") == "string" and not {"pattern", "format", "enum"} & part.keys()
    return {**inner, "pattern": _NO_NUL} if is_free else inner


def _components(types: Any, prefix: str = "") -> dict[str, Any]:
    _made, components = msgspec.json.schema_components(types, ref_template=_REF.format(name=prefix + "{name}"))
    return components


# -- parameters --------------------------------------------------------------------------------------------------------


def parameters(one: Operation) -> list[dict[str, Any]]:
    """The parts of the path, the query string and the headers."""
    found = [{"name": name, "in": "path", "required": True, "schema": part_schema(name)} for name in one.parts]
    if one.query is not None:
        found += _query(one.query)
    if one.has_cart:
        found.append(_header("Cart-Token", "The token of the cart.", {"type": "string", "minLength": 1}, needed=True))
    if one.once:
        schema = {"type": "string", "pattern": "^[A-Za-z0-9._:-]{1,100}$"}
        needed = one.once == "needed"
        found.append(_header("Idempotency-Key", "A name of your own for this one request.", schema, needed=needed))
    if one.method == "GET":
        found.append(_header("If-None-Match", "The ETag of what you have.", {"type": "string"}, needed=False))
    return found


def part_schema(name: str) -> dict[str, Any]:
    """The schema of a part of a path: an id, or a short text."""
    schema: dict[str, Any] = (
        msgspec.json.schema(Id) if name.endswith("_id") else {"type": "string", "minLength": 1, "maxLength": 64}
    )
    return schema


def _query(shape: type[Sent]) -> list[dict[str, Any]]:
    schema = _components([shape])[shape.__name__]
    needed = set(schema.get("required", ()))
    return [
        {
            "name": name,
            "in": "query",
            "required": name in needed,
            **({"description": described} if (described := _description(about)) else {}),
            "schema": _without_nul(_without_null(about)),
        }
        for name, about in schema["properties"].items()
    ]


def _description(about: Mapping[str, Any]) -> str:
    parts = [about, *about.get("anyOf", ())]
    return next((str(part["description"]) for part in parts if "description" in part), "")


def _without_null(about: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter is left out, never null."""
    kinds = [kind for kind in about.get("anyOf", ()) if kind.get("type") != "null"]
    if not kinds:
        return dict(about)
    rest = {name: part for name, part in about.items() if name not in {"anyOf", "default"}}
    return {**rest, **kinds[0]}


def _header(name: str, description: str, schema: dict[str, Any], *, needed: bool) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": needed, "description": description, "schema": schema}


# -- responses ---------------------------------------------------------------------------------------------------------


def _responses(one: Operation) -> dict[str, Any]:
    assert one.answer is not None
    content = {"application/json": {"schema": {"$ref": _ref(one, one.answer)}}}
    limits = {name: {"description": described, "schema": {"type": "integer"}} for name, described in _LIMITS.items()}
    good: dict[str, Any] = {"description": _TITLES[one.status], "content": content, "headers": {**limits}}
    found = {str(one.status): good}
    if one.method == "GET":
        good["headers"]["ETag"] = {"schema": {"type": "string"}}
        found["304"] = {"description": "As you have it"}
    for status in problem_statuses(one):
        found[str(status)] = {"description": _TITLES[status], "content": {"application/problem+json": _PROBLEM}}
    found["429"]["headers"] = {"Retry-After": {"description": "In seconds.", "schema": {"type": "integer"}}}
    return found


def problem_statuses(one: Operation) -> list[int]:
    """The statuses with which an operation may refuse."""
    always = {400, 401, 403, 404, 409, 422, 429, 503}
    return sorted(always | ({413, 415} if one.body is not None else set()))


# -- examples ----------------------------------------------------------------------------------------------------------


def example(schema: Mapping[str, Any], shapes: Mapping[str, Any]) -> Any:
    """A value that fits a schema of a document, made of the examples that stand in it; `shapes` are its schemas."""
    if "$ref" in schema:
        return example(shapes[str(schema["$ref"]).rpartition("/")[2]], shapes)
    if known := schema.get("examples") or schema.get("enum"):
        return known[0]
    kinds = [kind for kind in schema.get("anyOf", ()) if kind.get("type") != "null"]
    if kinds:
        return example(kinds[0], shapes)
    if schema.get("type") == "object":
        return {name: example(about, shapes) for name, about in schema.get("properties", {}).items()}
    if schema.get("type") == "array":
        return [example(schema["items"], shapes)] if schema.get("minItems") else []
    return _EXAMPLES[str(schema.get("type", "string"))](schema)


_WRITTEN = {"date-time": "2026-11-26T08:00:00Z"}
_EXAMPLES: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "string": lambda schema: _WRITTEN.get(schema.get("format", ""), str(schema.get("default", ""))),
    "integer": lambda schema: schema.get("default", schema.get("minimum", 1)),
    "boolean": lambda schema: bool(schema.get("default", False)),
    "null": lambda _schema: None,
}
