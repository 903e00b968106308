"""The library of pictures: words are asked for, a picture is replaced in place, and its uses are known to all."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from core.app import App
from core.catalogue.services import media
from core.catalogue.services.drafts import ProductDraft
from core.catalogue.services.products import save_product
from core.hookspecs.site import Site
from core.kernel import db, files, theme_versions
from core.kernel.installation import installation
from core.kernel.site_verbs import set_about
from core.kernel.sites import state_of
from core.kernel.switch import switch_on
from tests.core.panel.conftest import Panel, words

RED, BLUE, GREEN = (200, 30, 30), (30, 30, 200), (30, 160, 30)


def picture(colour: tuple[int, int, int], kind: str = "PNG", size: tuple[int, int] = (900, 600)) -> BytesIO:
    stream = BytesIO()
    Image.new("RGB", size, colour).save(stream, kind)
    stream.seek(0)
    return stream


@pytest.fixture
def lamp(panel: Panel, sell: Any) -> tuple[int, int]:
    """(product, picture): something that is sold, with a red picture without words."""
    item = sell("LAMP", 8900, name="Arc lamp")
    panel.post(f"/panel/products/{item.product_id}/pictures", {"files": (picture(RED), "lamp.png")})
    return item.product_id, int(db.value("SELECT id FROM media"))


@pytest.fixture
def shop(app: App, site: Site) -> Callable[..., Any]:
    client = app.test_client()
    return lambda path, **options: client.get(path, base_url=f"https://{site.host}", **options)


def _colour(answer: Any) -> str:
    assert answer.status_code == 200
    with Image.open(BytesIO(answer.get_data())) as opened:
        red, green, blue = opened.convert("RGB").resize((1, 1)).getpixel((0, 0))
    return max((red, "red"), (green, "green"), (blue, "blue"))[1]


def _picture_of(page: str) -> str:
    found = re.search(r'src="(/media/[^"]+)"', page)
    assert found is not None
    return found[1]


# -- words -----------------------------------------------------------------------------------------------------------


def test_pictures_without_words_are_counted_and_found(panel: Panel, lamp: tuple[int, int]) -> None:
    product, media_id = lamp
    assert "1 picture needs words" in words(panel.get("/panel/"))
    assert "are told nothing" in words(panel.get("/panel/installation/health"))
    assert f"/panel/media/{media_id}" in panel.get("/panel/media?show=wordless").text
    assert "It has no words yet" in words(panel.get(f"/panel/media/{media_id}"))
    # Said beside the box that publishes a product, and once more when it is published all the same.
    places = f"/panel/products/{product}/sites"
    assert "1 of its pictures has no words" in words(panel.get(places))
    saved = panel.follow(panel.post(places, {"visible-1": "1", "position-1": "0"}))
    assert "Saved. 1 of its pictures needs words." in words(saved)

    panel.post(f"/panel/media/{media_id}", {"alt-en": "A red lamp", "focal_x": "50", "focal_y": "50"})

    assert "needs words" not in words(panel.get("/panel/"))
    assert "has no words" not in words(panel.get(places))
    assert f'"/panel/media/{media_id}"' not in panel.get("/panel/media?show=wordless").text
    assert "Every picture says in words" in words(panel.get("/panel/installation/health"))


@pytest.mark.parametrize("where", ["/panel/media", "/panel/products/{}/pictures"])
def test_a_file_among_others_that_is_no_picture_is_told_beside_what_was_added(
    panel: Panel, lamp: tuple[int, int], where: str
) -> None:
    files_ = [(picture(GREEN), "green.png"), (BytesIO(b"no picture"), "notes.txt"), (BytesIO(b"nor this"), "bill.pdf")]
    told = panel.post(where.format(lamp[0]), {"files": files_, "alt-en": "A green lamp"})
    assert told.status_code == 422
    assert "1 picture is added. Not added:" in words(told)
    assert "nothing has been saved" not in words(told).casefold()
    # Beside the field as well, and what was written stays for the files that come next.
    assert re.search(r'id="files"[^>]* aria-describedby="files-error" aria-invalid="true"', told.text)
    assert told.text.count("notes.txt: ") == told.text.count("bill.pdf: ") == 2
    assert 'value="A green lamp"' in told.text
    assert db.value("SELECT COUNT(*) FROM media WHERE alt LIKE '%green%'") == 1


# -- in its place ----------------------------------------------------------------------------------------------------


def test_a_picture_is_replaced_wherever_it_is_shown(
    panel: Panel, lamp: tuple[int, int], shop: Callable[..., Any], site: Site
) -> None:
    _product, media_id = lamp
    set_about(site.id, {"theme": {"plain": {"hero_picture": media.snapshot(media_id)}}}, "system")
    panel.post(f"/panel/media/{media_id}", {"alt-en": "A lamp", "focal_x": "20", "focal_y": "80"})
    old = {path: _picture_of(shop(path).text) for path in ("/", "/p/arc-lamp", "/search")}
    assert {_colour(shop(address)) for address in old.values()} == {"red"}

    answer = panel.post(f"/panel/media/{media_id}/replace", {"file": (picture(BLUE, "JPEG", (600, 900)), "new.jpg")})
    assert "replaced wherever it is shown" in words(panel.follow(answer))

    for path, before in old.items():
        page = shop(path).text
        address = _picture_of(page)
        # Another address, so that nothing kept under the old one is shown.
        assert address != before
        assert _colour(shop(address)) == "blue"
        assert 'alt="A lamp"' in page
        # The old address goes on, for mails and other people's links; nobody keeps it any longer.
        assert _colour(shop(before)) == "blue"
        assert shop(before).headers["Cache-Control"] == "no-cache"
    assert 'width="600" height="900"' in shop("/p/arc-lamp").text

    panel.follow(panel.post(f"/panel/media/{media_id}/back"))
    assert {_colour(shop(_picture_of(shop(path).text))) for path in old} == {"red"}
    panel.post(f"/panel/media/{media_id}/replace", {"file": (picture(GREEN), "third.png")})
    assert _colour(shop(_picture_of(shop("/p/arc-lamp").text))) == "green"
    assert {_colour(shop(address)) for address in old.values()} == {"green"}


def test_a_file_that_is_no_picture_replaces_nothing(panel: Panel, lamp: tuple[int, int], shop: Any) -> None:
    _product, media_id = lamp
    before = _picture_of(shop("/p/arc-lamp").text)
    for data in ({}, {"file": (BytesIO(b"<svg onload=alert(1)>"), "evil.png")}):
        told = panel.post(f"/panel/media/{media_id}/replace", data)
        assert told.status_code == 422
        assert re.search(r'id="file"[^>]* aria-describedby="file-error" aria-invalid="true"', told.text)
    assert _picture_of(shop("/p/arc-lamp").text) == before


def test_of_two_who_replace_at_once_one_is_told(
    lamp: tuple[int, int], monkeypatch: pytest.MonkeyPatch, shop: Any
) -> None:
    """The other comes between the reading and the writing of the first."""
    _product, media_id = lamp
    real, held = files.store_version, []

    def late(name: str, data: bytes) -> Any:
        if not held:
            held.append(1)
            media.replace_media(media_id, picture(BLUE).getvalue(), "blue.png", "staff:1")
        return real(name, data)

    monkeypatch.setattr("core.catalogue.services.media.files.store_version", late)
    with pytest.raises(media.MediaChanged):
        media.replace_media(media_id, picture(GREEN).getvalue(), "green.png", "staff:2")
    assert _colour(shop(_picture_of(shop("/p/arc-lamp").text))) == "blue"


# -- uses ------------------------------------------------------------------------------------------------------------

BANNER = """
from flask import request
from core.api import Data, Plugin, hookimpl
@hookimpl
def site_data(kind, objects):
    if kind != "picture":
        return {}
    use = {"title": "Banner: Spring", "url": f"{request.script_root}/panel/banner/4"}
    return {one: Data(values={"uses": [use]}) for one in objects}
