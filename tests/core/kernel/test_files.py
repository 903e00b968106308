"""Pictures: only pictures come in, nothing but their pixels stays, and they go out small, in formats browsers read."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest
from PIL import Image, ImageCms, PngImagePlugin

from core.kernel import files, uploads
from core.kernel.installation import installation

KINDS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")
HOME = b"51.5007N"
GPS, LATITUDE, ORIENTATION, ARTIST = 0x8825, 2, 0x0112, 0x013B
ACCEPT_ALL = "image/avif,image/webp,*/*"


def picture(kind: str = "JPEG", size: tuple[int, int] = (640, 480), **options: object) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", size, (180, 60, 20)).save(stream, kind, **options)
    return stream.getvalue()


def from_a_telephone(kind: str) -> bytes:
    """A picture that says where and by whom it was taken, in every way its kind knows."""
    exif = Image.Exif()
    exif[ARTIST] = HOME.decode()
    exif[ORIENTATION] = 1
    exif.get_ifd(GPS)[LATITUDE] = (51.0, 30.0, 2.0)
    said = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + HOME + b"</x:xmpmeta>"
    words = PngImagePlugin.PngInfo()
    words.add_text("Comment", HOME.decode())
    options: dict[str, dict[str, object]] = {
        "JPEG": {"exif": exif, "comment": HOME, "xmp": said},
        "PNG": {"exif": exif, "pnginfo": words},
        "WEBP": {"exif": exif, "xmp": said},
        "GIF": {"comment": HOME},
        "AVIF": {"exif": exif.tobytes(), "xmp": said},
    }
    return picture(kind, **options[kind])


def on_disk(name: str) -> bytes:
    return (installation().config.media / name[:2] / name).read_bytes()


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_but_the_pixels_is_kept(bare, kind):
    sent = from_a_telephone(kind)
    assert HOME in sent, "the picture of this test says where it was taken"

    stored = files.store_picture(sent)

    assert (stored.width, stored.height) == (640, 480)
    for body in (on_disk(stored.name), files.rendition(stored.name, 400, "image/webp")[0]):
        assert HOME not in body
        with Image.open(io.BytesIO(body)) as opened:
            assert not opened.getexif()
            assert not {"exif", "xmp", "comment", "icc_profile"} & opened.info.keys()


def test_a_picture_taken_sideways_stands_upright(bare):
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    stored = files.store_picture(picture(exif=exif))
    assert (stored.width, stored.height) == (480, 640)


def test_colours_of_a_wide_profile_are_brought_to_the_webs(bare):
    """The profile is applied and dropped: the pixels mean sRGB afterwards, whatever they meant before."""
    srgb, other = (ImageCms.ImageCmsProfile(ImageCms.createProfile(name)).tobytes() for name in ("sRGB", "LAB"))
    stored = files.store_picture(picture("PNG", icc_profile=srgb))
    with Image.open(io.BytesIO(on_disk(stored.name))) as opened:
        assert "icc_profile" not in opened.info
        assert opened.convert("RGB").getpixel((5, 5)) == pytest.approx((180, 60, 20), abs=1)
    # One that does not fit the pixels is left aside, and the picture is taken all the same.
    assert files.store_picture(picture("PNG", icc_profile=other)).width == 640
    assert files.store_picture(picture("PNG", icc_profile=b"nonsense")).width == 640


@pytest.mark.parametrize(
    "bytes_",
    [
        b"",
        b"GIF89a",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<html><script>alert(1)</script></html>",
        b"%PDF-1.7",
        b"\xff\xd8\xff\xe0" + b"\0" * 200,
        picture()[:300],
        picture("PNG")[:60],
    ],
)
def test_what_is_no_picture_is_refused(bare, bytes_):
    with pytest.raises(uploads.NotAPicture):
        files.store_picture(bytes_)
    assert not list(installation().config.media.rglob("*.*")) if installation().config.media.exists() else True


@pytest.mark.parametrize("kind", ["TIFF", "BMP", "ICO", "PPM"])
def test_other_kinds_of_pictures_are_refused(bare, kind):
    with pytest.raises(uploads.NotAPicture):
        files.store_picture(picture(kind, (64, 64)))


def test_a_picture_that_would_fill_the_memory_is_refused_unread(bare):
    bomb = picture("PNG", (9000, 6000))
    assert len(bomb) < 1_000_000
    with pytest.raises(uploads.TooLarge):
        files.store_picture(bomb)
    with pytest.raises((uploads.TooLarge, uploads.NotAPicture)):
        files.store_picture(b"\0" * (installation().config.max_upload_mb * 1024 * 1024 + 1))


def test_the_browser_gets_the_best_format_that_it_reads(bare):
    name = files.store_picture(picture(size=(2000, 1000))).name

    assert files.rendition(name, 800, "image/png")[1] == "image/jpeg"
    body, mime = files.rendition(name, 800, "image/webp,*/*")
    assert mime == "image/webp"
    with Image.open(io.BytesIO(body)) as opened:
        assert (opened.format, opened.size) == ("WEBP", (800, 400))
    # AVIF takes long to make: the first visitor is not kept waiting.
    assert files.rendition(name, 800, ACCEPT_ALL)[1] in {"image/webp", "image/avif"}
    until = time.monotonic() + 20
    while files.rendition(name, 800, ACCEPT_ALL)[1] != "image/avif":
        assert time.monotonic() < until
        time.sleep(0.05)
    with Image.open(io.BytesIO(files.rendition(name, 800, ACCEPT_ALL)[0])) as opened:
        assert (opened.format, opened.size) == ("AVIF", (800, 400))


def test_a_small_picture_is_not_blown_up_and_transparency_stays(bare):
    stream = io.BytesIO()
    Image.new("RGBA", (50, 50), (1, 2, 3, 0)).save(stream, "PNG")
    name = files.store_picture(stream.getvalue()).name
    body, mime = files.rendition(name, 800, "")
    assert mime == "image/webp"
    with Image.open(io.BytesIO(body)) as opened:
        assert opened.size == (50, 50)
        assert opened.convert("RGBA").getpixel((5, 5))[3] == 0


@pytest.mark.parametrize(
    "path",
    [
        "/media/{name}/801", "/media/{name}/99999999999", "/media/{name}/", "/media/{name}", "/media/{name}/-1",
        "/media/..%2f..%2fstoa.toml/800", "/media/../../stoa.toml/800", "/media/.hidden/800", "/media//800",
        "/media/nothing.jpg/800",
    ],
)  # fmt: skip
def test_only_the_sizes_and_names_there_are_exist(bare, sites, browse, path):
    name = files.store_picture(picture()).name
    assert browse(sites[0], path.format(name=name)).status_code == 404
    assert len(list((installation().config.media / name[:2]).iterdir())) == 1, "nobody fills the disk by asking"


def test_a_picture_is_served_so_that_it_can_do_nothing(bare, sites, browse):
    name = files.store_picture(picture()).name
    answer = browse(sites[0], f"/media/{name}/400", headers={"Accept": "image/webp"})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "image/webp"
    assert answer.headers["Vary"] == "Accept"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    again = browse(
        sites[0], f"/media/{name}/400", headers={"Accept": "image/webp", "If-None-Match": answer.headers["ETag"]}
    )
    assert (again.status_code, again.data) == (304, b"")


def test_a_deleted_picture_and_its_renditions_are_gone(bare):
    name = files.store_picture(picture()).name
    files.rendition(name, 400, "image/webp")
    folder: Path = installation().config.media / name[:2]
    assert len(list(folder.iterdir())) == 2
    files.delete(name)
    files.delete(name)
    assert list(folder.iterdir()) == []
    assert files.rendition(name, 400, "image/webp") is None


def test_a_picture_that_needs_no_change_goes_out_as_it_is_stored(bare):
    name = files.store_picture(picture("WEBP", size=(640, 480))).name
    for width in (800, 1600):
        assert files.rendition(name, width, "image/webp") == (on_disk(name), "image/webp")
    assert files.rendition(name, 400, "image/webp")[0] != on_disk(name)


def test_avif_is_made_in_a_pause_and_takes_no_place_of_those_who_wait(bare, monkeypatch):
    name = files.store_picture(picture(size=(2000, 1000))).name
    monkeypatch.setattr(files, "_PAUSE_S", 60.0)
    assert files.rendition(name, 400, ACCEPT_ALL)[1] == "image/webp"
    time.sleep(0.3)
    started = time.monotonic()
    assert files.rendition(name, 800, ACCEPT_ALL)[1] == "image/webp"
    assert time.monotonic() - started < 5
    assert not list((installation().config.media / name[:2]).glob("*.avif"))
    monkeypatch.setattr(files, "_PAUSE_S", 0.1)
    until = time.monotonic() + 20
    while files.rendition(name, 400, ACCEPT_ALL)[1] != "image/avif":
        assert time.monotonic() < until
        time.sleep(0.05)
