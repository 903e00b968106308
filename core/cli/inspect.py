"""doctor, routes, hooks, bench: look at an installation."""

from __future__ import annotations

import argparse
import runpy
import sys
from pathlib import Path
from typing import Any

from core.cli.boot import boot, the_site
from core.kernel.config import ROOT
from core.lib.errors import NotFound


def add_to(commands: Any) -> None:
    """`doctor`, `routes`, `hooks` and `bench`."""
    doctor = commands.add_parser("doctor", help="check database, plugins, stock and jobs")
    doctor.add_argument(
        "--repair", action="store_true", help="set stock levels to the sum of their moves, and note it in the journal"
    )
    doctor.set_defaults(run=_doctor)
    routes = commands.add_parser("routes", help="the routes of a site, with who may use them")
    routes.add_argument("--site", help="a domain; the first site without it")
    routes.set_defaults(run=_routes)
    hooks = commands.add_parser("hooks", help="every hook, and who answers it")
    hooks.add_argument("--site", help="a domain; the first site without it")
    hooks.set_defaults(run=_hooks)
    # Its words are the script's own: see `bench`.
    commands.add_parser("bench", help="measure pages, orders and memory")


def _state(host: str | None) -> Any:
    boot()
    return _pinned(host)


def _routes(options: argparse.Namespace) -> int:
    from core.app import create_app
    from core.kernel.security import access_of

    boot()
    flask = create_app().flask
    state = _pinned(options.site)
    for rule in sorted(state.runtime.url_map.iter_rules(), key=lambda rule: rule.rule):
        access = access_of(flask.view_functions[rule.endpoint])
        verbs = ",".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))
        said = f"{access.who} {access.permission}".strip() if access else "nobody"
        print(f"{verbs:<10} {rule.rule:<52} {rule.endpoint:<36} {said}")
    return 0


def _pinned(host: str | None) -> Any:
    from core.kernel.installation import installation
    from core.kernel.sites import state_of

    if host:
        return state_of(the_site(host).id)
    if not (states := installation().sites.all()):
        raise NotFound("there is no site yet; add one by ./stoa site add")
    return states[0]


def _hooks(options: argparse.Namespace) -> int:
    state = _state(options.site)
    for name, caller in sorted(state.runtime.callers.items()):
        answering = ", ".join(
            implementation.plugin
            + (" (draining)" if implementation.draining else " (paused)" if implementation.paused else "")
            for implementation in caller.implementations
        )
        print(f"{name:<20} on error: {caller.policy.on_error:<6} {answering or '-'}")
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from core.catalogue.services.stock_audit import repair_stock
    from core.cli.proofs import proofs
    from core.kernel import db, jobs
    from core.kernel.runtime import PAUSED

    made = boot()
    if options.repair:
        for one in repair_stock("system", "doctor")[0]:
            print(f"✓ {one.sku} at {one.location} is the sum of its moves again: {one.words}")
    faults: list[str] = [f"plugin {broken.name} cannot run: {broken.reason}" for broken in made.plugins.broken.values()]
    if db.is_sqlite() and (damage := db.value("PRAGMA integrity_check")) != "ok":
        faults.append(f"the database file is damaged: {damage}")
    for name, host, reason in db.rows(
        "SELECT p.name, s.host, p.reason FROM site_plugin p JOIN site s ON s.id = p.site_id WHERE p.state = ?"
        " ORDER BY s.host, p.name",
        PAUSED,
    ):
        faults.append(f"plugin {name} is paused at {host}: {reason}")
    dead = db.value("SELECT COUNT(*) FROM job WHERE state = ?", jobs.DEAD)
    faults += [f"{dead} jobs gave up; see the panel's page of jobs"] if dead else []
    faults += proofs()
    for fault in faults:
        print(f"✗ {fault}")
    counted = "1 thing needs" if len(faults) == 1 else f"{len(faults)} things need"
    print(f"{counted} a look." if faults else "Everything is well.")
    return 1 if faults else 0


def bench(words: list[str]) -> int:
    """Hand `words` to the script, which knows its own `--help`."""
    script = ROOT / "bench" / "run.py"
    if not script.exists():
        raise NotFound("the folder bench is not part of this installation")
    sys.argv = ["./stoa bench", *words]
    sys.path.insert(0, str(Path(script).parent))
    runpy.run_path(str(script), run_name="__main__")
    return 0
