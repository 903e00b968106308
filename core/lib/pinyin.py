"""How Chinese is typed where only Latin letters are at hand: by the sounds of its letters, or by their initials."""

from __future__ import annotations

from collections.abc import Iterator

from core.lib.text import is_cjk, runs

_LONGEST = 40


def sounds(name: str) -> tuple[str, ...]:
    """The words by which a name may be typed: `灯笼` as `deng`, `long`, `denglong`, `dl`, and so from each letter on.

    Tones are left out. Whoever searches takes what was typed for the beginning of a word, as everywhere.
    """
    found = (word for run in runs(name) if is_cjk(run) for word in _of_run(run))
    return tuple(dict.fromkeys(word[:_LONGEST] for word in found))


def _of_run(run: str) -> Iterator[str]:
    # Its dictionary takes 57 MB: only a process that stores a Chinese name loads it.
    from pypinyin import lazy_pinyin  # noqa: PLC0415

    syllables = lazy_pinyin(run, v_to_u=False, errors="ignore")
    yield from syllables
    for first in range(len(syllables) - 1):
        yield "".join(syllables[first:])
        yield "".join(syllable[0] for syllable in syllables[first:])
