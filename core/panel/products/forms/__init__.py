"""What the parts of the product editor say, read from their many fields; errors stay beside their field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from msgspec import Struct, field

from core.catalogue.services.drafts import OptionDraft, TextDraft, ValueDraft
from core.kernel.i18n import enumerated, labelled
from core.kernel.i18n import gettext as _
from core.lib.text import clean_html
from core.panel.forms import is_whole, lines
from core.panel.shell.status import Status

Form = Mapping[str, str]
_WORDS = ("name", "summary", "body", "seo_title", "seo_description")
_LONGEST = 255
TEXTS = ("name", "summary", "body_html", "seo_title", "seo_description")


class TextForm(Struct, kw_only=True):
    """The words in one language as the form shows them. `slug` None: this site has no addresses in the language.

    Of a site's own words those that are empty are inherited: `shared` says what all sites have. `own_on` names the
    sites that have words of their own beside these, `first_on` those that sell the product and speak this language
    first. `is_dropped`: all that was there is emptied, so the language goes.
    """

    language: str
    title: str
    name: str = ""
    summary: str = ""
    body_html: str = ""
    seo_title: str = ""
    seo_description: str = ""
    slug: str | None = None
    shared: dict[str, str] = field(default_factory=lambda: dict.fromkeys(TEXTS, ""))
    own_on: list[str] = field(default_factory=list)
    first_on: list[str] = field(default_factory=list)
    is_dropped: bool = False
    errors: dict[str, str] = field(default_factory=dict)

    def fill(self, words: Iterable[str]) -> None:
        """Show these words, in the order of `TEXTS`."""
        for name, word in zip(TEXTS, words, strict=True):
            setattr(self, name, word)

    def hold(self, words: Iterable[str]) -> None:
        """These are the words of all sites, which the site's own stand instead of."""
        self.shared = dict(zip(TEXTS, words, strict=True))

    def said(self, name: str) -> str:
        """What shoppers read: the words of the form, else those of all sites."""
        return str(getattr(self, name) or self.shared[name])

    @property
    def is_complete(self) -> bool:
        return bool(self.said("name") and self.said("body_html"))


class PriceFact(Struct, frozen=True, kw_only=True):
    """A public price of a variant on this site. Only the one without bounds is edited in the grid."""

    currency: str
    amount: int
    was: int | None
    from_qty: int
    starts: int | None
    ends: int | None

    @property
    def is_plain(self) -> bool:
        return self.from_qty == 1 and self.starts is None and self.ends is None


class VariantFact(Struct, frozen=True, kw_only=True):
    """A variant with its choices in words and its public prices here.

    `stock`: what is there at the first location; None if it is not counted.
    """

    id: int
    sku: str
    barcode: str
    weight_g: int
    active: bool
    tracked: bool
    title: str
    prices: list[PriceFact]
    stock: int | None = None

    def plain(self, currency: str) -> PriceFact | None:
        """The price that holds without bounds in a currency."""
        return next((price for price in self.prices if price.currency == currency and price.is_plain), None)


class PlaceForm(Struct, kw_only=True):
    """Where and when a product stands on one site, as the form shows it; times are the site's (`datetime-local`).

    `own` are the languages in which the site has words of its own; `words_url` leads to them. `model` is (id, name) of
    the site whose prices in the same currency may be taken over, where there is one.
    """

    id: int
    name: str
    host: str
    status: Status
    own: list[str]
    words_url: str
    timezone: str
    prices: str
    model: tuple[int, str] | None
    is_like_model: bool
    visible: bool
    position: str
    publish_at: str
    withdraw_at: str
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def said(self) -> tuple[object, ...]:
        """What is saved of it."""
        return self.visible, self.position, self.publish_at, self.withdraw_at


def read_texts(form: Form, texts: Sequence[TextForm], *, keep_names: bool = False) -> None:
    """Put what was typed into the texts; with `keep_names` a name that was given goes only with all of its language."""
    for text in texts:
        typed = {name: form.get(f"{name}-{text.language}", "").strip() for name in _WORDS}
        if keep_names and text.name and not form.get(f"name-{text.language}", text.name).strip():
            text.is_dropped = not text.first_on and not any(typed.values())
            if not text.is_dropped:
                text.errors["name"] = _needs_name(text)
        text.name, text.summary, text.seo_title, text.seo_description = (
            typed[name] for name in ("name", "summary", "seo_title", "seo_description")
        )
        text.body_html = typed["body"]
        if text.slug is not None:
            text.slug = form.get(f"slug-{text.language}", "").strip()
        for name in ("name", "seo_title"):
            if len(getattr(text, name)) > _LONGEST:
                text.errors[name] = _("At most %(count)s characters.", count=_LONGEST)


def _needs_name(text: TextForm) -> str:
    if text.first_on:
        return _("Give the product a name. This is the first language of %(sites)s.", sites=enumerated(text.first_on))
    return _("Give the product a name, or empty all words of this language to remove it.")


def reset(wanted: str, texts: Sequence[TextForm]) -> None:
    """Let a field (`name-en`) of a site's own words follow those of all sites again."""
    for text in texts:
        for name, key in zip(_WORDS, TEXTS, strict=True):
            if wanted == f"{name}-{text.language}":
                setattr(text, key, "")


def text_drafts(texts: Sequence[TextForm]) -> dict[str, TextDraft]:
    """The words as the catalogue takes them, their HTML cleaned."""
    return {
        text.language: TextDraft(
            name=text.name,
            summary=text.summary,
            body_html=clean_html(text.body_html),
            seo_title=text.seo_title,
            seo_description=text.seo_description,
        )
        for text in texts
        if not text.is_dropped
    }


# -- options ---------------------------------------------------------------------------------------------------------


def option_drafts(names: Sequence[str], values: Sequence[str], language: str) -> tuple[OptionDraft, ...]:
    """The options that were named, with their values line by line."""
    return tuple(
        OptionDraft(
            names={language: name.strip()}, values=tuple(ValueDraft(names={language: word}) for word in lines(words))
        )
        for name, words in zip(names, values, strict=False)
        if name.strip()
    )


# -- places ----------------------------------------------------------------------------------------------------------


def read_places(form: Form, places: Sequence[PlaceForm]) -> list[tuple[str, str]]:
    """Put what was typed into the places; answers what cannot be read."""
    for place in places:
        place.visible = bool(form.get(f"visible-{place.id}"))
        place.position = form.get(f"position-{place.id}", "").strip() or "0"
        place.publish_at, place.withdraw_at = (
            form.get(f"{name}-{place.id}", "").strip() for name in ("publish_at", "withdraw_at")
        )
        if not is_whole(place.position):
            place.errors["position"] = _("Write a whole number.")
        begins, ends = (instant(typed, place.timezone) for typed in (place.publish_at, place.withdraw_at))
        for name, time in (("publish_at", begins), ("withdraw_at", ends)):
            if getattr(place, name) and time is None:
                place.errors[name] = _("Write a day and a time that there is in %(zone)s.", zone=place.timezone)
        if begins is not None and ends is not None and begins >= ends:
            place.errors["withdraw_at"] = _("The end comes before the beginning.")
    return [
        (f"{name}-{place.id}", labelled(place.name, message))
        for place in places
        for name, message in place.errors.items()
    ]


def instant(text: str, timezone: str) -> datetime | None:
    """A `datetime-local` of a time zone as an instant; None for all else, and for an hour that clocks leap over."""
    if not text:
        return None
    try:
        local = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(timezone))
        at = local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return at if at.astimezone(local.tzinfo).replace(tzinfo=None) == local.replace(tzinfo=None) else None
