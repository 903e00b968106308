"""A shop with the plugin on, its owner at the panel, and pages in a line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from core.api import Site
from core.testing.panel import AtPanel
from plugins.pages import plugin as _plugin  # loaded first, so that the shop of the test finds these very modules
from plugins.pages.forms import shapes
from plugins.pages.services.panel import editing

__all__ = ["_plugin"]


@pytest.fixture
def panel(at_panel: AtPanel, turn_on: Callable[..., None]) -> AtPanel:
    turn_on("pages")
    return at_panel


@pytest.fixture
def write(site: Site, turn_on: Callable[..., None]) -> Callable[..., int]:
    """`write("About us", "text", text="We ...")`: a page that shoppers see, with blocks; answers its id."""
    turn_on("pages")

    def make(
        title: str,
        *blocks: tuple[str, dict[str, Any]],
        kind: str = "page",
        publish: bool = True,
        summary: str = "",
        zh: str = "",
        on: Site | None = None,
        **settings: Any,
    ) -> int:
        made = [shapes.block(f"pages.{name}", values) for name, values in blocks]
        slug = title.lower().replace(" ", "-")
        texts = {"en": {**shapes.blank(), "title": title, "slug": slug, "summary": summary, "blocks": made}}
        if zh:
            texts["zh-CN"] = {**shapes.blank(), "title": zh, "slug": zh}
        whole = editing.Whole(kind=kind, texts=texts, settings=settings)
        [page_id] = editing.create_whole(on or site, [whole], actor="system", publish=publish)
        return page_id

    return make


@pytest.fixture
def said(browse: Callable[..., Any], site: Site) -> Callable[[str], dict[str, Any]]:
    """`said("/guides/x")`: what a page tells search engines, by type."""

    def read(path: str) -> dict[str, Any]:
        text = browse(site, path).text
        [block] = re.findall(r'<script type="application/ld\+json">(.*?)</script>', text, re.DOTALL)
        return {thing["@type"]: thing for thing in json.loads(block)["@graph"]}

    return read
