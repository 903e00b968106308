"""Importing a package without what it takes along and we do not need."""

from __future__ import annotations

import sys
from collections.abc import Iterator
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
def hollow(*names: str) -> Iterator[None]:
    """What is imported in the block is given these modules empty, unless they are loaded. Others load them in full.

    For what a package insists on importing, and calls in functions that nobody here calls: they would fail. Where it
    takes something out of a module, `module:name name` says what: it gets `NOTHING`.
    """
    given: dict[str, ModuleType] = {}
    for name, _, attributes in (text.partition(":") for text in names):
        if name not in sys.modules:
            given[name] = ModuleType(name)
            vars(given[name]).update(dict.fromkeys(attributes.split(), NOTHING))
    sys.modules.update(given)
    try:
        yield
    finally:
        for name in given:
            del sys.modules[name]


class _Nothing:
    """Takes every call and every value, is all its attributes, and leaves what it decorates as it is."""

    def __call__(self, *given: Any, **options: Any) -> Any:
        return given[0] if len(given) == 1 and callable(given[0]) and not options else self

    def __getattr__(self, name: str) -> _Nothing:
        return self

    def __setattr__(self, name: str, value: object) -> None:
        pass

    def __bool__(self) -> bool:
        return False


NOTHING = _Nothing()
