"""What a merchant may change about a theme: declared in its `theme.toml`, typed here, and turned into a stylesheet.

    [settings.accent]
    kind = "colour"
    label = "Accent"
    spread = "accent"

A value is checked where it is read from a form and again where it becomes a style, because it ends up in every page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from core.kernel import contrast
from core.lib import colours
from core.lib.errors import Unfit

KINDS = ("text", "lines", "colour", "choice", "flag", "picture", "sections")
GROUPS = ("colours", "letters", "shape", "header", "home", "product", "footer", "other")
_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_TOKEN = re.compile(r"--[a-z0-9-]+\Z")
_HEX = re.compile(r"#[0-9a-f]{6}\Z")
# What a token of a choice may hold: no braces, no semicolons, no address, so that it stays one value.
_VALUE = re.compile(r"[^{};@\\<>]{1,300}\Z")
_WHITE, _INK = "#ffffff", "#111315"
_LIGHTER = 0.08
_MOST = {"text": 200, "lines": 2000}
_TOO_LONG = "Too long: a line takes 200 characters, a text 2,000."
# The accent's ramp, as `tokens.css` spreads it: token, lightness, share of the chroma.
_RAMP = (
    ("--a-50", 0.955, 0.28),
    ("--a-100", 0.91, 0.5),
    ("--a-300", 0.80, 1.0),
    ("--a-900", 0.27, 0.6),
)
Values = Mapping[str, Any]


class Choice(Struct, frozen=True):
    """One of the values of a choice (or one section), with the tokens that it sets."""

    value: str
    label: str
    tokens: Mapping[str, str]


class ThemeSetting(Struct, frozen=True):
    """One thing a merchant may change about a theme. Labels are English msgids of the theme's own locale.

    A colour sets `tokens` in the `scheme` (light, dark, or both where it is empty), or it is spread over a ramp;
    `on` is the token of what is read upon it, which turns white or black by itself.
    """

    name: str
    kind: str
    default: Any
    label: str
    help: str = ""
    group: str = "other"
    choices: tuple[Choice, ...] = ()
    tokens: tuple[str, ...] = ()
    scheme: str = ""
    spread: str = ""
    on: str = ""

    @property
    def is_translated(self) -> bool:
        """Whether it holds words, one text per language."""
        return self.kind in _MOST

    @property
    def says(self) -> list[str]:
        """Its words, which the theme's locale translates."""
        words = [self.label, self.help, *(choice.label for choice in self.choices)]
        return [text for text in (*words, self.default if self.is_translated else "") if text]

    @property
    def writes(self) -> frozenset[str]:
        """The tokens that its value sets."""
        own = {"accent": ("--a-600", "--a-700", "--accent-h", "--accent-c", *(name for name, *_ in _RAMP))}
        spread = own.get(self.spread, ("--a-300", "--a-100") if self.spread else ())
        of_choices = (token for choice in self.choices for token in choice.tokens)
        return frozenset((*self.tokens, *spread, *of_choices, *((self.on,) if self.on else ())))


def read(name: str, said: Mapping[str, Any]) -> ThemeSetting:
    """One `[settings.x]` of a manifest. Raises ValueError with what is wrong with it."""
    kind, where = said.get("kind", "text"), f"settings.{name}"
    _must(_NAME.match(name), f"{where}: a name is small letters, digits and underscores")
    _must(kind in KINDS, f"{where}: kind is one of {', '.join(KINDS)}")
    _must(said.get("group", "other") in GROUPS, f"{where}: group is one of {', '.join(GROUPS)}")
    _must(said.get("scheme", "") in {"", "light", "dark"}, f"{where}: scheme is light or dark")
    _must(said.get("spread", "") in {"", "accent", "accent_dark"}, f"{where}: spread is accent or accent_dark")
    choices = tuple(_choice(where, value, about) for value, about in said.get("choices", {}).items())
    _must(kind not in {"choice", "sections"} or choices, f"{where}: what are its choices?")
    tokens = tuple(said.get("tokens", ()))
    for token in (*tokens, *((said["on"],) if said.get("on") else ())):
        _must(_TOKEN.match(token), f"{where}: {token} is no token")
    setting = ThemeSetting(
        name=name,
        kind=kind,
        default=said.get("default", _nothing(kind, choices)),
        label=str(said.get("label", name)),
        help=str(said.get("help", "")),
        group=said.get("group", "other"),
        choices=choices,
        tokens=tokens,
        scheme=said.get("scheme", ""),
        spread=said.get("spread", ""),
        on=said.get("on", ""),
    )
    _must(_is_fit(setting, setting.default) or setting.default == "", f"{where}: its default does not fit its kind")
    return setting


def _choice(where: str, value: str, about: Any) -> Choice:
    label, tokens = (about, {}) if isinstance(about, str) else (about.get("label", value), about.get("tokens", {}))
    for token, held in tokens.items():
        _must(_TOKEN.match(token) and _VALUE.match(held), f"{where}: {value} sets {token} to what is no value")
    return Choice(value, str(label), dict(tokens))


