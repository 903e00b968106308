"""A block of a page, as a shopper sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from core.lib.text import clean_html

if TYPE_CHECKING:
    from core.app import App
    from core.hookspecs.site import Site
    from core.kernel.blocks import BlockField


@pytest.fixture
def show_block(app: App, site: Site) -> Callable[..., str]:
    """`show_block("open_block.hours", hours="9-17")`: its markup on a page of the site, empty where it says nothing."""
    from core.kernel.i18n import speaking
    from core.kernel.installation import installation
    from core.kernel.sites import state_of

    def show(kind: str, *, on: Site | None = None, language: str = "", **values: Any) -> str:
        where, (plugin, _, name) = on or site, kind.partition(".")
        [block] = [one for one in installation().plugins.loaded[plugin].plugin.blocks if one.kind == name]
        given = {key: value for field in block.fields for key, value in _answer(field, values).items()}
        request = app.flask.test_request_context(
            base_url=f"http://{where.host}", environ_overrides={"stoa.state": state_of(where.id)}
        )
        with request, speaking(language or where.language):
            slot = block.show(where, given)
            return str(slot.html) if slot else ""

    return show


def _answer(field: BlockField, values: dict[str, Any]) -> dict[str, Any]:
    """What whoever keeps pages hands over for a field: something of its kind where nothing was written."""
    empty: dict[str, Any] = {"picture": 0, "products": []}
    answer = {field.name: values.get(field.name, empty.get(field.kind, ""))}
    if field.kind == "rich":
        answer[f"{field.name}_html"] = clean_html(answer[field.name])
    return answer
