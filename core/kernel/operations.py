"""Operations: what a plugin offers to programs over HTTP and JSON, served by whichever plugin serves an API.

A plugin declares them with what they take, what they answer and the scope that a key needs. Whoever serves them reads
`plugin_operations(site)`: so neither has to know the other, and what is switched off is not there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from core.kernel.answers import WrongAnswer
from core.kernel.i18n import of_plugin
from core.kernel.installation import installation
from core.kernel.sites import current_or_none, state_of
from core.lib.errors import Broken, StoaError

if TYPE_CHECKING:
    from core.hookspecs.site import Site
    from core.kernel.sites import SiteState


class RequestModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all that may be sent: bodies and query strings. A field that is not declared is refused."""


class ResponseModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all that is answered: only declared fields ever leave the shop."""


class OperationCall(Struct, frozen=True, kw_only=True):
    """A request that passed all checks. `scopes` are its key's; `actor` is written into logs and timelines.

    `path` holds the parts of the path (an `..._id` as a number), `query` and `body` what was declared, `once` the
    Idempotency-Key.
    """

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


Carry = Callable[[OperationCall], ResponseModel | None]


class Operation(Struct, frozen=True, kw_only=True):
    """What can be asked. `path` has parts such as `{order_id}`; `once`: an Idempotency-Key is needed, or heeded.

    `tag` groups it in the reference: for a plugin's, its title, if there is none. `largest` are the bytes that its body
    may have. `plugin` is whose it is; it is filled in by `plugin_operations`.
    """

    method: str
    path: str
    name: str
    scope: str
    summary: str
    answer: type[ResponseModel] | None
    carry: Carry
    tag: str = ""
    status: int = 200
    query: type[RequestModel] | None = None
    body: type[RequestModel] | None = None
    has_cart: bool = False
    once: str = ""
    largest: int = 64 * 1024
    plugin: str = ""

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of the parts of its path."""
        return tuple(re.findall(r"\{(\w+)\}", self.path))


def operation(
    method: str, path: str, *, scope: str, answer: type[ResponseModel] | None, **more: Any
) -> Callable[[Carry], Operation]:
    """Make the decorated function an operation; the first line of its docstring is its summary."""

    def declare(function: Carry) -> Operation:
        summary = (function.__doc__ or "").strip().partition("\n")[0]
        return Operation(
            method=method, path=path, name=function.__name__, scope=scope, summary=summary, answer=answer,
            carry=function, **more,
        )  # fmt: skip

    return declare


# -- what the plugins of a site offer ----------------------------------------------------------------------------------


class OperationFailed(Broken):
    """A plugin failed while it carried out an operation; the fault is in its log."""

    default_message = "A part of this shop is not answering. Nothing was lost; try again in a minute."


def plugin_operations(site: Site) -> tuple[Operation, ...]:
    """The operations of the plugins that are on here, guarded: a failure is reported as the plugin's fault.

    No statement in a request.
    """
    loaded = installation().plugins.loaded
    return tuple(
        replace(one, plugin=name, tag=one.tag or str(loaded[name].plugin.title), carry=_guarded(name, one))
        for name in plugins_on(site)
        for one in loaded[name].plugin.operations
    )


def plugin_scopes(site: Site) -> dict[str, str]:
    """What keys may be allowed for those operations: each scope with its title in the present language."""
    loaded = installation().plugins.loaded
    return {
        code: of_plugin(name, str(title))
        for name in plugins_on(site)
        for code, title in loaded[name].plugin.scopes.items()
    }


def plugins_on(site: Site) -> tuple[str, ...]:
    """The names of the plugins that are on here, in a request without a statement."""
    state = current_or_none()
    if state is None or state.site.id != site.id:
        state = state_of(site.id)
    return state.runtime.plugins


def _guarded(plugin: str, one: Operation) -> Carry:
    def carry(call: OperationCall) -> ResponseModel | None:
        try:
            return _fitting(one, one.carry(call))
        except StoaError:
            raise
        except (Exception, SystemExit) as error:
            installation().faults.report(call.site.id, plugin, f"operation {one.name}", error)
            raise OperationFailed from error

    return carry


def _fitting(one: Operation, answer: ResponseModel | None) -> ResponseModel | None:
    if one.answer is None or type(answer) is not one.answer:
        raise WrongAnswer(f"{one.name} answers {getattr(one.answer, '__name__', None)}, not {type(answer).__name__}")
    return answer
