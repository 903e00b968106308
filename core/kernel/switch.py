"""Switching plugins on and off, per site, live: each switch raises the epoch in its own transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from msgspec import Struct, field

from core.hookspecs.site import Site
from core.kernel import activity, cache, db, jobs, migrate, secrets
from core.kernel.faults import faults_of, forget_old_faults
from core.kernel.i18n import enumerated
from core.kernel.installation import installation
from core.kernel.kept import once_a_look
from core.kernel.runtime import DRAINING, OFF, ON, PAUSED
from core.kernel.settings import Secret, Settings, fields
from core.kernel.settings import parse as parse_settings
from core.kernel.sites import PluginDefault, SitePlugin, SiteState, raise_epoch, state_of
from core.lib import clock
from core.lib.errors import Broken, NotFound, Refused

log = structlog.get_logger(__name__)
Needs = Callable[[int, str], int]
_needs: list[Needs] = []
_on_switch: list[Callable[[Site, str, bool], None]] = []


class NeedsAnother(Refused):
    """A plugin needs others to be on; `plugins` are their names, to be switched on together."""

    code = "needs_another"
    default_message = "%(plugin)s needs %(others)s, which is off here."

    def __init__(self, plugin: str, others: list[str]) -> None:
        super().__init__(plugin=plugin, others=enumerated(others))
        self.plugins = others


class Conflicts(Refused):
    """Two plugins that cannot both be on."""

    code = "conflicts"
    default_message = "%(plugin)s and %(other)s cannot both be on. Switch the other off first."


class NeededByAnother(Refused):
    """Another plugin that is on needs this one."""

    code = "needed_by_another"
    default_message = "%(others)s needs this plugin. Switch it off first."


class CannotRun(Broken):
    """The plugin could not be loaded or its tables could not be made; it stays off."""

    default_message = "%(plugin)s cannot run here: %(reason)s"


def needed_while(function: Needs) -> Needs:
    """Register who can say how many open things (orders) of a site still need a plugin.

    Above zero it drains instead of ending.
    """
    _needs.append(function)
    return function


def on_switch(function: Callable[[Site, str, bool], None]) -> Callable[[Site, str, bool], None]:
    """Register what core does inside the transaction that switches a plugin on (True) or off."""
    _on_switch.append(function)
    return function


# -- the verbs ---------------------------------------------------------------------------------------------------------


def switch_on(site_id: int, name: str, actor: str, *, together: bool = False) -> None:
    """Let `name` work on the site from the next request on. Migrates its tables first, outside the transaction.

    With `together`, what it requires is switched on as well. Raises CannotRun, NeedsAnother, Conflicts, NotFound.
    """
    registry = installation().plugins
    if name not in registry.loaded and registry.discover():
        installation().plugins_changed()
    state = state_of(site_id)
    wanted = _with_required(state, name) if together else [name]
    for plugin in wanted:
        _check_can_run(state, plugin, also=set(wanted))
    for plugin in wanted:
        _migrate(plugin)
    with db.transaction():
        for plugin in wanted:
            _set(state.site, plugin, ON, actor)


def switch_off(site_id: int, name: str, actor: str) -> str:
    """Take `name` out of the site; answers its new state: `off`, or `draining` while open orders need it.

    Nothing of its data is lost. Raises NeededByAnother.
    """
    state = state_of(site_id)
    needing = [other for other in state.runtime.plugins if name in installation().plugins.loaded[other].plugin.requires]
    if needing:
        raise NeededByAnother(others=enumerated(_title(other) for other in needing))
    target = DRAINING if open_needs(site_id, name) else OFF
    with db.transaction():
        _set(state.site, name, target, actor)
    return target


def pause(site_id: int, name: str, reason: str) -> None:
    """What the breaker does to a plugin that failed again and again; only one that is on is paused."""
    with db.transaction():
        changed = db.execute(
            "UPDATE site_plugin SET state = ?, reason = ?, changed_at = ? WHERE site_id = ? AND name = ? AND state = ?",
            PAUSED,
            reason[:2000],
            clock.now_us(),
            site_id,
            name,
            ON,
        )
        if changed:
            raise_epoch()
            cache.touch(f"site:{site_id}")
            _tell_switched(state_of(site_id).site, name, on=False)
            activity.record(
                "system",
                "plugin.paused",
                f"plugin:{name}",
                after={"reason": reason[:200]},
                site_id=site_id,
                title=_title(name),
            )


def resume(site_id: int, name: str, actor: str) -> None:
    """Let a paused plugin work again."""
    switch_on(site_id, name, actor)


def set_must_pass(site_id: int, name: str, actor: str, *, must: bool) -> None:
    """Say whether orders are refused while this plugin does not answer."""
    with db.transaction():
        db.execute("UPDATE site_plugin SET must_pass = ? WHERE site_id = ? AND name = ?", must, site_id, name)
        raise_epoch()
        activity.record(
            actor, "plugin.must_pass", f"plugin:{name}", after={"must_pass": must}, site_id=site_id, title=_title(name)
        )


def save_settings(
    site_id: int | None,
    name: str,
    form: Mapping[str, str],
    actor: str,
    currency: str,
    *,
    inherit: frozenset[str] = frozenset(),
) -> None:
    """Store a settings form for one site, or for all that do not say otherwise (`site_id` None). Raises Unfit.

    Fields named in `inherit` are taken out of the site, so that the installation's value holds again.
    """
    declared = declared_settings(name)
    if declared is None:
        raise NotFound
    old = stored_settings(site_id, name)
    values = {
        field: value for field, value in parse_settings(declared, form, old, currency).items() if field not in inherit
    }
    sealed = {field: _seal(declared, field, value) for field, value in values.items()}
    with db.transaction():
        _store(site_id, name, sealed)
        raise_epoch()
        cache.touch(f"site:{site_id}" if site_id else "sites")
        activity.record(
            actor, "plugin.settings", f"plugin:{name}", before=old, after=sealed, site_id=site_id, title=_title(name)
        )


def _store(site_id: int | None, name: str, values: dict[str, Any]) -> None:
    if site_id is None:
        PluginDefault.insert(name=name, settings=values).on_conflict(
            conflict_target=[PluginDefault.name], update={PluginDefault.settings: values}
        ).execute()
        return
    SitePlugin.insert(site_id=site_id, name=name, settings=values).on_conflict(
        conflict_target=[SitePlugin.site_id, SitePlugin.name], update={SitePlugin.settings: values}
    ).execute()


def _seal(declared: type[Settings], field_name: str, value: Any) -> Any:
    kinds = {field.name: field.kind for field in fields(declared)}
    return (
        secrets.sealed(Secret(value)) if kinds[field_name] == "secret" and isinstance(value, str) and value else value
    )


def _set(site: Site, name: str, state: str, actor: str) -> None:
    before = db.value("SELECT state FROM site_plugin WHERE site_id = ? AND name = ?", site.id, name) or OFF
    db.execute(
        "INSERT INTO site_plugin (site_id, name, state, settings, must_pass, reason, changed_at)"
        " VALUES (?, ?, ?, '{}', ?, '', ?) ON CONFLICT (site_id, name)"
        " DO UPDATE SET state = excluded.state, reason = '', changed_at = excluded.changed_at",
        site.id,
        name,
        state,
        False,
        clock.now_us(),
    )
    raise_epoch()
    cache.touch(f"site:{site.id}")
    _tell_switched(site, name, on=state == ON)
    activity.record(
        actor,
        f"plugin.{state}",
        f"plugin:{name}",
        before={"state": before},
        after={"state": state},
        site_id=site.id,
        title=_title(name),
    )


def _tell_switched(site: Site, name: str, *, on: bool) -> None:
    for function in _on_switch:
        function(site, name, on)


def _check_can_run(state: SiteState, name: str, also: set[str]) -> None:
    registry = installation().plugins
    if name in registry.broken and name not in registry.loaded:
        raise CannotRun(permanent=True, plugin=name, reason=registry.broken[name].reason)
    if name not in registry.loaded:
        raise NotFound
    plugin = registry.loaded[name].plugin
    missing = [other for other in plugin.requires if not state.runtime.has(other) and other not in also]
    if missing:
        raise NeedsAnother(plugin.title, missing)
    for other in state.runtime.plugins:
        if other in plugin.conflicts or name in registry.loaded[other].plugin.conflicts:
            raise Conflicts(plugin=plugin.title, other=_title(other))


def _with_required(state: SiteState, name: str, seen: tuple[str, ...] = ()) -> list[str]:
    loaded = installation().plugins.loaded.get(name)
    needed = [
        other
        for other in (loaded.plugin.requires if loaded else ())
        if not state.runtime.has(other) and other not in seen
    ]
    return list(
        dict.fromkeys([*(found for other in needed for found in _with_required(state, other, (*seen, name))), name])
    )


def _migrate(name: str) -> None:
    loaded = installation().plugins.loaded[name]
    try:
        migrate.migrate_plugin(name, loaded.folder / "migrations")
    except (Exception, SystemExit) as error:
        installation().faults.report(None, name, "migration", error)
        raise CannotRun(permanent=True, plugin=loaded.plugin.title, reason=str(error)) from error


def sites_with(name: str) -> list[tuple[Site, datetime]]:
    """The sites on which a plugin is on, each with when it was switched on. What happened before, it has not heard."""
    found = db.rows(
        "SELECT site_id, changed_at FROM site_plugin WHERE name = ? AND state = ? ORDER BY site_id", name, ON
    )
    return [(state_of(site_id).site, clock.instant(changed_at or 0)) for site_id, changed_at in found]


def open_needs(site_id: int, name: str) -> int:
    """How many open orders of the site need the plugin."""
    return sum(function(site_id, name) for function in _needs)


@jobs.job("plugins.drained", every=timedelta(minutes=10))
def _drained(running: jobs.Running) -> None:
    """A draining plugin ends by itself when nothing needs it any more."""
    del running
    for site_id, name in db.rows("SELECT site_id, name FROM site_plugin WHERE state = ?", DRAINING):
        if not open_needs(site_id, name):
            with db.transaction():
                _set(state_of(site_id).site, name, OFF, "system")


@jobs.job("plugins.forget_faults", every=timedelta(days=1))
def _forget_faults(running: jobs.Running) -> None:
    """What went wrong a month ago helps nobody any more."""
    del running
    forget_old_faults()


# -- what the switchboard shows ----------------------------------------------------------------------------------------


class PluginView(Struct, frozen=True, kw_only=True):
    """One plugin on one site. `state`: on, off, draining, paused, broken. `faults` counts the last day's."""

    name: str
    title: str
    summary: str
    version: str
    category: str
    state: str
    reason: str
    hooks: tuple[str, ...] = ()
    permissions: tuple[tuple[str, str], ...] = ()
    reads: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    has_settings: bool = False
    must_pass: bool = False
    needed_by_orders: int = 0
    faults: int = 0
    routes: int = 0
    panel_entries: tuple[str, ...] = ()
    trace: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


