"""Spelling, for search: plurals, words nearly spelled so, and the ends of words begun."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from core.lib.text import fold, is_cjk, runs

# No plural ends in -ss, -us or -is: glass, bus, basis.
_PLURAL = re.compile(r"[a-z]{2,}[a-hj-rtv-z]s\Z")
_LONG = 8
_COMPLETED_LETTERS = 12


def singular(word: str) -> str:
    """A folded word without the ending of its plural, as English has it; words that have none stay as they are.

    `batteries` and `battery` give one form, and so do `glasses` and `glass`. It is for comparison, not for reading.
    """
    if len(word) < 4 or not _PLURAL.match(word):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    return word[:-2] if word.endswith(("sses", "xes", "ches", "shes", "zes")) else word[:-1]


def closest(word: str, known: Iterable[tuple[str, int]]) -> str:
    """The known word (each with how often it occurs) spelled nearest to `word`, the frequent one first; empty if none.

    Near is one edit: a letter more, less, other, or two swapped. From eight letters on, two edits.
    """
    allowed = 2 if len(word) >= _LONG else 1
    letters = set(word)
    # Each edit changes at most two of the letters that occur; asking that first spares most of the comparing.
    likely = ((other, n) for other, n in known if other != word and len(letters ^ set(other)) <= 2 * allowed)
    near = [(distance, -n, other) for other, n in likely if (distance := _edits(word, other, allowed)) <= allowed]
    return min(near)[2] if near else ""


def _edits(one: str, other: str, most: int) -> int:
    """How many edits lie between two words; anything above `most` once there are more."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        older, before, row = before, row, [i]
        for j, against in enumerate(other, 1):
            cost = min(before[j] + 1, row[-1] + 1, before[j - 1] + (letter != against))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == against:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]


def completions(typed: str, titles: Iterable[str], most: int = 8) -> tuple[str, ...]:
    """`typed` with its last word completed, from titles that it finds; what most of them have first."""
    folded = fold(typed)
    begun = runs(folded)
    if not begun or not folded.endswith(begun[-1]):
        return ()
    head = folded[: -len(begun[-1])]
    ends = Counter(end for title in titles for end in {*_ends(begun[-1], title)})
    return tuple(head + end for end, _ in ends.most_common(most))


def _ends(begun: str, title: str) -> Iterable[str]:
    """Words of a title that go on from `begun`.

    In Chinese, whose words have no borders, from there to the run's end.
    """
    for run in runs(title):
        at = run.find(begun) if is_cjk(begun) else 0 if run.startswith(begun) else -1
        if at >= 0 and len(run) > at + len(begun):
            yield run[at : at + _COMPLETED_LETTERS] if is_cjk(begun) else run
