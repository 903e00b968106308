"""A theme's settings as the customiser shows them: fields by group, how well colours read, and what changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from msgspec import Struct, field
from msgspec.structs import replace

from core.catalogue.services import media
from core.hookspecs.site import Site
from core.kernel import db, i18n, theme_settings
from core.kernel.contrast import Reading
from core.kernel.i18n import gettext as _
from core.kernel.i18n import lazy
from core.kernel.installation import installation
from core.kernel.theme_settings import Advice, Choice, ThemeSetting
from core.kernel.themes import Theme

PICTURES = 12
_GROUPS = {
    "colours": lazy("Colours"),
    "letters": lazy("Letters"),
    "shape": lazy("Shape and room"),
    "header": lazy("Header"),
    "home": lazy("Home page"),
    "product": lazy("Product page"),
    "footer": lazy("Footer"),
    "other": lazy("More"),
}
# What a token is, where its contrast is spoken of.
_TOKENS = {
    "--color-text": lazy("text"),
    "--color-text-soft": lazy("soft text"),
    "--color-text-faint": lazy("faint text"),
    "--color-link": lazy("links"),
    "--color-sale": lazy("reduced prices"),
    "--color-good": lazy("good news"),
    "--color-warn": lazy("warnings"),
    "--color-bad": lazy("errors"),
    "--color-on-accent": lazy("words"),
    "--color-on-buy": lazy("words"),
    "--color-on-band": lazy("words"),
    "--color-focus": lazy("the focus ring"),
    "--color-line-control": lazy("lines of fields"),
    "--color-star": lazy("stars"),
    "--color-canvas": lazy("the paper"),
    "--color-surface": lazy("cards"),
    "--color-sunken": lazy("sunken areas"),
    "--color-accent": lazy("the accent"),
    "--color-accent-strong": lazy("the accent under the pointer"),
    "--color-buy": lazy("the buy button"),
    "--color-buy-strong": lazy("the buy button under the pointer"),
    "--color-band": lazy("the announcement"),
    "--color-sale-soft": lazy("the mark of a sale"),
    "--color-good-soft": lazy("the mark of good news"),
    "--color-warn-soft": lazy("the mark of a warning"),
    "--color-bad-soft": lazy("the mark of an error"),
}


class TextField(Struct, frozen=True, kw_only=True):
    """One language of a setting that holds words; `default` is shown where nothing is written."""

    tag: str
    language: str
    value: str
    default: str


class SectionField(Struct, frozen=True, kw_only=True):
    """One section in its place."""

    key: str
    title: str
    is_shown: bool


class PictureChoice(Struct, frozen=True, kw_only=True):
    """A picture that can be chosen."""

    id: int
    name: str
    url: str


class Reads(Struct, frozen=True, kw_only=True):
    """How well a colour reads: in words, where it is too faint, and the nearest colour that is not."""

    said: str
    weak: tuple[str, ...] = ()
    nearest: str = ""


class SettingField(Struct, frozen=True, kw_only=True):
    """One setting of the form."""

    name: str
    kind: str
    label: str
    help: str
    value: Any
    default: Any
    error: str = ""
    choices: list[tuple[str, str]] = field(default_factory=list)
    texts: list[TextField] = field(default_factory=list)
    sections: list[SectionField] = field(default_factory=list)
    reads: Reads | None = None


class Group(Struct, frozen=True, kw_only=True):
    """Settings under one heading; `is_troubled` where something is too faint or refused."""

    key: str
    title: str
    fields: list[SettingField]
    is_troubled: bool


def theme_named(name: str) -> Theme | None:
    """A theme that can be chosen."""
    themes = installation().themes
    return themes.get(name) if themes.has(name) else None


def choices() -> list[tuple[str, str, str]]:
    """(name, title, summary) of every theme."""
    themes = installation().themes
    found = [themes.get(name) for name in themes.all()]
    return [(one.name, i18n.of_theme(one.name, one.title), i18n.of_theme(one.name, one.summary)) for one in found]


def groups(theme: Theme, values: Mapping[str, Any], languages: Sequence[str], errors: Mapping[str, str]) -> list[Group]:
    """The form, group by group, in the order of the manifest."""
    settings = list(theme.settings.values())
    fit = {name: value for name, value in values.items() if name not in errors}
    advice = theme_settings.advice(settings, fit, installation().themes.tokens(theme.name))
    found: dict[str, list[SettingField]] = {}
    for setting in settings:
        shown = _field(theme, setting, values, languages)
        shown = replace(shown, error=errors.get(setting.name, ""), reads=_reads(advice.get(setting.name)))
        found.setdefault(setting.group, []).append(shown)
    return [
        Group(
            key=key,
            title=str(title),
            fields=found[key],
            is_troubled=any(one.error or (one.reads and one.reads.weak) for one in found[key]),
        )
        for key, title in _GROUPS.items()
        if key in found
    ]


def _field(theme: Theme, setting: ThemeSetting, values: Mapping[str, Any], languages: Sequence[str]) -> SettingField:
    def said(text: str) -> str:
        return i18n.of_theme(theme.name, text)

    stored = values.get(setting.name)
    return SettingField(
        name=setting.name,
        kind=setting.kind,
        label=said(setting.label),
        help=said(setting.help) if setting.help else "",
        value=stored if stored is not None else setting.default,
        default=setting.default or (_own(theme, setting) if setting.kind == "colour" else setting.default),
        choices=[(choice.value, said(choice.label)) for choice in setting.choices],
        texts=_texts(theme, setting, stored, languages) if setting.is_translated else [],
        sections=_sections(setting, values, said) if setting.kind == "sections" else [],
    )


def _own(theme: Theme, setting: ThemeSetting) -> str:
    return theme_settings.own_colour(setting, installation().themes.tokens(theme.name))


def _texts(theme: Theme, setting: ThemeSetting, stored: Any, languages: Sequence[str]) -> list[TextField]:
    words = stored if isinstance(stored, dict) else dict.fromkeys(languages, stored) if stored else {}
    return [
        TextField(
            tag=tag,
            language=i18n.language_name(tag),
            value=words.get(tag, ""),
            default=i18n.of_theme(theme.name, setting.default, tag) if setting.default else "",
        )
        for tag in languages
    ]


def _sections(setting: ThemeSetting, values: Mapping[str, Any], said: Any) -> list[SectionField]:
    return [
        SectionField(key=choice.value, title=said(choice.label), is_shown=is_shown)
        for choice, is_shown in theme_settings.sections(setting, values)
    ]


# -- how well it reads -------------------------------------------------------------------------------------------------


def _reads(advice: Advice | None) -> Reads | None:
    if advice is None:
        return None
    return Reads(said=_pair(advice.weakest), weak=tuple(_pair(one) for one in advice.weak[:4]), nearest=advice.nearest)


def _pair(reading: Reading) -> str:
    front, back = (str(_TOKENS.get(token, token)) for token in (reading.front, reading.back))
    values = {
        "front": front,
        "back": back,
        # Cut, not rounded: 4.49 must not look like 4.5.
        "ratio": i18n.number(int(reading.ratio * 10) / 10),
        "least": i18n.number(reading.least),
    }
    if reading.dark:
        return _("In the dark, %(front)s on %(back)s read %(ratio)s to 1; %(least)s is needed.", **values)
    return _("In the light, %(front)s on %(back)s read %(ratio)s to 1; %(least)s is needed.", **values)


# -- pictures ----------------------------------------------------------------------------------------------------------


def picture(media_id: int) -> Mapping[str, Any] | None:
    """What a setting stores of a picture: enough to show it without a look into the catalogue."""
    return media.snapshot(media_id)


def recent_pictures(values: Mapping[str, Any], theme: Theme) -> list[PictureChoice]:
    """The latest pictures, and those that are chosen now."""
    chosen = {
        value["id"]
        for name, value in values.items()
        if name in theme.settings and theme.settings[name].kind == "picture" and isinstance(value, dict)
    }
    return [PictureChoice(id=row[0], name=row[1], url=row[2]) for row in media.recent(PICTURES, sorted(chosen))]


def example_product(site: Site) -> str | None:
    """The path of a product that shoppers see, for the preview."""
    path = db.value("SELECT path FROM card WHERE site_id = ? ORDER BY product_id DESC LIMIT 1", site.id)
    return f"/p/{quote(path)}" if path else None


# -- what differs ------------------------------------------------------------------------------------------------------


def differing(theme: Theme, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """(setting, before, after) in words, of what differs between two states."""
    return [
        (
            i18n.of_theme(theme.name, setting.label),
            _shown(theme, setting, before.get(setting.name, setting.default)),
            _shown(theme, setting, after.get(setting.name, setting.default)),
        )
        for setting in theme.settings.values()
        if before.get(setting.name, setting.default) != after.get(setting.name, setting.default)
    ]


def _shown(theme: Theme, setting: ThemeSetting, value: Any) -> str:
    if setting.kind == "flag":
        return _("On") if value else _("Off")
    if setting.kind == "sections":
        shown = [choice for choice, is_on in theme_settings.sections(setting, {setting.name: value}) if is_on]
        return i18n.enumerated(_titles(theme, shown))
    if setting.kind == "choice":
        return i18n.enumerated(_titles(theme, [choice for choice in setting.choices if choice.value == value]))
    if isinstance(value, dict):
        return str(value["name"]) if "name" in value else " / ".join(str(words) for words in value.values())
    return i18n.of_theme(theme.name, value) if setting.is_translated and value else str(value or "–")


def _titles(theme: Theme, picked: Iterable[Choice]) -> list[str]:
    return [i18n.of_theme(theme.name, choice.label) for choice in picked]


def merged(mine: Mapping[str, Any], base: Mapping[str, Any] | None, theirs: Mapping[str, Any]) -> dict[str, Any]:
    """What a form holds after somebody else was first: their values where I changed nothing, mine where I did."""
    if base is None:
        return dict(mine)
    untouched = {name for name in {*mine, *base, *theirs} if mine.get(name) == base.get(name)}
    kept = {name: value for name, value in mine.items() if name not in untouched}
    return {**{name: theirs[name] for name in untouched if name in theirs}, **kept}


def instant(text: str, timezone: str) -> datetime | None:
    """A `datetime-local` of the site's time zone; None for anything else."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(timezone)).astimezone(UTC) if text else None
    except ValueError:
        return None
