"""Settings: one annotated class drives form, validation, masking, defaults, help and inheritance.

    class Settings(api.Settings):
        account: str = setting(label="Account number", max_length=40)
        key: Secret = setting(label="API key", help="From the bank's page")
        fee: Amount = setting("0", label="Fee")
        mode: Literal["test", "live"] = "test"
        shade: str = setting("warm", choices=(("warm", "Warm white"), ("cold", "Daylight")))

A value comes from the site, else from the installation, else from the class. A `Secret` is stored encrypted and never
shown.
"""

from __future__ import annotations

import difflib
import functools
import inspect
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, ParamSpec, Self, cast
from weakref import WeakKeyDictionary

from msgspec import Struct
from msgspec.structs import replace

from core.kernel.i18n import gettext as _
from core.kernel.i18n import say
from core.kernel.installation import installation
from core.lib.errors import Unfit
from core.lib.money import NotMoney, parse_money

if TYPE_CHECKING:
    from core.hookspecs.site import Site

_REQUIRED: Any = object()
LONGEST = 2000


class Secret(str):
    """A text that is encrypted at rest and written, never shown."""

    __slots__ = ()


class Amount(str):
    """An amount in the site's currency, as a decimal text; `setting_money` turns it into Money."""

    __slots__ = ()


class Text(str):
    """A text of several lines."""

    __slots__ = ()


Choices = Mapping[str, str] | Sequence[tuple[str, str] | str]


class Setting(Struct, frozen=True, kw_only=True):
    """What was said about one field, by `setting`; nothing of it is believed before `complaints` has seen it."""

    default: Any = _REQUIRED
    label: str = ""
    help: str = ""
    minimum: int | None = None
    maximum: int | None = None
    max_length: int = LONGEST
    choices: Choices = ()
    kind: str = ""
    check: Callable[[str], str] | None = None
    unknown: tuple[str, ...] = ()


_P = ParamSpec("_P")


def _told_at_load(function: Callable[_P, Any]) -> Callable[_P, Any]:
    """A word that `setting` does not know is told when the plugin is loaded, with the field's name, not at once."""
    known = inspect.signature(function).parameters

    @functools.wraps(function)
    def told(*args: _P.args, **words: _P.kwargs) -> Any:
        unknown = tuple(word for word in words if word not in known)
        made = cast("Any", function)(*args, **{word: said for word, said in words.items() if word in known})
        return replace(made, unknown=unknown) if unknown else made

    return told


@_told_at_load
def setting(
    default: Any = _REQUIRED,
    *,
    label: str = "",
    help: str = "",  # noqa: A002 -- the word of forms
    minimum: int | None = None,
    maximum: int | None = None,
    max_length: int = LONGEST,
    choices: Mapping[str, str] | Sequence[tuple[str, str] | str] = (),
    kind: Literal["", "category"] = "",
    check: Callable[[str], str] | None = None,
) -> Any:
    """Describe a settings field; without a `default` it must be filled in before the plugin can be used.

    `label` and `help` are what the form says: English, with its Chinese in the plugin's .po. `minimum` and `maximum`
    bound an int, `max_length` the characters of a text. `choices` make a `str` one of some: pairs of what is stored and
    what is read, as in `choices=(("test", "Test"), ("live", "Live"))`, or a mapping of the same; a `Literal` has its
    choices already, and `choices` give it words. `kind="category"` lets an int be picked from the site's categories (0:
    none). `check(text)` says in the reader's words what is wrong with a text, before it is stored; "" where nothing is.

    What does not fit is refused when the plugin is loaded, with the names of plugin and field.
    """
    return Setting(
        default=default,
        label=label,
        help=help,
        minimum=minimum,
        maximum=maximum,
        max_length=max_length,
        choices=choices,
        kind=kind,
        check=check,
    )


class SettingField(Struct, frozen=True, kw_only=True):
    """One field of a settings form. `kind`: text, lines, secret, flag, number, amount, choice, category."""

    name: str
    kind: str
    label: str
    help: str
    required: bool
    default: Any
    choices: tuple[tuple[str, str], ...]
    about: Setting


class Settings:
    """Base of a plugin's settings class.

    `Settings.of(site)` reads them; attributes hold values of the annotated types.
    """

    _plugin: ClassVar[str] = ""

    def __init__(self, values: Mapping[str, Any]) -> None:
        unset = _unset(type(self))
        self.__dict__.update(unset)
        self.__dict__.update((name, value) for name, value in values.items() if name in unset)

    @classmethod
    def of(cls, site: Site) -> Self:
        """The settings of the plugin that declares this class, on `site`.

        No statement, they came with the site's state.
        """
        return cls(installation().sites.settings_of(site.id, cls._plugin))


