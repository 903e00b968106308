"""What staff decide: show, refuse, answer, take away, and take a name off. Also the list of what waits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from msgspec import Struct

from core.api import (
    GuestErased,
    Refused,
    ShopperErased,
    Site,
    execute,
    fold,
    language,
    named_products,
    now,
    record_activity,
    rows,
    say,
    touch,
    transaction,
    uid,
)
from core.api import gettext as _
from plugins.reviews.forms import REASON, REPLY, words_of_staff
from plugins.reviews.models import PENDING, PUBLISHED, REJECTED, REMOVED, Review, Vote
from plugins.reviews.services import photos
from plugins.reviews.services.changing import PLUGIN, changed, find_review, name_of_product, tag, told
from plugins.reviews.services.voting import voter_of
from plugins.reviews.services.writers import person

AT_ONCE, MOST = 50, 100
WAITING = "waiting"
VIEWS = (WAITING, PUBLISHED, REJECTED, REMOVED)
KEPT = timedelta(days=30)


class Already(Refused):
    """Somebody was quicker, or it was done before."""

    code = "already"
    default_message = "This has been done already."


# -- the list ----------------------------------------------------------------------------------------------------------


class Row(Struct, frozen=True, kw_only=True):
    """A review with its product's name."""

    review: Review
    product: str


class Queue(Struct, frozen=True, kw_only=True):
    """One page, newest first; `next` is the id to go on from, or None."""

    rows: tuple[Row, ...]
    next: int | None


def queue(site: Site, view: str, after: int | None = None) -> Queue:
    """The reviews of a view: what nobody has looked at yet, or those of one state. Four statements at most."""
    wanted = Review.for_site(site)
    if view == WAITING:
        wanted = wanted.where(Review.looked_at.is_null(), Review.state.in_((PENDING, PUBLISHED)))
    else:
        wanted = wanted.where(Review.state == view)
    if after is not None:
        wanted = wanted.where(Review.id < after)
    found = list(wanted.order_by(Review.id.desc()).limit(AT_ONCE + 1))
    page = found[:AT_ONCE]
    names = named_products(site, language(), {review.product_id for review in page}) if page else {}
    shown = tuple(Row(review=one, product=_name(names, one.product_id)) for one in page)
    return Queue(rows=shown, next=page[-1].id if len(found) > AT_ONCE else None)


def _name(names: Any, product_id: int) -> str:
    return names[product_id].name if product_id in names else _("A product that is gone")


def count_waiting(site: Site) -> int:
    """How many reviews nobody has looked at."""
    waiting = Review.for_site(site).where(Review.looked_at.is_null(), Review.state.in_((PENDING, PUBLISHED)))
    return int(waiting.count())


# -- decisions ---------------------------------------------------------------------------------------------------------


def approve(site: Site, review_id: int, *, actor: str) -> None:
    """Show a review, or say of a shown one that it may stay. Raises NotFound, Already. Commits."""
    _decide(site, review_id, PUBLISHED, "approved", actor)


def reject(site: Site, review_id: int, reason: str, *, actor: str) -> None:
    """Hide a review; its author reads the reason. Raises NotFound, Already, Unfit. Commits."""
    said = words_of_staff(reason, REASON, needed=_("Say why, for the author."))
    _decide(site, review_id, REJECTED, "rejected", actor, said)


def remove(site: Site, review_id: int, *, actor: str) -> None:
    """Take a review away; it can be brought back for thirty days. Raises NotFound, Already. Commits."""
    _decide(site, review_id, REMOVED, "removed", actor)


def restore(site: Site, review_id: int, *, actor: str) -> None:
    """Bring a removed review back among those that wait. Raises NotFound, Already. Commits."""
    _decide(site, review_id, PENDING, "restored", actor)


def _decide(site: Site, review_id: int, state: str, verb: str, actor: str, reason: str = "") -> None:
    title = name_of_product(site, find_review(site, review_id).product_id)
    with transaction():
        review = find_review(site, review_id)
        if review.state == state and review.looked_at is not None and review.reason == reason:
            raise Already
        if state == PENDING and review.state != REMOVED:
            raise Already
        before = told(review)
        review.state, review.reason = state, reason
        review.looked_at = None if state == PENDING else now()
        review.held = "" if state == PUBLISHED else review.held
        review.updated_at = now()
        review.save()
        changed(site, review, verb, actor, before, title)


def reply(site: Site, review_id: int, text: str, *, actor: str) -> None:
    """Answer below a review in the shop's name; an empty text takes it back. Raises NotFound, Unfit. Commits."""
    said = words_of_staff(text, REPLY, needed="")
    title = name_of_product(site, find_review(site, review_id).product_id)
    with transaction():
        review = find_review(site, review_id)
        before = {"reply": review.reply}
        review.reply, review.replied_at = said, now() if said else None
        review.save()
        touch(tag(site, review.product_id))
        record_activity(
            actor, f"{PLUGIN}.answered", f"review:{review.id}", before=before, after={"reply": said}, site_id=site.id,
            title=title,
        )  # fmt: skip


