"""run, work, migrate: the processes of an installation."""

from __future__ import annotations

import argparse
import gc
import os
import signal
import socket
import subprocess
import sys
import threading
from typing import Any

from core.cli.boot import PORT_FILE, boot
from core.lib.errors import Refused


def add_to(commands: Any) -> None:
    """`run`, `work` and `migrate`."""
    run = commands.add_parser("run", help="serve the shop on this machine, with its worker")
    run.add_argument("--port", type=_port, help="the port (8000)")
    run.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    run.add_argument("--no-demo", action="store_true", help="start empty, without the two demo sites")
    run.add_argument("--threads", type=int, default=4, help="threads that answer requests")
    run.add_argument("--debug", action="store_true", help="for developers: a bar on every page, restart after edits")
    run.set_defaults(run=_run)
    work = commands.add_parser("work", help="do the jobs: mails, deliveries, imports")
    work.add_argument("--once", action="store_true", help="do what is due, then end")
    work.set_defaults(run=_work)
    migrate = commands.add_parser("migrate", help="bring the tables up to date")
    migrate.set_defaults(run=_migrate)


def _run(options: argparse.Namespace) -> int:
    from core.kernel import config

    settings = config.load(port=options.port, debug=True if options.debug else None)
    if settings.debug:
        from core.cli import again

        return again.serve(settings, lambda: _serve(options))
    return _serve(options)


def _serve(options: argparse.Namespace) -> int:
    # Nearly all that is loaded now stays: looking through it for garbage takes a tenth of the start.
    usual = gc.get_threshold()
    gc.set_threshold(10_000, 1_000)
    from waitress.server import create_server

    from core import app as application
    from core.kernel import migrate

    debugging = True if options.debug else None
    made = boot(migrated=False, port=options.port, debug=debugging)
    _check_free(options.host, made.config.port)
    migrate.migrate()
    seeded = not options.no_demo and _is_new() and _seed(made.config.port)
    _welcome_owner()
    wsgi = application.create_app(made.config.instance, port=options.port, debug=debugging)
    jobs = _first_jobs(made.config.port) if seeded and made.config.job_threads else None
    worker = application.start_worker(after=jobs.wait if jobs else None) if made.config.job_threads else None
    server = create_server(
        wsgi,
        host=options.host,
        port=made.config.port,
        threads=options.threads,
        ident=None,
        clear_untrusted_proxy_headers=False,
    )
    gc.freeze()
    gc.set_threshold(*usual)
    _print_addresses()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    noted = made.config.instance / PORT_FILE
    noted.write_text(f"{made.config.port}\n", "utf-8")
    try:
        server.run()
    finally:
        noted.unlink(missing_ok=True)
        if jobs is not None:
            jobs.terminate()
        if worker is not None:
            worker.stop()
    return 0


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65_536:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: a number from 1 to 65535")
    return int(text)


def _check_free(host: str, port: int) -> None:
    """Refuse before anything is made: a password that is printed once must not be followed by an error."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Refused(f"cannot listen on {host}:{port}: {error.strerror}; choose another by --port") from error


def _is_new() -> bool:
    """Whether nothing was made here yet, neither a site nor a login; other commands may have made the tables."""
    from core.kernel import db

    return not any(db.value(f"SELECT 1 FROM {table} LIMIT 1") for table in ("site", "staff"))


def _seed(port: int) -> bool:
    """Whether the demo was set up; it is a plugin like any other: without its folder the shop starts empty.

    By its own command, which tells how it gets on. If it fails, so does the start.
    """
    from core.kernel.installation import installation

    loaded = installation().plugins.loaded.get("demo")
    if loaded is None or "seed" not in loaded.plugin.commands:
        return False
    print("Setting up two demo sites ...", flush=True)
    if code := _apart(port, "demo", "seed", "--at-start").wait():
        sys.exit(code)
    return True


def _first_jobs(port: int) -> subprocess.Popen[bytes]:
    """Do what two months of orders left to do: mails, papers, searches."""
    return _apart(port, "work", "--once")


def _apart(port: int, *words: str) -> subprocess.Popen[bytes]:
    """A command in a process of its own, which takes all that it needed with it: a first start needs much, once."""
    command = [sys.executable, "-P", "-m", "core.cli", *words]
    return subprocess.Popen(command, env={**os.environ, "STOA_PORT": str(port)})  # noqa: S603 -- our own command


def _welcome_owner() -> None:
    from core.accounts.services import ensure_owner

    made = ensure_owner()
    if made is not None:
        email, password = made
        print(
            f"\n  Panel login   {email}\n  Password      {password}   (shown once; the panel asks for your own)\n",
            flush=True,
        )


def _print_addresses() -> None:
    from core.kernel.installation import installation
    from core.kernel.setting_up import setup_key

    config, states = installation().config, installation().sites.all()
    panel = f"{config.scheme}://localhost:{config.port}/panel"
    for state in states:
        print(f"  {state.site.name:<20} {state.site.origin}/")
    if not states:
        print(f"  There is no site yet. Make the first one here, then sign in:\n  {panel}/setup?key={setup_key()}")
        print("  Two demo shops to look at: ./stoa demo seed")
    print(f"  {'Panel':<20} {panel}\n  Stop with Ctrl-C.", flush=True)


def _work(options: argparse.Namespace) -> int:
    from core.app import create_app
    from core.kernel import events, jobs
    from core.kernel.worker import Worker

    boot()
    create_app()  # Letters are templates, and name pages.
    if options.once:
        while events.relay() + jobs.run_due():
            pass
        return 0
    worker = Worker()
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    worker.start()
    stop.wait()
    worker.stop()
    return 0


def _migrate(options: argparse.Namespace) -> int:
    from core.kernel import migrate

    del options
    made = boot(migrated=False)
    ran = migrate.migrate(print)
    for name, loaded in made.plugins.loaded.items():
        ran += migrate.migrate_plugin(name, loaded.folder / "migrations", print)
    print(f"{ran} migrations ran." if ran else "Everything is up to date.")
    return 0