def _empty(field: SettingField) -> Any:
    return False if field.kind == "flag" else 0 if field.kind in _NUMBERS else ""


_NUMBERS = {"number", "category"}
_KINDS: dict[Any, str] = {bool: "flag", int: "number", Secret: "secret", Amount: "amount", Text: "lines", str: "text"}


def fields(cls: type[Settings]) -> tuple[SettingField, ...]:
    """The fields of a settings class in the order they are written; worked out once, as pages ask for every plugin."""
    if cls not in _known:
        _known[cls] = tuple(_fields(cls))
    return _known[cls]


def _unset(cls: type[Settings]) -> dict[str, Any]:
    """What holds where the merchant has said nothing."""
    if cls not in _defaults:
        _defaults[cls] = {
            field.name: field.default if field.default is not _REQUIRED else _empty(field) for field in fields(cls)
        }
    return _defaults[cls]


# By class, weakly: a plugin that is loaded anew brings new classes.
_defaults: WeakKeyDictionary[type[Settings], dict[str, Any]] = WeakKeyDictionary()
_known: WeakKeyDictionary[type[Settings], tuple[SettingField, ...]] = WeakKeyDictionary()


def _fields(cls: type[Settings]) -> list[SettingField]:
    result = []
    for name, kind in typing.get_type_hints(cls).items():
        if name.startswith("_"):
            continue
        about = getattr(cls, name, _REQUIRED)
        about = about if isinstance(about, Setting) else Setting(default=about)
        if wrong := list(complaints(name, kind, about)):
            raise TypeError("; ".join(f"{cls.__name__}.{one}" for one in wrong))
        pairs = pairs_of(about.choices) or tuple((value, value) for value in _literal(kind))
        result.append(
            SettingField(
                name=name,
                kind=about.kind or ("choice" if pairs else _KINDS[kind]),
                label=about.label or name.replace("_", " ").capitalize(),
                help=about.help,
                required=about.default is _REQUIRED,
                default=about.default,
                choices=pairs,
                about=about,
            )
        )
    return result


# -- what an author may have written wrongly ---------------------------------------------------------------------------


def pairs_of(choices: Choices) -> tuple[tuple[str, str], ...]:
    """Choices as what is stored and what is read; a word alone is both."""
    found = choices.items() if isinstance(choices, Mapping) else choices
    return tuple((one, one) if isinstance(one, str) else (one[0], one[1]) for one in found)


def complaints(name: str, kind: Any, about: Setting) -> Iterator[str]:
    """What is wrong with a field, for its author; each begins with its name."""
    for word in about.unknown:
        close = difflib.get_close_matches(word, WORDS, n=1)
        yield (
            f"{name}: setting() knows no word {word!r}{f'; did you mean {close[0]!r}?' if close else ''}"
            f"; it knows {', '.join(WORDS)}"
        )
    values = _literal(kind)
    if not values and kind not in _KINDS:
        yield f"{name}: a setting is str, Text, int, bool, Amount, Secret or a Literal of words"
        return
    if about.kind and (about.kind != "category" or kind is not int):
        yield f"{name}: kind={about.kind!r} does not fit; there is kind='category', for an int"
    wrong = [*_wrong_bounds(kind, about), *_wrong_choices(kind, about.choices)]
    yield from (f"{name}: {one}" for one in wrong or _wrong_default(kind, about))


WORDS = tuple(inspect.signature(setting).parameters)


def _literal(kind: Any) -> tuple[str, ...]:
    """The words of a Literal; none where it is none, or has others than words."""
    values = typing.get_args(kind) if typing.get_origin(kind) is Literal else ()
    return values if all(isinstance(value, str) for value in values) else ()


def _wrong_bounds(kind: Any, about: Setting) -> Iterator[str]:
    for word, bound in (("minimum", about.minimum), ("maximum", about.maximum)):
        if bound is not None and (kind is not int or not isinstance(bound, int)):
            yield f"{word}={bound!r} does not fit; it is a whole number, for an int"
    if not isinstance(about.max_length, int) or about.max_length < 1:
        yield f"max_length={about.max_length!r} is no number of characters"
    if about.check is not None and (not callable(about.check) or kind not in {str, Text, Secret}):
        yield f"check={about.check!r} does not fit; it is a function of a text, for a str, a Text or a Secret"


