"""What is done to pictures: decoding, turning, drawing anew. `core.kernel.files` loads this room when it has one to do.

Pillow and the formats that it speaks are 2 MB, which a process without an upload or a missing rendition does without.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from core.kernel.uploads import NotAPicture, TooLarge

_KINDS = {
    "JPEG": ("jpg", "image/jpeg"),
    "PNG": ("png", "image/png"),
    "WEBP": ("webp", "image/webp"),
    "GIF": ("gif", "image/gif"),
    "AVIF": ("avif", "image/avif"),
}
_MOST_PIXELS = 50_000_000
# An original is made into others, so it keeps more than the eye needs; a rendition is what a phone waits for.
_ORIGINAL = {"JPEG": 88, "WEBP": 82, "AVIF": 62}
_RENDITION = {"JPEG": 82, "WEBP": 76, "AVIF": 46}
_EFFORT: dict[str, dict[str, int]] = {"WEBP": {"method": 2}, "AVIF": {"speed": 7}}


class Drawn(Struct, frozen=True, kw_only=True):
    """A picture that was decoded and drawn anew, without metadata."""

    body: bytes
    suffix: str
    mime: str
    width: int
    height: int


def drawn_anew(data: bytes, most_mb: int) -> Drawn:
    """An upload, checked by decoding, in its own format. Raises NotAPicture, TooLarge."""
    picture, kind = _decoded(data, most_mb)
    suffix, mime = _KINDS[kind]
    return Drawn(body=_saved(picture, kind), suffix=suffix, mime=mime, width=picture.width, height=picture.height)


def as_it_is(data: bytes) -> Drawn:
    """A picture that came with the program, without a look at its pixels: they were looked at before it was packed."""
    with Image.open(io.BytesIO(data), formats=list(_KINDS)) as opened:
        suffix, mime = _KINDS[str(opened.format)]
        return Drawn(body=data, suffix=suffix, mime=mime, width=opened.width, height=opened.height)


def as_jpeg(data: bytes, most_mb: int, most_px: int) -> bytes:
    """An upload, checked by decoding, of at most so many pixels a side. Raises NotAPicture, TooLarge."""
    picture, _kind = _decoded(data, most_mb)
    picture.thumbnail((most_px, most_px), Image.Resampling.LANCZOS)
    return _saved(picture, "JPEG")


def rendered(original: Path, width: int, kind: str) -> bytes:
    """A stored picture in a format, at most so wide."""
    with Image.open(original) as opened:
        if opened.format == kind and opened.width <= width:
            # It is stored without metadata and in this very form: making it anew would cost time and quality.
            return original.read_bytes()
        opened.load()
        picture = _plain(opened)
    if picture.width > width:
        picture = picture.resize(
            (width, max(1, round(picture.height * width / picture.width))), Image.Resampling.LANCZOS
        )
    return _saved(picture, kind, _RENDITION)


def _decoded(data: bytes, most_mb: int) -> tuple[Image.Image, str]:
    try:
        with Image.open(io.BytesIO(data), formats=list(_KINDS)) as opened:
            if opened.width * opened.height > _MOST_PIXELS:
                raise TooLarge(most=most_mb)
            opened.load()
            return _plain(opened), str(opened.format)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise NotAPicture from error


def _plain(opened: Image.Image) -> Image.Image:
    """Turned upright, in RGB or RGBA of the web's colours, without anything but pixels."""
    upright = ImageOps.exif_transpose(opened)
    alpha = "A" in upright.getbands() or "transparency" in upright.info
    plain = _in_srgb(upright, "RGBA" if alpha else "RGB")
    # Pillow writes comments and XMP of the original again unless they are forgotten here.
    plain.info.clear()
    return plain


def _in_srgb(picture: Image.Image, mode: str) -> Image.Image:
    """Colours as the picture's profile means them; one that cannot be read or does not fit is left aside."""
    profile = picture.info.get("icc_profile")
    if not profile or picture.mode not in {"RGB", "RGBA", "CMYK", "L"}:
        return picture.convert(mode)
    try:
        meant = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        found = ImageCms.profileToProfile(picture, meant, ImageCms.createProfile("sRGB"), outputMode=mode)
    except (ImageCms.PyCMSError, OSError):
        return picture.convert(mode)
    assert found is not None, "not in place"
    return found


def _saved(picture: Image.Image, kind: str, qualities: Mapping[str, int] = _ORIGINAL) -> bytes:
    flat = picture.convert("RGB") if kind == "JPEG" else picture
    options = dict(_EFFORT.get(kind, {}))
    if kind in qualities:
        options["quality"] = qualities[kind]
    stream = io.BytesIO()
    flat.save(stream, kind, **options)
    return stream.getvalue()
