"""Downloads: files of a product, checked when they come in and sent as attachments only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

from msgspec import Struct

from core.api import (
    NotFound,
    ProductPage,
    Refused,
    Site,
    cards_for,
    drop_file,
    enumerated,
    keep_file,
    kept_file,
    language,
    now,
    transaction,
)
from plugins.product_content.models import Download
from plugins.product_content.services.keeping import PLUGIN, changed, must_exist
from plugins.product_content.services.reading import content_of

KINDS = {
    "pdf": "application/pdf",
    "zip": "application/zip",
    "png": "image/png",
    "jpg": "image/jpeg",
    "txt": "text/plain",
    "csv": "text/csv",
}
_BEGIN = {
    "pdf": (b"%PDF-",),
    "zip": (b"PK\x03\x04", b"PK\x05\x06"),
    "png": (b"\x89PNG\r\n\x1a\n",),
    "jpg": (b"\xff\xd8\xff",),
}
_MOST_FILES = 30
_KEPT = timedelta(days=30)


class NotTaken(Refused):
    """The bytes are none of the kinds that are offered, whatever the file's name says."""

    status = 422
    code = "not_taken"
    default_message = "This is no file we can offer. Send PDF, ZIP, PNG, JPEG, TXT or CSV whose content fits its name."


class TooBig(Refused):
    """More bytes than the merchant's setting allows."""

    status = 413
    code = "too_big"
    default_message = "This file is larger than %(most)s MB."


class TooManyFiles(Refused):
    """A product has room for some files, not for an archive."""

    status = 422
    code = "too_many_files"
    default_message = "A product has room for %(most)s files. Remove one first."


class Upload(Struct, frozen=True, kw_only=True):
    """A file as a form sends it; `language` empty: for readers of all languages."""

    stream: IO[bytes]
    filename: str
    title: str
    language: str


def form_values(site: Site, product_id: int, most_mb: int) -> dict[str, Any]:
    """What the section shows."""
    return {
        "files": _of(site, product_id),
        "kinds": enumerated(kind.upper() for kind in KINDS),
        "accept": ",".join(f".{kind}" for kind in [*KINDS, "jpeg"]),
        "most_mb": most_mb,
        "typed": {},
        "error": "",
    }


def add_download(site: Site, product_id: int, upload: Upload, *, most_mb: int, actor: str) -> int:
    """Check and keep a file; answers its id. Raises NotTaken, TooBig, TooManyFiles, NotFound. Commits."""
    name_of_product = must_exist(site, product_id)
    data = upload.stream.read(most_mb * 1024 * 1024 + 1)
    if len(data) > most_mb * 1024 * 1024:
        raise TooBig(most=most_mb)
    kind = _kind(data, upload.filename)
    original = _original(upload.filename, kind)
    title = upload.title.strip()[:120] or original.rpartition(".")[0]
    name = keep_file(PLUGIN, data, kind)
    row = Download(
        site_id=site.id, product_id=product_id, title=title, name=name, original=original, mime=KINDS[kind],
        size=len(data), language=upload.language if upload.language in site.languages else "",
    )  # fmt: skip
    try:
        _store(site, row, actor, name_of_product)
    except BaseException:
        drop_file(PLUGIN, name)
        raise
    return int(row.id)


def _store(site: Site, row: Download, actor: str, name_of_product: str) -> None:
    with transaction():
        count = len(_of(site, row.product_id))
        if count >= _MOST_FILES:
            raise TooManyFiles(most=_MOST_FILES)
        row.position, row.created_at = count, now()
        row.save(force_insert=True)
        changed(site, row.product_id, "download", actor, None, row.title, name_of_product)


def _kind(data: bytes, filename: str) -> str:
    """The kind that both the name and the content say."""
    said = filename.rpartition(".")[2].lower()
    kind = "jpg" if said == "jpeg" else said
    if not data or kind not in KINDS:
        raise NotTaken
    if kind in _BEGIN:
        if not data.startswith(_BEGIN[kind]):
            raise NotTaken
        return kind
    if b"\0" in data:
        raise NotTaken
    try:
        data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotTaken from error
    return kind


def _original(filename: str, kind: str) -> str:
    """A file name for people that no system trips over."""
    stem = re.split(r"[/\\]", filename)[-1].rpartition(".")[0]
    clean = " ".join(re.sub(r"[^\w.()+-]+", " ", stem).split())[:80].strip(". ")
    return f"{clean or 'file'}.{kind}"


def remove_download(site: Site, product_id: int, download_id: int, *, actor: str) -> str:
    """Take a file off the page; answers its title. It can be brought back for a month. Raises NotFound. Commits."""
    return _set_removed(site, product_id, download_id, actor, removed=True)


def restore_download(site: Site, product_id: int, download_id: int, *, actor: str) -> str:
    """Bring a removed file back; answers its title. Raises NotFound. Commits."""
    return _set_removed(site, product_id, download_id, actor, removed=False)


def _set_removed(site: Site, product_id: int, download_id: int, actor: str, *, removed: bool) -> str:
    name_of_product = must_exist(site, product_id)
    with transaction():
        row = Download.for_site(site).where(Download.id == download_id, Download.product_id == product_id).first()
        if row is None:
            raise NotFound
        row.removed_at = now() if removed else None
        row.save()
        before, after = (row.title, None) if removed else (None, row.title)
        changed(site, product_id, "download", actor, before, after, name_of_product)
    return str(row.title)


def purge(payload: Mapping[str, Any], site: Site) -> None:
    """A daily job: delete the files that were removed a month ago, their rows first."""
    del payload
    with transaction():
        gone = list(Download.for_site(site).where(Download.removed_at < now() - _KEPT))
        for row in gone:
            row.delete_instance()
    for row in gone:
        drop_file(PLUGIN, row.name)


def _of(site: Site, product_id: int) -> list[Download]:
    found = Download.for_site(site).where(Download.product_id == product_id, Download.removed_at.is_null())
    return list(found.order_by(Download.position, Download.id))


def shown_downloads(site: Site, product: ProductPage) -> list[Download]:
    """The files for readers of this page's language."""
    return [file for file in content_of(site, product).downloads if file.language in {"", language()}]


def public_file(site: Site, download_id: int) -> tuple[Download, Path]:
    """A file of a product that the site shows now, and where it lies. Raises NotFound."""
    row, path = own_file(site, download_id)
    if not _is_shown(site, row.product_id):
        raise NotFound
    return row, path


def own_file(site: Site, download_id: int) -> tuple[Download, Path]:
    """A file of any product, for the staff of the site, and where it lies. Raises NotFound."""
    row = Download.for_site(site).where(Download.id == download_id, Download.removed_at.is_null()).first()
    path = kept_file(PLUGIN, row.name) if row is not None else None
    if row is None or path is None:
        raise NotFound
    return row, path


def _is_shown(site: Site, product_id: int) -> bool:
    return any(cards_for(site, site.language, currency, [product_id]) for currency in site.currencies)