def switchboard(site_id: int) -> list[PluginView]:
    """Every plugin of the installation as it stands on a site, by category and title; broken ones too."""
    return once_a_look(("switchboard", site_id), lambda: _switchboard(site_id))


def _switchboard(site_id: int) -> list[PluginView]:
    rows = {row.name: row for row in SitePlugin.for_site(site_id)}
    day_ago = clock.now_us() - 86_400_000_000
    faults: dict[str, int] = dict(
        db.rows(
            "SELECT plugin, COUNT(*) FROM plugin_fault WHERE at > ? AND (site_id = ? OR site_id IS NULL)"
            " GROUP BY plugin",
            day_ago,
            site_id,
        )
    )
    registry = installation().plugins
    views = [_view(site_id, name, rows.get(name), faults.get(name, 0)) for name in registry.loaded]
    views += [
        PluginView(
            name=broken.name,
            title=broken.name,
            summary="",
            version="",
            category="machinery",
            state="broken",
            reason=broken.reason,
            trace=broken.trace,
        )
        for name, broken in registry.broken.items()
        if name not in registry.loaded
    ]
    return sorted(views, key=lambda view: (view.category, view.title))


def _view(site_id: int, name: str, row: SitePlugin | None, faults: int) -> PluginView:
    loaded = installation().plugins.loaded[name]
    plugin = loaded.plugin
    state = row.state if row else OFF
    return PluginView(
        name=name,
        title=str(plugin.title),
        summary=str(plugin.summary),
        version=plugin.version,
        category=plugin.category,
        state=state,
        reason=row.reason if row else "",
        hooks=loaded.hooks,
        permissions=tuple((p.code, str(p.title)) for p in plugin.permissions),
        reads=plugin.reads,
        requires=plugin.requires,
        conflicts=plugin.conflicts,
        has_settings=plugin.settings is not None or plugin.test is not None,
        must_pass=bool(row and row.must_pass),
        needed_by_orders=open_needs(site_id, name) if state == DRAINING else 0,
        faults=faults,
        routes=len(loaded.rules),
        panel_entries=tuple(str(entry.title) for entry in plugin.panel_menu),
    )


def latest_faults(site_id: int, name: str) -> list[Any]:
    """The latest faults of a plugin, those still in memory first."""
    return list(faults_of(site_id, name))


def declared_settings(name: str) -> type[Settings] | None:
    """The settings class of a plugin."""
    loaded = installation().plugins.loaded.get(name)
    return loaded.plugin.settings if loaded else None


def missing_settings(state: SiteState, name: str) -> list[str]:
    """The labels of the settings that a plugin needs and that nobody has given yet."""
    declared = declared_settings(name)
    if declared is None:
        return []
    said = state.settings.get(name, {})
    return [field.label for field in fields(declared) if field.required and not said.get(field.name)]


def stored_settings(site_id: int | None, name: str) -> dict[str, Any]:
    """What is stored for a site alone, or for all sites (None); secrets stay sealed."""
    row: Any = (
        PluginDefault.get_or_none(PluginDefault.name == name)
        if site_id is None
        else SitePlugin.for_site(site_id).where(SitePlugin.name == name).first()
    )
    return dict(row.settings) if row else {}


def _title(name: str) -> str:
    loaded = installation().plugins.loaded.get(name)
    return str(loaded.plugin.title) if loaded else name
