"""Pictures that files name: which of them a product still wants, and where those that it has can be had."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from core.hookspecs.site import Site
from core.imports.models import DONE, FAILED, WAITING, PictureSource
from core.imports.services.journal import Note, note
from core.imports.services.rows import PictureRow
from core.imports.services.store_products import Result, Stored
from core.kernel import db, jobs
from core.kernel.files import WIDTHS, url
from core.lib import ids

# What stands before a picture that has no address on the web: a file of a folder that the command named, or the name of
# one among the shop's pictures.
IN_A_FOLDER, IN_THE_LIBRARY = "file://", "media:"


class PictureFailure(Struct, frozen=True, kw_only=True):
    """A picture that could not be fetched, and why, in the language of the run."""

    line: int
    url: str
    reason: str


def failed_pictures(run_id: int, limit: int = 1_000) -> Sequence[PictureFailure]:
    """What could not be fetched of a run's pictures so far."""
    found = db.rows(
        "SELECT line, url, reason FROM picture_source WHERE run_id = ? AND state = ? ORDER BY line, id LIMIT ?",
        run_id, FAILED, limit,
    )  # fmt: skip
    return [PictureFailure(line=line, url=url, reason=reason) for line, url, reason in found]


# -- what a file wants -------------------------------------------------------------------------------------------------


class _Wanted(Struct):
    """A picture of a product, and the SKUs of variants that it shows."""

    picture: PictureRow
    position: int
    skus: list[str]


def want_pictures(site: Site, run_id: int, stored: Iterable[Stored]) -> None:
    """Part of a verb: remember the pictures of these products, with a job per product that has new ones.

    Those that failed before are tried again. A product that gets nothing but pictures stands in the journal too.
    """
    wanted = {one.product_id: one for one in stored if one.product_id is not None and one.result is not Result.REFUSED}
    if not any(one.row.pictures or any(variant.picture for variant in one.row.variants) for one in wanted.values()):
        return
    known = _known(site, list(wanted))
    notes = []
    for product_id, one in wanted.items():
        if pictures := _missing(one, known):
            _remember(site, run_id, one.row.line, product_id, pictures)
            jobs.enqueue("imports.pictures", {"product": product_id, "run": run_id}, site_id=site.id)
            if one.result is Result.UNCHANGED:
                title = next((text.name for text in one.row.texts if text.name), "") or one.row.variants[0].sku
                notes.append(Note(line=one.row.line, ref=product_id, title=title, created=False, version=one.version))
    note(run_id, notes)


def _known(site: Site, product_ids: Sequence[int]) -> set[tuple[int, str]]:
    """(product, digest of the address) of pictures that are on their way, were fetched once, or are the shop's own."""
    marks = db.marks(product_ids)
    found = db.rows(
        f"SELECT product_id, url_digest FROM picture_source WHERE state <> ? AND product_id IN ({marks})",
        FAILED, *product_ids,
    )  # fmt: skip
    shown = db.rows(
        "SELECT p.product_id, m.name FROM product_media p JOIN media m ON m.id = p.media_id"
        f" WHERE p.product_id IN ({marks})",
        *product_ids,
    )
    own = {(product_id, ids.digest(own_address(site, name))) for product_id, name in shown}
    return own | {(product_id, digest) for product_id, digest in found}


def _missing(one: Stored, known: set[tuple[int, str]]) -> list[_Wanted]:
    """The pictures of a product that nobody has fetched yet, those of its variants behind its own."""
    found: dict[str, _Wanted] = {}
    for picture in one.row.pictures or ():
        found.setdefault(picture.url, _Wanted(picture, len(found), []))
    for variant in one.row.variants:
        if variant.picture is not None:
            wanted = found.setdefault(variant.picture.url, _Wanted(variant.picture, len(found), []))
            wanted.skus.append(variant.sku)
    return [wanted for url, wanted in found.items() if (one.product_id or 0, ids.digest(url)) not in known]


def _remember(site: Site, run_id: int, line: int, product_id: int, pictures: Iterable[_Wanted]) -> None:
    rows = [
        {
            "product_id": product_id,
            "url_digest": ids.digest(wanted.picture.url),
            "url": wanted.picture.url,
            "language": site.language,
            "position": wanted.position,
            "alt": wanted.picture.alt[:255],
            "skus": wanted.skus,
            "state": WAITING,
            "reason": "",
            "run_id": run_id,
            "line": line,
        }
        for wanted in pictures
    ]
    again = PictureSource.insert_many(rows).on_conflict(
        conflict_target=[PictureSource.product_id, PictureSource.url_digest],
        preserve=["position", "alt", "skus", "state", "reason", "run_id", "line"],
    )
    again.execute()


# -- where pictures can be had -----------------------------------------------------------------------------------------


class Addresses(Struct, frozen=True, kw_only=True):
    """(address, alternative text) of the pictures of products, in order, and the address of each by its media id."""

    products: Mapping[int, Sequence[tuple[str, str]]]
    media: Mapping[int | None, str]


def addresses_of(site: Site, product_ids: Sequence[int]) -> Addresses:
    """The pictures of products and of their variants: where they were fetched from, else their place in this shop."""
    marks = db.marks(product_ids)
    source = f"SELECT media_id, url FROM picture_source WHERE state = ? AND product_id IN ({marks}) ORDER BY id DESC"
    sources: dict[int, str] = dict(db.rows(source, DONE, *product_ids))
    media: dict[int | None, str] = {}
    for table in ("product_media p", "variant p"):
        for media_id, name in db.rows(
            f"SELECT m.id, m.name FROM {table} JOIN media m ON m.id = p.media_id WHERE p.product_id IN ({marks})",
            *product_ids,
        ):
            media[media_id] = sources.get(media_id) or own_address(site, name)
    products: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for product_id, media_id, alt in db.rows(
        "SELECT p.product_id, m.id, m.alt FROM product_media p JOIN media m ON m.id = p.media_id"
        f" WHERE p.product_id IN ({marks}) ORDER BY p.product_id, p.position, m.id",
        *product_ids,
    ):
        products[product_id].append((media[media_id], json.loads(alt).get(site.language, "")))
    return Addresses(products=products, media=media)


def own_address(site: Site, name: str) -> str:
    """The absolute address of a stored picture, as large as it is offered."""
    return site.origin + url(name, WIDTHS[-1])


def own_name(site: Site, address: str) -> str | None:
    """The inverse of `own_address`; None for an address elsewhere."""
    start = f"{site.origin}/media/"
    return address.removeprefix(start).partition("/")[0] if address.startswith(start) else None
