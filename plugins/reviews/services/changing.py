"""What every change of a review has in common: who is told, and what is noted."""

from __future__ import annotations

from typing import Any

from core.api import NotFound, Site, language, named_products, product_data_changed, record_activity
from plugins.reviews.models import PUBLISHED, Review

PLUGIN = "reviews"


def tag(site: Site, product_id: int) -> str:
    """What pages depend on that show a product's reviews, for changes that leave the stars as they are."""
    return f"reviews:{site.id}:{product_id}"


def find_review(site: Site, review_id: int) -> Review:
    """A review of this site, whatever its state. Raises NotFound."""
    found: Review | None = Review.for_site(site).where(Review.id == review_id).first()
    if found is None:
        raise NotFound
    return found


def name_of_product(site: Site, product_id: int) -> str:
    """The product as the reader calls it; empty for one that is gone."""
    found = named_products(site, language(), [product_id]).get(product_id)
    return found.name if found else ""


def told(review: Review) -> dict[str, Any]:
    """What the activity log compares: decisions and stars, nothing that a person wrote."""
    return {"state": review.state, "stars": review.stars, "reason": review.reason}


def changed(site: Site, review: Review, verb: str, actor: str, before: dict[str, Any], title: str) -> None:
    """Part of a verb: let pages and cards follow if the public saw or sees it, and note who did what."""
    after = told(review)
    if PUBLISHED in {before.get("state"), after["state"]}:
        product_data_changed(site, [review.product_id])
    record_activity(
        actor, f"{PLUGIN}.{verb}", f"review:{review.id}", before=before, after=after, site_id=site.id, title=title
    )
