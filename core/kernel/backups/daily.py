"""Every night a backup, tried at once, and the oldest let go: by a process of its own, so that pages do not wait."""

from __future__ import annotations

import os
import sys
from datetime import datetime, timedelta

from core.kernel import db, jobs
from core.kernel.backups import notes
from core.kernel.config import ROOT, Config
from core.kernel.installation import installation
from core.lib import clock
from core.lib.errors import Broken

_LATE = timedelta(hours=25)
_LOOKED_S = 30


@jobs.job("backup.daily", every=timedelta(hours=1))
def _daily(running: jobs.Running) -> None:
    config = installation().config
    if is_due(config, clock.now()):
        _run(running, config)


@jobs.job("backup.now")
def _now(running: jobs.Running) -> None:
    _run(running, installation().config)


def back_up_soon() -> None:
    """Let the worker make one and try it; pressed twice in a minute it is one. Commits."""
    with db.transaction():
        jobs.enqueue("backup.now", key=f"backup.now@{clock.now():%Y%m%d%H%M}")


def is_due(config: Config, now: datetime) -> bool:
    """Whether it is the hour for it and there was none today, or one was missed while nothing ran."""
    if config.backup_hour < 0:
        return False
    last = notes.newest_daily(config)
    if last is None:
        return now.hour == config.backup_hour
    return (now.hour == config.backup_hour and last.date() < now.date()) or now - last > _LATE


def _run(running: jobs.Running, config: Config) -> None:
    """The command that a person may give, too; what it said is the job's error. The next try is that of tomorrow."""
    import subprocess  # noqa: PLC0415 -- once a day

    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    environment = {**os.environ, "STOA_INSTANCE": str(config.instance), "PYTHONPATH": path}
    command = [sys.executable, "-P", "-m", "core.cli", "backup", "--daily"]
    with subprocess.Popen(  # noqa: S603 -- these words alone
        ["nice", "-n", "10", *command],  # noqa: S607 -- where the path has it
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        while True:
            try:
                said, _none = process.communicate(timeout=_LOOKED_S)
                break
            except subprocess.TimeoutExpired:
                running.progress(50)
    if process.returncode:
        raise Broken(f"The backup failed: {said.strip()[-2000:]}", permanent=True)
