"""The panel's pages of redirects."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from core.api import (
    Refused,
    UnreadableFile,
    actor,
    current_site,
    panel_to,
    render,
    request,
    rows,
    say,
    url_for,
    write_rows,
)
from core.api import gettext as _
from plugins.seo.forms.addresses import COLUMNS, GONE, MOVED, Problem, Unusable, Wanted, source_of, target_of
from plugins.seo.services import redirects
from plugins.seo.views.place import may_edit, panel

_SHOWN = 50


@panel.get("/redirects", endpoint="redirects")
@may_edit
def show() -> Any:
    """The redirects, and what is asked for in vain."""
    return _page({"from": request.args.get("from", "")}, {})


@panel.post("/redirects", endpoint="redirect_add")
@may_edit
def add() -> Any:
    """Add one."""
    site, errors = current_site(), dict[str, str]()
    source = target = ""
    try:
        source = source_of(request.form.get("from", ""), site)
    except Unusable as reason:
        errors["from"] = str(reason)
    try:
        target = "" if request.form.get("code") == GONE else target_of(request.form.get("to", ""), site)
    except Unusable as reason:
        errors["to"] = str(reason)
    if not errors:
        try:
            redirects.add(site, Wanted(source, target), actor=actor())
        except redirects.InACircle as refusal:
            errors["to"] = say(refusal)
    if errors:
        return _page(request.form, errors, status=422)
    return panel_to("seo.panel.redirects", say=_("%(path)s is redirected.", path=source))


@panel.post("/redirects/<int:redirect_id>/remove", endpoint="redirect_remove")
@may_edit
def remove(redirect_id: int) -> Any:
    """Take one away."""
    gone = redirects.remove(current_site(), redirect_id, actor=actor())
    undo = url_for("seo.panel.redirect_restore", source=gone.source, target=gone.target)
    return panel_to("seo.panel.redirects", say=_("%(path)s is no longer redirected.", path=gone.source), undo=undo)


@panel.post("/redirects/restore", endpoint="redirect_restore")
@may_edit
def restore() -> Any:
    """Bring one back that was taken away."""
    site = current_site()
    try:
        source, target = source_of(request.args.get("source", ""), site), request.args.get("target", "")
        redirects.add(site, Wanted(source, target_of(target, site) if target else ""), actor=actor())
    except (Unusable, redirects.InACircle) as reason:
        text = say(reason) if isinstance(reason, Refused) else str(reason)
        return panel_to("seo.panel.redirects", say=text, kind="bad")
    return panel_to("seo.panel.redirects", say=_("%(path)s is redirected.", path=source))


@panel.post("/redirects/import", endpoint="redirects_import")
@may_edit
def take_file() -> Any:
    """Carry a file in: all of it or nothing."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return _page({}, {"file": _("Choose a file.")}, status=422)
    try:
        count = redirects.take_file(current_site(), io.BytesIO(sent.stream.read()), actor=actor())
    except redirects.WrongFile as refusal:
        return _page({}, {"file": say(refusal)}, refusal.problems, status=422)
    except (redirects.InACircle, UnreadableFile) as refusal:
        return _page({}, {"file": say(refusal)}, status=422)
    return panel_to("seo.panel.redirects", say=_("%(count)s redirects are taken.", count=count))


@panel.get("/redirects.csv", endpoint="redirects_export")
@may_edit
def download() -> Any:
    """All redirects, in the form that can be imported again, with how often they were used."""
    stream = io.StringIO(newline="")
    found = rows("SELECT source, target, hits FROM seo_redirect WHERE site_id = ? ORDER BY source", current_site().id)
    lines = ((source, target, MOVED if target else GONE, hits) for source, target, hits in found)
    write_rows(stream, [*COLUMNS, "hits"], lines)
    headers = {
        "Content-Disposition": 'attachment; filename="redirects.csv"',
        "Content-Type": "text/csv; charset=utf-8",
    }
    return "\ufeff" + stream.getvalue(), headers


def _page(
    values: Mapping[str, Any], errors: Mapping[str, str], problems: Sequence[Problem] = (), status: int = 200
) -> Any:
    site, words = current_site(), request.args.get("q", "").strip()
    found, following = redirects.listed(site, words, request.args.get("after", ""))
    return render(
        "seo/redirects.html",
        status,
        values=values,
        errors=errors,
        problems=problems[:_SHOWN],
        hidden=max(0, len(problems) - _SHOWN),
        redirects=found,
        missed=redirects.missed(site),
        words=words,
        next=url_for("seo.panel.redirects", q=words, after=following) if following else "",
    )
