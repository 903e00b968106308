"""The verbs of the search: answer, note what changed, write it, and build anew what is missing or broken."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from core.api import (
    Delivery,
    ProductChanged,
    SearchQuery,
    SearchResult,
    SearchText,
    Site,
    completions,
    enqueue_job,
    execute,
    fold,
    is_cjk,
    marks,
    micros,
    own_folder,
    rows,
    search_texts,
    sites_with,
    transaction,
    words,
)

if TYPE_CHECKING:
    from plugins.search_whoosh.client import Document, Index, Reader

_MOST_WORDS = 12
_LONGEST_TEXT = 200
_LONGEST_WORD = 40
_LONGEST_BODY = 20_000
_AT_ONCE = 200
_COMPLETED_FROM = 100
_LATIN = re.compile(r"[^\W\d_]+")


def _client() -> Any:
    """The room that knows Whoosh, which is 3 MB that a shop with another search does without."""
    from plugins.search_whoosh import client  # noqa: PLC0415

    return client


def index_of(language: str) -> Index:
    """The index of a language; sites share it."""
    made: Index = _client().Index(own_folder("index") / language.lower())
    return made


# -- answering ---------------------------------------------------------------------------------------------------------


def find(site: Site, query: SearchQuery) -> SearchResult | None:
    """What the hook answers; None while the index is missing, broken or not complete."""
    try:
        with index_of(query.language).reading(site.id) as reader:
            return _answer(reader, query) if reader.completed() is not None else None
    except _client().Unreadable:
        return None


def _answer(reader: Reader, query: SearchQuery) -> SearchResult:
    typed = fold(query.text[:_LONGEST_TEXT].replace("\0", " ")).strip()
    hits = reader.with_sku(_whole_sku(typed))
    found = _terms(typed)
    hits += reader.find(found, found[-1] if found else "", query.limit)
    if not hits:
        known = _known_bigrams(reader, found)
        hits = reader.find(known, found[-1] if found else "", query.limit)
    return SearchResult(
        product_ids=tuple(dict.fromkeys(hit.product_id for hit in hits))[: query.limit],
        suggestion="" if hits else _suggestion(reader, typed),
        completions=completions(typed, (hit.name for hit in hits[:_COMPLETED_FROM])) if query.complete else (),
    )


def _terms(typed: str) -> list[str]:
    return list(dict.fromkeys(word[:_LONGEST_WORD] for word in words(typed)))[:_MOST_WORDS]


def _whole_sku(text: str) -> str:
    return "".join(words(text))[:_LONGEST_WORD]


def _known_bigrams(reader: Reader, terms: Sequence[str]) -> list[str]:
    """The terms without pairs of Chinese letters that nothing has: they stand where two words meet."""
    left = [word for word in terms if not is_cjk(word) or reader.has(word)]
    return left if len(left) < len(terms) and 2 * len(left) >= len(terms) else []


def _suggestion(reader: Reader, typed: str) -> str:
    """What was typed with its unknown words spelled as known ones, if that finds something."""
    better = {}
    for word in list(dict.fromkeys(_LATIN.findall(typed)))[:_MOST_WORDS]:
        if 2 < len(word) <= _LONGEST_WORD and not is_cjk(word) and not reader.has(word, "spelled"):
            better[word] = next(reader.spelled_like(word), word)
    spelled = _LATIN.sub(lambda found: better.get(found[0], found[0]), typed)
    return spelled if spelled != typed and reader.find(_terms(spelled), "", 1) else ""


# -- following ---------------------------------------------------------------------------------------------------------


def note(site: Site, delivery: Delivery) -> None:
    """Remember what changed, and wake the writer. A product waits once, however often it changed."""
    if not isinstance(delivery.event, ProductChanged):
        return
    shapes = ", ".join(["(?, ?, ?)"] * len(delivery.event.product_ids))
    with transaction():
        execute(
            f"INSERT INTO search_whoosh_waiting (site_id, product_id, seq) VALUES {shapes}"
            " ON CONFLICT (site_id, product_id) DO UPDATE SET seq = excluded.seq",
            *(cell for product_id in delivery.event.product_ids for cell in (site.id, product_id, delivery.seq)),
        )
        enqueue_job("search_whoosh.write", site_id=site.id, key=f"search_whoosh.write:{site.id}:{delivery.id}")


def write(_payload: Any, site: Site) -> None:
    """Write what waits, a batch per commit, until nothing does."""
    while waiting := rows(
        "SELECT product_id, seq FROM search_whoosh_waiting WHERE site_id = ? ORDER BY seq, product_id LIMIT ?",
        site.id,
        _AT_ONCE,
    ):
        product_ids = [row[0] for row in waiting]
        for language in site.languages:
            with index_of(language).writing(site.id) as writer:
                # Read while nobody else can write, so that an older text never lands on a newer one.
                writer.replace(product_ids, _documents(search_texts(site, language, product_ids)))
        _done(site, product_ids, max(row[1] for row in waiting))


def _done(site: Site, product_ids: Collection[int], seq: int) -> None:
    """What changed once more meanwhile has a later number, and goes on waiting."""
    with transaction():
        execute(
            "DELETE FROM search_whoosh_waiting WHERE site_id = ? AND seq <= ?"
            f" AND product_id IN ({marks([*product_ids])})",
            site.id,
            seq,
            *product_ids,
        )


# -- building anew -----------------------------------------------------------------------------------------------------


def keep(_payload: Any, site: Site) -> None:
    """Build what is missing, broken, or older than the moment when the plugin was switched on; write what waits."""
    for here, since in sites_with("search_whoosh"):
        if here.id == site.id:
            for language in here.languages:
                if not _is_complete(here, language, micros(since)):
                    rebuild(here, language, micros(since))
    write(_payload, site)


def _is_complete(site: Site, language: str, since: int) -> bool:
    index = index_of(language)
    if not index.is_sound():
        index.clear()
        return False
    with index.reading(site.id) as reader:
        return reader.completed() == since


def rebuild(site: Site, language: str, since: int) -> int:
    """Read all words of a site's language anew, in one commit; answers of how many products."""
    after, done = 0, 0
    with index_of(language).writing(site.id) as writer:
        writer.begin()
        while texts := search_texts(site, language, after=after, limit=_AT_ONCE):
            writer.replace((), _documents(texts))
            after, done = texts[-1].product_id, done + len(texts)
        writer.complete(since)
    return done


def rebuild_all() -> int:
    """Take all files away and build the index of every site that has the plugin on; answers of how many products."""
    shops = sites_with("search_whoosh")
    for language in {language for site, _ in shops for language in site.languages}:
        index_of(language).clear()
    return sum(rebuild(site, language, micros(since)) for site, since in shops for language in site.languages)


def _documents(texts: Iterable[SearchText]) -> list[Document]:
    return [_document(text) for text in texts]


def _document(text: SearchText) -> Document:
    facts = [text.vendor, *text.categories, *text.attributes]
    skus = [whole for sku in text.skus if (whole := _whole_sku(sku))]
    spelled = {word for part in [text.name, *facts] for word in words(part)}
    made: Document = _client().Document(
        product_id=text.product_id,
        name=fold(text.name),
        sounds=text.sounds,
        rest="\n".join([*facts, *text.skus, *skus, text.summary, text.body[:_LONGEST_BODY]]),
        skus=skus,
        spelled=sorted(
            word for word in spelled if 2 < len(word) <= _LONGEST_WORD and word.isalpha() and not is_cjk(word)
        ),
    )
    return made
