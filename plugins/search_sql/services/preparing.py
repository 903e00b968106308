"""From a product's words to what is stored: folded, Chinese in bigrams, plurals beside their singulars."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from core.api import SearchText, fold, is_cjk, singular, words

_LONGEST_BODY = 20_000
LONGEST_WORD = 40


class Prepared(NamedTuple):
    """The columns of a product's words, but for the id and the site."""

    name: str
    title: str
    rest: str
    spelled: str


def prepare(text: SearchText) -> Prepared:
    """What is stored of a product."""
    facts = [text.vendor, *text.categories, *text.attributes]
    rest = {*_tokens([*facts, text.summary, text.body[:_LONGEST_BODY]]), *_sku_tokens(text.skus)}
    title = {*_tokens([text.name]), *_letters(text.name), *text.sounds}
    return Prepared(
        name=_clean(fold(text.name)),
        title=_joined(title),
        rest=_joined(rest - title),
        spelled=_joined({word for part in [text.name, *facts] for word in words(part) if _can_be_misspelled(word)}),
    )


def _tokens(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        for word in words(_clean(text)):
            yield word[:LONGEST_WORD]
            yield singular(word)[:LONGEST_WORD]


def _letters(text: str) -> Iterator[str]:
    """Single Chinese letters of a name, since a bigram ends in none but its second."""
    return (letter for letter in text if is_cjk(letter))


def _sku_tokens(skus: Iterable[str]) -> Iterator[str]:
    """The parts of each SKU, and the whole of it."""
    for sku in skus:
        yield from _tokens([sku, "".join(words(sku))])
        yield whole_sku(sku)


def whole_sku(text: str) -> str:
    """A SKU as the one word that only a whole SKU becomes: folding takes this sign out of every text."""
    return "№" + "".join(words(_clean(text)))[:LONGEST_WORD]


def _can_be_misspelled(word: str) -> bool:
    return 3 <= len(word) <= LONGEST_WORD and word.isalpha() and not is_cjk(word)


def _joined(tokens: Iterable[str]) -> str:
    """Between blanks, so that a whole word is found as one."""
    return f" {' '.join(sorted(tokens))} "


def _clean(text: str) -> str:
    """No database takes a NUL in a text."""
    return text.replace("\0", " ")
