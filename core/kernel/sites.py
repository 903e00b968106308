"""Sites: their rows, and the state of each that a request is pinned to.

One integer, the epoch, is raised in the transaction of every change to a site or a plugin's state, and read once per
request:
every process sees the change with the next request.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Any

import peewee
from msgspec import Struct, field

from core.hookspecs.site import Site
from core.kernel import db, secrets, tables
from core.kernel.here import environ, environ_or_none, is_a_look
from core.kernel.installation import installation
from core.kernel.runtime import OFF, Hooks, Runtime, Runtimes
from core.lib.errors import NotFound
from core.lib.languages import home_languages


class SiteRow(tables.Table):
    """A shop site. `origin` (scheme, host, port) is made from `host` and the configuration where it is empty."""

    key = peewee.CharField(max_length=40, unique=True)
    name = peewee.CharField(max_length=120)
    host = peewee.CharField(max_length=200, unique=True)
    origin = peewee.CharField(max_length=220, default="")
    theme = peewee.CharField(max_length=40, default="plain")
    language = peewee.CharField(max_length=20, default="en")
    languages = tables.JSONField(default=list)
    currency = peewee.CharField(max_length=3)
    currencies = tables.JSONField(default=list)
    country = peewee.CharField(max_length=2, default="GB")
    timezone = peewee.CharField(max_length=60, default="UTC")
    email = peewee.CharField(max_length=200, default="")
    prices_include_tax = peewee.BooleanField(default=True)
    several_addresses = peewee.BooleanField(default=False)
    about = tables.JSONField(default=dict)
    position = peewee.IntegerField(default=0)
    open = peewee.BooleanField(default=True)

    class Meta:
        table_name = "site"


class SiteDomain(tables.Table):
    """A further host name of a site; answers with a redirect to its own."""

    host = peewee.CharField(max_length=200, unique=True)
    site = peewee.ForeignKeyField(SiteRow, on_delete="CASCADE")


class SitePlugin(tables.SiteTable):
    """A plugin on a site: its state, its settings there, and whether orders must not pass without its answer."""

    name = peewee.CharField(max_length=60)
    state = peewee.CharField(max_length=10, default=OFF)
    settings = tables.JSONField(default=dict)
    must_pass = peewee.BooleanField(default=False)
    reason = peewee.TextField(default="")
    changed_at = tables.InstantField(null=True)

    class Meta:
        indexes = ((("site_id", "name"), True),)


class PluginDefault(tables.Table):
    """Settings of a plugin that all sites inherit."""

    name = peewee.CharField(max_length=60, unique=True)
    settings = tables.JSONField(default=dict)


class Epoch(tables.Table):
    """One row. `n` counts changes to sites and plugins, `touched` changes to cached pages' tags."""

    n = peewee.BigIntegerField(default=0)
    touched = peewee.BigIntegerField(default=0)


class SiteState(Struct, frozen=True):
    """All that a request needs of its site, without a statement. Pinned on the request; nothing changes half-way."""

    site: Site
    runtime: Runtime
    hooks: Hooks
    states: Mapping[str, str]
    settings: Mapping[str, Mapping[str, Any]]
    about: Mapping[str, Any]
    open: bool
    epoch: int
    redirect_to: str = ""
    # The languages that the merchant chose, the first one first, and those of them that no pack speaks here now. The
    # site's own are the others; where none is left, its first one stays, and its goods stand among English words.
    chosen: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    extra: dict[Any, Any] = field(default_factory=dict)


def raise_epoch() -> None:
    """Tell every process to read sites and plugin states again; inside the transaction of the change."""
    db.execute("UPDATE epoch SET n = n + 1")


def read_epoch() -> tuple[int, int]:
    """(epoch, cache clock), in the one statement that every request makes."""
    row = db.one("SELECT n, touched FROM epoch")
    return (row[0], row[1]) if row else (0, 0)


_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})


