"""What the merchant may change, what a page may tell of itself, and who is not counted."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from msgspec import Struct

from core.api import Settings, Site, command_line, setting
from plugins.pulse.models import KINDS

if TYPE_CHECKING:
    from argparse import Namespace

WORDS_LENGTH = 60
RANGES = (7, 30, 90)
MEASURES = ("visits", "views", "orders", "sales")
# Six digits, however they are spaced, may be somebody's telephone, card, order or identity number.
_NUMBER = re.compile(r"\d(?:[\s().+/_-]*\d){5,}")
_HOST = re.compile(r"(?=.{4,120}\Z)[a-z0-9-]+(\.[a-z0-9-]+)+\Z")
_BOT = re.compile(
    r"bot\b|bot[/_;-]|crawl|spider|slurp|scrap|preview|headless|lighthouse|monitor|uptime|archiv|facebookexternal|feed"
    r"|curl|wget|python|httpx|okhttp|java/|go-http|libwww|phantom|selenium|playwright|puppeteer",
    re.IGNORECASE,
)
_PHONE = re.compile(r"mobi|android|iphone|ipad|tablet", re.IGNORECASE)


class PulseSettings(Settings):
    """What the merchant may change. The form in the panel is made from this class."""

    respect: bool = setting(
        True,
        label="Leave out people who ask not to be tracked",
        help="Browsers say so by Do Not Track or Global Privacy Control. Then nothing of their visit is counted.",
    )


class Seen(Struct, frozen=True, kw_only=True):
    """One page that was opened. Empty or 0 is what a page does not have; `found` is how many goods the words found."""

    kind: str
    product_id: int = 0
    words: str = ""
    found: int | None = None
    host: str = ""


def parse(sent: Mapping[str, str], site: Site) -> Seen:
    """What the script of a page tells; whatever is odd is left out, since anybody can send anything."""
    kind = sent.get("kind", "")
    product, found = sent.get("product", ""), sent.get("found", "")
    return Seen(
        kind=kind if kind in KINDS else "other",
        product_id=int(product) if kind == "product" and re.fullmatch(r"[1-9][0-9]{0,8}", product) else 0,
        words=words_of(sent.get("words", "")) if kind == "search" else "",
        found=int(found) if re.fullmatch(r"[0-9]{1,9}", found) else None,
        host=host_of(sent.get("from", ""), site),
    )


def words_of(text: str) -> str:
    """Search words in one form; empty where they are long, or may hold a number or an address of a person."""
    plain = " ".join(unicodedata.normalize("NFKC", text).lower().split())
    printable = "".join(letter for letter in plain if letter.isprintable())
    is_personal = "@" in printable or _NUMBER.search(printable) is not None
    return "" if is_personal or len(printable) > WORDS_LENGTH else printable


def host_of(address: str, site: Site) -> str:
    """The host of another site that led here, without its path; empty for our own pages and for oddities."""
    try:
        host = (urlsplit(address).hostname or "").lower()
    except ValueError:
        return ""
    if host == site.host.rpartition(":")[0] or host == site.host or not _HOST.match(host):
        return ""
    return host.removeprefix("www.")


def is_bot(agent: str) -> bool:
    """Whether a program says that it is one. A browser always names itself."""
    return not agent or _BOT.search(agent) is not None


def device_of(agent: str) -> str:
    """`phone` (and tablet) or `desk`, as the browser calls itself."""
    return "phone" if _PHONE.search(agent) else "desk"


def asks_for_quiet(do_not_track: str, privacy_control: str) -> bool:
    """Whether the browser asks not to be tracked, by either of its headers."""
    return "1" in {do_not_track, privacy_control}


def import_arguments(words: list[str]) -> Namespace:
    """`FILE --site HOST`."""
    parser = command_line("pulse import", "Take figures that were counted elsewhere.")
    parser.add_argument("file", help="columns: day, what, name, views, visits")
    parser.add_argument("--site", required=True, metavar="HOST")
    return parser.parse_args(words)