def _nothing(kind: str, choices: Sequence[Choice]) -> Any:
    if kind == "sections":
        return [choice.value for choice in choices]
    return {"flag": False, "picture": None, "choice": choices[0].value if choices else ""}.get(kind, "")


def _must(holds: object, message: str) -> None:
    if not holds:
        raise ValueError(message)


# -- values ------------------------------------------------------------------------------------------------------------


def _is_fit(setting: ThemeSetting, value: Any) -> bool:
    known = {choice.value for choice in setting.choices}
    checks: dict[str, Callable[[], bool]] = {
        "colour": lambda: isinstance(value, str) and _HEX.match(value) is not None,
        "choice": lambda: value in known,
        "flag": lambda: isinstance(value, bool),
        "picture": lambda: (
            value is None or (isinstance(value, dict) and {"id", "name", "width", "height"} <= set(value))
        ),
        "sections": lambda: isinstance(value, list) and {str(one).removeprefix("-") for one in value} <= known,
    }
    return checks.get(setting.kind, lambda: isinstance(value, str | dict))()


def chosen(setting: ThemeSetting, values: Values) -> Any:
    """The stored value if it (still) fits what the theme declares, else the default."""
    value = values.get(setting.name)
    return value if value is not None and _is_fit(setting, value) else setting.default


def sections(setting: ThemeSetting, values: Values) -> list[tuple[Choice, bool]]:
    """All sections in the merchant's order, each with whether it is shown; those the theme has since learnt come last.

    Stored as names, of which hidden ones begin with a minus.
    """
    known = {choice.value: choice for choice in setting.choices}
    stored = [str(name) for name in chosen(setting, values)]
    named = [name.removeprefix("-") for name in stored]
    new = [name if name in setting.default else f"-{name}" for name in known if name not in named]
    return [(known[name.removeprefix("-")], not name.startswith("-")) for name in [*stored, *new]]


def checked(settings: Iterable[ThemeSetting], values: Values) -> dict[str, Any]:
    """The values that differ from the defaults. Raises Unfit with a message per setting."""
    kept: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for setting in settings:
        value = values.get(setting.name)
        if value in (None, "", {}) or value == setting.default:
            continue
        if not _is_fit(setting, value):
            errors[setting.name] = "A colour such as #1d5f85." if setting.kind == "colour" else "Choose one of these."
        elif setting.is_translated and any(len(text) > _MOST[setting.kind] for text in _texts(value)):
            errors[setting.name] = _TOO_LONG
        elif setting.kind != "sections" or sections(setting, values) != sections(setting, {}):
            kept[setting.name] = value
    if errors:
        raise Unfit(errors)
    return kept


def _texts(value: Any) -> list[str]:
    return [str(text) for text in (value.values() if isinstance(value, dict) else (value,))]


# -- the stylesheet ----------------------------------------------------------------------------------------------------


def tokens_of(settings: Iterable[ThemeSetting], values: Values, known: Mapping[str, str]) -> dict[str, str]:
    """The tokens that these values set; `known` are those of the theme itself."""
    made: dict[str, str] = {}
    for setting in settings:
        if setting.name not in values or (value := chosen(setting, values)) == setting.default:
            continue
        if setting.kind == "choice":
            made.update(next(choice.tokens for choice in setting.choices if choice.value == value))
        if setting.kind == "colour":
            _colour(setting, value, made, known)
    return made


def _colour(setting: ThemeSetting, value: str, made: dict[str, str], known: Mapping[str, str]) -> None:
    before = {**known, **made}
    lightness, chroma, hue = colours.to_oklch(value)
    if setting.spread == "accent":
        made.update({token: _oklch(light, chroma * share, hue) for token, light, share in _RAMP})
        made.update({"--accent-h": f"{hue:.2f}", "--accent-c": f"{chroma:.4f}"})
        made.update({"--a-600": value, "--a-700": _oklch(max(0.0, lightness - _LIGHTER), chroma, hue)})
    elif setting.spread == "accent_dark":
        made.update({"--a-300": value, "--a-100": _oklch(min(1.0, lightness + _LIGHTER), chroma, hue)})
    for token in setting.tokens:
        made[token] = _in_scheme(setting.scheme, value, before.get(token, value))
    if setting.on:
        _read_upon(setting, value, made, known)


def own_colour(setting: ThemeSetting, known: Mapping[str, str]) -> str:
    """The theme's own colour in the place that a setting is about; empty where it cannot be said."""
    token = {"accent": "--a-600", "accent_dark": "--a-300"}.get(setting.spread, next(iter(setting.tokens), ""))
    if token not in known:
        return ""
    try:
        return colours.hex_of(colours.colour(known[token], known, dark=_scheme(setting) == "dark"))
    except colours.NotAColour:
        return ""


