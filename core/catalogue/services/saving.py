"""One product from its draft into its rows, writing only what differs.

Product, words, categories, pictures, listing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from msgspec import Struct, field

from core.catalogue.services.drafts import ListingDraft, ProductDraft, TextDraft
from core.catalogue.services.returns import parse_returns
from core.catalogue.services.slugs import claim_path
from core.catalogue.services.words import TextFact, best_text
from core.catalogue.services.writing import insert, insert_rows, update
from core.hookspecs.site import Site
from core.kernel import db
from core.lib import clock
from core.lib.errors import Unfit

Later = dict[tuple[str, tuple[str, ...], str], list[Sequence[object]]]
Facet = tuple[str, str, Mapping[str, str], str, int]


class Saving(Struct, kw_only=True):
    """A save on its way. What differs is noted in `before` and `after`, in words for the activity log.

    `names` are the words that it has written so far: all that there are of a new product. `later` are rows of a new
    product that nobody needs before all products of the transaction are stored: one statement then takes them all.
    """

    site: Site
    actor: str
    product_id: int
    is_new: bool
    whole: bool
    reason: str = ""
    reference: str = ""
    before: dict[str, object] = field(default_factory=dict)
    after: dict[str, object] = field(default_factory=dict)
    names: list[TextFact] = field(default_factory=list)
    later: Later = field(default_factory=dict)
    facets: list[Facet] = field(default_factory=list)

    def put(self, table: str, columns: tuple[str, ...], rows: Sequence[Sequence[object]], ending: str = "") -> None:
        """Insert rows: at once, or with those of the other new products."""
        if self.is_new:
            self.later.setdefault((table, columns, ending), []).extend(rows)
        else:
            insert_rows(table, columns, rows, ending)

    def note(self, name: str, before: object, after: object) -> None:
        """What was before the first change of a value, and is after the last."""
        self.before.setdefault(name, before)
        self.after[name] = after

    def stored(self, sql: str, *params: object) -> list[db.Row]:
        """Rows that belong to the product; a new one has none, so it is spared the statement."""
        return [] if self.is_new else db.rows(sql, *params)

    @property
    def changed(self) -> bool:
        return self.is_new or bool(self.after)


# -- the product itself ------------------------------------------------------------------------------------------------

_COLUMNS = ("returns", "vendor", "tax_class")


def new_product(draft: ProductDraft) -> int:
    """Insert the row and answer its id. Raises Unfit without a name."""
    if not any(text.name for text in [*draft.texts.values(), *draft.site_texts.values()]):
        raise Unfit({"name": "Give the product a name."})
    now = clock.now_us()
    return insert(
        "product",
        {
            "returns": parse_returns(draft.returns or ""),
            "vendor": draft.vendor or "",
            "tax_class": draft.tax_class or "standard",
            "version": 1,
            "created_at": now,
            "updated_at": now,
        },
    )


def save_columns(saving: Saving, draft: ProductDraft) -> None:
    """Whether it can be sent back, maker and tax class."""
    row = db.one("SELECT returns, vendor, tax_class FROM product WHERE id = ?", saving.product_id)
    changes: dict[str, object] = {}
    for name, old in zip(_COLUMNS, row or (), strict=True):
        new = getattr(draft, name)
        if name == "returns" and new is not None:
            new = parse_returns(new)
        if new is not None and new != old:
            changes[name] = new
            saving.note(name, old, new)
    if changes:
        update("product", saving.product_id, changes)


# -- words -------------------------------------------------------------------------------------------------------------

_TEXT = ("name", "summary", "body_html", "seo_title", "seo_description")
Changes = Mapping[str, tuple[object, object]]


def save_texts(saving: Saving, texts: Mapping[str, TextDraft], site_id: int | None) -> None:
    """Words per language, for all sites (`site_id` None) or for one.

    A language without a name borrows the product's. What a site leaves empty, or says like all sites do, it has not of
    its own: it follows the shared words from then on (docs/decisions/0030).
    """
    if not texts:
        return
    rows = saving.stored(
        "SELECT language, site_id, id, name, summary, body_html, seo_title, seo_description FROM product_text WHERE"
        " product_id = ? ORDER BY id",
        saving.product_id,
    )
    known = {(row[0], row[1]): row[2:] for row in rows}
    followed = {row[0] for row in rows if row[1] is not None}
    names = [TextFact(row[0], row[1], row[3], "") for row in rows]
    names += [TextFact(language, site_id, text.name, "") for language, text in texts.items() if text.name]
    for language, text in texts.items():
        old = known.get((language, site_id))
        if site_id is not None:
            _save_own_text(saving, language, text, old, known.get((language, None)), names)
            continue
        changed = _new_text(saving, language, text, names) if old is None else _change_text(saving, language, text, old)
        if language in followed:
            _follow(saving, language, changed)
            for borrowed in _names_of_others(names, language) if old is None and "name" in changed else ():
                _follow(saving, language, {"name": (borrowed, changed["name"][1])})


def drop_texts(saving: Saving, languages: Collection[str]) -> None:
    """The words for all sites in these languages go. What a site has of its own there stays, under a name that is left.

    Raises Unfit where no other language is left.
    """
    if not languages:
        return
    rows = saving.stored(
        "SELECT language, id, name, summary, body_html, seo_title, seo_description FROM product_text WHERE"
        " product_id = ? AND site_id IS NULL ORDER BY id",
        saving.product_id,
    )
    left = [TextFact(row[0], None, row[2], "") for row in rows if row[0] not in languages]
    for language, row_id, *words in (row for row in rows if row[0] in languages):
        name = best_text(left, saving.site.id, language, saving.site.language)
        if name is None:
            raise Unfit({"name": "Give the product a name."})
        db.execute("DELETE FROM product_text WHERE id = ?", row_id)
        gone = {column: word for column, word in zip(_TEXT, words, strict=True) if word}
        for column, word in gone.items():
            saving.note(f"{column} ({language})", word, None)
        _follow(
            saving, language, {column: (word, name.name if column == "name" else "") for column, word in gone.items()}
        )


def _names_of_others(names: Sequence[TextFact], language: str) -> set[str]:
    """What a site's own words may be called that were written while there was no name in their language."""
    return {fact.name for fact in names if fact.site_id is None and fact.language != language}


