"""The Runtime: what one set of plugins under one theme compiles to, shared by every site with that set.

pluggy finds and checks implementations; the calls are ours, because pluggy's loop ends at the first exception. Each
implementation is called inside a guard: one that raises, exits, answers nonsense or is slow is reported, and the rest
go on.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import structlog
from msgspec import Struct, field
from werkzeug.routing import Map

from core.hookspecs import FAMILIES
from core.hookspecs.spec import OnError, Policy
from core.kernel import db
from core.kernel.answers import WrongAnswer, checked, checked_all
from core.kernel.routes import SharedRule, url_map
from core.kernel.storing import WAITING
from core.lib.errors import Broken

if TYPE_CHECKING:
    from core.hookspecs.site import Site
    from core.kernel.plugins import Registry

log = structlog.get_logger(__name__)
ON, DRAINING, PAUSED, OFF = "on", "draining", "paused", "off"
_KEPT = 64
_POLICIES: dict[str, Policy] = {
    name: spec.stoa_policy for family in FAMILIES for name, spec in vars(family).items() if hasattr(spec, "stoa_policy")
}
# What a draining plugin still answers: the orders that need it must go on.
_WHILE_DRAINING = frozenset({"payment_gateways", "fulfil_carriers", "notify_event"})


class HookFailed(Broken):
    """A hook whose answer is needed to go on safely failed; the act is refused and nothing was stored."""

    default_message = "A part of this shop is not answering. Nothing was lost; try again in a minute."

    def __init__(self, plugin: str, hook: str) -> None:
        super().__init__()
        self.plugin, self.hook = plugin, hook


class TooSlow(RuntimeError):
    """An implementation held up its request longer than the configured limit."""


class Implementation(Struct, frozen=True):
    """One plugin's function for one hook. One that is paused is not called; it stands where its answer is needed."""

    plugin: str
    function: Callable[..., Any]
    arguments: tuple[str, ...]
    draining: bool = False
    paused: bool = False


class Caller(Struct, frozen=True):
    """One hook with its implementations in the order of the plugins' names."""

    name: str
    policy: Policy
    implementations: tuple[Implementation, ...]


Report = Callable[[int | None, str, str, BaseException], None]
Timing = tuple[str, str, float]


