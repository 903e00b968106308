"""Finding products: words to a query of the database, the hits ranked by where their words stand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from core.api import (
    SearchQuery,
    SearchResult,
    Site,
    closest,
    completions,
    fold,
    is_cjk,
    is_sqlite,
    marks,
    one,
    rows,
    singular,
    words,
)
from plugins.search_sql.services.preparing import LONGEST_WORD, whole_sku
from plugins.search_sql.services.storing import Span, product_of

_MOST_WORDS = 12
_LONGEST_TEXT = 200
_RANKED = 300  # Of more hits the newest are ranked, so that a common word costs no more than a rare one.
_NEAR = 4000
_LATIN = re.compile(r"[^\W\d_]+")


class Term(NamedTuple):
    """A word to find, whole; the one that may still be typed also as the beginning of another."""

    word: str
    is_last: bool

    @property
    def is_begun(self) -> bool:
        """Whether it is long enough to stand for what begins with it."""
        return self.is_last and (len(self.word) > 1 or is_cjk(self.word))


class Hit(NamedTuple):
    """A product's words that were found."""

    id: int
    name: str
    title: str


def find(site: Site, query: SearchQuery) -> SearchResult | None:
    """What the hook answers; None before the index of this site and language was built."""
    row = one(
        "SELECT id FROM search_sql_scope WHERE site_id = ? AND language = ? AND since IS NOT NULL",
        site.id,
        query.language,
    )
    if row is None:
        return None
    span = Span(row[0], site.id, query.language)
    typed = fold(query.text[:_LONGEST_TEXT].replace("\0", " ")).strip()
    terms = _terms(typed)
    hits = _ranked(span, typed, terms)
    if not hits:
        hits = _ranked(span, typed, _known_bigrams(span, terms))
    return SearchResult(
        product_ids=tuple(product_of(hit.id) for hit in hits[: query.limit]),
        suggestion="" if hits else _suggestion(span, typed),
        completions=completions(typed, (hit.name for hit in hits)) if query.complete else (),
    )


def _terms(typed: str) -> list[Term]:
    found = list(dict.fromkeys(word[:LONGEST_WORD] for word in words(typed)))[:_MOST_WORDS]
    return [Term(word, is_last=word is found[-1]) for word in found]


# -- hits --------------------------------------------------------------------------------------------------------------


def _ranked(span: Span, typed: str, terms: Sequence[Term]) -> list[Hit]:
    """Hits, best first: the very SKU, then all words in the name, then most of them, then the shorter name."""
    if not terms:
        return []
    named = _hits(span, terms, in_title=True)
    others = _hits(span, terms, in_title=False) if len(named) < _RANKED else []
    meant = _hits(span, [Term(whole_sku(typed), is_last=False)], in_title=False)
    in_name, by_sku = {hit.id for hit in named}, {hit.id for hit in meant}
    whole = [f" {singular(term.word)} " for term in terms]

    def worth(hit: Hit) -> tuple[bool, bool, int, bool, int, int]:
        return (
            hit.id not in by_sku,
            hit.id not in in_name,
            -sum(word in hit.title for word in whole),
            not hit.name.startswith(typed),
            len(hit.name),
            -hit.id,
        )

    return sorted({*meant, *named, *others}, key=worth)


def _hits(span: Span, terms: Sequence[Term], *, in_title: bool, most: int = _RANKED) -> list[Hit]:
    if is_sqlite():
        found = rows(
            "SELECT w.id, w.name, w.title FROM (SELECT rowid FROM search_sql_found WHERE search_sql_found MATCH ?"
            " AND rowid > ? AND rowid <= ? ORDER BY rowid DESC LIMIT ?) f JOIN search_sql_words w ON w.id = f.rowid",
            _match(terms, in_title=in_title),
            span.first,
            span.last,
            most,
        )
    else:
        found = rows(
            "SELECT id, name, title FROM search_sql_words WHERE found @@ CAST(? AS tsquery) LIMIT ?",
            _tsquery(span, terms, in_title=in_title),
            most,
        )
    return [Hit(*row) for row in found]


def _match(terms: Sequence[Term], *, in_title: bool) -> str:
    """A query of FTS5. Words are letters and digits alone, so nothing that was typed can end their quotes."""
    every = (
        f'("{singular(term.word)}" OR "{term.word}"*)' if term.is_begun else f'"{singular(term.word)}"'
        for term in terms
    )
    return f"{'title' if in_title else '{title rest}'} : ({' AND '.join(every)})"


def _tsquery(span: Span, terms: Sequence[Term], *, in_title: bool) -> str:
    """A query of PostgreSQL, its lexemes quoted as above; the scope is one of them."""
    weight = "A" if in_title else ""
    place = f":{weight}" if weight else ""
    every = (
        f"('{singular(term.word)}'{place} | '{term.word}':*{weight})"
        if term.is_begun
        else f"'{singular(term.word)}'{place}"
        for term in terms
    )
    return " & ".join([f"'#{span.number}'", *every])


def _known_bigrams(span: Span, terms: Sequence[Term]) -> list[Term]:
    """The terms without pairs of Chinese letters that nothing has: they stand where two words meet."""
    left = [term for term in terms if not is_cjk(term.word) or _hits(span, [term], in_title=False, most=1)]
    return left if len(left) < len(terms) and 2 * len(left) >= len(terms) else []


# -- spelling ----------------------------------------------------------------------------------------------------------


def _suggestion(span: Span, typed: str) -> str:
    """What was typed with its unknown words spelled as known ones, if that finds something."""
    latin = list(dict.fromkeys(_LATIN.findall(typed)))[:_MOST_WORDS]
    known = {
        row[0]
        for row in rows(
            f"SELECT word FROM search_sql_vocabulary WHERE site_id = ? AND language = ? AND word IN ({marks(latin)})",
            span.site_id,
            span.language,
            *latin,
        )
    }
    better = {word: near for word in latin if word not in known and (near := _nearest(span, word))}
    if not better:
        return ""
    spelled = _LATIN.sub(lambda found: better.get(found[0], found[0]), typed)
    return spelled if _hits(span, _terms(spelled), in_title=False, most=1) else ""


def _nearest(span: Span, word: str) -> str:
    """A known word spelled nearly so. One edit leaves the first letter or the last two as they are."""
    if len(word) < 3 or is_cjk(word):
        return ""
    near = rows(
        "SELECT word, products FROM search_sql_vocabulary WHERE site_id = ? AND language = ?"
        " AND (initial = ? OR final = ?) AND length BETWEEN ? AND ? LIMIT ?",
        span.site_id,
        span.language,
        word[0],
        word[-2:],
        len(word) - 2,
        len(word) + 2,
        _NEAR,
    )
    return closest(word, ((row[0], row[1]) for row in near))
