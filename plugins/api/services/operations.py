"""Operations, the API's own and those of plugins: each declared once, with its scope, what it takes and answers.

Routes, checks and the OpenAPI document are all made from these declarations.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.api import Operation, Refused, Site, plugin_operations
from core.api import OperationCall as Call
from core.api import operation as declared
from plugins.api.services.shapes.base import Shown

__all__ = ["OPERATIONS", "Call", "Carry", "Operation", "currency_of", "language_of", "offered", "operation"]

Carry = Callable[[Call], Shown | None]
OPERATIONS: list[Operation] = []


def operation(
    method: str, path: str, *, tag: str, scope: str, answer: type[Shown] | None, **more: Any
) -> Callable[[Carry], Carry]:
    """Declare the decorated function as an operation of the API's own."""

    def declare(function: Carry) -> Carry:
        OPERATIONS.append(declared(method, path, tag=tag, scope=scope, answer=answer, **more)(function))
        return function

    return declare


# The order of the reference: what a shop front needs, then what the desk does.
_TAGS = (
    "Catalogue", "Cart", "Checkout", "Orders", "Changes", "Shipments", "Payments", "Returns", "Drafts", "Stock",
    "Shoppers",
)  # fmt: skip


def offered(site: Site) -> tuple[Operation, ...]:
    """All that can be asked on a site: the API's own operations, then those of the plugins that are on there.

    A plugin that is called like a resource of the API's own has no place beside it.
    """
    own = {_first(one) for one in OPERATIONS}
    in_order = sorted(OPERATIONS, key=lambda one: _TAGS.index(one.tag))
    return (*in_order, *(one for one in plugin_operations(site) if _first(one) not in own))


def _first(one: Operation) -> str:
    return one.path.split("/")[1]


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
