"""Areas as merchants write them: `GB`, `US/California`, `GB: BT, IM`, `DE: 01000-09999`, `*` for everywhere."""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct

from core.api import countries
from core.api import gettext as _

EVERYWHERE = "*"
_CODE = re.compile(r"[0-9A-Z]{1,12}")


class UnknownArea(ValueError):
    """A line that names no area, in words for whoever wrote it."""


class Area(Struct, frozen=True):
    """A part of the world. `country` empty: all of it; `region` empty: all of the country.

    `low` alone is the beginning of a post code; with `high` it is a range, both ends of one length and both counting.
    """

    country: str = ""
    region: str = ""
    low: str = ""
    high: str = ""


def areas_of(text: str) -> list[Area]:
    """All areas of a zone, one line after the other. Raises UnknownArea."""
    return [area for line in text.splitlines() if line.strip() for area in read_area(line)]


def read_area(line: str) -> list[Area]:
    """The areas of one line: several if it lists several post codes. Raises UnknownArea."""
    place, _colon, codes = line.strip().partition(":")
    country, _slash, region = (part.strip() for part in place.partition("/"))
    if country == EVERYWHERE and not region and not codes.strip():
        return [Area()]
    country = country.upper()
    if country not in _known():
        raise UnknownArea(_("%(code)s is no country code.", code=country or line.strip()))
    region = " ".join(region.split())
    written = [code for code in re.split(r"[,，;；、]+", codes) if code.strip()]
    return [_with_codes(country, region, code) for code in written] or [Area(country, region)]


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    return frozenset(code for code, _name in countries("en"))


def _with_codes(country: str, region: str, written: str) -> Area:
    low, dash, high = (normal_code(part) for part in _ends(written))
    if not _CODE.fullmatch(low) or (dash and not _CODE.fullmatch(high)):
        raise UnknownArea(_("%(code)s is no post code.", code=written.strip()))
    if dash and (len(low) != len(high) or high < low):
        raise UnknownArea(
            _("%(code)s: both ends of a range have the same length, the lower one first.", code=written.strip())
        )
    return Area(country, region, low, high if dash else "")


def _ends(written: str) -> tuple[str, str, str]:
    """The two ends of a range, and what stands between them.

    A hyphen inside a code, as in a Polish 00-950 written as 00-950*, is no range when the code ends with a star.
    """
    if written.strip().endswith("*"):
        return written.strip().rstrip("*"), "", ""
    low, dash, high = written.replace("–", "-").replace("..", "-").partition("-")
    return low, "X" if dash else "", high


def normal_code(text: str) -> str:
    """A post code as codes are compared: capitals and digits alone."""
    return re.sub(r"[\s\-–.]+", "", text).upper()
