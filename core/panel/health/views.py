"""The page of health, for whoever looks after the installation."""

from __future__ import annotations

from flask import Response
from flask.typing import ResponseReturnValue

from core.kernel import i18n
from core.kernel.backups.daily import back_up_soon
from core.kernel.i18n import gettext as _
from core.kernel.measures import last_day
from core.kernel.security import staff
from core.panel.health import services
from core.panel.shell import panel
from core.panel.shell.answers import page, to


@panel.get("/installation/health", endpoint="health")
@staff("jobs.view", everywhere=True)
def show() -> Response:
    """What is well, and what is not."""
    checks, hours = services.checks(), last_day()
    return page(
        "health.html",
        troubles=[check for check in checks if check.tone != "good"],
        fine=[check for check in checks if check.tone == "good"],
        hours=hours,
        drawings=services.drawings(hours),
        hour_of=i18n.time_of_day,
    )


@panel.post("/installation/health/backup", endpoint="health_backup")
@staff("jobs.retry", everywhere=True)
def back_up() -> ResponseReturnValue:
    """Make a backup and try it, beside the pages."""
    back_up_soon()
    return to("panel.health", say=_("A backup is being made and tried. Look again in a minute."))
