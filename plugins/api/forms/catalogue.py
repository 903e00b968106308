"""Query strings of lists of products."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from plugins.api.forms.base import Cursor, Id, Limit, Minor, Spoken


class ListQuery(Spoken, frozen=True, kw_only=True):
    """A list of products: narrowed, sorted, and paged by cursors."""

    category: Id | None = None
    filter: Annotated[
        list[Annotated[str, Meta(max_length=200, pattern=r"^[^:\x00]+:[^\x00]+$")]],
        Meta(max_length=60, description="`facet:value`. Of one facet any of the values, of several facets all."),
    ] = field(default_factory=list)
    price_min: Annotated[Minor, Meta(description="In minor units.")] | None = None
    price_max: Annotated[Minor, Meta(description="In minor units.")] | None = None
    in_stock: bool = False
    sort: Annotated[str, Meta(pattern="^(featured|newest|price|-price|name|rating)$", examples=["newest"])] = "featured"
    after: Annotated[Cursor, Meta(description="`next` of the page before.")] = ""
    before: Annotated[Cursor, Meta(description="`previous` of the page after.")] = ""
    limit: Limit = 24


class SearchQuery(Spoken, frozen=True, kw_only=True):
    """A search, best first."""

    q: Annotated[str, Meta(min_length=1, max_length=100, examples=["lamp"])]
    in_stock: bool = False
    after: Annotated[Cursor, Meta(description="`next` of the page before.")] = ""
    limit: Limit = 24