class Sites:
    """The states of all sites at the present epoch, loaded when first asked for."""

    def __init__(self, runtimes: Runtimes, hooks: Any) -> None:
        self.runtimes = runtimes
        self._make_hooks = hooks
        self._epoch = -1
        self._by_host: dict[str, SiteState] = {}
        self._by_id: dict[int, SiteState] = {}
        self._ids: list[int] | None = None
        self._lock = threading.RLock()

    def at(self, epoch: int) -> None:
        """Forget all states if `epoch` is another than the one they were loaded at."""
        if epoch != self._epoch:
            with self._lock:
                if epoch != self._epoch:
                    self._by_host, self._by_id, self._ids, self._epoch = {}, {}, None, epoch

    def by_host(self, host: str) -> SiteState | None:
        """The site of a host name without port; loopback names also show the first site. None: not ours."""
        found = self._by_host.get(host)
        if found is not None:
            return found
        with self._lock:
            state = self._find(host)
            if state is not None:
                self._by_host[host] = state
            return state

    def remembered(self, host: str) -> SiteState | None:
        """The site of a host name as this process has shown it last, without asking the database; None: not known."""
        return self._by_host.get(host)

    def by_id(self, site_id: int) -> SiteState:
        """The state of a site at the epoch in the database now; for jobs and commands. Raises NotFound."""
        self._at_present()
        return self.pinned(site_id)

    def _at_present(self) -> None:
        """A look writes nothing, so it stays at the epoch that it began with."""
        if not is_a_look() or db.in_transaction():
            self.at(read_epoch()[0])

    def pinned(self, site_id: int) -> SiteState:
        """The state of a site at the epoch last read."""
        with self._lock:
            if (state := self._by_id.get(site_id)) is None:
                row = SiteRow.get_or_none(SiteRow.id == site_id)
                if row is None:
                    raise NotFound
                state = self._by_id[site_id] = self._load(row)
            return state

    def before_the_first(self, host: str, origin: str) -> SiteState | None:
        """What the page that makes the first site is pinned to; None once there is one. It is stored nowhere."""
        if db.value("SELECT 1 FROM site LIMIT 1") is not None:
            return None
        # The panel itself speaks these two; what else a shop speaks is chosen later.
        return self._load(
            SiteRow(id=0, name="Stoa", host=host, origin=origin, currency="EUR", languages=["zh-CN"], open=False)
        )

    def settings_of(self, site_id: int, plugin: str) -> dict[str, Any]:
        """A plugin's stored settings on a site over those of all sites, secrets opened.

        In a request, the pinned ones.
        """
        state = current_or_none()
        if state is None or state.site.id != site_id:
            state = self.pinned(site_id)
        stored = state.settings.get(plugin, {})
        return {name: secrets.opened(value) if _is_sealed(value) else value for name, value in stored.items()}

    def all(self) -> list[SiteState]:
        """Every site in the merchant's order."""
        self._at_present()
        with self._lock:
            if self._ids is None:
                self._ids = [row[0] for row in db.rows("SELECT id FROM site ORDER BY position, id")]
            return [self.pinned(site_id) for site_id in self._ids]

    def spoken_with(self, plugins: Iterable[str]) -> tuple[str, ...]:
        """The languages that a site with these plugins can be shown in: core's own and those of its packs."""
        loaded = installation().plugins.loaded
        packs = [tag for name in plugins if name in loaded for tag in loaded[name].plugin.languages]
        return tuple(dict.fromkeys([*home_languages(), *packs]))

    def _find(self, host: str) -> SiteState | None:
        row = SiteRow.get_or_none(SiteRow.host == host)
        if row is not None:
            return self.pinned(row.id)
        domain = SiteDomain.get_or_none(SiteDomain.host == host)
        if domain is not None:
            state = self.pinned(domain.site.id)
            return SiteState(**{**state.__dict__, "redirect_to": state.site.origin})
        if host in _LOOPBACK:
            first = db.value("SELECT id FROM site ORDER BY position, id LIMIT 1")
            return self.pinned(first) if first is not None else None
        return None

    def _load(self, row: SiteRow) -> SiteState:
        plugins = list(SitePlugin.for_site(row.id))
        registry = installation().plugins
        unknown = any(plugin.state != OFF and plugin.name not in registry.loaded for plugin in plugins)
        if unknown and registry.discover():  # a folder that another process has just loaded
            installation().plugins_changed()
        defaults = {default.name: default.settings for default in PluginDefault.select()}
        states = {plugin.name: plugin.state for plugin in plugins}
        runtime = self.runtimes.get(row.theme, states)
        must_pass = frozenset(plugin.name for plugin in plugins if plugin.must_pass)
        settings = {name: {**defaults.get(name, {})} for name in {*defaults, *states}}
        for plugin in plugins:
            settings[plugin.name].update(plugin.settings)
        chosen = tuple(dict.fromkeys([row.language, *row.languages]))
        known = self.spoken_with(runtime.plugins)
        spoken = tuple(tag for tag in chosen if tag in known)
        return SiteState(
            site=_payload(row, spoken or chosen[:1]),
            chosen=chosen,
            silent=tuple(tag for tag in chosen if tag not in known),
            runtime=runtime,
            hooks=self._make_hooks(runtime.callers, must_pass),
            states=states,
            settings=settings,
            about=row.about,
            open=row.open,
            epoch=self._epoch,
        )


def _payload(row: SiteRow, languages: tuple[str, ...]) -> Site:
    return Site(
        id=row.id,
        key=row.key,
        name=row.name,
        host=row.host,
        origin=row.origin or _origin(row.host),
        theme=row.theme,
        language=languages[0],
        languages=languages,
        currency=row.currency,
        currencies=tuple(dict.fromkeys([row.currency, *row.currencies])),
        country=row.country,
        timezone=row.timezone,
        email=row.email,
        prices_include_tax=row.prices_include_tax,
        several_addresses=row.several_addresses,
    )


def _is_sealed(value: object) -> bool:
    return isinstance(value, dict) and "$secret" in value


def _origin(host: str) -> str:
    config = installation().config
    usual = {"http": 80, "https": 443}.get(config.scheme)
    return f"{config.scheme}://{host}" + ("" if config.port == usual else f":{config.port}")


def current() -> SiteState:
    """The state of this request's site."""
    state: SiteState = environ()["stoa.state"]
    return state


def current_or_none() -> SiteState | None:
    """The state of this request's site, None outside a request."""
    here = environ_or_none()
    return here.get("stoa.state") if here is not None else None


def state_of(site_id: int) -> SiteState:
    """The state of a site outside a request: jobs, commands, mails."""
    return installation().sites.by_id(site_id)


def site_by_host(host: str) -> Site:
    """The site of a host name, for commands. Raises NotFound, which names those that there are."""
    sites = installation().sites
    sites.at(read_epoch()[0])
    state = sites.by_host(host)
    if state is None:
        there = ", ".join(one.site.host for one in sites.all())
        raise NotFound(f"there is no site {host!r}; there are: {there or 'none'}")
    return state.site


def current_site() -> Site:
    """The site of this request, as plugins see it."""
    return current().site
