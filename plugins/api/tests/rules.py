"""The part of JSON Schema that the document uses, by rules that share nothing with how it is made."""

from __future__ import annotations

import re
from typing import Any

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
