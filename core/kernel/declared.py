"""What a plugin declares, checked when it is loaded: a slip is told to its author, not met by a merchant on a page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from core.hookspecs.events import Event
from core.kernel import blocks, security
from core.kernel.operations import Operation, RequestModel, ResponseModel
from core.kernel.settings import fields

if TYPE_CHECKING:
    from core.kernel.manifest import Plugin

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_PATH = re.compile(r"(/([a-z0-9_-]+|\{[a-z_]+\}))+\Z")
_PART = re.compile(r"\{\w+\}")
_SCOPE = re.compile(r"[a-z0-9_]+:[a-z][a-z0-9_]*\Z")


def complaints(plugin: Plugin, endpoints: Iterable[str]) -> Iterator[str]:
    """What is wrong with a declaration, in words for its author; `endpoints` are those of its views."""
    yield from _settings(plugin)
    known = frozenset(endpoints)
    yield from _menu(plugin, known)
    yield from _panel(plugin, known)
    yield from _work(plugin)
    yield from _hosts(plugin)
    yield from _operations(plugin)
    yield from blocks.complaints(plugin)
    if plugin.name in {*plugin.requires, *plugin.conflicts}:
        yield "it requires or excludes itself"


def _settings(plugin: Plugin) -> Iterator[str]:
    if plugin.settings is None:
        return
    try:
        fields(plugin.settings)
    except (TypeError, NameError) as error:
        yield f"settings: {error}"


def _menu(plugin: Plugin, endpoints: frozenset[str]) -> Iterator[str]:
    declared = {permission.code for permission in plugin.permissions}
    for code in sorted(declared):
        if not code.startswith(f"{plugin.name}."):
            yield f"permission {code!r} must begin with {plugin.name + '.'!r}"
    for act in plugin.card_acts:
        if f"{plugin.name}.{act.endpoint}" not in endpoints:
            yield f"card act {act.title!r}: there is no shop view {act.endpoint!r}"
    for entry in plugin.panel_menu:
        if f"{plugin.name}.panel.{entry.endpoint}" not in endpoints:
            yield f"menu entry {entry.title!r}: there is no panel view {entry.endpoint!r}"
        if entry.permission.startswith(f"{plugin.name}.") and entry.permission not in declared:
            yield f"menu entry {entry.title!r}: permission {entry.permission!r} is not declared"


def _panel(plugin: Plugin, endpoints: frozenset[str]) -> Iterator[str]:
    for step in plugin.first_steps:
        if f"{plugin.name}.panel.{step.endpoint}" not in endpoints:
            yield f"first step {step.title!r}: there is no panel view {step.endpoint!r}"
        if not step.permission:
            yield f"first step {step.title!r}: say by its permission who takes it"
    for act in plugin.product_acts:
        if f"{plugin.name}.panel.{act.endpoint}" not in endpoints:
            yield f"product act {act.title!r}: there is no panel view {act.endpoint!r}"
        if not act.permission:
            yield f"product act {act.title!r}: say by its permission who is offered it"
    if plugin.panel_finder is not None and not plugin.panel_finder.permission:
        yield "panel finder: say by its permission who is shown what it finds"


def _work(plugin: Plugin) -> Iterator[str]:
    for job, seconds in plugin.every.items():
        if job not in plugin.jobs:
            yield f"every: there is no job {job!r}"
        if seconds <= 0:
            yield f"every: {job!r} needs a pace in seconds"
    for heard in plugin.hears:
        if not isinstance(heard, type) or not issubclass(heard, Event):
            yield f"hears: {heard!r} is no event"


def _hosts(plugin: Plugin) -> Iterator[str]:
    declared = plugin.csp
    forms = () if callable(declared.form_action) else declared.form_action
    try:
        security.content_security_policy(
            forms,
            declared.script,
            frame_hosts=declared.frame,
            connect_hosts=declared.connect,
            image_hosts=declared.image,
        )
    except (ValueError, AttributeError, TypeError) as error:
        yield f"csp: {error}"


# -- operations --------------------------------------------------------------------------------------------------------


def _operations(plugin: Plugin) -> Iterator[str]:
    for code in plugin.scopes:
        if not _SCOPE.match(code) or code.partition(":")[0] != plugin.name:
            yield f"scope {code!r}: write {plugin.name + ':'!r} and a word in small letters"
    declared = [one for one in plugin.operations if isinstance(one, Operation)]
    if len(declared) != len(plugin.operations):
        yield "operations: each is a function below @operation(...), or an Operation"
    for one in declared:
        yield from (f"operation {one.name!r}: {wrong}" for wrong in _wrong_with(plugin, one))
    for what, known in (
        ("name", [one.name for one in declared]),
        ("method and path", [(one.method, _PART.sub("{}", one.path)) for one in declared]),
    ):
        if len(known) != len(set(known)):
            yield f"two operations have one {what}"
    yield from _shapes(declared)


def _wrong_with(plugin: Plugin, one: Operation) -> Iterator[str]:
    if one.method not in _METHODS:
        yield f"method {one.method!r} is not one of {', '.join(_METHODS)}"
    if not _PATH.match(one.path) or one.path.split("/")[1] != plugin.name:
        yield f"path {one.path!r}: begin with {'/' + plugin.name!r}, then small letters, digits, - and {{parts}}"
    if len(one.parts) != len(set(one.parts)):
        yield f"path {one.path!r}: two parts have one name"
    if not re.match(r"[a-z][a-z0-9_]*\Z", one.name):
        yield "its name is small letters, digits and underscores"
    if not one.summary:
        yield "say in a docstring what it does"
    if one.scope not in plugin.scopes:
        yield f"scope {one.scope!r} is not declared"
    if one.status not in {200, 201}:
        yield f"status {one.status} is neither 200 nor 201"
    if one.once not in {"", "heeded", "needed"}:
        yield f"once {one.once!r} is neither 'heeded' nor 'needed'"
    if one.method == "GET" and one.body is not None:
        yield "a GET has no body"


def _shapes(declared: list[Operation]) -> Iterator[str]:
    """Shapes that cannot be described, or not apart: better known at load than when somebody reads the reference."""
    sent = {shape for one in declared for shape in (one.query, one.body) if shape is not None}
    answered: set[Any] = {one.answer for one in declared}
    if any(not _is_a(shape, RequestModel) for shape in sent) or any(not _is_a(one, ResponseModel) for one in answered):
        yield "operations: bodies and queries are classes of RequestModel, answers of ResponseModel"
        return
    try:
        _, components = msgspec.json.schema_components([*sent, *answered])
    except TypeError as error:
        yield f"operations: {error}"
        return
    for name in (name for name in components if "." in name):
        yield f"operations: another shape is called {name.rpartition('.')[2]!r}"


def _is_a(shape: object, base: type) -> bool:
    return isinstance(shape, type) and issubclass(shape, base)
