"""Uploaded pictures: checked by decoding, stored without metadata under a generated name, served in fixed sizes.

A rendition is made when it is first asked for, in WebP or AVIF by what the browser accepts, and kept beside the
original.
Only the sizes of `WIDTHS` exist, so nobody can fill the disk by asking.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

from msgspec import Struct

from core.kernel.installation import installation
from core.kernel.uploads import TooLarge
from core.lib import ids

WIDTHS = (96, 192, 320, 400, 680, 800, 1600)
FORMATS = {"image/avif": ("AVIF", "avif"), "image/webp": ("WEBP", "webp"), "image/jpeg": ("JPEG", "jpg")}
_MIDDLE = 50
_NAME = re.compile(r"[0-9a-f]{32}(~[0-9a-f]{8})?\.(jpg|png|webp|gif|avif)")
_busy = threading.Semaphore(2)
# AVIF is a third smaller and several times slower to make: whoever asks first gets WebP, and AVIF is made in a pause.
_PAUSE_S = 0.5
_last_made = [0.0]
_slowly = ThreadPoolExecutor(1, thread_name_prefix="stoa-avif")


class Stored(Struct, frozen=True, kw_only=True):
    """A stored picture: `name` is its generated file name, sizes in pixels and bytes."""

    name: str
    mime: str
    width: int
    height: int
    size: int
    sha256: str


def own_folder(name: str) -> Path:
    """A folder of the installation for files that can be made anew, such as `index`; made if it is not there."""
    folder = installation().config.instance / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def store_picture(data: bytes, *, is_ours: bool = False) -> Stored:
    """Check and keep a picture.

    Raises NotAPicture or TooLarge. Writes a file, no row. Metadata (EXIF, places) is dropped. One that `is_ours`, a
    file of the program, is kept as it is: drawing it anew costs a tenth of a second, and who could have tampered with
    it could as well change the program.
    """
    return _store(data, ids.uid(), is_ours=is_ours)


def store_version(name: str, data: bytes) -> Stored:
    """Check and keep what shall stand in place of the picture `name`; nobody sees it before `show_version`.

    Its name says of which picture it is and ends by chance: no browser has kept its renditions, and of two who replace
    a picture at once neither overwrites the other's file. Raises as above.
    """
    return _store(data, f"{_family(name)}~{ids.uid()[:8]}")


def show_version(name: str) -> None:
    """Let the addresses of every version of a picture show this one: old pages and mails go on with it."""
    _write(_pointer(name), name.encode())


def current(name: str) -> str:
    """The version that is shown at the address of `name`: mostly itself."""
    if not _NAME.fullmatch(name):
        return name
    try:
        return _pointer(name).read_text("utf-8")
    except FileNotFoundError:
        return name


def _family(name: str) -> str:
    """What the names of all versions of a picture begin with."""
    return Path(name).stem.partition("~")[0]


def _pointer(name: str) -> Path:
    return _folder(name) / "now" / _family(name)


def _store(data: bytes, stem: str, *, is_ours: bool = False) -> Stored:
    most = installation().config.max_upload_mb
    if len(data) > most * 1024 * 1024:
        raise TooLarge(most=most)
    made = _pictures().as_it_is(data) if is_ours else _pictures().drawn_anew(data, most)
    name = f"{stem}.{made.suffix}"
    _write(_folder(name) / name, made.body)
    return Stored(
        name=name,
        mime=made.mime,
        width=made.width,
        height=made.height,
        size=len(made.body),
        sha256=hashlib.sha256(data).hexdigest(),
    )


def _pictures() -> ModuleType:
    """The room that draws."""
    from core.kernel import pictures  # noqa: PLC0415 -- it brings Pillow, see there

    return pictures


def _folder(name: str) -> Path:
    return installation().config.media / name[:2]


def _write(path: Path, body: bytes) -> None:
    """Whole or not at all: a reader never meets half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    temporary.write_bytes(body)
    temporary.replace(path)


def has_picture(name: str) -> bool:
    """Whether the file of a stored picture is there."""
    return (_folder(name) / name).is_file()


def url(name: str, width: int) -> str:
    """The address of a picture at about `width` pixels: the next size of WIDTHS."""
    size = next((candidate for candidate in WIDTHS if candidate >= width), WIDTHS[-1])
    return f"/media/{name}/{size}"


def srcset(name: str, full_width: int) -> str:
    """All sizes up to the picture's own, for `<img srcset>`."""
    sizes = [width for width in WIDTHS if width <= full_width] or [WIDTHS[0]]
    return ", ".join(f"/media/{name}/{width} {width}w" for width in sizes)


