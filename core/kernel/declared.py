"""What a plugin declares, checked when it is loaded: a slip is told to its author, not met by a merchant on a page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from core.kernel import security
from core.kernel.settings import fields

if TYPE_CHECKING:
    from core.kernel.plugins import Plugin


def complaints(plugin: Plugin, endpoints: Iterable[str]) -> Iterator[str]:
    """What is wrong with a declaration, in words for its author; `endpoints` are those of its views."""
    yield from _settings(plugin)
    yield from _menu(plugin, frozenset(endpoints))
    yield from _work(plugin)
    yield from _hosts(plugin)
    if plugin.name in {*plugin.requires, *plugin.conflicts}:
        yield "it requires or excludes itself"


def _settings(plugin: Plugin) -> Iterator[str]:
    if plugin.settings is None:
        return
    try:
        fields(plugin.settings)
    except (TypeError, NameError) as error:
        yield str(error)


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


def _work(plugin: Plugin) -> Iterator[str]:
    for job, seconds in plugin.every.items():
        if job not in plugin.jobs:
            yield f"every: there is no job {job!r}"
        if seconds <= 0:
            yield f"every: {job!r} needs a pace in seconds"


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
