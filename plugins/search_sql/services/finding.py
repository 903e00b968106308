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
    kept,
    marks,
    rows,
    singular,
    words,
)
from plugins.search_sql.services.preparing import LONGEST_WORD, whole_sku
from plugins.search_sql.services.storing import Span, product_of, scopes_tag

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


# Where words were found, the best last.
_ANYWHERE, _IN_NAME, _BY_SKU = 1, 2, 3


class Hit(NamedTuple):
    """A product whose words were found, and the best place where."""

    id: int
    name: str
    title: str
    where: int


def find(site: Site, query: SearchQuery) -> SearchResult | None:
    """What the hook answers; None before the index of this site and language was built."""
    number = kept(scopes_tag(site), lambda: _scopes(site)).get(query.language)
    if number is None:
        return None
    span = Span(number, site.id, query.language)
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


def _scopes(site: Site) -> dict[str, int]:
    """The numbers of the scopes whose index was built, by language."""
    return dict(rows("SELECT language, id FROM search_sql_scope WHERE site_id = ? AND since IS NOT NULL", site.id))


def _terms(typed: str) -> list[Term]:
    found = list(dict.fromkeys(word[:LONGEST_WORD] for word in words(typed)))[:_MOST_WORDS]
    return [Term(word, is_last=word is found[-1]) for word in found]


# -- hits --------------------------------------------------------------------------------------------------------------


def _ranked(span: Span, typed: str, terms: Sequence[Term]) -> list[Hit]:
    """Hits, best first: the very SKU, then all words in the name, then most of them, then the shorter name."""
    if not terms:
        return []
    sku = [Term(whole_sku(typed), is_last=False)]
    whole = [f" {singular(term.word)} " for term in terms]

    def worth(hit: Hit) -> tuple[int, int, bool, int, int]:
        return (
            -hit.where,
            -sum(word in hit.title for word in whole),
            not hit.name.startswith(typed),
            len(hit.name),
            -hit.id,
        )

    wanted = [_Wanted(_BY_SKU, sku)]
    if terms[-1].is_begun:
        typed_out = [*terms[:-1], Term(terms[-1].word, is_last=False)]
        wanted += [_Wanted(_IN_NAME, typed_out), _Wanted(_ANYWHERE, typed_out)]
    wanted += [_Wanted(_IN_NAME, terms), _Wanted(_ANYWHERE, terms)]
    return sorted(_hits(span, wanted), key=worth)


class _Wanted(NamedTuple):
    """Terms to look for in one place."""

    where: int
    terms: Sequence[Term]


def _hits(span: Span, wanted: Sequence[_Wanted], most: int = _RANKED) -> list[Hit]:
    """What has the terms in these places, up to `most` of each, as long as those before gave fewer. One statement.

    So once enough have a common word in their names, nothing reads who else has it, and who has what begins with it.
    """
    steps: list[str] = []
    params: list[object] = []
    for number, (where, terms) in enumerate(wanted):
        before = " + ".join(f"(SELECT COUNT(*) FROM s{step})" for step in range(number)) or "0"
        one, asked = _fts5(span, terms, where) if is_sqlite() else _gin(span, terms, where)
        steps.append(f"s{number} AS MATERIALIZED ({one} LIMIT CASE WHEN {before} < {most} THEN {most} ELSE 0 END)")
        params += asked
    every = " UNION ALL ".join(f"SELECT id, place FROM s{number}" for number in range(len(wanted)))
    found = rows(
        f"WITH {', '.join(steps)} SELECT w.id, w.name, w.title, f.place FROM (SELECT id, MAX(place) AS place FROM"
        f" ({every}) e GROUP BY id) f JOIN search_sql_words w ON w.id = f.id",
        *params,
    )
    return [Hit(*row) for row in found]


def _fts5(span: Span, terms: Sequence[Term], where: int) -> tuple[str, list[object]]:
    """The newest products that have the terms in this place, by SQLite's index."""
    sql = (
        f"SELECT rowid AS id, {where} AS place FROM search_sql_found WHERE search_sql_found MATCH ? AND rowid > ?"
        " AND rowid <= ? ORDER BY rowid DESC"
    )
    return sql, [_match(terms, in_title=where == _IN_NAME), span.first, span.last]


def _gin(span: Span, terms: Sequence[Term], where: int) -> tuple[str, list[object]]:
    """Products that have the terms in this place, by PostgreSQL's index."""
    sql = f"SELECT id, {where} AS place FROM search_sql_words WHERE found @@ CAST(? AS tsquery)"
    return sql, [_tsquery(span, terms, in_title=where == _IN_NAME)]


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
    left = [term for term in terms if not is_cjk(term.word) or _hits(span, [_Wanted(_ANYWHERE, [term])], most=1)]
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
    return spelled if _hits(span, [_Wanted(_ANYWHERE, _terms(spelled))], most=1) else ""


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
