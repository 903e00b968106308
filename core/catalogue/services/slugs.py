"""Addresses: one current path per site, language and thing; every earlier one redirects to it."""

from __future__ import annotations

from typing import Literal

from core.catalogue.services.cards import changing
from core.hookspecs.site import Site
from core.kernel import activity, db
from core.kernel.cache import touch
from core.lib.errors import NotFound, Refused, Unfit
from core.lib.text import slugify

Kind = Literal["product", "category"]
_LONGEST = 180
_NUMBERS = 20


class SlugTaken(Refused):
    """Something else has this address now."""

    code = "slug_taken"
    default_message = "Another page has this address."

    def __init__(self, path: str) -> None:
        super().__init__(field="path", path=path)
        self.path = path


def set_slug(site: Site, kind: Kind, ref: int, language: str, path: str, actor: str) -> str:
    """Give a product or category exactly this address; the one it had redirects to it. Raises SlugTaken, Unfit.

    An address that only redirects elsewhere may be taken over.
    """
    wanted = clean_path(path)
    if not wanted or language not in site.languages:
        raise Unfit({"path": "Write an address of letters, digits and hyphens."})
    with changing([ref] if kind == "product" else ()) as change:
        # Safe in SQL: a Kind is one of two words of this module.
        if db.value(f"SELECT 1 FROM {kind} WHERE id = ?", ref) is None:
            raise NotFound
        before = current_path(site.id, language, kind, ref)
        owner = db.one(
            "SELECT ref, current FROM slug WHERE site_id = ? AND language = ? AND kind = ? AND path = ?",
            site.id,
            language,
            kind,
            wanted,
        )
        if owner and owner[0] != ref and owner[1]:
            raise SlugTaken(wanted)
        _make_current(site.id, language, kind, ref, wanted)
        if before != wanted:
            activity.record(
                actor,
                f"{kind}.address",
                f"{kind}:{ref}",
                site_id=site.id,
                before={"path": before},
                after={"path": wanted},
            )
            if kind == "product":
                change.products.add(ref)
            else:
                touch(f"category:{ref}", "categories")
    return wanted


def clean_path(path: str) -> str:
    """A path as it is stored: slugs between single slashes."""
    return "/".join(part for part in (slugify(part) for part in path.split("/")) if part)[:_LONGEST].strip("-/")


def current_path(site_id: int, language: str, kind: Kind, ref: int) -> str | None:
    """The present address of a thing."""
    found: str | None = db.value(
        "SELECT path FROM slug WHERE kind = ? AND ref = ? AND site_id = ? AND language = ? AND current = ?",
        kind,
        ref,
        site_id,
        language,
        True,
    )
    return found


def claim_path(
    site_id: int, language: str, kind: Kind, ref: int, wanted: str, *, before: str | None
) -> tuple[str, bool]:
    """Part of a verb: give a thing the free address nearest to `wanted` (`-2`, `-3`, ...), unless it has one like it.

    `before` is its current one. Answers the path and whether it is new.
    """
    base = clean_path(wanted) or f"{kind}-{ref}"
    if before is not None and (before == base or before.removeprefix(base + "-").isdigit()):
        return before, False
    if before is None and _take(site_id, language, kind, ref, base):
        return base, True
    path = _free(site_id, language, kind, ref, base)
    _make_current(site_id, language, kind, ref, path, had_one=before is not None)
    return path, True


def _take(site_id: int, language: str, kind: Kind, ref: int, path: str) -> bool:
    """Give a thing without an address this one, unless something has it or had it: then nothing is changed."""
    return bool(
        db.execute(
            "INSERT INTO slug (site_id, language, kind, path, ref, current) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (site_id, language, kind, path) DO NOTHING",
            site_id, language, kind, path, ref, True,
        )
    )  # fmt: skip


def _free(site_id: int, language: str, kind: Kind, ref: int, base: str) -> str:
    """`base`, or the first free of its numbered forms; addresses that this thing had before are free for it."""
    wanted = [base, *(f"{base}-{number}" for number in range(2, _NUMBERS))]
    taken = {
        row[0]
        for row in db.rows(
            f"SELECT path FROM slug WHERE site_id = ? AND language = ? AND kind = ? AND ref <> ? AND path IN"
            f" ({db.marks(wanted)})",
            site_id,
            language,
            kind,
            ref,
            *wanted,
        )
    }
    # Of many things with one name the later ones are told apart by their ids, which no other has.
    return next((path for path in wanted if path not in taken), f"{base}-{ref}")


def _make_current(site_id: int, language: str, kind: Kind, ref: int, path: str, *, had_one: bool = True) -> None:
    if had_one:
        db.execute(
            "UPDATE slug SET current = ? WHERE kind = ? AND ref = ? AND site_id = ? AND language = ? AND path <> ?",
            False,
            kind,
            ref,
            site_id,
            language,
            path,
        )
    db.execute(
        "INSERT INTO slug (site_id, language, kind, path, ref, current) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (site_id, language, kind, path) DO UPDATE SET ref = excluded.ref, current = excluded.current",
        site_id,
        language,
        kind,
        path,
        ref,
        True,
    )
