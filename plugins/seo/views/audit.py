"""The panel's first page: what there is to mend."""

from __future__ import annotations

from typing import Any

from core.api import current_site, panel_to, render
from core.api import gettext as _
from plugins.seo.services import audit, finding, jobs
from plugins.seo.views.place import may_edit, panel


@panel.get("/")
@may_edit
def show() -> Any:
    """What the last look found."""
    site = current_site()
    run = finding.last_run(site, finding.AUDIT)
    return render("seo/audit.html", run=run, groups=finding.groups(site, finding.AUDIT, run, audit.CODES))


@panel.post("/look")
@may_edit
def look() -> Any:
    """Look again."""
    jobs.ask_for(current_site(), "look")
    return panel_to("seo.panel.show", say=_("The pages are being looked at. Come back in a minute."))
