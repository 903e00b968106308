"""The list of pages, what is done with many at once, and the first pages of a shop."""

from __future__ import annotations

from typing import Any

from core.api import (
    NotFound,
    actor,
    current_site,
    language,
    ngettext,
    panel_form_key,
    panel_once,
    panel_to,
    render,
    request,
    sentences,
    slugify,
    url_for,
)
from core.api import gettext as _
from plugins.pages.forms.panel import LIMITS, one_line
from plugins.pages.models import KINDS, PAGE
from plugins.pages.services.panel import editing, listing, publishing, starters
from plugins.pages.views.panel.place import may_edit, may_publish, panel

_LAST_ID = 2**31


@panel.get("/")
@may_edit
def show() -> Any:
    """The pages of this shop."""
    said = request.args
    before = said.get("after", "")
    query = listing.Query(
        text=said.get("q", "").strip()[:100],
        view=said.get("view", "") if said.get("view", "") in listing.VIEWS else "",
        kind=said.get("kind", "") if said.get("kind", "") in KINDS else "",
        before=int(before) if before.isascii() and before.isdecimal() and int(before) < _LAST_ID else None,
    )
    found, further = listing.listed(current_site(), query)
    kept = {name: text for name, text in (("q", query.text), ("view", query.view), ("kind", query.kind)) if text}
    return render(
        "pages/panel/list.html",
        rows=found,
        query=query,
        views=[(name, _here(**kept | {"view": name or None})) for name in listing.VIEWS],
        first=_here(**kept) if query.before else "",
        next=_here(**kept, after=further) if further else "",
    )


def _here(**values: Any) -> str:
    return url_for("pages.panel.show", **values)


@panel.get("/new")
@may_edit
def new() -> Any:
    """What a page begins with: its title, and what it is."""
    kind = request.args.get("kind", PAGE)
    return _new("", kind if kind in KINDS else PAGE, "")


def _new(title: str, kind: str, error: str, status: int = 200) -> Any:
    return render("pages/panel/new.html", status, title=title, kind=kind, error=error)


@panel.post("/new")
@may_edit
@panel_once("pages.panel.show")
def create() -> Any:
    """Begin a page."""
    site, title = current_site(), one_line(request.form.get("title", ""))
    kind = request.form.get("kind", PAGE)
    if kind not in KINDS:
        raise NotFound
    if not title or len(title) > LIMITS["title"]:
        most = _("At most %(count)s characters.", count=LIMITS["title"])
        return _new(title, kind, most if title else _("Write a title. It can be changed at any time."), 422)
    spoken = language() if language() in site.languages else site.language
    slug = slugify(title, LIMITS["slug"])
    page_id = editing.create(site, kind, spoken, title, slug, actor=actor(), key=panel_form_key())
    return panel_to("pages.panel.edit", page_id=page_id, language=spoken)


@panel.post("/starters", endpoint="begin")
@may_edit
@panel_once("pages.panel.show")
def begin() -> Any:
    """Make drafts of the pages that every shop needs."""
    count = starters.make(current_site(), actor=actor(), key=panel_form_key())
    said = ngettext("%(n)s draft is here.", "%(n)s drafts are here.", count)
    return panel_to(
        "pages.panel.show", say=sentences([said, _("Fill in what stands in square brackets, then publish.")])
    )


@panel.post("/bulk")
@may_publish
def bulk() -> Any:
    """Publish, hide or remove the chosen pages."""
    act = request.form.get("act", "")
    chosen = [int(one) for one in request.form.getlist("n") if one.isascii() and one.isdigit() and int(one) < _LAST_ID]
    if act not in {"publish", "hide", "remove"}:
        raise NotFound
    if not chosen:
        return panel_to("pages.panel.show", say=_("Choose at least one page."), kind="bad")
    done = publishing.bulk(current_site(), act, chosen, actor=actor())
    words = {
        "publish": ngettext("%(n)s page is shown.", "%(n)s pages are shown.", done.count),
        "hide": ngettext("%(n)s page is hidden.", "%(n)s pages are hidden.", done.count),
        "remove": ngettext("%(n)s page is removed.", "%(n)s pages are removed.", done.count),
    }
    undo = url_for("pages.panel.restore_many", n=chosen) if act == "remove" and done.count else ""
    said = sentences([words[act] if done.count or not done.wrong else "", *done.wrong])
    return panel_to("pages.panel.show", say=said, undo=undo, kind="bad" if done.wrong else "good")


@panel.post("/restore", endpoint="restore_many")
@may_publish
def restore_many() -> Any:
    """Bring the pages back that were removed together."""
    for one in request.args.getlist("n")[: publishing.MOST]:
        if one.isascii() and one.isdecimal() and int(one) < _LAST_ID:
            publishing.restore(current_site(), int(one), actor=actor())
    return panel_to("pages.panel.show", say=_("They are back."))
