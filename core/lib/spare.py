"""Importing a package without those that it takes along, or with them not before they are used."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec, module_from_spec
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


class _Later(ModuleType):
    """A module that is executed when somebody first asks for something in it, be it a module below."""

    def __getattr__(self, name: str) -> Any:
        spec = self.__spec__
        if (name.startswith("__") and name != "__path__") or spec is None or spec.loader is None:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        self.__class__ = ModuleType  # type: ignore[assignment]
        if spec.submodule_search_locations is not None:
            self.__path__ = spec.submodule_search_locations
        spec.loader.exec_module(self)
        return getattr(self, name)


def later(*names: str) -> None:
    """Import these modules when they are first used, not where others import them, unless they are loaded."""
    for name in names:
        spec = None if name in sys.modules else find_spec(name)
        if spec is not None:
            module = module_from_spec(spec)
            module.__dict__.pop("__path__", None)
            module.__class__ = _Later
            sys.modules[name] = module
