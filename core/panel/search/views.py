"""Where searches lead: their list, and the form for one more."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response, request, url_for

from core.catalogue.services import search_leads
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.security import staff
from core.kernel.sites import current
from core.lib.addresses import one_line
from core.panel.products.services.listing import category_choices
from core.panel.search import forms, services
from core.panel.shell import actor, panel
from core.panel.shell.answers import page, to

may_edit = staff("site.edit")


@panel.get("/search-leads", endpoint="search_leads")
@may_edit
def show() -> Response:
    """All leads, and the form: empty, for the words that somebody came with, or for the lead that they have."""
    words = request.args.get("words", "")
    known = search_leads.lead_of(current().site, words) if words else None
    return _page(forms.typed(known) if known else {"words": words}, [])


@panel.post("/search-leads", endpoint="search_lead_save")
@may_edit
def save() -> Response:
    """Lead these words."""
    return _saved(request.form)


@panel.post("/search-leads/remove", endpoint="search_lead_remove")
@may_edit
def remove() -> Response:
    """Let a search find what its words find."""
    gone = search_leads.remove_lead(current().site, request.form.get("words", ""), actor())
    undo = url_for("panel.search_lead_restore", **forms.typed(gone))  # type: ignore[arg-type]
    said = _("Searches for “%(words)s” find what their words find.", words=gone.typed)
    return to("panel.search_leads", say=said, undo=undo)


@panel.post("/search-leads/restore", endpoint="search_lead_restore")
@may_edit
def restore() -> Response:
    """Bring back what was removed, unless its category has gone meanwhile."""
    return _saved(request.args)


def _tried() -> services.Trial | None:
    """What the search that somebody tries on this page does; None where nobody does."""
    text, tag, site = one_line(request.args.get("try", ""), 100), request.args.get("in", ""), current().site
    return services.try_search(current(), tag if tag in site.languages else site.language, text) if text else None


def _saved(values: Mapping[str, str]) -> Response:
    """What becomes of the words that a form or an undo names; what is wrong is said beside its field."""
    problems: forms.Problems = []
    site = current().site
    wanted = forms.read(values, site, dict(category_choices(i18n.language())), problems)
    if problems:
        return _page(values, problems, 422)
    search_leads.save_leads(site, wanted, actor())
    words = i18n.enumerated(lead.typed for lead in wanted)
    return to("panel.search_leads", say=_("Searches for “%(words)s” lead there now.", words=words))


def _page(values: Mapping[str, str], problems: forms.Problems, status: int = 200) -> Response:
    categories = category_choices(i18n.language())
    return page(
        "search_leads.html",
        status,
        values=values,
        problems=problems,
        errors=dict(problems),
        categories=[("", _("Choose one")), *((str(category_id), name) for category_id, name in categories)],
        names={category_id: name.lstrip("– ") for category_id, name in categories},
        tried=_tried(),
        tongues=[(tag, i18n.language_name(tag)) for tag in current().site.languages],
        leads=list(search_leads.leads(current().site).values()),
        kind_of=forms.kind_of,
    )
