"""What the merchant may set, what a review may hold, and how a file of reviews is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from core.api import Settings, Site, Unfit, command_line, email_problem, fold, now, setting
from core.api import gettext as _

if TYPE_CHECKING:
    from argparse import Namespace

TITLE, TEXT, NAME, REPLY, REASON, ALT = 120, 5000, 60, 2000, 500, 200
COLUMNS = ("sku", "stars", "title", "text", "name", "date", "language", "verified", "email")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_LINK = re.compile(r"https?://|www\.|\[url|\b[a-z0-9-]+\.(com|net|org|info|biz|xyz|club|vip|ru|cn)\b", re.IGNORECASE)
_YES, _NO = {"yes", "true", "1", "y", "是"}, {"", "no", "false", "0", "n", "否"}


class ReviewSettings(Settings):
    """What the merchant may change. The form in the panel is made from this class."""

    moderation: Literal["before", "after"] = setting(
        "before",
        label="Look at reviews",
        help="Reviews with links in them always wait for you.",
        choices=(("before", "Before they are shown"), ("after", "After they are shown")),
    )
    anyone: bool = setting(
        False,
        label="Any signed-in shopper may write",
        help="Otherwise only buyers may. Reviews of buyers are marked.",
    )
    photos: bool = setting(
        True,
        label="Photos with reviews",
        help="Up to four. They are kept without place and time, and wait for you before they are shown.",
    )
    invite: bool = setting(
        False,
        label="Ask buyers by mail",
        help="Once per order. Every mail has a link that ends such mails. Some countries ask for consent first.",
    )
    invite_days: int = setting(7, label="Days from delivery to the mail", minimum=1, maximum=60)
    link_days: int = setting(60, label="Days for which the link in the mail works", minimum=7, maximum=365)


class Wanted(Struct, frozen=True, kw_only=True):
    """A review as it is to be stored."""

    stars: int
    title: str
    text: str
    name: str
    language: str

    @property
    def folded(self) -> str:
        """What a word is looked for in."""
        return fold(f"{self.title}\n{self.text}")

    @property
    def has_links(self) -> bool:
        """Whether it holds what looks like an address: most of what spam is written for."""
        return any(_LINK.search(part) for part in (self.title, self.text, self.name))


def parse(form: Mapping[str, str], site: Site) -> Wanted:
    """The form of a review. Raises Unfit with a message per field."""
    errors: dict[str, str] = {}
    stars = form.get("stars", "").strip()
    if stars not in {"1", "2", "3", "4", "5"}:
        errors["stars"] = _("Choose from one to five stars.")
    text, title, name = (
        paragraphs(form.get("text", "")),
        one_line(form.get("title", "")),
        one_line(form.get("name", "")),
    )
    if not text:
        errors["text"] = _("Write what you found good or bad.")
    if not name:
        errors["name"] = _("Write the name to be shown, or initials.")
    errors.update(_too_long({"title": (title, TITLE), "text": (text, TEXT), "name": (name, NAME)}))
    language = form.get("language", "") or site.language
    if language not in site.languages:
        errors["language"] = _("Choose one of these.")
    if errors:
        raise Unfit(errors)
    return Wanted(stars=int(stars), title=title, text=text, name=name, language=language)


def _too_long(texts: Mapping[str, tuple[str, int]]) -> dict[str, str]:
    return {
        field: _("At most %(count)s characters. This has %(found)s.", count=most, found=len(text))
        for field, (text, most) in texts.items()
        if len(text) > most
    }


def one_line(text: str) -> str:
    """`text` without line breaks and controls."""
    return " ".join(_CONTROLS.sub(" ", text).split())


def paragraphs(text: str) -> str:
    """`text` with its line breaks, at most one empty line in a row, without controls."""
    lines = [line.rstrip() for line in _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def words_of_staff(text: str, most: int, *, needed: str) -> str:
    """A reply or a reason. Raises Unfit under `text`."""
    clean = paragraphs(text)
    if needed and not clean:
        raise Unfit({"text": needed})
    if wrong := _too_long({"text": (clean, most)}):
        raise Unfit(wrong)
    return clean


class TranslationWords(Struct, frozen=True, kw_only=True):
    """A review's title and words in another language, as staff enter them."""

    title: str
    text: str

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return not (self.title or self.text)

    @property
    def folded(self) -> str:
        """What a word is looked for in."""
        return fold(f"{self.title}\n{self.text}")


def parse_translation(form: Mapping[str, str]) -> TranslationWords:
    """The form of a translation. Raises Unfit with a message per field."""
    title, text = one_line(form.get("title", "")), paragraphs(form.get("text", ""))
    if wrong := _too_long({"title": (title, TITLE), "text": (text, TEXT)}):
        raise Unfit(wrong)
    return TranslationWords(title=title, text=text)


# -- files -------------------------------------------------------------------------------------------------------------


class FileReview(Struct, frozen=True, kw_only=True):
    """A row of a file, read; `date` is written again as it stood, so that a row is known when it comes again.

    `email` is the address of who wrote it; it is never stored.
    """

    sku: str
    wanted: Wanted
    at: datetime
    date: str
    verified: bool
    email: str = ""


def parse_row(cells: Mapping[str, str], site: Site) -> FileReview:
    """One row of a file. Stars alone are enough. Raises Unfit with a message per column."""
    errors: dict[str, str] = {}
    sku, said = cells.get("sku", "").strip(), cells.get("stars", "").strip()
    if not sku:
        errors["sku"] = _("Fill this in.")
    if not re.fullmatch(r"[1-5](\.0+)?", said):
        errors["stars"] = _("Write a whole number from 1 to 5.")
    text, title, name = (
        paragraphs(cells.get("text", "")), one_line(cells.get("title", "")), one_line(cells.get("name", ""))
    )  # fmt: skip
    errors.update(_too_long({"title": (title, TITLE), "text": (text, TEXT), "name": (name, NAME)}))
    date, at = cells.get("date", "").strip(), now()
    try:
        at = _instant(date) if date else at
    except ValueError:
        errors["date"] = _("Write a day such as 2026-11-25 that is not in the future.")
    language = cells.get("language", "").strip().replace("_", "-") or site.language
    if not _LANGUAGE.match(language) or len(language) > 20:
        errors["language"] = _("Write a language code such as en or zh-CN.")
    bought = cells.get("verified", "").strip().lower()
    if bought not in _YES | _NO:
        errors["verified"] = _("Write yes or no.")
    email = cells.get("email", "").strip()
    if email and email_problem(email):
        errors["email"] = _("This is no mail address.")
    if errors:
        raise Unfit(errors)
    wanted = Wanted(stars=int(said[0]), title=title, text=text, name=name, language=language)
    return FileReview(sku=sku, wanted=wanted, at=at, date=date, verified=bought in _YES, email=email)


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    at = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    if at > now():
        raise ValueError(text)
    return at


def import_arguments(words: list[str]) -> Namespace:
    """`FILE --site HOST`."""
    parser = command_line("reviews import", "Take reviews from a CSV file.")
    parser.add_argument("file", help=f"columns: {', '.join(COLUMNS)}; sku and stars are needed")
    parser.add_argument("--site", required=True, metavar="HOST")
    return parser.parse_args(words)


def erase_arguments(words: list[str]) -> Namespace:
    """`ADDRESS --site HOST`."""
    parser = command_line("reviews erase", "Take the name of a person off their reviews.")
    parser.add_argument("email", metavar="ADDRESS")
    parser.add_argument("--site", required=True, metavar="HOST")
    return parser.parse_args(words)
