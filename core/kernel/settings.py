"""Settings: one annotated class drives form, validation, masking, defaults, help and inheritance.

    class Settings(api.Settings):
        account: str = setting(label="Account number", max_length=40)
        key: Secret = setting(label="API key", help="From the bank's page")
        fee: Amount = setting("0", label="Fee")
        mode: Literal["test", "live"] = "test"

A value comes from the site, else from the installation, else from the class. A `Secret` is stored encrypted and never
shown.
"""

from __future__ import annotations

import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self
from weakref import WeakKeyDictionary

from core.kernel.installation import installation
from core.lib.errors import Unfit
from core.lib.money import NotMoney, parse_money

if TYPE_CHECKING:
    from core.hookspecs.site import Site

_REQUIRED: Any = object()


class Secret(str):
    """A text that is encrypted at rest and written, never shown."""

    __slots__ = ()


class Amount(str):
    """An amount in the site's currency, as a decimal text; `setting_money` turns it into Money."""

    __slots__ = ()


class Text(str):
    """A text of several lines."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Setting:
    """What a form says about one field. `choices` override those of a Literal with (value, label)."""

    default: Any = _REQUIRED
    label: str = ""
    help: str = ""
    minimum: int | None = None
    maximum: int | None = None
    max_length: int = 2000
    choices: tuple[tuple[str, str], ...] = ()


def setting(default: Any = _REQUIRED, **about: Any) -> Any:
    """Describe a settings field; without a default it must be filled in before the plugin can be used."""
    return Setting(default, **about)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingField:
    """One field of a settings form. `kind`: text, lines, secret, flag, number, amount, choice."""

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
    return False if field.kind == "flag" else 0 if field.kind == "number" else ""


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
        about = about if isinstance(about, Setting) else Setting(about)
        literal = typing.get_origin(kind) is typing.Literal
        choices = about.choices or (tuple((str(v), str(v)) for v in typing.get_args(kind)) if literal else ())
        if not literal and kind not in _KINDS:
            raise TypeError(
                f"{cls.__module__}.{cls.__name__}.{name}: a setting is str, Text, int, bool, Amount, Secret or Literal"
            )
        result.append(
            SettingField(
                name=name,
                kind="choice" if literal else _KINDS[kind],
                label=about.label or name.replace("_", " ").capitalize(),
                help=about.help,
                required=about.default is _REQUIRED,
                default=about.default,
                choices=choices,
                about=about,
            )
        )
    return result


def parse(cls: type[Settings], form: Mapping[str, str], old: Mapping[str, Any], currency: str) -> dict[str, Any]:
    """What a form says, as stored values. An empty secret keeps the old one. Raises Unfit with a message per field."""
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for field in fields(cls):
        try:
            values[field.name] = _value(field, form.get(field.name), old, currency)
        except ValueError as error:
            errors[field.name] = str(error)
        except NotMoney as error:
            errors[field.name] = str(error)
    if errors:
        raise Unfit(errors)
    return values


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
    if field.kind == "number":
        return _number(field.about, text)
    if field.kind == "amount":
        return parse_money(text, currency).decimal
    if field.kind == "choice" and text not in {value for value, _ in field.choices}:
        raise ValueError("Choose one of these.")
    if len(text) > field.about.max_length:
        raise ValueError(f"At most {field.about.max_length} characters.")
    return text


def _number(about: Setting, text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        raise ValueError("Write a whole number.") from None
    if about.minimum is not None and number < about.minimum:
        raise ValueError(f"At least {about.minimum}.")
    if about.maximum is not None and number > about.maximum:
        raise ValueError(f"At most {about.maximum}.")
    return number
