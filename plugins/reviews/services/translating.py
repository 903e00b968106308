"""Reviews in the reader's language: what the shop has translated, beside the words of the author.

Nothing is translated by itself. A translation belongs to the words it was made from; after the author changes them,
readers see those alone until the shop has looked at it again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from msgspec import Struct

from core.api import Refused, Site, language_name, now, record_activity, touch, transaction
from plugins.reviews.forms import TranslationWords
from plugins.reviews.models import Review, Translation
from plugins.reviews.services.changing import find_review, name_of_product, tag


class NoSuchLanguage(Refused):
    """The site does not speak it, or the review is written in it."""

    code = "no_such_language"
    status = 404
    default_message = "This review is not translated into that language."


def primary(language: str) -> str:
    """`zh` of `zh-CN`: who reads one reads the other."""
    return language.partition("-")[0].lower()


def digest(review: Review) -> str:
    """Which words a translation was made from."""
    return hashlib.sha256(f"{review.language}\0{review.title}\0{review.text}".encode()).hexdigest()


def translations(site: Site, reviews: Sequence[Review], language: str) -> dict[int, Translation]:
    """By review, those into `language` that hold. One statement, none without reviews."""
    known = {one.id: one for one in reviews}
    if not known:
        return {}
    wanted = Translation.for_site(site).where(Translation.review.in_(list(known)), Translation.language == language)
    return {made.review_id: made for made in wanted if made.digest == digest(known[made.review_id])}


class Tongue(Struct, frozen=True, kw_only=True):
    """A language that a review may be translated into; `is_old` if its author has changed the words since."""

    language: str
    name: str
    title: str
    text: str
    is_there: bool
    is_old: bool


def tongues(site: Site, review: Review) -> list[Tongue]:
    """The site's other languages with what was entered for them. One statement."""
    made = {one.language: one for one in Translation.for_site(site).where(Translation.review == review.id)}
    return [
        Tongue(
            language=tag,
            name=language_name(tag),
            title=made[tag].title if tag in made else "",
            text=made[tag].text if tag in made else "",
            is_there=tag in made,
            is_old=tag in made and made[tag].digest != digest(review),
        )
        for tag in site.languages
        if primary(tag) != primary(review.language)
    ]


def translate(
    site: Site, review_id: int, language: str, wanted: TranslationWords, *, actor: str, seen: str = ""
) -> None:
    """Store a translation of the words that were `seen` (a digest), or as they are now; without any it is taken away.

    Raises NotFound, NoSuchLanguage. Commits.
    """
    title = name_of_product(site, find_review(site, review_id).product_id)
    with transaction():
        review = find_review(site, review_id)
        if language not in site.languages or primary(language) == primary(review.language):
            raise NoSuchLanguage
        mine = Translation.for_site(site).where(Translation.review == review.id, Translation.language == language)
        made = mine.first()
        before = {"language": language, "text": made.text if made is not None else ""}
        if wanted.is_empty:
            if made is not None:
                made.delete_instance()
        else:
            made = made or Translation(site_id=site.id, review=review, language=language)
            made.title, made.text, made.folded = wanted.title, wanted.text, wanted.folded
            made.digest, made.updated_at = seen or digest(review), now()
            made.save()
        touch(tag(site, review.product_id))
        record_activity(
            actor, "reviews.translated", f"review:{review.id}", before=before,
            after={"language": language, "text": wanted.text}, site_id=site.id, title=title,
        )  # fmt: skip
