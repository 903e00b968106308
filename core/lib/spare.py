"""Importing a package without those that it takes along where it finds them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
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
