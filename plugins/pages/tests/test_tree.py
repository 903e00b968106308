"""Pages below each other: arranged by buttons, named in the path, linked from above; never lost."""

from __future__ import annotations

import re
from typing import Any

import pytest

from core.api import NotFound, Site
from core.testing.panel import AtPanel
from plugins.pages.models import Page
from plugins.pages.services import tree
from plugins.pages.services.panel import tree as arranging


def shape(page: str) -> list[tuple[str, str]]:
    """(depth, title) of the tree in the panel."""
    return re.findall(r'<li class="deep(\d)" id="page-\d+"><a [^>]+>([^<]+)</a>', page)


def step(panel: AtPanel, act: str, page_id: int, status: int = 303) -> None:
    panel.post("/panel/pages/tree", status, act=f"{act}:{page_id}")


def seen(panel: AtPanel) -> list[tuple[str, str]]:
    return shape(panel.get("/panel/pages/tree"))


def test_pages_are_put_below_each_other_step_by_step(site: Site, panel: AtPanel, write: Any, browse: Any) -> None:
    help_, delivery, returns = (write(title) for title in ("Help", "Delivery", "Returns"))
    write("A guide", kind="guide")
    key = re.search(r'name="key" value="([^"]+)"', panel.get("/panel/pages/tree"))
    assert key is not None
    for _click in range(2):  # Pressed twice, it is one step.
        panel.post("/panel/pages/tree", act=f"up:{returns}", key=key[1])
    assert seen(panel) == [("0", "Help"), ("0", "Returns"), ("0", "Delivery")]
    step(panel, "in", returns)
    step(panel, "in", delivery)
    step(panel, "up", delivery)
    assert seen(panel) == [("0", "Help"), ("1", "Delivery"), ("1", "Returns")]
    step(panel, "up", help_, 404)
    page = browse(site, "/pages/help").text
    assert page.index("More on this") < page.index('href="/pages/delivery"') < page.index('href="/pages/returns"')
    path = browse(site, "/pages/returns").text
    assert re.search(r'breadcrumbs.*href="/pages/help">Help</a>', path, re.DOTALL)
    assert f'"item": "{site.origin}/pages/help"'.replace(" ", "") in path.replace(" ", "")
    step(panel, "out", delivery)
    assert seen(panel) == [("0", "Help"), ("1", "Returns"), ("0", "Delivery")]
    # Who hides the upper page loses nothing of what is below it.
    panel.post(f"/panel/pages/{help_}/remove")
    assert sorted(seen(panel)) == [("0", "Delivery"), ("0", "Returns")]
    assert "/pages/help" not in browse(site, "/pages/returns").text


def test_a_tree_has_three_levels(site: Site, write: Any) -> None:
    ids = [write(f"Page {number}") for number in range(4)]
    for page_id in (ids[1], ids[2], ids[2], ids[3], ids[3]):
        arranging.move(site, page_id, "in", actor="staff:1")
    assert Page.get_by_id(ids[3]).parent_id == ids[1]
    with pytest.raises(NotFound):
        arranging.move(site, ids[3], "in", actor="staff:1")


@pytest.mark.once
@pytest.mark.parametrize(
    ("nodes", "shown"),
    [
        ([(1, None), (2, 1), (3, 2)], [(1, 0), (2, 1), (3, 2)]),
        ([(1, 2), (2, 1)], [(1, 0), (2, 0)]),
        ([(1, 9), (2, 1)], [(1, 0), (2, 1)]),
        ([(3, 1), (1, 2), (2, 1)], [(1, 0), (3, 1), (2, 0)]),
    ],
)
def test_no_page_is_lost_in_a_circle_or_below_one_that_is_gone(nodes: Any, shown: Any) -> None:
    assert tree.flat(tree.children(nodes)) == shown
    assert all(tree.above(page_id, nodes) is not None for page_id, _parent in nodes)
