"""Helpful: said once by each visitor or shopper."""

from __future__ import annotations

from core.api import NotFound, Site, digest, execute, micros, now, touch, transaction
from plugins.reviews.models import PUBLISHED, Review
from plugins.reviews.services.changing import find_review, tag

_VOTE = """
INSERT INTO reviews_vote (site_id, review_id, voter, created_at) VALUES (?, ?, ?, ?)
ON CONFLICT (review_id, voter) DO NOTHING
"""


def voter_of(shopper_id: int | None, visitor: str) -> str:
    """The digest under which somebody's votes are kept: the account's, else the browser's."""
    return digest(f"shopper:{shopper_id}" if shopper_id is not None else f"visitor:{visitor}")


def vote(site: Site, review_id: int, voter: str, shopper_id: int | None = None) -> tuple[Review, bool]:
    """Count that `voter` found a review helpful; False if they did before, or wrote it. Raises NotFound. Commits."""
    with transaction():
        review = find_review(site, review_id)
        if review.state != PUBLISHED:
            raise NotFound
        is_own = shopper_id is not None and review.shopper_id == shopper_id
        is_new = not is_own and execute(_VOTE, site.id, review.id, voter, micros(now())) == 1
        if is_new:
            execute("UPDATE reviews_review SET helpful = helpful + 1 WHERE id = ? AND site_id = ?", review.id, site.id)
            touch(tag(site, review.product_id))
    return review, is_new
