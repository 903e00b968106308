"""The stages of plugins in words: where an order stands, what may follow, and what the list is narrowed by."""

from __future__ import annotations

from msgspec import Struct

from core.hookspecs.site import Site
from core.kernel.i18n import labelled, of_plugin
from core.kernel.installation import installation
from core.kernel.manifest import Stage
from core.orders.services import stages
from core.orders.services.guards import stages_of
from core.panel.shell.status import Status

_GLYPHS = {"": "part", "busy": "part", "good": "done", "warn": "wait", "bad": "warn"}


class Axis(Struct, frozen=True, kw_only=True):
    """A plugin's axis of one order: `at` is where it stands, `next` the stages that staff may set."""

    plugin: str
    title: str
    at: Status | None
    next: list[tuple[str, str]]


def axes_of(site: Site, order_id: int) -> list[Axis]:
    """The axes of plugins that keep stages here. One statement, none where no plugin does."""
    declared = stages.declared_stages(site)
    at = stages_of(order_id) if declared else {}
    return [
        Axis(
            plugin=plugin,
            title=title_of(plugin),
            at=_status(plugin, next((one for one in known if one.code == at.get(plugin)), None)),
            next=[
                (one.code, of_plugin(plugin, one.title))
                for one in known
                if one.by_hand and stages.may_follow(one, at.get(plugin, ""))
            ],
        )
        for plugin, known in sorted(declared.items())
    ]


def _status(plugin: str, stage: Stage | None) -> Status | None:
    return Status(of_plugin(plugin, stage.title), _GLYPHS[stage.tone], stage.tone) if stage else None


def choices(site: Site, *, by_hand: bool = False) -> list[tuple[str, str]]:
    """(plugin:stage, words) of every stage here, for a filter; of those that staff may set, for a form."""
    return [
        (f"{plugin}:{one.code}", labelled(title_of(plugin), of_plugin(plugin, one.title)))
        for plugin, known in sorted(stages.declared_stages(site).items())
        for one in known
        if one.by_hand or not by_hand
    ]


def title_of(plugin: str) -> str:
    """The plugin's name in the reader's language; its code where it is gone."""
    loaded = installation().plugins.loaded.get(plugin)
    return of_plugin(plugin, loaded.plugin.title) if loaded else plugin


def stage_title(plugin: str, code: str) -> str:
    """A stage in the reader's language; its code where it is gone."""
    loaded = installation().plugins.loaded.get(plugin)
    known = loaded.plugin.order_stages if loaded else ()
    return next((of_plugin(plugin, one.title) for one in known if one.code == code), code)
