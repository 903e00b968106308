"""What a page said before."""

from __future__ import annotations

from typing import Any

from core.api import NotFound, actor, current_site, language, panel_to, render, request
from core.api import gettext as _
from plugins.pages.models import PageText
from plugins.pages.services.panel import editing, finding
from plugins.pages.services.panel import history as past
from plugins.pages.views.panel.place import may_edit, panel


def _text(page_id: int) -> PageText:
    site = current_site()
    said = str(request.values.get("language", "")) or language()
    texts = finding.texts_of(site, finding.find_page(site, page_id).id)
    text = texts.get(said) or texts.get(site.language) or next(iter(texts.values()), None)
    if text is None:
        raise NotFound
    return text


@panel.get("/<int:page_id>/history")
@may_edit
def history(page_id: int) -> Any:
    """Every publication of a page in a language."""
    text = _text(page_id)
    found = past.revisions(current_site(), text)
    return render("pages/panel/history.html", page_id=page_id, text=text, revisions=found)


@panel.get("/<int:page_id>/history/<int:revision_id>")
@may_edit
def revision(page_id: int, revision_id: int) -> Any:
    """What one publication changed."""
    text = _text(page_id)
    found, changes = past.compared(current_site(), text, revision_id)
    return render("pages/panel/revision.html", page_id=page_id, text=text, revision=found, changes=changes)


@panel.post("/<int:page_id>/history/<int:revision_id>")
@may_edit
def bring_back(page_id: int, revision_id: int) -> Any:
    """Make it the draft again."""
    spoken = editing.bring_back(current_site(), page_id, revision_id, actor=actor())
    said = _("It is your draft now. Shoppers see it when you publish it.")
    return panel_to("pages.panel.edit", say=said, page_id=page_id, language=spoken)
