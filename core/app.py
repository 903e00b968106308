"""create_app(): the one place that knows every floor. It puts the installation together and hands it to WSGI."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from core.kernel import cache, config, db, debug, http, secrets, switch
from core.kernel.faults import Faults
from core.kernel.fragments import Fragments
from core.kernel.front import Front
from core.kernel.http import Stoa
from core.kernel.installation import Installation, install, installation
from core.kernel.plugins import Registry
from core.kernel.runtime import Hooks, Runtimes
from core.kernel.sites import Sites
from core.kernel.themes import Themes
from core.kernel.worker import Worker

# Each face with its views; importing a domain's services also declares its jobs and listeners.
Faces = tuple[tuple[str, str], ...]
FACES: Faces = (
    ("storefront", "core.storefront.views"),
    ("checkout", "core.checkout.views"),
    ("panel", "core.panel.views"),
)
SERVICES = (
    "core.kernel.backups.daily",
    "core.accounts.services",
    "core.catalogue.services",
    "core.imports.services",
    "core.cart.services",
    "core.orders.services",
    "core.checkout.services",
)


class App:
    """The WSGI application: `flask` behind the front."""

    def __init__(self, flask: Stoa, front: Front | debug.DebugBar) -> None:
        self.flask, self.front = flask, front

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        return self.front(environ, start_response)

    def test_client(self, **options: Any) -> Any:
        """A client that goes through the front, as a browser would."""
        from flask import Response  # noqa: PLC0415
        from werkzeug.test import Client  # noqa: PLC0415 -- for tests only

        return Client(self.front, Response, **options)


def create_app(
    instance: Path | str | None = None, *, faces: Faces = FACES, services: Sequence[str] = SERVICES, **overrides: Any
) -> App:
    """Put an installation together; its database must be migrated. `overrides` are keys of the configuration."""
    settings = config.load(instance, **overrides)
    assemble(settings, services)
    flask = Stoa()
    flask.config.update(TESTING=settings.testing, DEBUG=settings.debug, PROPAGATE_EXCEPTIONS=False)
    http.prepare(flask)
    for name, module in faces:
        face = importlib.import_module(module)
        flask.mount(name, face.VIEWS)
        installation().themes.names.update(getattr(face, "NAMES", {}))
    accounts = importlib.import_module("core.accounts.services")
    accounts.init_app(flask)
    flask.add_plugin_views()
    installation().plugins_changed = lambda: _plugins_changed(flask)
    front = Front(flask, installation())
    return App(flask, debug.DebugBar(front) if settings.debug else front)


def assemble(settings: config.Config, services: Sequence[str] = SERVICES) -> Installation:
    """The installation without its web side: what commands and workers need."""
    db.configure(settings.database_url)
    registry = Registry(settings.plugins_path)
    faults = Faults(settings.breaker_faults, timedelta(seconds=settings.breaker_seconds), switch.pause)
    runtimes = Runtimes(registry, faults.report)

    def make_hooks(callers: Any, must_pass: frozenset[str]) -> Hooks:
        return Hooks(callers, must_pass, faults.report, settings.hook_seconds, faults.is_pausing)

    themes = Themes(settings, registry)
    versions = cache.Versions()
    made = Installation(
        config=settings,
        plugins=registry,
        themes=themes,
        sites=Sites(runtimes, make_hooks),
        faults=faults,
        versions=versions,
        pages=cache.PageCache(settings.page_cache_mb << 20, versions),
        fragments=Fragments(settings.fragment_cache_mb << 20, versions),
    )
    install(made)
    secrets.configure_log()
    registry.discover()
    for module in services:
        importlib.import_module(module)
    return made


def _plugins_changed(flask: Stoa) -> None:
    """A folder appeared while the shop runs: its views, templates and words join in."""
    flask.add_plugin_views()
    installation().themes.forget()


def start_worker(after: Callable[[], object] | None = None) -> Worker:
    """The worker thread of an embedded installation; with `after`, it begins when that has returned."""
    worker = Worker(after=after)
    worker.start()
    return worker
