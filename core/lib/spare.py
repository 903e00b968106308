"""Importing a package without what it takes along and we do not need."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


@contextmanager
def without(*names: str) -> Iterator[None]:
    """What is imported in the block finds these packages as if they were not installed, unless they are loaded."""
    hidden = [name for name in names if name not in sys.modules]
    modules: dict[str, Any] = sys.modules
    modules.update(dict.fromkeys(hidden))  # None is Python's own word for "not there".
    try:
        yield
    finally:
        for name in hidden:
            del modules[name]


@contextmanager
def hollow(*names: str, **decorators: str) -> Iterator[None]:
    """What is imported in the block is given these modules empty, unless they are loaded. Others load them in full.

    For what a package insists on importing, and calls in functions that nobody here calls: they would fail.
    `decorators` are functions by the module that has them, as `notes="package.module"`: theirs leave all as it is.
    """
    wanted = {name: ModuleType(name) for name in (*names, *decorators.values())}
    for name, module in decorators.items():
        setattr(wanted[module], name, _as_it_is)
    given = {name: module for name, module in wanted.items() if name not in sys.modules}
    sys.modules.update(given)
    try:
        yield
    finally:
        for name in given:
            del sys.modules[name]


def _as_it_is(*_words: Any, **_options: Any) -> Callable[[Any], Any]:
    return lambda decorated: decorated
