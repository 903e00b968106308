"""What takes something away in the panel offers to bring it back, or says here why it cannot.

A view takes something away if its name, its endpoint or its path says so. It offers an undo if it hands `undo` on.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

pytestmark = pytest.mark.once
TAKES_AWAY = re.compile(
    r"(?<![a-z])(remove|delete|drop|discard|forget|revoke|erase|clear|end|let_go|disable|block)(?![a-z])"
)
# Whoever ends a session or lets a secret open nothing any more does so lest somebody comes in: undone, they would.
GUARDS = "it shuts somebody out, and nothing may open again with a click on a page that was left open"
EXCEPTIONS = {
    "core.panel.account.views.end_session": GUARDS,
    "core.panel.account.views.remove_passkey": GUARDS,
    "core.panel.orders.views.drafts.revoke": GUARDS,
    "core.panel.staff.views.end_sessions": GUARDS,
    "core.panel.staff.views.remove_factor": GUARDS,
    "plugins.api.views.keys.revoke": GUARDS,
    "plugins.webhooks.views.drop_old": GUARDS,
    "core.panel.theme.views.discard": "the page has Undo and Redo of its own, and says so",
    "core.panel.shoppers.views.erase_guest": "the guest wants it forgotten; a page asks before it",
    "plugins.reviews.views.panel.erase": "the writer wants it forgotten; the page asks before it",
    "plugins.sale_prices.views.end": "prices have gone up for shoppers; the sale's form, with its end, begins it again",
}


def without_undo(root: Path) -> Iterator[str]:
    """Views of the panel that take something away without a way back."""
    folders = (root / "core/panel", root / "plugins")
    for file in sorted(path for folder in folders for path in folder.rglob("*.py") if "tests" not in path.parts):
        module = ".".join(file.relative_to(root).with_suffix("").parts)
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and takes_away(node) and "undo" not in hands_on(node):
                yield f"{module}.{node.name}"


def takes_away(view: ast.FunctionDef) -> bool:
    posts = [
        ast.unparse(one)
        for one in view.decorator_list
        if isinstance(one, ast.Call) and ast.unparse(one.func) == "panel.post"
    ]
    return bool(posts) and any(TAKES_AWAY.search(text.replace("_", " ")) for text in (view.name, *posts))


def hands_on(view: ast.FunctionDef) -> set[str]:
    """Names of the keywords and variables in the view."""
    keywords = {node.arg for node in ast.walk(view) if isinstance(node, ast.keyword) and node.arg}
    return keywords | {node.id for node in ast.walk(view) if isinstance(node, ast.Name)}


def test_what_takes_something_away_offers_to_bring_it_back(house: Path) -> None:
    found = set(without_undo(house))
    assert sorted(found - EXCEPTIONS.keys()) == []
    assert sorted(EXCEPTIONS.keys() - found) == [], "exceptions that are none any more"


BREACHES: Mapping[str, bool] = {
    'to("panel.media", say="Gone.")': True,
    'to("panel.media", say="Gone.", undo=url_for("panel.back"))': False,
}


@pytest.mark.parametrize(("answer", "is_breach"), BREACHES.items())
def test_the_rule_notices_a_breach(tmp_path: Path, answer: str, is_breach: bool) -> None:
    folder = tmp_path / "plugins" / "shelf"
    folder.mkdir(parents=True)
    text = f'@panel.post("/<int:shelf_id>/remove")\ndef remove(shelf_id):\n    return {answer}\n'
    (folder / "views.py").write_text(text, "utf-8")
    assert list(without_undo(tmp_path)) == (["plugins.shelf.views.remove"] if is_breach else [])