def _save_own_text(
    saving: Saving,
    language: str,
    text: TextDraft,
    old: tuple[object, ...] | None,
    shared: tuple[object, ...] | None,
    names: Sequence[TextFact],
) -> None:
    """A site's own words: stored whole, so that readers need one row; what equals the shared words is inherited."""
    common = dict(zip(_TEXT, shared[1:] if shared else [""] * len(_TEXT), strict=True))
    present = dict(zip(_TEXT, old[1:], strict=True)) if old else common
    wanted = {name: present[name] if getattr(text, name) is None else getattr(text, name) for name in _TEXT}
    wanted = {name: value or common[name] for name, value in wanted.items()}
    if wanted == common:
        if old is not None:
            db.execute("DELETE FROM product_text WHERE id = ?", old[0])
    elif old is None:
        borrowed = best_text(names, saving.site.id, language, saving.site.language)
        wanted["name"] = wanted["name"] or (borrowed.name if borrowed else "")
        row = {"product_id": saving.product_id, "language": language, "site_id": saving.site.id, **wanted}
        saving.put("product_text", tuple(row), [tuple(row.values())])
        saving.names.append(TextFact(language, saving.site.id, str(wanted["name"]), ""))
    elif wanted != present:
        update("product_text", int(str(old[0])), wanted)
    for name in _TEXT:
        before, after = ("" if said[name] == common[name] else said[name] for said in (present, wanted))
        if before != after:
            saving.note(f"{name} ({language}, own)", before, after)


def _follow(saving: Saving, language: str, changes: Changes) -> None:
    """Sites that had the shared words, beside some of their own, have the new ones."""
    for name, (before, after) in changes.items():
        # Safe in SQL: the columns are those of this module.
        db.execute(
            f"UPDATE product_text SET {name} = ? WHERE product_id = ? AND language = ? AND site_id IS NOT NULL"
            f" AND {name} = ?",
            after,
            saving.product_id,
            language,
            before,
        )


def _new_text(saving: Saving, language: str, text: TextDraft, names: Sequence[TextFact]) -> Changes:
    words = {name: getattr(text, name) or "" for name in _TEXT}
    if not any(words.values()):
        return {}
    borrowed = best_text(names, saving.site.id, language, saving.site.language)
    words["name"] = words["name"] or (borrowed.name if borrowed else "")
    row = {"product_id": saving.product_id, "language": language, "site_id": None, **words}
    saving.put("product_text", tuple(row), [tuple(row.values())])
    saving.names.append(TextFact(language, None, str(words["name"]), ""))
    said = {name: ("", value) for name, value in words.items() if value}
    for name in said if not saving.is_new else ("name",):
        saving.note(f"{name} ({language})", None, words[name])
    return said


def _change_text(saving: Saving, language: str, text: TextDraft, old: tuple[object, ...]) -> Changes:
    changes: dict[str, tuple[object, object]] = {}
    for name, before in zip(_TEXT, old[1:], strict=True):
        after = getattr(text, name)
        if after is not None and after != before and (after or name != "name"):
            changes[name] = (before, after)
            saving.note(f"{name} ({language})", before, after)
    if changes:
        update("product_text", int(str(old[0])), {name: after for name, (_before, after) in changes.items()})
    return changes


# -- places ------------------------------------------------------------------------------------------------------------


