"""Photos that authors add to a review: kept in two sizes without metadata, shown with it, and gone with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from core.api import NotFound, Refused, Site, Unfit, digest, drop_file, gettext, keep_picture, kept_file
from plugins.reviews.forms import ALT, one_line
from plugins.reviews.models import PUBLISHED, Review

FOLDER = "reviews"
MOST, LARGE_PX, SMALL_PX = 4, 1600, 320
Photo = Mapping[str, Any]


class PhotoWishes(Struct, frozen=True, kw_only=True):
    """What a form says of photos: new ones with what they show, words for those there are, and which shall go."""

    sent: Sequence[bytes] = ()
    shown: str = ""
    alts: Mapping[str, str] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()


def keep(wishes: PhotoWishes, known: Sequence[Photo]) -> list[dict[str, Any]]:
    """The photos as they shall be: those that stay, then new ones. Writes files, no row. Raises Unfit.

    A photo that is sent twice, as a double click does, is one. Of several none is kept if one is refused.
    """
    stay = [_worded(one, wishes.alts) for one in known if one["name"] not in wishes.gone]
    here = {one["digest"] for one in stay}
    fresh = {code: data for data in wishes.sent if (code := digest(data.hex())) not in here}
    if len(stay) + len(fresh) > MOST:
        raise Unfit({"photos": gettext("At most %(count)s photos.", count=MOST)})
    made: list[dict[str, Any]] = []
    try:
        for code, data in fresh.items():
            small, name = (keep_picture(FOLDER, data, most_px=size) for size in (SMALL_PX, LARGE_PX))
            made.append({"name": name, "small": small, "alt": _alt(wishes.shown), "digest": code})
    except Refused as refusal:
        drop(made)
        raise Unfit({"photos": gettext(refusal.message, **refusal.params)}) from refusal
    return [*stay, *made]


def _worded(photo: Photo, alts: Mapping[str, str]) -> dict[str, Any]:
    return {**photo, "alt": _alt(alts.get(photo["name"], photo["alt"]))}


def _alt(text: str) -> str:
    return one_line(text)[:ALT]


def drop(photos: Sequence[Photo]) -> None:
    """Delete the files; after the commit that let go of them, or where none came."""
    for one in photos:
        drop_file(FOLDER, one["name"])
        drop_file(FOLDER, one["small"])


def public_photo(site: Site, review_id: int, name: str) -> Path:
    """A photo of a review that everybody may read. Raises NotFound."""
    return photo_of(Review.for_site(site).where(Review.id == review_id, Review.state == PUBLISHED).first(), name)


def photo_of(review: Review | None, name: str) -> Path:
    """A photo of this very review, in either size. Raises NotFound."""
    known = {one[size] for one in review.photos for size in ("name", "small")} if review is not None else set()
    path = kept_file(FOLDER, name) if name in known else None
    if path is None:
        raise NotFound
    return path
