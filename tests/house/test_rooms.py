"""Every file stands in a room that has a name, and no function is longer than a screen."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.house.trees import statements

NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers"}
ROOMS = {"models", "services", "forms", "views", "client", "migrations", "templates", "static", "locale", "tests"}
PLUGIN_ROOMS = {*ROOMS, "plugin", "api"}
# Floors that are machinery, faces or doors; the other folders of core are domains.
NOT_DOMAINS = {"hookspecs", "kernel", "lib", "testing", "static", "templates", "locale", "cli"}
# The other side of the wire: a program of its own, not a room of the plugin that speaks to it.
PROGRAMS = {"plugins/fake_gateway/server"}
LONGEST_FUNCTION = 60


def python_files(root: Path) -> Iterator[Path]:
    for top in ("core", "plugins"):
        yield from sorted((root / top).rglob("*.py"))


def empty_names(root: Path) -> list[str]:
    """Files and folders whose name does not say what is inside."""
    return [
        f"{path.relative_to(root)}: say what it holds"
        for top in ("core", "plugins")
        for path in sorted((root / top).rglob("*"))
        if path.stem in NAMES_THAT_SAY_NOTHING
    ]


def long_functions(root: Path) -> list[str]:
    """Functions of more than 60 lines."""
    return [
        f"{path.relative_to(root)}:{node.lineno}: {node.name} has {length} lines"
        for path in python_files(root)
        for text in [path.read_text("utf-8")]
        if text.count("\n") > LONGEST_FUNCTION
        for node in statements(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > LONGEST_FUNCTION
    ]


def strange_rooms(root: Path) -> list[str]:
    """Rooms of domains, panel nouns and plugins that no other domain has."""
    return [
        f"{path.relative_to(root)}: not one of {', '.join(sorted(allowed))}"
        for folder, allowed in owners(root)
        for path in sorted(folder.iterdir())
        if not path.name.startswith(("_", "."))
        and path.suffix in {"", ".py"}
        and path.stem not in allowed
        and str(path.relative_to(root)) not in PROGRAMS
    ]


def owners(root: Path) -> Iterator[tuple[Path, set[str]]]:
    """Every folder that has rooms, with the rooms that it may have."""
    for domain in folders(root / "core"):
        if domain.name in NOT_DOMAINS:
            continue
        # The panel is a shell and one folder per noun, and each noun has rooms again.
        own = {*ROOMS, "shell"} if domain.name == "panel" else ROOMS
        nouns = [noun for noun in folders(domain) if noun.name not in own] if domain.name == "panel" else []
        yield domain, own | {noun.name for noun in nouns}
        for noun in nouns:
            yield noun, ROOMS
    for plugin in folders(root / "plugins"):
        yield plugin, PLUGIN_ROOMS


def folders(parent: Path) -> list[Path]:
    if not parent.is_dir():
        return []
    return sorted(path for path in parent.iterdir() if path.is_dir() and not path.name.startswith(("_", ".")))


def folders_unseen_by_the_contracts(root: Path) -> list[str]:
    """Folders of modules without `__init__.py`: import-linter would pass over what they import."""
    holding = {path.parent for path in python_files(root)}
    return [
        f"{folder.relative_to(root)}: add __init__.py"
        for folder in sorted(holding)
        if not {"tests", "migrations", "templates"} & set(folder.relative_to(root).parts)
        and not (folder / "__init__.py").exists()
    ]


RULES = (empty_names, long_functions, strange_rooms, folders_unseen_by_the_contracts)
LONG = "def place():\n" + "    pass\n" * LONGEST_FUNCTION
BREACHES = [
    (empty_names, {"core/cart/utils.py": ""}),
    (empty_names, {"plugins/coupons/helpers/__init__.py": ""}),
    (long_functions, {"core/cart/services.py": LONG}),
    (strange_rooms, {"core/cart/tools.py": ""}),
    (strange_rooms, {"plugins/coupons/hooks.py": ""}),
    (strange_rooms, {"core/panel/orders/queries.py": ""}),
    (folders_unseen_by_the_contracts, {"plugins/coupons/services/claim.py": ""}),
]
IN_ORDER = {
    "core/__init__.py": "",
    "core/kernel/__init__.py": "",
    "core/kernel/front.py": "",
    "core/cart/__init__.py": "",
    "core/cart/services/__init__.py": "",
    "core/cart/migrations/0001_carts.py": "",
    "core/panel/__init__.py": "",
    "core/panel/orders/__init__.py": "",
    "core/panel/orders/views.py": "",
    "core/panel/shell/__init__.py": "",
    "core/panel/shell/menu.py": "",
    "plugins/__init__.py": "",
    "plugins/coupons/__init__.py": "",
    "plugins/coupons/plugin.py": "def place():\n" + "    pass\n" * (LONGEST_FUNCTION - 1),
    "plugins/coupons/README.md": "",
    "plugins/coupons/tests/test_coupons.py": "",
}


@pytest.mark.parametrize("rule", RULES)
def test_the_house_keeps_the_rule(house: Path, rule: Callable[[Path], list[str]]) -> None:
    found = rule(house)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("rule", RULES)
def test_a_tree_in_order_passes(plant: Callable[..., Path], rule: Callable[[Path], list[str]]) -> None:
    assert rule(plant(IN_ORDER)) == []


@pytest.mark.parametrize(("rule", "files"), BREACHES)
def test_a_planted_breach_is_caught(
    plant: Callable[..., Path], rule: Callable[[Path], list[str]], files: Mapping[str, str]
) -> None:
    assert len(rule(plant(files))) == 1