class Hooks:
    """The hooks of one site: `hooks.promote_offers(site=..., cart=..., codes=...)`. Made once per site's state."""

    def __init__(
        self,
        callers: Mapping[str, Caller],
        must_pass: frozenset[str],
        report: Report,
        slow_after_s: float,
        is_paused: Callable[[int, str], bool],
    ) -> None:
        self._callers, self._must_pass, self._report, self._slow, self._is_paused = (
            callers,
            must_pass,
            report,
            slow_after_s,
            is_paused,
        )

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_") or name not in self._callers:
            raise AttributeError(f"there is no hook {name!r}")
        caller = self._callers[name]

        def ask(**arguments: Any) -> Any:
            return self._ask(caller, arguments)

        self.__dict__[name] = ask
        return ask

    def each(
        self, name: str, /, *, draining: bool = False, among: Collection[str] | None = None, **arguments: Any
    ) -> list[tuple[str, Any]]:
        """(plugin, answer) of every implementation, or of those of the plugins `among` these.

        With `draining`, of plugins that only finish their open orders too.
        """
        caller = self._callers[name]
        if db.in_transaction():
            raise db.InTransaction(f"{name} is asked before the transaction opens")
        return [
            (implementation.plugin, answer)
            for implementation in caller.implementations
            if (draining or not implementation.draining)
            and (among is None or implementation.plugin in among)
            and (answer := self._guarded(caller, implementation, arguments)) is not None
        ]

    def one(self, name: str, plugin: str, /, **arguments: Any) -> Any:
        """Call one plugin's implementation without a guard: for the worker, which must see the error to retry."""
        for implementation in self._callers[name].implementations:
            if implementation.plugin == plugin:
                return implementation.function(
                    **{argument: arguments[argument] for argument in implementation.arguments}
                )
        return None

    def answering(self, name: str) -> list[str]:
        """The plugins that implement a hook here, draining ones too."""
        return [implementation.plugin for implementation in self._callers[name].implementations]

    def _ask(self, caller: Caller, arguments: dict[str, Any]) -> Any:
        policy = caller.policy
        if not caller.implementations:
            return None if policy.first else {} if policy.shape == "dict" else []
        if db.in_transaction():
            raise db.InTransaction(f"{caller.name} is asked before the transaction opens")
        together: list[Any] = []
        apart: dict[str, Any] = {}
        for implementation in caller.implementations:
            if implementation.draining or (answer := self._guarded(caller, implementation, arguments)) is None:
                continue
            if policy.first:
                return answer
            if policy.shape == "dict":
                apart[implementation.plugin] = answer
            elif policy.shape == "list":
                together.extend(answer)
            else:
                together.append(answer)
        return None if policy.first else apart if policy.shape == "dict" else together

    def _guarded(self, caller: Caller, implementation: Implementation, arguments: dict[str, Any]) -> Any:
        """The checked answer, or None when the plugin failed, is paused, or had nothing to say."""
        site: Site = arguments["site"]
        if implementation.paused or self._is_paused(site.id, implementation.plugin):
            self._refuse_if_needed(caller, implementation)
            return None
        begun = time.perf_counter()
        try:
            answer = implementation.function(**{name: arguments[name] for name in implementation.arguments})
            checked = _checked(caller, answer)
        except (Exception, SystemExit) as error:  # noqa: BLE001 -- the guard: whatever a plugin does, the shop goes on
            self._report(site.id, implementation.plugin, caller.name, error)
            self._refuse_if_needed(caller, implementation)
            return None
        finally:
            took = time.perf_counter() - begun
            if (heard := listening.get()) is not None:
                heard.append((caller.name, implementation.plugin, took))
            if took > (allowed := self._slow * caller.policy.patience):
                slow = TooSlow(f"{took:.1f} s to answer, {allowed:g} s are allowed")
                self._report(site.id, implementation.plugin, caller.name, slow)
        return checked

    def _refuse_if_needed(self, caller: Caller, implementation: Implementation) -> None:
        policy = caller.policy
        if policy.on_error is OnError.BLOCK or (policy.may_block and implementation.plugin in self._must_pass):
            raise HookFailed(implementation.plugin, caller.name)


def _is_heard(state: str, hook: str, policy: Policy) -> bool:
    """Whether a plugin in this state stands at a hook: a paused one where its silence may have to refuse the act."""
    if state == PAUSED:
        return policy.on_error is OnError.BLOCK or policy.may_block
    return state == ON or hook in _WHILE_DRAINING


# Where the debug bar listens: what was asked in this request, in order, with the seconds each took.
listening: ContextVar[list[Timing] | None] = ContextVar("stoa_listening", default=None)


def _checked(caller: Caller, answer: Any) -> Any:
    """The answer, if it is what the spec allows; WrongAnswer otherwise."""
    policy = caller.policy
    if answer is None or policy.shape == "none":
        return None
    if policy.shape == "one":
        return checked(answer, *policy.items, asked=caller.name)
    if policy.shape == "list":
        return checked_all(answer, *policy.items, asked=caller.name)
    if not isinstance(answer, Mapping):
        raise WrongAnswer(f"{caller.name} answers a dict, not {type(answer).__name__}")
    checked_all(answer.values(), *policy.items, asked=caller.name)
    return answer


class Runtime(Struct, frozen=True):
    """Immutable; compiled once for (theme, plugins and their states)."""

    key: tuple[str, frozenset[tuple[str, str]]]
    callers: Mapping[str, Caller]
    url_map: Map
    plugins: tuple[str, ...]
    # Which plugins fill a place of a page; those under "" fill any.
    fillers: Mapping[str, frozenset[str]]
    # Those of them whose answer is kept for everybody.
    keepers: Mapping[str, frozenset[str]]
    # What the pages' Content-Security-Policy allows beside this site, by the plugins' declarations.
    hosts: Mapping[str, tuple[str, ...]]
    # The kinds of storage that visitors are asked about, and who fills a place only for those who agreed to one.
    stores: tuple[str, ...] = ()
    waits: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def has(self, plugin: str) -> bool:
        """Whether the plugin is on (not draining, not paused)."""
        return plugin in self.plugins

    def filling(self, slot: str) -> frozenset[str]:
        """The plugins to ask for a place of a page."""
        return self.fillers.get(slot) or self.fillers[""]

    def keeping(self, slot: str) -> frozenset[str]:
        """Those whose answer for this place is kept, because they said that it is the same for everybody."""
        return self.keepers.get(slot, frozenset())


