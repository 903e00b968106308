"""What frozen dataclasses have in common, once instead of in each of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import FrozenInstanceError, fields, is_dataclass
from reprlib import recursive_repr
from typing import Any


def share_methods() -> int:
    """Give all dataclasses the same `__repr__`, and all frozen ones the same way to refuse; answers how many it found.

    Python writes these anew for each class, six hundred times here, and nearly none is ever called. What refuses also
    holds on to the class as it was before it got slots.
    """
    found = 0
    for kind in list(_all_below(object, set())):
        if is_dataclass(kind) and "__dataclass_fields__" in kind.__dict__:
            found += 1
            for name, shared in _SHARED.items():
                if _is_generated(kind.__dict__.get(name)):
                    setattr(kind, name, shared)
    return found


def _all_below(kind: type, seen: set[type]) -> Iterator[type]:
    below: type
    for below in type.__subclasses__(kind):
        if below not in seen:
            seen.add(below)
            yield below
            yield from _all_below(below, seen)


def _is_generated(method: Any) -> bool:
    code = getattr(getattr(method, "__wrapped__", method), "__code__", None)
    return code is not None and code.co_filename == "<string>"


@recursive_repr()
def _repr(self: Any) -> str:
    said = (f"{field.name}={getattr(self, field.name)!r}" for field in fields(self) if field.repr)
    return f"{type(self).__qualname__}({', '.join(said)})"


def _refuse_to_set(self: Any, name: str, value: object) -> None:
    if _is_frozen(self, name):
        raise FrozenInstanceError(f"cannot assign to field {name!r}")
    object.__setattr__(self, name, value)


def _refuse_to_delete(self: Any, name: str) -> None:
    if _is_frozen(self, name):
        raise FrozenInstanceError(f"cannot delete field {name!r}")
    object.__delattr__(self, name)


def _is_frozen(one: Any, name: str) -> bool:
    """What a plain class below a frozen one adds of its own is its own."""
    return "__dataclass_fields__" in type(one).__dict__ or name in one.__dataclass_fields__


_SHARED = {"__repr__": _repr, "__setattr__": _refuse_to_set, "__delattr__": _refuse_to_delete}
