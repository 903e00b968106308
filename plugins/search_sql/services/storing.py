"""Words into their tables: on SQLite beside an FTS5 index, on PostgreSQL with a tsvector in a GIN index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

from core.api import Site, execute, is_sqlite, marks, require_transaction, rows, value
from plugins.search_sql.services.preparing import Prepared

_PRODUCT_BITS = 32
_AT_ONCE = 100
_Row = TypeVar("_Row")


class Span(NamedTuple):
    """A site in a language: the number of its scope, and with it the ids of its words."""

    number: int
    site_id: int
    language: str

    @property
    def first(self) -> int:
        """The id before the first."""
        return self.number << _PRODUCT_BITS

    @property
    def last(self) -> int:
        """The last id there can be."""
        return self.first + (1 << _PRODUCT_BITS) - 1


def product_of(words_id: int) -> int:
    """The product whose words have this id."""
    return words_id & ((1 << _PRODUCT_BITS) - 1)


def scopes_tag(site: Site) -> str:
    """What is touched when the index of one of the site's languages becomes complete."""
    return f"search_sql:{site.id}"


def hold(site: Site, language: str) -> Span:
    """The scope of a site's language, made if need be, its row held to the end of the transaction."""
    require_transaction()
    execute(
        "INSERT INTO search_sql_scope (site_id, language) VALUES (?, ?) ON CONFLICT (site_id, language) DO NOTHING",
        site.id,
        language,
    )
    held = "UPDATE search_sql_scope SET language = language WHERE site_id = ? AND language = ? RETURNING id"
    return Span(int(value(held, site.id, language)), site.id, language)


def store(span: Span, products: Mapping[int, Prepared | None]) -> None:
    """Write the words of these products, where they differ; None takes a product's words out."""
    wanted = {span.first + product_id: prepared for product_id, prepared in products.items()}
    old = _stored(list(wanted))
    differing = {key: prepared for key, prepared in wanted.items() if old.get(key) != prepared}
    gone = [key for key in differing if key in old]
    _remove(gone)
    _insert(span, {key: prepared for key, prepared in differing.items() if prepared is not None})
    _count(span, _changes([old[key] for key in gone], [new for new in differing.values() if new is not None]))


def stored_between(span: Span, after: int, until: int | None) -> list[int]:
    """The products with words here and ids above `after`, up to `until` (None: all)."""
    last = span.last if until is None else span.first + until
    found = rows("SELECT id FROM search_sql_words WHERE id > ? AND id <= ?", span.first + after, last)
    return [product_of(row[0]) for row in found]


def _stored(keys: Collection[int]) -> dict[int, Prepared]:
    sql = f"SELECT id, name, title, rest, spelled FROM search_sql_words WHERE id IN ({marks([*keys])})"
    return {row[0]: Prepared(*row[1:]) for row in rows(sql, *keys)}


def _remove(keys: Sequence[int]) -> None:
    if not keys:
        return
    if is_sqlite():
        execute(
            "INSERT INTO search_sql_found (search_sql_found, rowid, title, rest)"
            f" SELECT 'delete', id, title, rest FROM search_sql_words WHERE id IN ({marks(keys)})",
            *keys,
        )
    execute(f"DELETE FROM search_sql_words WHERE id IN ({marks(keys)})", *keys)


def _insert(span: Span, new: Mapping[int, Prepared]) -> None:
    columns = "id, site_id, name, title, rest, spelled"
    for part in _parts([*new.items()]):
        if is_sqlite():
            _insert_rows(columns, "(?, ?, ?, ?, ?, ?)", [(key, span.site_id, *words) for key, words in part])
            keys = [key for key, _ in part]
            execute(
                "INSERT INTO search_sql_found (rowid, title, rest)"
                f" SELECT id, title, rest FROM search_sql_words WHERE id IN ({marks(keys)})",
                *keys,
            )
        else:
            found = [(key, span.site_id, *words, _vector(span, words)) for key, words in part]
            _insert_rows(f"{columns}, found", "(?, ?, ?, ?, ?, ?, CAST(? AS tsvector))", found)


def _insert_rows(columns: str, shape: str, new: Sequence[Sequence[object]]) -> None:
    shapes = ", ".join([shape] * len(new))
    execute(f"INSERT INTO search_sql_words ({columns}) VALUES {shapes}", *(cell for row in new for cell in row))


def _vector(span: Span, words: Prepared) -> str:
    """A tsvector as text.

    Its lexemes are ready, so no parser may divide them; of letters and digits alone, they cannot end their quotes.
    The scope is one of them, which no word can be.
    """
    title = (f"'{word}':1A" for word in words.title.split())
    rest = (f"'{word}':2" for word in words.rest.split())
    return " ".join([f"'#{span.number}':3", *title, *rest])


# -- the vocabulary ----------------------------------------------------------------------------------------------------


def _changes(old: Sequence[Prepared], new: Sequence[Prepared]) -> Counter[str]:
    """By how many products each word has more."""
    changes = Counter(word for words in new for word in words.spelled.split())
    changes.subtract(word for words in old for word in words.spelled.split())
    return changes


def _count(span: Span, changes: Mapping[str, int]) -> None:
    moved = [
        (span.site_id, span.language, word, word[0], word[-2:], len(word), change)
        for word, change in sorted(changes.items())
        if change
    ]
    for part in _parts(moved):
        shapes = ", ".join(["(?, ?, ?, ?, ?, ?, ?)"] * len(part))
        execute(
            "INSERT INTO search_sql_vocabulary (site_id, language, word, initial, final, length, products)"
            f" VALUES {shapes} ON CONFLICT (site_id, language, word)"
            " DO UPDATE SET products = search_sql_vocabulary.products + excluded.products",
            *(cell for row in part for cell in row),
        )
    if any(row[-1] < 0 for row in moved):
        execute(
            "DELETE FROM search_sql_vocabulary WHERE site_id = ? AND language = ? AND products <= 0"
            f" AND word IN ({marks(moved)})",
            span.site_id,
            span.language,
            *(row[2] for row in moved),
        )


def _parts(whole: Sequence[_Row]) -> Iterator[Sequence[_Row]]:
    return (whole[start : start + _AT_ONCE] for start in range(0, len(whole), _AT_ONCE))
