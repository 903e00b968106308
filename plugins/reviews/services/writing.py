"""What an author does: write, change and take back."""

from __future__ import annotations

from typing import Any

from core.api import NotFound, Site, micros, now, transaction, value
from plugins.reviews.forms import ReviewSettings, Wanted
from plugins.reviews.models import EDITED, LINKS, PENDING, PHOTOS, PUBLISHED, REJECTED, REMOVED, STAFF, Review
from plugins.reviews.services import photos
from plugins.reviews.services.changing import changed, name_of_product, told
from plugins.reviews.services.writers import Writer

_CLAIM = """
INSERT INTO reviews_review (site_id, product_id, author, stars, title, text, name, language, verified, state, held,
  reason, reply, helpful, photos, folded, created_at, updated_at)
VALUES (?, ?, ?, 1, '', '', '', '', ?, 'pending', '', '', '', 0, '[]', '', ?, ?)
ON CONFLICT (site_id, product_id, author) DO NOTHING RETURNING id
"""


def own_review(site: Site, product_id: int, writer: Writer) -> Review | None:
    """What this writer has said of the product."""
    mine = Review.for_site(site).where(Review.product_id == product_id, Review.author.in_(writer.authors))
    found: Review | None = mine.where(Review.state != REMOVED).order_by(Review.id).first()
    return found


def write_review(
    site: Site, product_id: int, writer: Writer, wanted: Wanted, wishes: photos.PhotoWishes | None = None
) -> Review:
    """Store the writer's one review of the product, or change it. Raises Unfit about photos. Commits.

    It is shown at once where the merchant looks afterwards, it holds no link and no new photo, and was not refused
    before.
    """
    known = own_review(site, product_id, writer)
    there = known.photos if known is not None else []
    wishes = wishes if wishes is not None and ReviewSettings.of(site).photos else photos.PhotoWishes()
    kept = photos.keep(wishes, there)
    try:
        review, gone = _store(site, product_id, writer, wanted, kept)
    except BaseException:
        photos.drop(_less(kept, there))
        raise
    photos.drop(gone)
    return review


def _less(some: list[dict[str, Any]], others: list[dict[str, Any]]) -> list[dict[str, Any]]:
    names = {one["name"] for one in others}
    return [one for one in some if one["name"] not in names]


def _store(
    site: Site, product_id: int, writer: Writer, wanted: Wanted, kept: list[dict[str, Any]]
) -> tuple[Review, list[dict[str, Any]]]:
    """The stored review, and the photos that it let go of. Commits."""
    before_shown = ReviewSettings.of(site).moderation == "before"
    title = name_of_product(site, product_id)
    with transaction():
        review, is_new = _own_row(site, product_id, writer)
        before, there = {} if is_new else told(review), review.photos
        held = _held(review, wanted, before_shown=before_shown, has_new=bool(_less(kept, there)))
        review.photos, review.folded = kept, wanted.folded
        review.state, review.held, review.reason = PENDING if held else PUBLISHED, held, ""
        for field in ("stars", "title", "text", "name", "language"):
            setattr(review, field, getattr(wanted, field))
        review.verified = review.verified or writer.verified
        review.shopper_id = writer.shopper_id
        review.order_id = writer.order_id or review.order_id
        review.updated_at, review.looked_at = now(), None
        review.save()
        changed(site, review, "written" if is_new else "edited", writer.actor, before, title)
    return review, _less(there, kept)


def _held(review: Review, wanted: Wanted, *, before_shown: bool, has_new: bool) -> str:
    if wanted.has_links:
        return LINKS
    if has_new or review.held == PHOTOS:
        return PHOTOS
    if review.state in {REJECTED, REMOVED} or review.held == EDITED:
        return EDITED
    return STAFF if before_shown else ""


def _own_row(site: Site, product_id: int, writer: Writer) -> tuple[Review, bool]:
    """The writer's row, and whether it was made now; a second click at the same time finds the first one's."""
    mine = Review.for_site(site).where(Review.product_id == product_id, Review.author.in_(writer.authors))
    known = mine.order_by(Review.id).first()
    if known is not None:
        return known, False
    at = micros(now())
    made = value(_CLAIM, site.id, product_id, writer.authors[0], writer.verified, at, at)
    return mine.order_by(Review.id).get(), made is not None


def take_back(site: Site, product_id: int, writer: Writer) -> None:
    """Delete the writer's review for good, with its votes. Raises NotFound. Commits."""
    title = name_of_product(site, product_id)
    with transaction():
        review = own_review(site, product_id, writer)
        if review is None:
            raise NotFound
        before = told(review)
        review.delete_instance()
        review.state = REMOVED
        changed(site, review, "taken_back", writer.actor, before, title)
    photos.drop(review.photos)
