"""Languages by their tags (BCP 47: `de`, `zh-CN`): which there are, which core speaks by itself, and their plurals."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from babel import Locale, UnknownLocaleError

from core.lib.cldr import parsed

# Unicode's isolates: what stands between them goes the way of its first letter.
FIRST_STRONG, END = "\u2068", "\u2069"
_HOME = Path(__file__).parents[1] / "locale"


def locale_of(tag: str) -> Locale:
    """English without a country is that of the world: `26 Nov 2026`, a day that nobody takes for a month."""
    return parsed("en-001" if tag == "en" else tag)


def is_language(tag: str) -> bool:
    """Whether it is the tag of a language that is known."""
    try:
        locale_of(tag)
    except (ValueError, UnknownLocaleError):
        return False
    return True


@lru_cache(maxsize=64)
def is_rtl(tag: str) -> bool:
    """Whether a language is written from right to left."""
    return str(locale_of(tag).text_direction) == "rtl"


def apart(text: str, tag: str) -> str:
    """A name, number or address within a sentence of `tag`: of itself, it does not turn what stands around it.

    From right to left, `12 Shore Street` or `+44 131 496` would be torn apart. Marks that nobody sees keep it together;
    an address to be followed stays bare, as programs cut it out of the text.
    """
    if not is_rtl(tag) or len(text) < 2 or text.isdigit() or "://" in text:
        return text
    return FIRST_STRONG + text + END


@lru_cache(1)
def home_languages() -> tuple[str, ...]:
    """The languages that core speaks by itself; further ones come as language packs."""
    return ("en", *sorted(path.name.replace("_", "-") for path in _HOME.glob("*/")))


@lru_cache(maxsize=64)
def plural_forms(tag: str) -> tuple[str, ...]:
    """The forms that a language has for whole numbers, in the order that Unicode names them in."""
    used = {locale_of(tag).plural_form(n) for n in range(1000)}
    return tuple(form for form in ("zero", "one", "two", "few", "many", "other") if form in used)


def plural_form(tag: str, n: int) -> int:
    """Which of its forms a language uses for a number."""
    return plural_forms(tag).index(locale_of(tag).plural_form(n))


def named(names: Mapping[str, str], language: str) -> str:
    """A name in the reader's language, else in any."""
    return names.get(language) or next(iter(names.values()), "")
