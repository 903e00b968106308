"""What the log keeps of changes, in words: for the history of a product and the log of the panel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.api import (
    RecordedValue,
    Site,
    clauses,
    enumerated,
    labelled,
    language,
    language_name,
    named_products,
    speaking,
)
from core.api import gettext as _
from plugins.product_content.forms import KINDS


def in_languages(_site: Site, values: Sequence[Mapping[str, Any]]) -> list[str]:
    """Texts by language: specifications in their groups, or tables of sizes."""
    return [" ".join(_in_one(tag, rows) for tag, rows in value.items() if rows) for value in values]


def _in_one(tag: str, rows: Sequence[Any]) -> str:
    with speaking(tag):
        said = [_group(row) if isinstance(row, Mapping) else " | ".join(row) for row in rows]
    return _("%(language)s: %(text)s.", language=language_name(tag), text=clauses(said))


def _group(group: Mapping[str, Any]) -> str:
    rows = enumerated(labelled(name, text) if name else text for name, text in group["rows"])
    return f"{group['title']} ({rows})" if group["title"] else rows


def related_names(site: Site, values: Sequence[Mapping[str, Sequence[int]]]) -> list[str]:
    """The products that go with one, by their names today; one that is gone by its number. Three statements."""
    wanted = {other for value in values for others in value.values() for other in others}
    names = {key: one.name for key, one in named_products(site, language(), wanted).items()}
    titles = {"accessory": _("Accessories"), "similar": _("Similar products"), "replaces": _("Replaces")}
    return [
        clauses(
            labelled(titles[kind], enumerated(names.get(other) or f"#{other}" for other in value[kind]))
            for kind in KINDS
            if value.get(kind)
        )
        for value in values
    ]


RECORDED = {
    "specs": RecordedValue(title="Specifications", words=in_languages),
    "sizes": RecordedValue(title="Size advice", words=in_languages),
    "related": RecordedValue(title="Related products", words=related_names),
    "download": RecordedValue(title="Downloads"),
}
