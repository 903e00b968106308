"""Letters that are written from right to left, as a sheet needs them: joined, and in the order in which they stand."""

from __future__ import annotations

import unicodedata
from collections.abc import Container
from functools import lru_cache

from fpdf.bidi import BidiParagraph

_RIGHT_TO_LEFT = frozenset({"R", "AL"})
# Where Unicode keeps the shapes of Arabic letters: those of other languages, and those of Arabic with lam-alef.
_SHAPES = (range(0xFB50, 0xFC00), range(0xFE70, 0xFEFD))
_LAM_ALEF = {"\u0644\u0622", "\u0644\u0623", "\u0644\u0625", "\u0644\u0627"}
_TATWEEL = "\u0640"
_MIRRORED = str.maketrans("()[]{}<>«»", ")(][}{><»«")


@lru_cache(1)
def _shapes() -> dict[tuple[str, str], str]:
    """The shape of a letter, or of lam with an alef, in each of its places: isolated, initial, medial and final."""
    found: dict[tuple[str, str], str] = {}
    for code in (code for block in _SHAPES for code in block):
        place, _space, letters = unicodedata.decomposition(chr(code)).partition(" ")
        text = "".join(chr(int(letter, 16)) for letter in letters.split())
        if len(text) == 1 or text in _LAM_ALEF:
            found.setdefault((text, place.strip("<>")), chr(code))
    return found


def is_reordered(text: str) -> bool:
    """Whether some of it is written from right to left."""
    return any(unicodedata.bidirectional(letter) in _RIGHT_TO_LEFT for letter in text)


def joined(text: str, font: Container[int]) -> str:
    """Arabic letters in the shapes that their neighbours give them, as far as the font has these."""
    shapes, letters, at = _shapes(), list(text), 0
    out: list[str] = []
    before = False  # whether what stands before joins to what comes
    while at < len(letters):
        letter, end = letters[at], at + 1
        if unicodedata.category(letter) == "Mn":
            out.append(letter)
            at = end
            continue
        if end < len(letters) and (letter + letters[end], "isolated") in shapes:
            letter, end = letter + letters[end], end + 1
        follows = next((one for one in letters[end:] if unicodedata.category(one) != "Mn"), "")
        after = _joins_on(letter) and _joins_back(follows)
        back = before and _joins_back(letter)
        place = ("medial" if after else "final") if back else ("initial" if after else "isolated")
        shape = shapes.get((letter, place), letter)
        out.append(shape if all(ord(one) in font for one in shape) else letter)
        before, at = after, end
    return "".join(out)


def _joins_on(letter: str) -> bool:
    """Whether it joins to the letter that comes."""
    return letter == _TATWEEL or (letter, "initial") in _shapes()


def _joins_back(letter: str) -> bool:
    """Whether it joins to the letter before."""
    return letter == _TATWEEL or (letter, "final") in _shapes()


def in_order(line: str) -> str:
    """A line as it stands from left to right."""
    return "".join(
        one.character.translate(_MIRRORED) if one.embedding_level % 2 else one.character
        for one in BidiParagraph(line).get_reordered_characters()
    )
