"""The query string of the list of shoppers."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from plugins.api.forms.base import Limit, RowCursor, Sent


class ShopperQuery(Sent, frozen=True, kw_only=True):
    """A list of shoppers, the newest first: whose name, mail address or number holds every word of `q`."""

    q: Annotated[str, Meta(max_length=100, examples=["mira"])] = ""
    show: Annotated[str, Meta(pattern="^(unconfirmed|blocked|leaving)$", examples=["blocked"])] | None = None
    tag: Annotated[str, Meta(max_length=40)] = ""
    after: Annotated[RowCursor, Meta(description="`next` of the page before.")] = ""
    limit: Limit = 50
