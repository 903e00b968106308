"""Syntax trees, walked no deeper than a rule needs to look: most of a tree is expressions."""

from __future__ import annotations

import ast
from collections.abc import Iterator

BODIES = ("body", "orelse", "finalbody", "handlers", "cases")


def statements(tree: ast.AST) -> Iterator[ast.stmt]:
    """Every statement below `tree`, at any depth."""
    for name in BODIES:
        below = getattr(tree, name, [])
        # What stands in the body of a lambda or beside an `if` within an expression is no statement.
        for child in below if isinstance(below, list) else []:
            if isinstance(child, ast.stmt):
                yield child
            yield from statements(child)
