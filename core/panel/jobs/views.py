"""The page of background work, for whoever looks after the installation."""

from __future__ import annotations

from flask import request, url_for
from flask.typing import ResponseReturnValue

from core.kernel import jobs
from core.kernel.i18n import gettext as _
from core.kernel.i18n import ngettext
from core.kernel.security import staff
from core.panel.jobs import services
from core.panel.shell import actor, panel
from core.panel.shell.answers import page, to
from core.panel.shell.menu import COUNTERS

may_see = staff("jobs.view", everywhere=True)
may_retry = staff("jobs.retry", everywhere=True)
COUNTERS["jobs"] = lambda _site: (services.dead_count(), True)


@panel.get("/installation/jobs", endpoint="jobs")
@may_see
def show() -> ResponseReturnValue:
    """What gave up, what is under way, and the figures."""
    dead, further = services.dead_letters(request.args.get("before", type=int))
    following = url_for("panel.jobs", before=further) if further else ""
    return page("jobs.html", counts=services.counts(), dead=dead, running=services.under_way(), next=following)


@panel.post("/installation/jobs/<int:job_id>/retry", endpoint="job_retry")
@may_retry
def retry(job_id: int) -> ResponseReturnValue:
    """Give one piece of work its tries again."""
    if jobs.retry(job_id):
        return to("panel.jobs", say=_("It will be tried again now."))
    return to("panel.jobs", say=_("It is no longer waiting."))


@panel.post("/installation/jobs/retry", endpoint="jobs_retry_all")
@may_retry
def retry_all() -> ResponseReturnValue:
    """Give all that gave up its tries again."""
    found = sum(jobs.retry(job_id) for job_id in services.dead_ids())
    return to("panel.jobs", say=ngettext("%(n)s piece is tried again now.", "%(n)s pieces are tried again now.", found))


@panel.post("/installation/jobs/<int:job_id>/drop", endpoint="job_drop")
@may_retry
def drop(job_id: int) -> ResponseReturnValue:
    """Let one piece of work go; for a week it can be taken back."""
    if not jobs.drop(job_id, actor()):
        return to("panel.jobs", say=_("It is no longer waiting."))
    return to("panel.jobs", say=_("It was let go."), undo=url_for("panel.job_take_back", job_id=job_id))


@panel.post("/installation/jobs/<int:job_id>/back", endpoint="job_take_back")
@may_retry
def take_back(job_id: int) -> ResponseReturnValue:
    """Let a dropped piece of work wait again."""
    if jobs.take_back(job_id, actor()):
        return to("panel.jobs", say=_("It waits for you again."))
    return to("panel.jobs", say=_("It is gone."), kind="bad")
