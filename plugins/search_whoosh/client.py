"""The only module that knows Whoosh: one index folder per language, with the site as a keyword of each document.

Readers belong to one thread and are refreshed when another process has written. One writer at a time holds the folder's
lock. Whatever Whoosh raises at reading means that the files are broken: they are marked, and made anew by a job.
"""

from __future__ import annotations

import shutil
import threading
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from heapq import nlargest
from pathlib import Path
from typing import Any, NamedTuple

from msgspec import Struct
from whoosh import query
from whoosh.analysis import SpaceSeparatedTokenizer
from whoosh.fields import ID, STORED, TEXT, Schema
from whoosh.filedb.filestore import FileStorage
from whoosh.index import LockError

from core.api import Broken, is_cjk, singular, words

_BROKEN = "broken"
_LONGEST_WORD = 40
_WAIT_S = 20.0
_MEMORY_MB = 64
_MOST_BEGUN = 30


class Unreadable(Exception):
    """The index is missing or its files are broken."""


class Busy(Broken):
    """Another process is writing to the index; try again later."""

    default_message = "The search index is being written by another process."


def tokens(text: str, *, letters: bool = False) -> list[str]:
    """The tokenizer: folded words and their singulars; Chinese as bigrams, with `letters` also as single letters."""
    found = [form for word in words(text) for form in (word, singular(word))]
    single = [letter for letter in text if letters and is_cjk(letter)]
    return [token[:_LONGEST_WORD] for token in dict.fromkeys([*found, *single])]


# Fields get lists of tokens. A schema is pickled beside its index, and a class of this module would not come back from
# there once the plugin was loaded anew.
_TOKENS = TEXT(analyzer=SpaceSeparatedTokenizer(), phrase=False)
_SCHEMA = Schema(
    key=ID(stored=True, unique=True),
    site=ID(),
    title=_TOKENS,
    rest=_TOKENS,
    sku=_TOKENS,
    spelled=_TOKENS,
    product=STORED(),
    name=STORED(),
    since=STORED(),
)


class Document(Struct, frozen=True, kw_only=True):
    """The words of a product. `skus` are compared whole, `spelled` are the words that a misspelled one may mean.

    `sounds` are by what a Chinese name is typed in Latin letters.
    """

    product_id: int
    name: str
    rest: str
    skus: Sequence[str]
    spelled: Sequence[str]
    sounds: Sequence[str] = ()


class Hit(Struct, frozen=True, kw_only=True):
    """A product that was found."""

    product_id: int
    name: str


class Index:
    """The index of one language in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def reading(self, site_id: int) -> Iterator[Reader]:
        """Read as the index stands now. Raises Unreadable, also for what goes wrong inside the block."""
        try:
            yield Reader(_searcher(self.folder), site_id)
        except Exception as error:  # whatever it is, the files are to blame
            _forget(self.folder)
            with suppress(OSError):
                (self.folder / _BROKEN).touch()
            raise Unreadable from error

    @contextmanager
    def writing(self, site_id: int) -> Iterator[Writer]:
        """Write; all of it is seen by readers when the block ends. Raises Busy while another process writes."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with _Files(self.folder).closed_after() as files:
            index = files.open_index() if files.index_exists() else files.create_index(_SCHEMA)
            try:
                writer = index.writer(timeout=_WAIT_S, limitmb=_MEMORY_MB)
            except LockError as error:
                raise Busy from error
            try:
                yield Writer(writer, site_id)
            except BaseException:
                writer.cancel()
                raise
            writer.commit()

    def is_sound(self) -> bool:
        """Whether there is an index and nobody found it broken."""
        if (self.folder / _BROKEN).exists():
            return False
        try:
            with self.reading(0) as reader:
                reader.completed()
        except Unreadable:
            return False
        return True

    def clear(self) -> None:
        """Take the files away; what was in them is read anew from the shop."""
        _forget(self.folder)
        shutil.rmtree(self.folder, ignore_errors=True)


class Writer:
    """What a site puts into the index."""

    def __init__(self, writer: Any, site_id: int) -> None:
        self._writer, self._site = writer, site_id

    def replace(self, product_ids: Iterable[int], documents: Iterable[Document]) -> None:
        """Take these products out and put these documents in.

        Whoosh's own update leaves two documents where a batch writes one key twice, so a batch must not.
        """
        for product_id in set(product_ids):
            self._writer.delete_by_term("key", self._key(product_id))
        for document in documents:
            self._writer.add_document(
                key=self._key(document.product_id),
                site=str(self._site),
                title=[*tokens(document.name, letters=True), *document.sounds],
                rest=tokens(document.rest),
                sku=list(document.skus),
                spelled=list(document.spelled),
                product=document.product_id,
                name=document.name,
            )

    def begin(self) -> None:
        """Take everything of the site out."""
        self._writer.delete_by_term("site", str(self._site))
        self._writer.delete_by_term("key", self._key("complete"))

    def complete(self, since: int) -> None:
        """Say that the site is complete, for the switching-on at this instant."""
        self._writer.add_document(key=self._key("complete"), since=since)

    def _key(self, what: int | str) -> str:
        return f"{self._site}-{what}"


