"""Plugins come in through `core.api`, their tests also through `core.testing`; threads only by those who require it.

import-linter proves the same for packages; this also reads tests and migrations, which are no packages.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

THREADS = "plugins.threads.api"


def closed_doors(root: Path) -> list[str]:
    """Imports of a plugin that go past its doors."""
    return [
        f"{path.relative_to(root)}:{line}: {name} is not a door for {plugin.name}"
        for plugin in sorted((root / "plugins").iterdir())
        if plugin.is_dir()
        for path in sorted(plugin.rglob("*.py"))
        for line, name in imports(ast.parse(path.read_text("utf-8")))
        if not is_door(name, path, plugin)
    ]


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and full name of everything imported; `from core import api` is `core.api`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module in {"core", "plugins"}:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.lineno, node.module or ""


def is_door(name: str, path: Path, plugin: Path) -> bool:
    top = name.partition(".")[0]
    if top == "core":
        in_tests = "tests" in path.relative_to(plugin).parts
        return name == "core.api" or (in_tests and within(name, "core.testing"))
    if top == "plugins":
        return within(name, f"plugins.{plugin.name}") or (name == THREADS and requires_threads(plugin))
    return True


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def requires_threads(plugin: Path) -> bool:
    """Whether `plugin.py` declares `requires=[..., "threads"]`."""
    door = plugin / "plugin.py"
    tree = ast.parse(door.read_text("utf-8") if door.exists() else "")
    return any(
        isinstance(node, ast.keyword)
        and node.arg == "requires"
        and any(isinstance(item, ast.Constant) and item.value == "threads" for item in ast.walk(node.value))
        for node in ast.walk(tree)
    )


BREACHES: list[Mapping[str, str]] = [
    {"plugins/coupons/services.py": "from core.kernel import db\n"},
    {"plugins/coupons/services.py": "from core import kernel\n"},
    {"plugins/coupons/services.py": "import core.testing\n"},
    {"plugins/coupons/tests/test_coupons.py": "from core.orders.services import place_order\n"},
    {"plugins/coupons/tests/test_coupons.py": "import plugins.reviews.services\n"},
    {"plugins/reviews/services.py": "import plugins.threads.api\n", "plugins/reviews/plugin.py": "PLUGIN = Plugin()\n"},
]
IN_ORDER = {
    "plugins/coupons/services.py": "from core.api import Money\nfrom core import api\nimport plugins.coupons.models\n",
    "plugins/coupons/tests/test_coupons.py": "from core.testing import shopper\nimport core.testing.browser\n",
    "plugins/reviews/services.py": "import plugins.threads.api\n",
    "plugins/reviews/plugin.py": 'PLUGIN = Plugin(requires=("threads",))\n',
}


def test_plugins_come_in_through_their_doors(house: Path) -> None:
    found = closed_doors(house)
    assert not found, "\n".join(found)


def test_a_tree_in_order_passes(plant: Callable[..., Path]) -> None:
    assert closed_doors(plant(IN_ORDER)) == []


@pytest.mark.parametrize("files", BREACHES)
def test_a_planted_breach_is_caught(plant: Callable[..., Path], files: Mapping[str, str]) -> None:
    assert len(closed_doors(plant(files))) == 1
