"""The reference: the OpenAPI document, and a page to read and try it.

Closed unless the merchant opens it; staff see it in any case.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec
from flask import Response
from markupsafe import Markup

from core.api import NotFound, Site, absolute, current_site, current_visitor, public, render
from core.api import gettext as _
from plugins.api.forms import Api
from plugins.api.models.scopes import scopes_of
from plugins.api.services.openapi import ROOT, document, example
from plugins.api.views.place import shop


@shop.get("/v1/openapi.json", endpoint="openapi")
@public
def openapi() -> Response:
    """The OpenAPI 3.1 document of this site."""
    site = _open_site()
    body = msgspec.json.encode(document(site, _title(site)))
    return Response(body, content_type="application/json", headers={"Cache-Control": "private, no-cache"})


@shop.get("/docs")
@public
def docs() -> Any:
    """Every operation, to read; with a script, to try."""
    site = _open_site()
    return render(
        "api/docs.html",
        groups=_groups(document(site, _title(site))),
        scopes=scopes_of(site),
        title=_title(site),
        root=absolute(ROOT),
        openapi_url=f"{ROOT}/openapi.json",
    )


@shop.get("/docs/shapes")
@public
def shapes() -> Any:
    """What is sent and answered, field by field: as long as all the operations, and so a page of its own."""
    site = _open_site()
    return render("api/shapes.html", shapes=_shapes(document(site, _title(site))), title=_title(site))


def _open_site() -> Site:
    """This site, if the asker may read its reference; for others there is no such page."""
    site = current_site()
    if not Api.of(site).docs_open:
        visitor = current_visitor()
        if visitor.staff is None or visitor.staff.must_change_password or not visitor.may("", site.id):
            raise NotFound
    return site


def _title(site: Site) -> str:
    return _("API of %(shop)s", shop=site.name)


def _groups(found: dict[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, offered in found["paths"].items():
        for method, said in offered.items():
            groups.setdefault(said["tags"][0], []).append(_entry(path, method, said, found["components"]["schemas"]))
    return list(groups.items())


def _entry(path: str, method: str, said: dict[str, Any], shapes: dict[str, Any]) -> dict[str, Any]:
    schema = said.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    good = next(status for status in said["responses"] if status.startswith("2"))
    return {
        "id": said["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": said["summary"],
        "scope": said["description"].split("`")[1],
        "parameters": [_parameter(one) for one in said["parameters"]],
        "example": json.dumps(example(schema, shapes), indent=2, ensure_ascii=False) if schema else "",
        "body": _name(schema) if schema else "",
        "answer": _name(said["responses"][good]["content"]["application/json"]["schema"]),
        "status": good,
        "problems": [status for status in said["responses"] if status[0] in "45"],
    }


def _parameter(said: dict[str, Any]) -> dict[str, Any]:
    schema = said["schema"]
    return {
        **said,
        "meaning": _with_code(said.get("description", "")),
        "kind": _kind(schema),
        "pattern": schema.get("pattern", ""),
        "list": "yes" if schema.get("type") == "array" else "",
    }


def _shapes(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "meaning": _with_code(schema.get("description", "")),
            "said": any(about.get("description") for about in schema.get("properties", {}).values()),
            "fields": [
                {"name": field, "kind": _kind(about), "needed": field in schema.get("required", ()),
                 "meaning": _with_code(about.get("description", ""))}
                for field, about in schema.get("properties", {}).items()
            ],
        }
        for name, schema in found["components"]["schemas"].items()
    ]  # fmt: skip


def _with_code(said: str) -> Markup:
    """A sentence of the document, in which what stands between backticks is code."""
    parts = said.split("`")
    return Markup("").join(Markup("<code>{}</code>").format(part) if at % 2 else part for at, part in enumerate(parts))


def _name(schema: dict[str, Any]) -> str:
    return str(schema["$ref"]).rpartition("/")[2]


def _kind(schema: dict[str, Any]) -> str:
    """A schema in a word or two."""
    if "$ref" in schema:
        return _name(schema)
    if "anyOf" in schema:
        return " | ".join(_kind(one) for one in schema["anyOf"])
    if "const" in schema or "enum" in schema:
        return " | ".join(json.dumps(one, ensure_ascii=False) for one in schema.get("enum", [schema.get("const")]))
    kind = str(schema.get("type", "any"))
    if kind == "array":
        return f"{_kind(schema.get('items', {}))}[]"
    return f"{kind} ({schema['format']})" if "format" in schema else kind
