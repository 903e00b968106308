"""How a hook is declared: who may answer what, and what an error means."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

import pluggy
from msgspec import Struct

from core.lib.retired import Retired

hookspec = pluggy.HookspecMarker("stoa")
hookimpl = pluggy.HookimplMarker("stoa")

_Spec = TypeVar("_Spec", bound=Callable[..., object])


class OnError(StrEnum):
    """What the caller does when an implementation fails, answers the wrong type or is paused."""

    SKIP = "skip"  # go on without this plugin's answer
    BLOCK = "block"  # refuse the act: an answer is needed to go on safely
    RETRY = "retry"  # deliver again later, then dead-letter


class Policy(Struct, frozen=True):
    """The rules of one hook, read by the Runtime when it compiles its call table.

    `items`: the types an answer's items may have, checked on every answer. `shape`: `list` (many answers are joined),
    `dict` (answers stay apart, one per plugin), `one` (a single value per plugin), `none`. `may_block`: an error
    refuses the act all the same where the merchant marked the plugin "must pass". `patience`: how many times the usual
    time an answer may take, where a worker asks and nobody waits. `retired`: it is asked for a while
    yet, and plugins that answer it are told what to answer instead.
    """

    items: tuple[type, ...]
    shape: str
    on_error: OnError
    first: bool
    writes: bool
    may_block: bool
    retired: Retired | None = None
    patience: int = 1


def asks(
    *items: type,
    shape: str = "list",
    on_error: OnError = OnError.SKIP,
    first: bool = False,
    writes: bool = False,
    may_block: bool = False,
    retired: Retired | None = None,
    patience: int = 1,
) -> Callable[[_Spec], _Spec]:
    """Declare a hook: the types of its answer, how many answers are joined, and what an error does."""

    def declare(function: _Spec) -> _Spec:
        function.stoa_policy = Policy(items, shape, on_error, first, writes, may_block, retired, patience)  # type: ignore[attr-defined]
        return hookspec(function, firstresult=first)

    return declare