def save_categories(saving: Saving, category_ids: tuple[int, ...] | None) -> None:
    """The categories it is in itself; those that stay keep their position. Raises Unfit for one that does not exist."""
    if category_ids is None:
        return
    wanted = set(category_ids)
    known = {row[0] for row in db.rows(f"SELECT id FROM category WHERE id IN ({db.marks(tuple(wanted))})", *wanted)}
    if wanted - known:
        raise Unfit({"categories": "One of these categories no longer exists."})
    old = {
        row[0]
        for row in saving.stored("SELECT category_id FROM product_category WHERE product_id = ?", saving.product_id)
    }
    gone = old - wanted
    for category_id in sorted(gone):
        db.execute(
            "DELETE FROM product_category WHERE product_id = ? AND category_id = ?", saving.product_id, category_id
        )
    saving.put(
        "product_category",
        ("product_id", "category_id", "position"),
        [(saving.product_id, new, 0) for new in sorted(wanted - old)],
    )
    if gone or wanted - old:
        saving.note("categories", sorted(old), sorted((old - gone) | wanted))


def save_media(saving: Saving, media_ids: tuple[int, ...] | None) -> None:
    """Its pictures in order."""
    if media_ids is None:
        return
    wanted = list(dict.fromkeys(media_ids))
    old = [
        row[0]
        for row in saving.stored(
            "SELECT media_id FROM product_media WHERE product_id = ? ORDER BY position, media_id", saving.product_id
        )
    ]
    if wanted == old:
        return
    if old:
        db.execute("DELETE FROM product_media WHERE product_id = ?", saving.product_id)
    rows = [(saving.product_id, media_id, position) for position, media_id in enumerate(wanted)]
    saving.put("product_media", ("product_id", "media_id", "position"), rows)
    saving.note("pictures", old, wanted)


def save_listing(saving: Saving, draft: ListingDraft | None) -> None:
    """Its place on the site of the save. A new product is listed; an old one only if the draft speaks of it."""
    if draft is None and not saving.is_new:
        return
    draft = draft or ListingDraft()
    found = saving.stored(
        "SELECT visible, position, publish_at, withdraw_at FROM listing WHERE site_id = ? AND product_id = ?",
        saving.site.id,
        saving.product_id,
    )
    old = found[0] if found else None
    before = (bool(old[0]), *old[1:]) if old else (True, 0, None, None)
    wanted = (draft.visible, draft.position, _micros(draft.publish_at), _micros(draft.withdraw_at))
    after = tuple(now if now is not None else was for now, was in zip(wanted, before, strict=True))
    if draft.bounds:
        after = (*after[:2], *wanted[2:])
    if old is None or after != before:
        saving.put(*listing_row(saving.site.id, saving.product_id, after))
        saving.note("listing", before if old else None, after)
    _save_paths(saving, draft.paths)


def write_listing(site_id: int, product_id: int, values: tuple[object, ...]) -> None:
    """Part of a verb: (visible, position, publish_at, withdraw_at) of a product on a site."""
    insert_rows(*listing_row(site_id, product_id, values))


def listing_row(
    site_id: int, product_id: int, values: tuple[object, ...]
) -> tuple[str, tuple[str, ...], list[tuple[object, ...]], str]:
    """The row of a listing, as `insert_rows` takes it."""
    columns = ("visible", "position", "publish_at", "withdraw_at")
    ending = ", ".join(f"{column} = excluded.{column}" for column in columns)
    row = (site_id, product_id, *values)
    return (
        "listing",
        ("site_id", "product_id", *columns),
        [row],
        f"ON CONFLICT (site_id, product_id) DO UPDATE SET {ending}",
    )


def _save_paths(saving: Saving, paths: Mapping[str, str]) -> None:
    """An address in each of the site's languages: the wanted one, or one made from the name if it has none."""
    known = {
        row[0]: row[1]
        for row in saving.stored(
            "SELECT language, path FROM slug WHERE kind = 'product' AND ref = ? AND site_id = ? AND current = ?",
            saving.product_id,
            saving.site.id,
            True,
        )
    }
    missing = [language for language in saving.site.languages if language not in known and not paths.get(language)]
    names = _names(saving) if missing else []
    for language in saving.site.languages:
        if language in missing:
            text = best_text(names, saving.site.id, language, saving.site.language)
            wanted = text.name if text else ""
        elif not (wanted := paths.get(language, "")):
            continue
        path, is_new = claim_path(
            saving.site.id, language, "product", saving.product_id, wanted, before=known.get(language)
        )
        if is_new:
            saving.note(f"path ({language})", known.get(language), path)


def _names(saving: Saving) -> list[TextFact]:
    if saving.is_new:
        return saving.names
    rows = db.rows(
        "SELECT language, site_id, name FROM product_text WHERE product_id = ? ORDER BY id", saving.product_id
    )
    return [TextFact(language, site_id, name, "") for language, site_id, name in rows]


def _micros(at: datetime | None) -> int | None:
    return None if at is None else clock.micros(at)
