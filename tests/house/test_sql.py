"""SQL is never made of what people sent.

ruff's rule for this (S608) refuses every f-string, but prebuilt SQL needs an IN list of the right length and a chosen
column. So a statement is put together of constants, of `marks()`, and of parts that the function itself has made; what
a public function was handed is a value, and goes in as a parameter. Where it is safe all the same, the line or
the one above says why: `# Safe in SQL: <why>`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

# Words that begin SQL and nothing a person reads.
WORDS = "SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH|CREATE|ALTER|DROP|TRUNCATE"
SQL = re.compile(rf"^\s*({WORDS})\b")
# A file without any of them needs no closer look.
BEGINS = re.compile(rf"({WORDS})\b")
CONSTANT = re.compile(r"_?[A-Z][A-Z0-9_]*")
EXCUSE = "# Safe in SQL:"
FROM_OUTSIDE = {"request", "form", "args", "environ"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def mixed_sql(root: Path) -> list[str]:
    """Where a value could get into the text of a statement."""
    return [
        f"{path.relative_to(root)}:{part.lineno}: {ast.unparse(part)} goes into SQL; pass it as a parameter"
        for path in python_files(root)
        for lines in [path.read_text("utf-8").splitlines()]
        if any(BEGINS.search(line) for line in lines)
        for part in strange_parts(ast.parse("\n".join(lines)))
        if not any(EXCUSE in line for line in lines[part.lineno - 2 : part.lineno])
    ]


def python_files(root: Path) -> Iterator[Path]:
    for top in ("core", "plugins"):
        yield from (path for path in sorted((root / top).rglob("*.py")) if not {"tests", "testing"} & set(path.parts))


def strange_parts(tree: ast.Module) -> Iterator[ast.expr]:
    for handed, node in with_parameters(tree, frozenset()):
        if isinstance(node, ast.JoinedStr) and is_sql(node):
            parts = [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
            yield from (part for part in parts if not is_fixed(part, handed))
        elif isinstance(node, ast.BinOp | ast.Call) and (template := filled_template(node, handed)):
            yield template


def with_parameters(node: ast.AST, handed: frozenset[str]) -> Iterator[tuple[frozenset[str], ast.AST]]:
    """Every node, with the names of what the public function around it was handed."""
    for child in ast.iter_child_nodes(node):
        inside = handed
        if isinstance(child, Function):
            arguments = [*child.args.posonlyargs, *child.args.args, *child.args.kwonlyargs]
            names = {argument.arg for argument in arguments} - {"self", "cls"}
            # A private function is handed parts by its own module, which is looked at too.
            inside = frozenset() if child.name.startswith("_") else frozenset(names)
        yield inside, child
        yield from with_parameters(child, inside)


def is_sql(node: ast.JoinedStr) -> bool:
    first = node.values[0] if node.values else None
    return isinstance(first, ast.Constant) and bool(SQL.match(str(first.value)))


def is_fixed(value: ast.expr, handed: frozenset[str]) -> bool:
    """Whether nothing in it came from outside: neither a parameter nor the request, unless it only counts marks."""
    if isinstance(value, ast.Call) and last_name(value.func) == "marks":
        return True
    # A choice among constants is a constant, whatever chose.
    if isinstance(value, ast.Subscript) and CONSTANT.fullmatch(last_name(value.value)):
        return True
    if isinstance(value, ast.IfExp):
        return is_fixed(value.body, handed) and is_fixed(value.orelse, handed)
    names = {node.id for node in ast.walk(value) if isinstance(node, ast.Name)}
    return not names & (handed | FROM_OUTSIDE)


def last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def filled_template(node: ast.BinOp | ast.Call, handed: frozenset[str]) -> ast.expr | None:
    """`"SELECT ..." % x`, `"SELECT ..." + x` and `"SELECT ...".format(x)`."""
    if isinstance(node, ast.BinOp):
        text, other = node.left, node.right
        fixed = isinstance(node.op, ast.Add) and is_fixed(other, handed)
    else:
        if not (isinstance(node.func, ast.Attribute) and node.func.attr == "format"):
            return None
        text, fixed = node.func.value, False
    written = isinstance(text, ast.Constant) and isinstance(text.value, str) and bool(SQL.match(text.value))
    return node if written and not fixed else None


FIND = "def find(email, sort):\n    "
BREACHES: list[Mapping[str, str]] = [
    {"core/cart/services.py": FIND + 'rows(f"SELECT id FROM carts WHERE email = {email}")\n'},
    {"core/cart/services.py": FIND + 'rows(f"SELECT id FROM carts WHERE email = {email.lower()}")\n'},
    {"core/cart/services.py": FIND + "rows(f\"SELECT id FROM carts ORDER BY {request.args['sort']}\")\n"},
    {"plugins/coupons/services.py": FIND + "execute(\"UPDATE coupon SET code = '%s'\" % email)\n"},
    {"plugins/coupons/services.py": FIND + 'execute("DELETE FROM coupon WHERE code = " + email)\n'},
    {"plugins/coupons/services.py": FIND + 'execute("DELETE FROM coupon WHERE code = {}".format(email))\n'},
]
IN_ORDER = {
    "core/cart/services.py": FIND
    + 'rows(f"SELECT {_COLUMNS} FROM carts WHERE id IN ({db.marks(email)})", *email)\n    '
    + "rows(f\"SELECT id FROM carts ORDER BY {SORTS[sort]} {'DESC' if sort else 'ASC'}\")\n    "
    + "where = ' AND '.join(conditions)\n    "
    + 'rows(f"SELECT id FROM carts WHERE {where}", email)\n    '
    + "# Safe in SQL: a sort is one of two words.\n    "
    + 'rows(f"SELECT id FROM carts ORDER BY {sort}")\n    '
    + 'title = f"Select {email}"\n'
    + "def _insert(table):\n    "
    + 'return f"INSERT INTO {table} DEFAULT VALUES"\n',
}


def test_no_value_gets_into_the_text_of_a_statement(house: Path) -> None:
    found = mixed_sql(house)
    assert not found, "\n".join(found)


def test_a_tree_in_order_passes(plant: Callable[..., Path]) -> None:
    assert mixed_sql(plant(IN_ORDER)) == []


@pytest.mark.parametrize("files", BREACHES)
def test_a_planted_breach_is_caught(plant: Callable[..., Path], files: Mapping[str, str]) -> None:
    assert len(mixed_sql(plant(files))) == 1
