"""Views and their rules.

What a face of core or a plugin serves, recorded first and placed in each Runtime's Map later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from msgspec import Struct, field
from werkzeug.routing import Map, Rule

View = Callable[..., Any]
_Function = TypeVar("_Function", bound=Callable[..., Any])


class SharedRule(Rule):
    """A rule that is compiled once, then placed in any number of Maps with equal settings.

    Werkzeug forbids binding a rule twice, because a Map may change what a rule compiles to. Ours never does: all Maps
    are
    made by `url_map()` alone.
    """

    def __init__(self, *words: Any, **options: Any) -> None:
        super().__init__(*words, **options)
        self.methods = _once(frozenset(self.methods or ()))
        # Where all that an object ever has is set when it is made, Python keeps the names of it once for all of them.
        self._build = self._build_unknown = _nowhere
        # Flask sets and reads this on its own rules.
        self.provide_automatic_options = False

    def bind(self, map: Map, rebind: bool = False) -> None:  # noqa: A002, FBT001, FBT002 -- Werkzeug's signature
        if self.map is None:
            super().bind(map, rebind)

    def compile(self) -> None:
        """Hundreds of rules have the same parts: each is held once."""
        super().compile()
        self._parts = [_once(part, repr(part)) for part in self._parts]
        self._trace = [_once(step) for step in self._trace]
        self.arguments = _once(frozenset(self.arguments))

    def _compile_builder(self, append_unknown: bool = True) -> Any:  # noqa: FBT001, FBT002 -- Werkzeug's signature
        """Let the rule learn to build addresses when it first has to: most rules of a process never do."""
        return _learn_to_build_unknown if append_unknown else _learn_to_build

    def learn(self, *, append_unknown: bool) -> Any:
        """What builds its addresses, from now on."""
        build = super()._compile_builder(append_unknown).__get__(self, None)
        setattr(self, "_build_unknown" if append_unknown else "_build", build)
        return build


def _learn_to_build(rule: SharedRule, *known: Any, **values: Any) -> Any:
    return rule.learn(append_unknown=False)(*known, **values)


def _learn_to_build_unknown(rule: SharedRule, *known: Any, **values: Any) -> Any:
    return rule.learn(append_unknown=True)(*known, **values)


def _nowhere(*_known: Any, **_values: Any) -> tuple[str, str]:
    raise RuntimeError("a rule that is in no Map has no address")


_held: dict[object, Any] = {}


def _once(thing: Any, key: object = None) -> Any:
    """The first that was equal to it (or had its `key`), so that no second one is held."""
    return _held.setdefault(thing if key is None else key, thing)


_MAPS_KEPT = 32
_maps: dict[tuple[int, ...], Map] = {}


def url_map(rules: Iterable[SharedRule]) -> Map:
    """A Map of shared rules; sorted now, so that no request does it.

    The same one for the same rules, whatever the theme and the states: it keeps its rules, so they are known by `id`.
    """
    placed = list(rules)
    key = tuple(map(id, placed))
    found = _maps.get(key)
    if found is None:
        found = Map(placed, host_matching=False, merge_slashes=False)
        found.update()
        while len(_maps) >= _MAPS_KEPT:
            _maps.pop(next(iter(_maps)), None)
        _maps[key] = found
    return found


class Route(Struct):
    """One recorded rule with its view."""

    rule: str
    methods: frozenset[str]
    name: str
    view: View
    defaults: dict[str, Any] = field(default_factory=dict)


class Views:
    """A set of views under one prefix, like a Blueprint without anything app-wide.

    `before_request` and `errorhandler` hold for these views only. The endpoint of a view is `<name>.<function>`; a
    plugin's
    panel views are `<name>.panel.<function>`, under `/panel/<plugin>`.
    """

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix.rstrip("/")
        self.routes: list[Route] = []
        self.before: list[Callable[[], Any]] = []
        self.handlers: list[tuple[type[Exception], Callable[[Any], Any]]] = []
        self._rules: dict[tuple[object, ...], list[tuple[SharedRule, View]]] = {}

    def route(
        self, rule: str, *, methods: Iterable[str] = ("GET",), endpoint: str = "", **defaults: Any
    ) -> Callable[[_Function], _Function]:
        """Serve `rule` (below the prefix) by the decorated view.

        A view of several rules: the last one makes `url_for`.
        """
        if not rule.startswith("/") and rule:
            raise ValueError(f"a rule begins with a slash: {rule!r}")

        def record(view: _Function) -> _Function:
            verbs = frozenset(method.upper() for method in methods)
            verbs |= {"HEAD"} if "GET" in verbs else frozenset()
            self.routes.append(Route(rule, _once(verbs), endpoint or view.__name__, view, dict(defaults)))
            return view

        return record

    def get(self, rule: str, **options: Any) -> Callable[[_Function], _Function]:
        """`route` for GET."""
        return self.route(rule, methods=("GET",), **options)

    def post(self, rule: str, **options: Any) -> Callable[[_Function], _Function]:
        """`route` for POST."""
        return self.route(rule, methods=("POST",), **options)

    def before_request(self, function: _Function) -> _Function:
        """Run `function` before each of these views; what it returns, if anything, is the response."""
        self.before.append(function)
        return function

    def errorhandler(self, error: type[Exception]) -> Callable[[_Function], _Function]:
        """Let the decorated function answer `error` raised by these views."""

        def record(handler: _Function) -> _Function:
            self.handlers.append((error, handler))
            return handler

        return record

    def rules(self, name: str, root: str = "") -> list[tuple[SharedRule, View]]:
        """The compiled-once rules of these views under `root` and the prefix, with endpoints `<name>.<function>`.

        The same ones each time they are asked for, because compiling them is most of what making a Map costs.
        """
        key = (name, root, len(self.routes), len(self.before), len(self.handlers))
        if key not in self._rules:
            self._rules[key] = [(_rule(route, name, root + self.prefix), self._wrapped(route)) for route in self.routes]
        return self._rules[key]

    def _wrapped(self, route: Route) -> View:
        if not self.before and not self.handlers:
            return route.view
        return _guarded(route.view, tuple(self.before), tuple(self.handlers))


def _rule(route: Route, name: str, root: str) -> SharedRule:
    rule = SharedRule(
        (root + route.rule) or "/",
        methods=route.methods | {"OPTIONS"},
        endpoint=f"{name}.{route.name}",
        defaults=route.defaults or None,
        strict_slashes=False,
    )
    # A view that takes OPTIONS itself (asked by browsers before a request from another site) answers it itself.
    rule.provide_automatic_options = "OPTIONS" not in route.methods
    return rule


def _guarded(
    view: View,
    before: tuple[Callable[[], Any], ...],
    handlers: tuple[tuple[type[Exception], Callable[[Any], Any]], ...],
) -> View:
    """`view` with the before-functions and error handlers of its Views.

    Declarations on the view (access) stay readable.
    """

    def guarded(**arguments: Any) -> Any:
        try:
            for function in before:
                if (answer := function()) is not None:
                    return answer
            return view(**arguments)
        except Exception as error:
            for kind, handler in handlers:
                if isinstance(error, kind):
                    return handler(error)
            raise

    guarded.__dict__.update(view.__dict__)
    guarded.__name__, guarded.__module__, guarded.__doc__ = view.__name__, view.__module__, view.__doc__
    return guarded