class Runtimes:
    """The last used Runtimes. A build that fails answers with the last good one of that theme, then with core alone."""

    def __init__(self, registry: Registry, report: Report) -> None:
        self._registry, self._report = registry, report
        self._kept: OrderedDict[tuple[str, frozenset[tuple[str, str]]], Runtime] = OrderedDict()
        self._lock = threading.Lock()
        self.core_rules: list[SharedRule] = []
        self.built = 0

    def get(self, theme: str, states: Mapping[str, str]) -> Runtime:
        """The Runtime of a theme with these plugin states; states of plugins that are not loaded are left out."""
        live = frozenset(
            (name, state)
            for name, state in states.items()
            if state in {ON, DRAINING, PAUSED} and name in self._registry.loaded
        )
        key = (theme, live)
        with self._lock:
            if (found := self._kept.get(key)) is not None:
                self._kept.move_to_end(key)
                return found
            runtime = self._build_or_fall_back(key)
            self._kept[key] = runtime
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            return runtime

    def _build_or_fall_back(self, key: tuple[str, frozenset[tuple[str, str]]]) -> Runtime:
        try:
            self.built += 1
            return self._build(key)
        except (Exception, SystemExit) as error:
            log.exception("a runtime could not be built", plugins=sorted(name for name, _ in key[1]))
            for name, _ in key[1]:
                self._report(None, name, "build", error)
            last = next((runtime for (theme, _), runtime in reversed(self._kept.items()) if theme == key[0]), None)
            return last or self._build((key[0], frozenset()))

    def _build(self, key: tuple[str, frozenset[tuple[str, str]]]) -> Runtime:
        states = dict(key[1])
        on = tuple(sorted(name for name, state in states.items() if state == ON))
        rules = [*self.core_rules, *(rule for name in on for rule, _ in self._registry.loaded[name].rules)]
        kept = {name: self._registry.loaded[name].plugin.kept_slots for name in on}
        keepers = {
            slot: frozenset(name for name in on if slot in kept[name]) for slots in kept.values() for slot in slots
        }
        stored = {one.kind for name in on for one in self._registry.loaded[name].plugin.stores}
        waits = {
            slot: {name: wait for name in on if (wait := self._registry.loaded[name].plugin.waits.get(slot))}
            for name in on
            for slot in self._registry.loaded[name].plugin.waits
        }
        return Runtime(
            key, self._callers(states), url_map(rules), on, self._fillers(on), keepers, self._hosts(on),
            tuple(kind for kind in WAITING if kind in stored), waits,
        )  # fmt: skip

    def _fillers(self, on: tuple[str, ...]) -> dict[str, frozenset[str]]:
        declared = {name: self._registry.loaded[name].plugin.slots for name in on}
        anywhere = frozenset(name for name, slots in declared.items() if not slots)
        named = {slot for slots in declared.values() for slot in slots}
        return {"": anywhere} | {
            slot: anywhere | {name for name, slots in declared.items() if slot in slots} for slot in named
        }

    def _hosts(self, on: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
        declared = [self._registry.loaded[name].plugin.csp for name in on]
        hosts = {
            f"{kind}_hosts": tuple(host for csp in declared for host in getattr(csp, kind))
            for kind in ("script", "frame", "connect", "image")
        }
        return {kind: found for kind, found in hosts.items() if found}

    def _callers(self, states: Mapping[str, str]) -> dict[str, Caller]:
        found = [
            (hook, Implementation(name, one.function, tuple(one.argnames), state == DRAINING, state == PAUSED))
            for name, state in sorted(states.items())
            for hook, one in self._registry.loaded[name].implementations
            if hook in _POLICIES and _is_heard(state, hook, _POLICIES[hook])
        ]
        return {
            name: Caller(name, policy, tuple(one for hook, one in found if hook == name))
            for name, policy in _POLICIES.items()
        }
