"""Where staff lead searches: to other words beside those that were typed, to a category, or to a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from core.hookspecs.site import Site
from core.kernel import activity, cache, db
from core.kernel.kept import kept
from core.lib.errors import NotFound
from core.lib.text import fold


class Lead(Struct, frozen=True, kw_only=True):
    """What a search for `typed` does: one of `also`, `category_id` and `path` is said."""

    typed: str
    also: str = ""
    category_id: int | None = None
    path: str = ""


def leads(site: Site) -> Mapping[str, Lead]:
    """All leads of a site by their folded words. No statement until one changes."""
    return kept(_tag(site), lambda: _read(site))


def lead_of(site: Site, words: str) -> Lead | None:
    """Where a search for these words leads, however they are written; None: to what the words find."""
    return leads(site).get(plain_words(words))


def plain_words(words: str) -> str:
    """Words as they are compared: folded, one blank between them."""
    return " ".join(fold(words.replace("\0", " ")).split())


def _tag(site: Site) -> str:
    return f"search_leads:{site.id}"


def _read(site: Site) -> dict[str, Lead]:
    found = db.rows(
        "SELECT words, typed, also, category_id, path FROM search_lead WHERE site_id = ? ORDER BY typed, id", site.id
    )
    return {row[0]: Lead(typed=row[1], also=row[2], category_id=row[3], path=row[4]) for row in found}


# -- verbs -------------------------------------------------------------------------------------------------------------


def save_leads(site: Site, wanted: Sequence[Lead], actor: str) -> None:
    """Keep these; words that led somewhere lead here from now on. Commits."""
    with db.transaction():
        before = _read(site)
        for lead in wanted:
            words = plain_words(lead.typed)
            db.execute(
                "INSERT INTO search_lead (site_id, words, typed, also, category_id, path) VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (site_id, words) DO UPDATE SET typed = excluded.typed, also = excluded.also,"
                " category_id = excluded.category_id, path = excluded.path",
                site.id, words, lead.typed, lead.also, lead.category_id, lead.path,
            )  # fmt: skip
            activity.record(
                actor, "search.led", f"site:{site.id}", before=_facts(before.get(words)), after=_facts(lead),
                site_id=site.id, title=lead.typed,
            )  # fmt: skip
        cache.touch(_tag(site))


def remove_lead(site: Site, words: str, actor: str) -> Lead:
    """Let a search find what its words find; answers what it did before. Raises NotFound. Commits."""
    with db.transaction():
        gone = db.rows(
            "DELETE FROM search_lead WHERE site_id = ? AND words = ? RETURNING typed, also, category_id, path",
            site.id,
            plain_words(words),
        )
        if not gone:
            raise NotFound
        lead = Lead(typed=gone[0][0], also=gone[0][1], category_id=gone[0][2], path=gone[0][3])
        activity.record(
            actor, "search.let_go", f"site:{site.id}", before=_facts(lead), site_id=site.id, title=lead.typed
        )
        cache.touch(_tag(site))
    return lead


def _facts(lead: Lead | None) -> dict[str, object]:
    if lead is None:
        return {}
    told = {"also": lead.also, "category_id": lead.category_id, "path": lead.path}
    return {name: value for name, value in told.items() if value}
