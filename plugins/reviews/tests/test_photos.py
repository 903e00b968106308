"""Photos and words: what authors add, who sees it when, how it is found, and how it goes."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from core.api import Site, freeze, now, one, own_folder, value
from plugins.reviews.services import photos
from plugins.reviews.services.moderating import erase_author, purge, remove

from .conftest import SAID, Browser

NEW = "/reviews/lamp/new"


def photo(colour: str = "teal", width: int = 480) -> bytes:
    """A JPEG that says where it was taken."""
    exif, made = Image.Exif(), BytesIO()
    exif[0x010F] = "Camera of Mira"
    exif.get_ifd(0x8825)[1] = "N"
    Image.new("RGB", (width, 360), colour).save(made, "JPEG", exif=exif)
    return made.getvalue()


def sent(*colours: str) -> dict[str, Any]:
    return {"photos": [(BytesIO(photo(colour)), f"{colour}.jpg") for colour in colours]}


def kept() -> set[Path]:
    folder = own_folder("media") / "files" / "reviews"
    return set(folder.iterdir()) if folder.exists() else set()


def pictures(page: str) -> list[str]:
    """The full-size photos that a page leads to."""
    return re.findall(r'<a href="(/(?:panel/)?reviews/[^"]*/photos/[^"]+)"', page)


@pytest.fixture
def written(lamp: Any, bought: Any, shopper: Any, mira: Browser) -> Callable[..., int]:
    """A review of the shopper with photos; answers its id."""

    def write(*colours: str, **more: str) -> int:
        if not value("SELECT COUNT(*) FROM orders"):
            bought(lamp, shopper=shopper)
        mira.post(NEW, **{**SAID, "shown": "The lamp on my desk", **more}, **sent(*colours))
        (review_id,) = one("SELECT id FROM reviews_review") or (0,)
        return int(review_id)

    return write


@pytest.mark.once
def test_photos_wait_for_staff_and_are_shown_without_place_and_name(
    on: Any, written: Any, mira: Browser, guest: Browser, panel: Browser
) -> None:
    on(moderation="after", photos=True)
    review_id = written("teal", "navy")
    assert pictures(guest.get("/reviews/lamp", raw=True)) == []
    name = photos.Review.get_by_id(review_id).photos[0]["name"]
    assert guest.client.get(f"/reviews/-/photos/{review_id}/{name}", base_url="https://shop.test").status_code == 404
    assert 'alt="Photo 2 of your review"' in mira.get(NEW, raw=True)
    page = panel.get(f"/panel/reviews/{review_id}", raw=True)
    assert "There are new photos in it" in page
    assert len(pictures(page)) == 2

    panel.post(f"/panel/reviews/{review_id}/approve")

    shown = pictures(guest.get("/p/lamp", raw=True))
    assert len(shown) == 2
    answer = guest.client.get(shown[0], base_url="https://shop.test")
    assert answer.mimetype == "image/jpeg"
    assert not Image.open(BytesIO(answer.data)).getexif()
    assert b"Camera of Mira" not in answer.data
    # What is changed in words alone is not held for its photos a second time.
    mira.post(NEW, **{**SAID, "title": "Warmer light"})
    assert "Warmer light" in guest.get("/reviews/lamp")
    # A review that is rejected takes its photos along.
    panel.post(f"/panel/reviews/{review_id}/reject", reason="Spam")
    assert guest.client.get(shown[0], base_url="https://shop.test").status_code == 404


@pytest.mark.once
def test_words_for_photos_are_changed_and_single_photos_taken_out(written: Any, mira: Browser) -> None:
    written("teal", "navy")
    page = mira.get(NEW, raw=True)
    first, second = re.findall(r'name="gone" value="([^"]+)"', page)
    assert page.count('value="The lamp on my desk"') == 2
    mira.post(NEW, **SAID, **{"gone": first, f"alt-{second}": "By night"})
    (left,) = photos.Review.get().photos
    assert (left["name"], left["alt"]) == (second, "By night")
    assert {path.name for path in kept()} == {left["name"], left["small"]}
    # Names are the author's own photos: a foreign one does nothing.
    mira.post(NEW, **SAID, gone="../../secret.key")
    assert len(photos.Review.get().photos) == 1


@pytest.mark.once
def test_what_is_sent_twice_is_one_and_more_than_four_or_no_picture_is_refused(
    written: Any, mira: Browser, outbox: Any
) -> None:
    del outbox
    written("teal")
    written("teal", "teal")
    assert len(photos.Review.get().photos) == 1
    said = mira.post(NEW, 422, **SAID, **sent("red", "green", "blue", "navy"))
    assert "At most 4 photos." in said
    assert "Please choose your photos again" in said or "At most" in said
    script = {"photos": [(BytesIO(b"<script>alert(1)</script>"), "x.jpg")]}
    assert "no picture we can read" in mira.post(NEW, 422, **SAID, **script)
    assert len(kept()) == 2


def test_photos_go_with_the_review_and_with_its_author(site: Site, written: Any, mira: Browser) -> None:
    review_id = written("teal", "navy")
    assert len(kept()) == 4
    erase_author(site, review_id, actor="system")
    assert kept() == set()
    assert value("SELECT COUNT(*) FROM reviews_review") == 1
    mira.post(NEW, **SAID, **sent("red"))
    mira.post("/reviews/lamp/take-back")
    assert kept() == set()
    mira.post(NEW, **SAID, **sent("red"))
    mine = int(value("SELECT MAX(id) FROM reviews_review"))
    remove(site, mine, actor="system")
    with freeze(now() + timedelta(days=31)):
        purge({}, site)
    assert kept() == set()


@pytest.mark.once
def test_switched_off_photos_are_neither_asked_for_nor_taken(on: Any, written: Any, mira: Browser) -> None:
    on(photos=False)
    written("teal")
    assert photos.Review.get().photos == []
    assert 'type="file"' not in mira.get(NEW, raw=True)


def test_reviews_are_found_by_their_words_together_with_stars_and_photos(
    site: Site, lamp: Any, said: Any, guest: Browser, other_site: Site
) -> None:
    def one_of(stars: int, text: str, **more: Any) -> None:
        said(lamp, stars, text=text, folded=text.casefold(), **more)

    one_of(5, "The Cable is short")
    one_of(2, "Cable broke, 100% my fault", photos=[{"name": "a.jpg", "small": "b.jpg", "alt": "", "digest": "x"}])
    one_of(4, "灯光很暖")
    one_of(5, "Cable of another shop", where=other_site)

    def found(query: str) -> set[str]:
        page = guest.get(f"/reviews/lamp{query}")
        return {word for word in ("short", "broke", "灯光", "another") if word in page}

    assert found("/search?q=cable") == {"short", "broke"}
    assert found("/search?q=CABLE&stars=2") == {"broke"}
    assert found("/search?q=cable+short") == {"short"}
    assert found("/search?q=灯光") == {"灯光"}
    assert found("/search?q=100%25") == {"broke"}
    assert found("/search?q=%25") == {"broke"}
    assert found("?photos=1") == {"broke"}
    assert "No review fits this choice." in guest.get("/reviews/lamp/search?q=nothing")
    # The histogram and the order keep the words, without scripts; a vote leads back to them.
    page = guest.get("/reviews/lamp/search?q=cable", raw=True)
    assert 'href="/reviews/lamp/search?stars=5&amp;q=cable"' in page
    assert 'href="/reviews/lamp/search?sort=helpful&amp;q=cable"' in page
    assert '<input class="input" type="search" id="reviews-q" name="q" value="cable"' in page
    (review_id,) = one("SELECT MIN(id) FROM reviews_review")
    back = guest.post(f"/reviews/{review_id}/helpful", path="lamp", **{"from": "list", "q": "cable"})
    assert back.startswith("/reviews/lamp/search?q=cable#review-")
