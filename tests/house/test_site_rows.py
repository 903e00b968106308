"""Rows that belong to a site are looked up on that site.

A query on a table of `SiteTable` starts from `for_site(...)`, or names `site_id` in the same statement. Where a
statement means the rows of all sites, such as in a worker, it says so beside or above: `# All sites: <why>`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import pytest

QUERIES = {"select", "get", "get_or_none", "get_by_id", "update", "delete", "delete_by_id", "set_by_id"}
EXCUSE = "# All sites:"


def unbound_queries(root: Path) -> list[str]:
    """Queries on site tables that could reach another site's rows."""
    sources = {path: path.read_text("utf-8") for path in python_files(root)}
    trees = {path: ast.parse(text) for path, text in sources.items()}
    tables = site_tables(trees.values())
    return [
        f"{path.relative_to(root)}:{query.lineno}: start from for_site(), or say why not ({EXCUSE} ...)"
        for path, tree in trees.items()
        for statement, query in queries(tree, tables)
        if not is_bound(statement, sources[path])
    ]


def python_files(root: Path) -> Iterator[Path]:
    for top in ("core", "plugins"):
        yield from (path for path in sorted((root / top).rglob("*.py")) if "tests" not in path.parts)


def site_tables(trees: Iterable[ast.AST]) -> set[str]:
    """Names of the classes that descend from SiteTable."""
    bases: dict[str, set[str]] = {}
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                bases.setdefault(node.name, set()).update(map(last_name, node.bases))
    known = {"SiteTable"}
    while new := {name for name, parents in bases.items() if parents & known} - known:
        known |= new
    return known


def last_name(node: ast.expr) -> str:
    """`SiteTable` of `tables.SiteTable`."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def queries(tree: ast.AST, tables: set[str]) -> Iterator[tuple[ast.stmt, ast.Call]]:
    """Each query on one of the tables, with the statement it stands in."""
    for statement in ast.walk(tree):
        if not isinstance(statement, ast.stmt) or isinstance(statement, ast.ClassDef | ast.FunctionDef):
            continue
        for node in own_expressions(statement):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in QUERIES
                and last_name(node.func.value) in tables
            ):
                yield statement, node


def own_expressions(statement: ast.stmt) -> Iterator[ast.AST]:
    """What the statement says itself, without the statements inside it."""
    for child in ast.iter_child_nodes(statement):
        if isinstance(child, ast.expr | ast.withitem | ast.keyword):
            yield from ast.walk(child)


def is_bound(statement: ast.stmt, source: str) -> bool:
    lines = source.splitlines()
    # Of a compound statement only its head is meant.
    body = getattr(statement, "body", None)
    end = body[0].lineno - 1 if body else statement.end_lineno
    text = "\n".join(lines[statement.lineno - 1 : end])
    above = lines[statement.lineno - 2].strip() if statement.lineno > 1 else ""
    return "site_id" in text or "for_site" in text or EXCUSE in text or above.startswith(EXCUSE)


TABLE = "class Order(tables.SiteTable): ...\nclass Gift(Order): ...\n"
BREACHES: list[Mapping[str, str]] = [
    {"core/orders/services.py": TABLE + "def find(number): return Order.get(Order.number == number)\n"},
    {"core/orders/services.py": TABLE + "for order in Order.select():\n    site_id = 1\n"},
    {"core/orders/services.py": TABLE + "Order.delete().where(Order.id == 1).execute()\n"},
    {"core/orders/services.py": TABLE + "gift = models.Gift.get_by_id(7)\n"},
]
IN_ORDER = {
    "core/orders/services.py": TABLE
    + "class Location(tables.Table): ...\n"
    + "orders = Order.for_site(site).where(Order.number == 7)\n"
    + "order = Order.get_or_none(Order.site_id == site.id, Order.number == 7)\n"
    + "# All sites: the worker ends what is due anywhere.\n"
    + "due = Order.select().where(Order.due < now)\n"
    + "order = Order.get_by_id(7)  # All sites: the job knows it.\n"
    + "places = Location.select()\n"
}


def test_queries_on_site_tables_start_from_a_site(house: Path) -> None:
    found = unbound_queries(house)
    assert not found, "\n".join(found)


def test_a_tree_in_order_passes(plant: Callable[..., Path]) -> None:
    assert unbound_queries(plant(IN_ORDER)) == []


@pytest.mark.parametrize("files", BREACHES)
def test_a_planted_breach_is_caught(plant: Callable[..., Path], files: Mapping[str, str]) -> None:
    assert len(unbound_queries(plant(files))) == 1