class Reader:
    """What a site finds."""

    def __init__(self, searcher: Any, site_id: int) -> None:
        self._searcher, self._site_id = searcher, site_id
        self._site = query.Term("site", str(site_id))

    def completed(self) -> int | None:
        """The instant for which the site is complete; None before that."""
        found = self._searcher.document(key=f"{self._site_id}-complete")
        return found["since"] if found else None

    def has(self, word: str, field: str = "") -> bool:
        """Whether any product of the site has this word."""
        fields = [field] if field else ["title", "rest"]
        return bool(self._hits(query.Or([query.Term(name, word) for name in fields]), 1))

    def find(self, terms: Sequence[str], begun: str, most: int) -> list[Hit]:
        """Products with every one of `terms`, best first; `begun` is the one that may also be a word's beginning."""
        every = [self._one(word, is_begun=word == begun) for word in terms]
        return self._hits(query.And(every), most) if every else []

    def with_sku(self, sku: str) -> list[Hit]:
        """Products with this very SKU, folded and without what stands between its parts."""
        return self._hits(query.Term("sku", sku), 10)

    def spelled_like(self, word: str) -> Iterator[str]:
        """Words of the site near `word`, the nearest first."""
        corrector = self._searcher.reader().corrector("spelled")
        for edits in (1, 2) if len(word) > 7 else (1,):
            for near in corrector.suggest(word, limit=5, maxdist=edits, prefix=1):
                if self.has(near, "spelled"):
                    yield near

    def _one(self, word: str, *, is_begun: bool) -> Any:
        whole = singular(word)
        ways = [query.Term("title", whole, boost=8.0), query.Term("rest", whole)]
        if is_begun and (len(word) > 1 or is_cjk(word)):
            ways += [query.Term("title", longer, boost=2.0) for longer in self._begun("title", word)]
            ways += [query.Term("rest", longer, boost=0.5) for longer in self._begun("rest", word)]
        return query.Or(ways)

    def _begun(self, field: str, word: str) -> list[str]:
        """The words most used of those that begin so; Whoosh reads all postings of each, so few."""
        reader = self._searcher.reader()
        begun = ((info.doc_frequency(), text.decode()) for text, info in reader.iter_prefix(field, word))
        return [text for _, text in nlargest(_MOST_BEGUN, begun)]

    def _hits(self, wanted: Any, most: int) -> list[Hit]:
        found = self._searcher.search(wanted, filter=self._site, limit=most)
        return [Hit(product_id=hit["product"], name=hit["name"]) for hit in found]


# -- files and readers -------------------------------------------------------------------------------------------------


class _Files(FileStorage):  # type: ignore[misc]
    """A folder that can close what Whoosh leaves open where it meets a broken file; at its own end it does.

    Without memory maps: a file that shrinks under one ends the whole process.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder), supports_mmap=False)
        self._opened: list[Any] = []
        weakref.finalize(self, _close, self._opened)

    def open_file(self, name: str, **options: Any) -> Any:
        self._opened.append(super().open_file(name, **options))
        return self._opened[-1]

    @contextmanager
    def closed_after(self) -> Iterator[_Files]:
        """The folder, nothing of it open after the block."""
        try:
            yield self
        finally:
            self.close_all()

    def close_all(self) -> None:
        _close(self._opened)


def _close(opened: list[Any]) -> None:
    for file in opened:
        if not file.is_closed:
            file.close()
    opened.clear()


class _Opened(NamedTuple):
    """An index as it was when it was opened. One that changed is opened anew: Whoosh's refresh misses deletions."""

    files: _Files
    index: Any
    searcher: Any

    @property
    def is_current(self) -> bool:
        return bool(self.index.latest_generation() == self.searcher.reader().generation())


class _Kept(threading.local):
    """Whoosh's readers move a cursor in their files, so each thread has its own."""

    def __init__(self) -> None:
        self.opened: dict[Path, _Opened] = {}


_kept = _Kept()


def _searcher(folder: Path) -> Any:
    for other in [path for path in _kept.opened if path.parent != folder.parent]:
        _forget(other)  # of an installation that is gone
    known = _kept.opened.get(folder)
    if known is None or not known.is_current:
        _forget(folder)
        known = _kept.opened[folder] = _open(folder)
    return known.searcher


def _open(folder: Path) -> _Opened:
    files = _Files(folder)
    try:
        index = files.open_index()
        return _Opened(files, index, index.searcher())
    except BaseException:
        files.close_all()
        raise


def _forget(folder: Path) -> None:
    known = _kept.opened.pop(folder, None)
    if known is not None:
        with suppress(Exception):  # of a broken index, whose files are closed all the same
            known.searcher.close()
        known.files.close_all()