class Result(Struct, frozen=True, kw_only=True):
    """What became of one chosen review."""

    row: Row
    is_done: bool
    text: str


def bulk(site: Site, act: str, review_ids: Sequence[int], reason: str, *, actor: str) -> list[Result]:
    """One act on up to a hundred reviews, each in its own transaction; those of other sites are passed over.

    Raises Unfit where a refusal has no reason.
    """
    ids = list(dict.fromkeys(review_ids))[:MOST]
    known = {one.id: one for one in Review.for_site(site).where(Review.id.in_(ids))}
    names = named_products(site, language(), {one.product_id for one in known.values()}) if known else {}
    acts: dict[str, tuple[Callable[[int], None], str]] = {
        "approve": (lambda one: approve(site, one, actor=actor), _("Shown")),
        "reject": (lambda one: reject(site, one, reason, actor=actor), _("Rejected")),
        "remove": (lambda one: remove(site, one, actor=actor), _("Removed")),
    }
    if act == "reject":
        words_of_staff(reason, REASON, needed=_("Say why, for the author."))
    do, done = acts[act]
    results = []
    for review in (known[one] for one in ids if one in known):
        row = Row(review=review, product=_name(names, review.product_id))
        try:
            do(review.id)
        except Refused as refusal:
            results.append(Result(row=row, is_done=False, text=say(refusal)))
        else:
            results.append(Result(row=row, is_done=True, text=done))
    return results


# -- people who want to be forgotten -----------------------------------------------------------------------------------


def erase_author(site: Site, review_id: int, *, actor: str) -> int:
    """Take the name off all reviews of a review's author; answers how many. Raises NotFound. Commits."""
    return _erase_all(site, [find_review(site, review_id).author], actor)


def erase_person(site: Site, email: str, *, actor: str) -> int:
    """The same for an address, with or without an account. Commits."""
    return _erase_all(site, [f"mail:{person(site, email)}", *_accounts(site, email)], actor)


def forget(site: Site, event: ShopperErased | GuestErased) -> None:
    """The same for whoever was erased: an account, or the buyer of orders without one. Commits."""
    if isinstance(event, ShopperErased):
        theirs = Review.shopper_id == event.shopper_id
        known = [f"shopper:{event.shopper_id}"]
    else:
        theirs, known = Review.order_id.in_(event.order_ids), []
    found = Review.for_site(site).select(Review.author).where(theirs).distinct()
    _erase_all(site, [*known, *(one.author for one in found)], "system")


def _erase_all(site: Site, authors: Sequence[str], actor: str) -> int:
    with transaction():
        count, gone = _erase(site, authors, actor)
    photos.drop(gone)
    return count


def _accounts(site: Site, email: str) -> list[str]:
    found = rows("SELECT id FROM shopper WHERE site_id = ? AND email_folded = ?", site.id, fold(email.strip()))
    return [f"shopper:{row[0]}" for row in found]


def _erase(site: Site, authors: Sequence[str], actor: str) -> tuple[int, list[Any]]:
    """Stars and words stay; name, account, order, photos and whatever leads back to the author go. Votes stay counted.

    Answers how many reviews, and the photos whose files are to be deleted after the commit.
    """
    gone: list[Any] = []
    found = list(Review.for_site(site).where(Review.author.in_(authors)))
    for review in found:
        before = told(review)
        gone += review.photos
        review.author, review.name, review.photos = f"erased:{uid()}", "", []
        review.shopper_id = review.order_id = None
        review.save()
        changed(site, review, "erased", actor, before, "")
    for author in authors:
        kind, _colon, number = author.partition(":")
        if kind == "shopper":
            _forget_votes(site, voter_of(int(number), ""))
    return len(found), gone


def _forget_votes(site: Site, voter: str) -> None:
    for cast in Vote.for_site(site).where(Vote.voter == voter):
        execute("UPDATE reviews_vote SET voter = ? WHERE id = ? AND site_id = ?", uid(), cast.id, site.id)


def purge(payload: Any, site: Site) -> None:
    """A daily job: delete what was removed thirty days ago."""
    del payload
    with transaction():
        gone = list(Review.for_site(site).where(Review.state == REMOVED, Review.updated_at < now() - KEPT))
        for review in gone:
            review.delete_instance()
    photos.drop([one for review in gone for one in review.photos])


def of_shopper(site: Site, shopper_id: int, limit: int = 10) -> list[tuple[Review, str]]:
    """The latest reviews of an account, each with its product as the reader calls it. Two statements."""
    theirs = Review.author == f"shopper:{shopper_id}"
    found = list(Review.for_site(site).where(theirs).order_by(Review.id.desc()).limit(limit))
    names = named_products(site, language(), [one.product_id for one in found])
    return [(one, names[one.product_id].name if one.product_id in names else "") for one in found]
