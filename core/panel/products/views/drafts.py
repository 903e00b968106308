"""Drafts of the editor's forms: kept while somebody types, discarded, brought back."""

from __future__ import annotations

from flask import Response, jsonify, request, url_for

from core.kernel import i18n, respond
from core.kernel.i18n import gettext as _
from core.kernel.security import staff
from core.kernel.sites import current
from core.lib.errors import Refused
from core.panel.products.services import edit_drafts
from core.panel.shell import panel, shell
from core.panel.shell.answers import to

# The forms that have drafts, and the page that shows each.
_PAGES = {"words": "panel.product", "own": "panel.product_own", "variants": "panel.product_variants"}
_ANY = "any(words, own, variants)"


def owner(part: str, product_id: int | None) -> edit_drafts.Owner:
    """This person's draft of a part of the editor; without a product, of the form for a new one."""
    thing = f"product:{product_id or 'new'}:{part}"
    return edit_drafts.Owner(site=current().site, staff_id=shell().person.id, thing=thing)


@panel.post(f"/products/<int:product_id>/drafts/<{_ANY}:part>", endpoint="product_draft")
@staff("catalogue.view")
def keep(product_id: int, part: str) -> Response:
    """Keep what is typed so far; shoppers see nothing of it. A script is told when it was kept, or why not."""
    return _keep(part, product_id)


@panel.post("/products/new/draft", endpoint="product_new_draft")
@staff("products.edit")
def keep_new() -> Response:
    """Keep what is typed into the form for a new product."""
    return _keep("words", None)


def _keep(part: str, product_id: int | None) -> Response:
    try:
        fields = request.form.items(multi=True)
        at = edit_drafts.keep(owner(part, product_id), request.form.get("version"), fields)
    except Refused as refusal:
        if respond.is_fragment():
            answer: Response = jsonify(said=i18n.say(refusal))
            answer.status_code = refusal.status
            return answer
        return _shown(part, product_id, i18n.say(refusal), kind="bad")
    said = _("Your draft is kept (%(when)s). Shoppers see it when you save.", when=i18n.when(at, "short"))
    return jsonify(said=said) if respond.is_fragment() else _shown(part, product_id, said)


@panel.post(f"/products/<int:product_id>/drafts/<{_ANY}:part>/discard", endpoint="product_draft_discard")
@staff("catalogue.view")
def discard(product_id: int, part: str) -> Response:
    """Let go of the draft: the form shows what is stored."""
    edit_drafts.discard(owner(part, product_id))
    undo = url_for("panel.product_draft_back", product_id=product_id, part=part)
    return _shown(part, product_id, _("The draft is discarded."), undo=undo)


@panel.post(f"/products/<int:product_id>/drafts/<{_ANY}:part>/back", endpoint="product_draft_back")
@staff("catalogue.view")
def bring_back(product_id: int, part: str) -> Response:
    """Undo discarding."""
    edit_drafts.bring_back(owner(part, product_id))
    return _shown(part, product_id, "")


@panel.post("/products/new/draft/discard", endpoint="product_new_draft_discard")
@staff("products.edit")
def discard_new() -> Response:
    """Let go of the draft of a new product."""
    edit_drafts.discard(owner("words", None))
    return _shown("words", None, _("The draft is discarded."), undo=url_for("panel.product_new_draft_back"))


@panel.post("/products/new/draft/back", endpoint="product_new_draft_back")
@staff("products.edit")
def bring_new_back() -> Response:
    """Undo discarding the draft of a new product."""
    edit_drafts.bring_back(owner("words", None))
    return _shown("words", None, "")


def _shown(part: str, product_id: int | None, say: str, undo: str = "", kind: str = "good") -> Response:
    if product_id is None:
        return to("panel.product_new", say=say, undo=undo, kind=kind)
    return to(_PAGES[part], say=say, undo=undo, kind=kind, product_id=product_id)