def focal(picture: Any) -> str:
    """The classes that keep the focal point of a picture (fields or keys `focal_x`, `focal_y`) in view where it is cut.

    Empty for the middle. A style of its own would be inline, which no page may have.
    """
    across, down = (_twentieth(picture, name) for name in ("focal_x", "focal_y"))
    if across == down == _MIDDLE:
        return ""
    return f"focal-point fx-{across} fy-{down}"


def _twentieth(picture: Any, name: str) -> int:
    found = picture.get(name, _MIDDLE) if isinstance(picture, Mapping) else getattr(picture, name, _MIDDLE)
    return min(100, max(0, round(found / 5) * 5))


def rendition(name: str, width: int, accept: str) -> tuple[bytes, str] | None:
    """The bytes and type of a picture at one of WIDTHS, in the best format the browser takes.

    None if there is no such picture.
    """
    original = _folder(name) / name
    if width not in WIDTHS or "/" in name or name.startswith(".") or not original.is_file():
        return None
    if "image/avif" in accept:
        path = _path(original, width, "image/avif")
        if path.exists():
            return path.read_bytes(), "image/avif"
        _slowly.submit(_render_in_a_pause, original, path, width)
    # A picture with transparency has no JPEG form; every browser in use reads WebP.
    mime = "image/webp" if "image/webp" in accept or original.suffix != ".jpg" else "image/jpeg"
    path = _path(original, width, mime)
    _render_once(original, path, width, FORMATS[mime][0])
    return path.read_bytes(), mime


def _path(original: Path, width: int, mime: str) -> Path:
    return original.with_name(f"{original.stem}-{width}.{FORMATS[mime][1]}")


def _render_once(original: Path, path: Path, width: int, kind: str) -> None:
    if not path.exists():
        with _busy:
            _write(path, _pictures().rendered(original, width, kind))
        _last_made[0] = time.monotonic()


def _render_in_a_pause(original: Path, path: Path, width: int) -> None:
    """Make an AVIF once nobody has been waiting for a picture for a while; it takes no place of those who do."""
    while time.monotonic() - _last_made[0] < _PAUSE_S:
        time.sleep(0.1)
    if not path.exists() and original.exists():
        _write(path, _pictures().rendered(original, width, "AVIF"))


def delete(name: str) -> None:
    """Remove a picture with every version and all renditions; nothing if it is gone already."""
    for path in _folder(name).glob(f"{_family(name)}[.~-]*"):
        path.unlink(missing_ok=True)
    if _NAME.fullmatch(name):
        _pointer(name).unlink(missing_ok=True)


def delete_version(name: str) -> None:
    """Remove one version and its renditions; the others stay."""
    for path in _folder(name).glob(f"{Path(name).stem}[.-]*"):
        path.unlink(missing_ok=True)


# -- files that are no pictures ----------------------------------------------------------------------------------------


def keep_picture(folder: str, data: bytes, *, most_px: int = 1600) -> str:
    """Keep a picture that is not for everybody, as `keep_file` does; answers its generated name.

    Checked by decoding; kept as JPEG of at most so many pixels a side, without metadata (EXIF, places). Raises
    NotAPicture, TooLarge.
    """
    most = installation().config.max_upload_mb
    if len(data) > most * 1024 * 1024:
        raise TooLarge(most=most)
    return keep_file(folder, _pictures().as_jpeg(data, most, most_px), "jpg")


def keep_file(folder: str, data: bytes, suffix: str) -> str:
    """Keep an upload as it is, in a folder of its own among the media; answers its generated name. Writes no row.

    Nothing serves it: whoever keeps it has checked what it is, says who may have it and sends it as an attachment.
    """
    name = f"{ids.uid()}.{suffix}"
    _write(_kept(folder, name), data)
    return name


def kept_file(folder: str, name: str) -> Path | None:
    """Where a kept file lies; None if there is none of this name."""
    path = _kept(folder, name)
    return path if path.is_file() else None


def drop_file(folder: str, name: str) -> None:
    """Delete a kept file; nothing if it is gone already."""
    _kept(folder, name).unlink(missing_ok=True)


def _kept(folder: str, name: str) -> Path:
    if "/" in folder + name or "\\" in folder + name or name.startswith("."):
        raise ValueError(f"no name of a kept file: {folder}/{name}")
    return installation().config.media / "files" / folder / name