def _scheme(setting: ThemeSetting) -> str:
    return {"accent": "light", "accent_dark": "dark"}.get(setting.spread, setting.scheme)


def _read_upon(setting: ThemeSetting, value: str, made: dict[str, str], known: Mapping[str, str]) -> None:
    """White or ink, whichever is read better upon the colour: for the accent, upon each scheme's own."""
    all_tokens = {**known, **made}
    scheme = "dark" if setting.spread == "accent_dark" else setting.scheme
    if setting.spread == "accent":
        night = colours.colour(made["--a-300"], all_tokens, dark=True)
        made[setting.on] = f"light-dark({_best(colours.colour(value, {}, dark=False))}, {_best(night)})"
    else:
        best = _best(colours.colour(value, {}, dark=False))
        made[setting.on] = _in_scheme(scheme, best, all_tokens.get(setting.on, best))


def _best(back: colours.Colour) -> str:
    white, ink = (colours.contrast(colours.colour(front, {}, dark=False), back) for front in (_WHITE, _INK))
    return _WHITE if white >= ink else _INK


def _in_scheme(scheme: str, value: str, before: str) -> str:
    if not scheme:
        return value
    light, dark = colours.split(before)
    return f"light-dark({value}, {dark})" if scheme == "light" else f"light-dark({light}, {value})"


def _oklch(lightness: float, chroma: float, hue: float) -> str:
    return f"oklch({lightness:.4f} {chroma:.4f} {hue:.2f})"


def css(tokens: Mapping[str, str]) -> str:
    """A stylesheet that sets these tokens above the theme's own; empty where nothing is set."""
    if not tokens:
        return ""
    return "@layer theme { :root { " + " ".join(f"{name}: {value};" for name, value in tokens.items()) + " } }\n"


# -- how well it reads -------------------------------------------------------------------------------------------------


class Advice(Struct, frozen=True):
    """How a chosen colour reads: where it is weakest, all places where it is too weak, and the nearest that is not."""

    weakest: contrast.Reading
    weak: tuple[contrast.Reading, ...]
    nearest: str


def advice(settings: Sequence[ThemeSetting], values: Values, known: Mapping[str, str]) -> dict[str, Advice]:
    """What there is to say about each colour that the merchant picked (WCAG 2.2, 1.4.3 and 1.4.11)."""
    made = tokens_of(settings, values, known)
    found: dict[str, Advice] = {}
    for setting in settings:
        if setting.kind != "colour" or not setting.writes or setting.name not in values:
            continue
        pairs = _pairs(setting, {**known, **made})
        readings = _readings(pairs, {**known, **made})
        if readings:
            weak = tuple(one for one in readings if one.is_weak)
            weakest = min(readings, key=lambda one: one.ratio / one.least)
            nearest = _nearest(setting, settings, values, known, pairs) if weak else ""
            found[setting.name] = Advice(weakest, weak, nearest)
    return found


_Pairs = list[tuple[str, str, float, bool]]


def _pairs(setting: ThemeSetting, known: Mapping[str, str]) -> _Pairs:
    """The pairs, in the scheme that the setting is about, in which one of its tokens is seen."""
    scheme = _scheme(setting)
    schemes = [dark for dark in (False, True) if scheme in {"", "dark" if dark else "light"}]
    return [
        (front, back, least, dark)
        for front, back, least in contrast.PAIRS
        for dark in schemes
        if front in known
        and back in known
        and (_behind(front, known, dark=dark) | _behind(back, known, dark=dark)) & setting.writes
    ]


def _behind(token: str, known: Mapping[str, str], *, dark: bool) -> frozenset[str]:
    """A token and all that its value is made of in this scheme."""
    found, waiting = set[str](), [token]
    while waiting:
        name = waiting.pop()
        if name in found or name not in known:
            continue
        found.add(name)
        value = colours.split(known[name])[dark]
        waiting += re.findall(r"var\((--[\w-]+)", value)
    return frozenset(found)


def _readings(pairs: _Pairs, known: Mapping[str, str]) -> list[contrast.Reading]:
    found = []
    for front, back, least, dark in pairs:
        try:
            found.append(contrast.reading(front, back, least, known, dark=dark))
        except colours.NotAColour:
            continue  # A theme's own colour that nobody can compute: its author hears of it from the theme's check.
    return found


def _nearest(
    setting: ThemeSetting, settings: Sequence[ThemeSetting], values: Values, known: Mapping[str, str], pairs: _Pairs
) -> str:
    """The same colour, as little lighter or darker as makes every pair pass; empty if none does."""
    lightness, chroma, hue = colours.to_oklch(values[setting.name])
    for step in range(1, 101):
        for moved in (lightness - step / 100, lightness + step / 100):
            if not 0.0 <= moved <= 1.0:
                continue
            tried = colours.to_hex(moved, chroma, hue)
            made = tokens_of(settings, {**values, setting.name: tried}, known)
            if not any(one.is_weak for one in _readings(pairs, {**known, **made})):
                return tried
    return ""