def _is_said(label: Any) -> bool:
    """Whether a label has words. One that is translated when it is shown is not asked: who speaks is not known yet."""
    return not isinstance(label, str) or bool(label)


def _wrong_choices(kind: Any, choices: Any) -> Iterator[str]:
    """Why choices cannot be offered."""
    if not choices:
        return
    try:
        pairs = pairs_of(choices) if not isinstance(choices, str) else ()
    except (TypeError, IndexError, KeyError, AttributeError):
        pairs = ()
    if not pairs or not all(isinstance(value, str) and value and _is_said(label) for value, label in pairs):
        yield (
            f"choices={choices!r} cannot be offered; write pairs of what is stored and what is read, such as "
            """choices=(("test", "Test"), ("live", "Live")), or a mapping of the same"""
        )
        return
    values, known = [value for value, _ in pairs], _literal(kind)
    if not known and kind is not str:
        yield "choices are for a str or a Literal"
    if len(set(values)) < len(values):
        yield f"choices: one of {', '.join(values)} is there twice"
    if known and not set(values) <= set(known):
        yield f"choices are {', '.join(values)}, but the Literal has {', '.join(known)}"


def _wrong_default(kind: Any, about: Setting) -> Iterator[str]:
    """Why a default cannot hold."""
    default = about.default
    if default is _REQUIRED:
        return
    held: type = kind if kind in {bool, int} else str
    fits = isinstance(default, held) and not (held is int and isinstance(default, bool))
    if not fits:
        yield f"its default {default!r} is no {held.__name__}"
    elif held is int and about.minimum is not None and default < about.minimum:
        yield f"its default {default} is below the minimum {about.minimum}"
    elif held is int and about.maximum is not None and default > about.maximum:
        yield f"its default {default} is above the maximum {about.maximum}"
    elif held is str and len(default) > about.max_length:
        yield f"its default has more than {about.max_length} characters"
    values = [value for value, _ in pairs_of(about.choices)] or _literal(kind)
    if values and default not in values:
        yield f"its default {default!r} is not one of {', '.join(values)}"


def parse(cls: type[Settings], form: Mapping[str, str], old: Mapping[str, Any], currency: str) -> dict[str, Any]:
    """What a form says, as stored values. An empty secret keeps the old one. Raises Unfit with a message per field."""
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for field in fields(cls):
        try:
            values[field.name] = _value(field, form.get(field.name), old, currency)
            _ask_plugin(cls, field, form.get(field.name), values[field.name])
        except ValueError as error:
            errors[field.name] = str(error)
        except NotMoney as error:
            errors[field.name] = say(error)
    if errors:
        raise Unfit(errors)
    return values


def _ask_plugin(cls: type[Settings], field: SettingField, raw: str | None, value: Any) -> None:
    """Raise ValueError with what the plugin says is wrong with what was typed."""
    check = field.about.check
    if check is None or not (raw or "").strip():
        return
    try:
        said = check(value)
    except Exception as error:  # noqa: BLE001 -- the guard around a plugin: the form must be stored
        installation().faults.report(None, cls._plugin, "settings", error)
        return
    if said:
        raise ValueError(said)


def _value(field: SettingField, raw: str | None, old: Mapping[str, Any], currency: str) -> Any:
    if field.kind == "flag":
        return raw is not None and raw not in {"", "0", "false"}
    text = (raw or "").strip() if field.kind != "lines" else (raw or "").strip("\n").replace("\r\n", "\n")
    if not text:
        if field.kind == "secret" and old.get(field.name):
            return old[field.name]
        if field.required:
            raise ValueError("Fill this in.")
        return field.default
    if field.kind in _NUMBERS:
        return _number(field.about, text)
    if field.kind == "amount":
        return parse_money(text, currency).decimal
    if field.kind == "choice" and text not in {value for value, _ in field.choices}:
        raise ValueError("Choose one of these.")
    if len(text) > field.about.max_length:
        raise ValueError(_("At most %(count)s characters.", count=field.about.max_length))
    return text


def _number(about: Setting, text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        raise ValueError("Write a whole number.") from None
    if about.minimum is not None and number < about.minimum:
        raise ValueError(_("Not below %(least)s.", least=about.minimum))
    if about.maximum is not None and number > about.maximum:
        raise ValueError(_("Not above %(most)s.", most=about.maximum))
    return number
