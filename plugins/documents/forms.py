"""What the merchant may set, and how the list of documents is narrowed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from msgspec import Struct

from core.api import Settings, Site, Text, command_line, replace, setting
from core.api import gettext as _
from plugins.documents.models import CREDIT_NOTE, KINDS

if TYPE_CHECKING:
    from argparse import Namespace


def why_no_font(path: str) -> str:
    """Why documents cannot be printed with the file at a path, in words; nothing if they can."""
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]  # noqa: PLC0415 -- most forms name no font

    try:
        if not Path(path).is_file():
            return _(
                "There is no file %(path)s on the server. Write the whole path of a font, such as %(example)s, or leave"
                " this empty.",
                path=path, example="/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
            )  # fmt: skip
        with Path(path).open("rb") as stream:
            TTFont(stream, fontNumber=number_in(path), lazy=True).getBestCmap()
    except Exception:  # noqa: BLE001 -- whatever a library says of bytes that are no font
        return _(
            "%(path)s is no font that can be read. Name a TrueType or OpenType file that the server may read, or leave"
            " this empty.",
            path=path,
        )
    return ""


def number_in(path: str) -> int:
    """Which font of a collection is meant: in those of Noto Sans CJK 0 is Japanese, 1 Korean, 2 simplified Chinese."""
    return 2 if "CJK" in Path(path).name and path.endswith(".ttc") else 0


class Documents(Settings):
    """What stands on every document, and how they are numbered."""

    company: str = setting(
        "", label="Company", help="As it stands on documents; the name of the site if empty.", max_length=120
    )
    address: Text = setting(Text(""), label="Address", help="One line as on a letter.", max_length=600)
    tax_id: str = setting("", label="Tax number", max_length=60)
    footer: Text = setting(
        Text(""), label="Footer", help="Bank account, register, terms: below every document.", max_length=600
    )
    invoice_prefix: str = setting("INV-", label="Invoice numbers begin with", max_length=12)
    invoice_start: int = setting(
        1, label="First invoice number", help="Counts until the first one is issued.", minimum=1, maximum=99_999_999
    )
    credit_prefix: str = setting("CN-", label="Credit note numbers begin with", max_length=12)
    credit_start: int = setting(
        1, label="First credit note number", help="Counts until the first one is issued.", minimum=1, maximum=99_999_999
    )
    quote_prefix: str = setting(
        "Q-", label="Quote numbers begin with", help="Quotes count in no series.", max_length=12
    )
    automatic: bool = setting(
        False, label="Issue when paid", help="The invoice of an order is issued as soon as it is paid."
    )
    automatic_credits: bool = setting(
        False,
        label="Credit notes by themselves",
        help="As soon as money goes back for an order that has an invoice, for a return or anything else.",
    )
    font: str = setting(
        "",
        label="Font file",
        help="Path of a TrueType or OpenType font on the server, for letters that the usual fonts lack.",
        max_length=400,
        check=why_no_font,
    )

    def prefix(self, kind: str) -> str:
        """What the numbers of a series begin with."""
        return self.credit_prefix if kind == CREDIT_NOTE else self.invoice_prefix

    def start(self, kind: str) -> int:
        """The first number of a series."""
        return self.credit_start if kind == CREDIT_NOTE else self.invoice_start


class Filters(Struct, frozen=True, kw_only=True):
    """One address of the list. Days are the site's own; a word that means nothing is no filter."""

    kind: str = ""
    q: str = ""
    since: date | None = None
    until: date | None = None

    @property
    def is_narrowed(self) -> bool:
        return self != Filters()

    def address(self, **changes: object) -> dict[str, str]:
        """The parameters of the list's address, with changes."""
        wanted = replace(self, **changes)
        pairs = {name: getattr(wanted, name) for name in ("kind", "q", "since", "until")}
        return {name: str(value) for name, value in pairs.items() if value}

    def begins(self, site: Site) -> datetime | None:
        """The first instant that is wanted."""
        return _midnight(site, self.since) if self.since else None

    def ends(self, site: Site) -> datetime | None:
        """The first instant that is not wanted any more."""
        return _midnight(site, self.until + timedelta(days=1)) if self.until else None


def read(args: Mapping[str, str]) -> Filters:
    """The filters of an address."""
    kind = args.get("kind", "")
    return Filters(
        kind=kind if kind in KINDS else "",
        q=args.get("q", "").strip()[:100],
        since=_day(args.get("since", "")),
        until=_day(args.get("until", "")),
    )


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if date(1970, 1, 2) <= found <= date(9000, 1, 1) else None


def _midnight(site: Site, day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(site.timezone))


def arguments(words: list[str]) -> Namespace:
    """`--site HOST [NUMBER ...]`."""
    parser = command_line("documents issue", "Issue what orders lack: these, or the invoices of all paid ones.")
    parser.add_argument("--site", required=True, metavar="HOST")
    parser.add_argument("numbers", nargs="*", metavar="NUMBER", help="of an order")
    return parser.parse_args(words)
