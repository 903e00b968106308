"""Operations: each declared once, with its scope, what it takes and what it answers.

Routes, checks and the OpenAPI document are all made from these declarations.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.api import Refused, Site, SiteState
from plugins.api.forms import Sent
from plugins.api.services.shapes import Shown

Carry = Callable[["Call"], Shown | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request that passed all checks. `scopes` are its key's; `actor` is written into logs and timelines."""

    state: SiteState
    key_id: int
    scopes: frozenset[str]
    path: Mapping[str, Any] = field(default_factory=dict)
    query: Any = None
    body: Any = None
    cart_token: str = ""
    once: str = ""

    @property
    def site(self) -> Site:
        return self.state.site

    @property
    def actor(self) -> str:
        return f"api:{self.key_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What can be asked. `path` has parts such as `{order_id}`; `once`: an Idempotency-Key is needed, or heeded."""

    method: str
    path: str
    name: str
    tag: str
    scope: str
    summary: str
    answer: type[Shown] | None
    carry: Carry
    status: int = 200
    query: type[Sent] | None = None
    body: type[Sent] | None = None
    has_cart: bool = False
    once: str = ""

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of the parts of its path."""
        return tuple(re.findall(r"\{(\w+)\}", self.path))


OPERATIONS: list[Operation] = []


def operation(
    method: str, path: str, *, tag: str, scope: str, answer: type[Shown] | None, **more: Any
) -> Callable[[Carry], Carry]:
    """Declare the decorated function as an operation; the first line of its docstring is its summary."""

    def declare(function: Carry) -> Carry:
        summary = (function.__doc__ or "").strip().splitlines()[0]
        OPERATIONS.append(
            Operation(
                method=method, path=path, name=function.__name__, tag=tag, scope=scope, summary=summary, answer=answer,
                carry=function, **more,
            )
        )  # fmt: skip
        return function

    return declare


class Unsold(Refused):
    """A language or currency that the site does not have."""

    status = 422
    code = "unfit"
    default_message = "This site does not have it."


def language_of(site: Site, wanted: str | None) -> str:
    """The language asked for, or the site's own. Raises Unsold."""
    if wanted is not None and wanted not in site.languages:
        raise Unsold(field="language")
    return wanted or site.language


def currency_of(site: Site, wanted: str | None) -> str:
    """The currency asked for, or the site's own. Raises Unsold."""
    if wanted is not None and wanted not in site.currencies:
        raise Unsold(field="currency")
    return wanted or site.currency
