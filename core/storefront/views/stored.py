"""What this shop stores in browsers, and the choice about what can wait."""

from __future__ import annotations

from flask import Response, request, url_for

from core.kernel import i18n, stored
from core.kernel.i18n import gettext as _
from core.kernel.installation import installation
from core.kernel.respond import note, page, redirect
from core.kernel.security import local_path, public
from core.kernel.sites import current
from core.storefront.views.place import VIEWS


@VIEWS.get("/stored", endpoint="stored")
@public
def show() -> Response:
    """Everything that may be stored, whose it is and what for; and what the visitor said of it."""
    said = stored.said(request.cookies, stored.asked())
    return page("pages/stored.html", lines=_lines(), kinds=stored.asked(), said=said)


def _lines() -> list[dict[str, object]]:
    loaded, found = installation().plugins.loaded, list[dict[str, object]]()
    for line in stored.shown():
        one = line.stored
        if line.whose:
            purpose = i18n.of_plugin(line.whose, str(one.purpose))
            whose = i18n.of_plugin(line.whose, loaded[line.whose].plugin.title)
        else:
            purpose, whose = str(one.purpose), current().site.name
        more = {"name": one.name, "kind": one.kind, "days": one.days, "where": one.where}
        found.append({"purpose": purpose, "whose": whose, **more})
    return found


@VIEWS.post("/stored", endpoint="stored_choose")
@public
def choose() -> Response:
    """Keep the choice: all, only what is needed, or what is ticked. Saying no takes as many presses as saying yes."""
    act = request.form.get("act", "")
    ticked = request.form.getlist("kind") if act == "ticked" else []
    allowed = stored.asked() if act == "all" else [kind for kind in stored.asked() if kind in ticked]
    note(_("Your choice is kept. You can change it at the foot of every page."))
    return stored.choose(redirect(local_path(request.form.get("back", ""), url_for("storefront.stored"))), allowed)
