"""Reviews in the panel: what waits, decisions one by one and many at once, and the answer of the shop."""

from __future__ import annotations

from typing import Any

from core.api import (
    NotFound,
    PanelSection,
    Site,
    Unfit,
    Views,
    actor,
    current_site,
    panel_to,
    render,
    request,
    staff,
    url_for,
)
from core.api import gettext as _
from plugins.reviews.forms import parse_translation
from plugins.reviews.services import moderating, translating
from plugins.reviews.services.changing import find_review, name_of_product
from plugins.reviews.services.photos import photo_of
from plugins.reviews.views.pictures import picture

Response = Any
PERMISSION = "reviews.moderate"
panel = Views()
may_moderate = staff(PERMISSION)


def _of_shopper(site: Site, shopper_id: int) -> dict[str, Any]:
    """The latest reviews of an account, for its page."""
    return {"found": moderating.of_shopper(site, shopper_id)}


SECTION = PanelSection(
    place="shopper", title="Reviews", template="reviews/panel/shopper.html", values=_of_shopper, permission=PERMISSION
)
_LAST_ID = 2**31


@panel.get("/<int:review_id>/photos/<name>")
@may_moderate
def photo(review_id: int, name: str) -> Response:
    """A photo of any review of this site."""
    return picture(photo_of(find_review(current_site(), review_id), name))


@panel.get("/")
@may_moderate
def show() -> Response:
    """A view of the list."""
    return _list()


def _list(status: int = 200, error: str = "", reason: str = "", chosen: frozenset[int] = frozenset()) -> Response:
    view, after = request.values.get("view", moderating.WAITING), request.args.get("after", "")
    if view not in moderating.VIEWS:
        raise NotFound
    start = int(after) if after.isascii() and after.isdigit() and int(after) < _LAST_ID else None
    site = current_site()
    return render(
        "reviews/panel/list.html", status, view=view, queue=moderating.queue(site, view, start),
        waiting=moderating.count_waiting(site), is_first=start is None, error=error, reason=reason, chosen=chosen,
    )  # fmt: skip


@panel.post("/bulk")
@may_moderate
def bulk() -> Response:
    """Approve, reject or remove what is chosen, with a result for each."""
    act, reason = request.form.get("act", ""), request.form.get("text", "")
    chosen = [int(one) for one in request.form.getlist("n") if one.isascii() and one.isdigit() and int(one) < _LAST_ID]
    view = request.form.get("view", moderating.WAITING)
    if not chosen:
        return panel_to("reviews.panel.show", say=_("Choose at least one review."), kind="bad", view=view)
    if act not in {"approve", "reject", "remove"}:
        raise NotFound
    try:
        results = moderating.bulk(current_site(), act, chosen, reason, actor=actor())
    except Unfit as refusal:
        return _list(422, refusal.errors["text"], reason, frozenset(chosen))
    return render("reviews/panel/result.html", results=results, done=sum(one.is_done for one in results), view=view)


@panel.get("/<int:review_id>")
@may_moderate
def edit(review_id: int) -> Response:
    """One review with all that can be done about it."""
    return _page(review_id)


def _page(review_id: int, status: int = 200, problems: dict[str, str] | None = None, **typed: str) -> Response:
    site = current_site()
    review = find_review(site, review_id)
    return render(
        "reviews/panel/review.html", status, review=review, product=name_of_product(site, review.product_id),
        tongues=translating.tongues(site, review), seen=translating.digest(review),
        problems=list((problems or {}).items()),
        errors={"reply": "", "reason": "", **(problems or {})},
        typed={"reply": review.reply, "reason": review.reason, **typed},
    )  # fmt: skip


def _back(review_id: int, said: str, undo: str = "") -> Response:
    return panel_to("reviews.panel.edit", say=said, undo=undo, review_id=review_id)


@panel.post("/<int:review_id>/approve")
@may_moderate
def approve(review_id: int) -> Response:
    """Show it."""
    moderating.approve(current_site(), review_id, actor=actor())
    return _back(review_id, _("The review is shown."))


@panel.post("/<int:review_id>/reject")
@may_moderate
def reject(review_id: int) -> Response:
    """Hide it, with a reason."""
    reason = request.form.get("reason", "")
    try:
        moderating.reject(current_site(), review_id, reason, actor=actor())
    except Unfit as refusal:
        return _page(review_id, 422, {"reason": refusal.errors["text"]}, reason=reason)
    return _back(review_id, _("The review is rejected."), url_for("reviews.panel.approve", review_id=review_id))


@panel.post("/<int:review_id>/reply")
@may_moderate
def reply(review_id: int) -> Response:
    """Answer it."""
    text = request.form.get("reply", "")
    try:
        moderating.reply(current_site(), review_id, text, actor=actor())
    except Unfit as refusal:
        return _page(review_id, 422, {"reply": refusal.errors["text"]}, reply=text)
    return _back(review_id, _("The answer is saved."))


@panel.post("/<int:review_id>/translation/<language>")
@may_moderate
def translate(review_id: int, language: str) -> Response:
    """Enter what it says in another language of the site."""
    form = request.form
    try:
        wanted = parse_translation(form)
    except Unfit as refusal:
        typed = {f"{name}-{language}": form.get(name, "") for name in ("title", "text")}
        return _page(review_id, 422, {f"{name}-{language}": said for name, said in refusal.errors.items()}, **typed)
    seen = form.get("seen", "")[:64]
    translating.translate(current_site(), review_id, language, wanted, actor=actor(), seen=seen)
    return _back(review_id, _("The translation is taken away.") if wanted.is_empty else _("The translation is saved."))


@panel.post("/<int:review_id>/remove")
@may_moderate
def remove(review_id: int) -> Response:
    """Take it away."""
    moderating.remove(current_site(), review_id, actor=actor())
    undo = url_for("reviews.panel.restore", review_id=review_id)
    return _back(review_id, _("The review is removed."), undo=undo)


@panel.post("/<int:review_id>/restore")
@may_moderate
def restore(review_id: int) -> Response:
    """Bring it back."""
    moderating.restore(current_site(), review_id, actor=actor())
    return _back(review_id, _("The review is back and waits."))


@panel.post("/<int:review_id>/erase")
@may_moderate
def erase(review_id: int) -> Response:
    """Take the author's name off all they wrote."""
    moderating.erase_author(current_site(), review_id, actor=actor())
    return _back(review_id, _("The name is gone. Stars and words stay."))