PLUGIN = Plugin(name="banner", version="1", title="Banner")
"""


def test_every_use_is_listed_and_keeps_a_picture_from_being_deleted(
    panel: Panel, lamp: tuple[int, int], site: Site, other_site: Site
) -> None:
    product, media_id = lamp
    here = f"/panel/media/{media_id}"

    def refused() -> bool:
        return "Take it away there first" in words(panel.follow(panel.post(f"{here}/delete")))

    assert "Arc lamp" in words(panel.get(here))
    assert refused()
    save_product(site, ProductDraft(id=product, media_ids=(), whole=False), "system")
    # A theme's settings: in a draft already, not only once they are published.
    panel.post("/panel/theme/of/lantern", {"logo": str(media_id), "seen": "0", "header_shelves": "1"})
    assert "Lantern · Logo · Test shop" in words(panel.get(here))
    assert "Used in 1 place" in words(panel.get("/panel/media"))
    assert f'"{here}"' not in panel.get("/panel/media?show=unused").text
    assert refused()
    panel.post("/panel/theme/of/lantern/undo", {"seen": "2"})
    assert f'"{here}"' in panel.get("/panel/media?show=unused").text
    # A plugin that answers for what it shows.
    folder = installation().config.plugins_path / "banner"
    folder.mkdir(parents=True)
    (folder / "plugin.py").write_text(BANNER, "utf-8")
    installation().plugins.discover()
    switch_on(site.id, "banner", "system")
    assert '<a href="/panel/banner/4">Banner: Spring</a>' in panel.get(here).text
    assert refused()
    switch_on(other_site.id, "banner", "system")
    there = f'<a href="{other_site.origin}/panel/banner/4">Banner: Spring · {other_site.name}</a>'
    assert there in panel.get(f"/zh-cn{here}").text


def test_a_deleted_picture_leaves_no_hole_in_what_can_be_brought_back(lamp: tuple[int, int], site: Site) -> None:
    product, media_id = lamp
    save_product(site, ProductDraft(id=product, media_ids=(), whole=False), "system")
    from core.kernel import theme_drafts

    step = theme_drafts.change(site.id, "plain", {"logo": media.snapshot(media_id), "mark": "leaf"}, "system", 0)
    theme_versions.publish(site.id, "plain", "system", step)
    theme_versions.bring_back(site.id, theme_versions.versions(site.id)[-1].id, "system")
    media.delete_media(media_id, "system")
    with_logo = theme_versions.versions(site.id)[1]
    assert with_logo.values == {"mark": "leaf"}
    assert state_of(site.id).about["theme"]["plain"] == {}


def test_a_deleted_picture_can_come_back_for_thirty_days(panel: Panel, shop: Any, clock: Any, outbox: Any) -> None:
    panel.post("/panel/media", {"files": (picture(RED), "lamp.png"), "alt-en": "A lamp"})
    media_id, name = db.rows("SELECT id, name FROM media")[0]
    asked = panel.get(f"/panel/media/{media_id}").text
    assert "Undo brings it back; its file goes 30 days later." in asked
    assert "for good" not in asked
    panel.post(f"/panel/media/{media_id}/delete")
    removed = db.value("SELECT id FROM media_removed")
    assert f'action="/panel/media/removed/{removed}/restore"' in panel.get("/panel/media").text
    assert panel.get(f"/panel/media/{media_id}").status_code == 404
    back = panel.follow(panel.post(f"/panel/media/removed/{removed}/restore"))
    assert "A lamp" in back.text
    assert panel.post(f"/panel/media/removed/{removed}/restore").status_code == 404
    panel.post(f"/panel/media/{db.value('SELECT id FROM media')}/delete")
    clock.move(days=29)
    outbox.deliver()
    assert _colour(shop(files.url(name, 400))) == "red"
    clock.move(days=2)
    outbox.deliver()
    assert shop(files.url(name, 400)).status_code == 404
    assert db.value("SELECT COUNT(*) FROM media_removed") == 0


# -- the focal point -------------------------------------------------------------------------------------------------


def test_the_focal_point_stays_in_view_wherever_a_picture_is_cut(
    panel: Panel, lamp: tuple[int, int], shop: Callable[..., Any], site: Site
) -> None:
    _product, media_id = lamp
    set_about(site.id, {"theme": {"plain": {"hero_picture": media.snapshot(media_id)}}}, "system")
    assert "focal-point" not in shop("/").text
    panel.post(f"/panel/media/{media_id}", {"alt-en": "A lamp", "focal_x": "22", "focal_y": "79"})
    for path, times in (("/", 2), ("/p/arc-lamp", 1), ("/search", 1)):
        assert shop(path).text.count("focal-point fx-20 fy-80") == times, path
    style = re.search(r'<link rel="stylesheet" href="([^"]+)"', shop("/").text)
    assert style is not None
    text = shop(style[1]).text
    assert ".focal-point{object-position: var(--fx,50%) var(--fy,50%);}" in text
    assert ".fx-20{--fx: 20%;}" in text
    assert ".fy-80{--fy: 80%;}" in text


def test_of_two_who_describe_a_picture_the_second_keeps_words_and_focal_point(
    panel: Panel, lamp: tuple[int, int]
) -> None:
    media_id = lamp[1]
    form = {"version": "0", "alt-en": "A lamp", "focal_x": "22", "focal_y": "79"}
    panel.post(f"/panel/media/{media_id}", form)
    told = panel.post(f"/panel/media/{media_id}", form | {"alt-en": "An arc lamp", "focal_x": "10", "focal_y": "90"})
    assert told.status_code == 409
    assert 'value="An arc lamp"' in told.text
    for name, value in (("focal_x", 10), ("focal_y", 90)):
        assert re.search(rf'name="{name}"[^>]* value="{value}"', told.text), name
    assert '<circle cx="10%" cy="90%"' in told.text


@pytest.mark.parametrize(
    ("path", "megabytes", "is_refused"),
    [
        ("/panel/media", 300, False),
        ("/panel/media", 321, True),
        ("/panel/products/imports", 512, False),
        ("/panel/products/imports", 514, True),
        ("/panel/orders/imports", 512, False),
        ("/panel/orders/imports", 514, True),
        ("/zh-cn/panel/login", 21, True),
    ],
)
def test_files_of_staff_have_an_end_together(panel: Panel, path: str, megabytes: int, is_refused: bool) -> None:
    """Twenty of `max_upload_mb`; an import's is the largest file that it takes, a stranger's that of a form."""
    said = {"CONTENT_LENGTH": str(megabytes << 20)}
    answer = panel.post(path, {"a": "b"}, content_type="multipart/form-data", environ_overrides=said)
    assert (answer.status_code == 413) == is_refused
    if is_refused:
        told = "一次发送的内容太多" if path.startswith("/zh") else "This is more than can be sent at once. Send less"
        assert told in words(answer)
