"""Fields as the part `field` shows them: label, kind, autocomplete token (WCAG 1.3.5), value, error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from core.checkout.services.details import address_texts
from core.hookspecs.checkout import Address
from core.hookspecs.checkout import Field as PluginField
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.lib import addresses
from core.lib.errors import Refused, Unfit

Field = dict[str, Any]
Errors = Mapping[str, str]
# What few people need stands folded behind one line; in China couriers call, and the postcode is what few know.
_FOLDED = ("company", "line2", "phone")
_FOLDED_IN = {"CN": ("company", "line2", "postcode")}


class Form(Struct, frozen=True, kw_only=True):
    """A form as shown: its fields, and on top what is wrong as (field id or empty, message)."""

    fields: Sequence[Field]
    errors: tuple[tuple[str, str], ...] = ()
    next: str = ""


def form(fields: Sequence[Field], errors: Errors, next_path: str = "") -> Form:
    """A form whose summary links to those fields that are wrong."""
    return Form(fields=fields, errors=summary(errors, fields), next=next_path)


def summary(errors: Errors, fields: Sequence[Field]) -> tuple[tuple[str, str], ...]:
    """What is wrong as (field id, message that names the field), in the order of the page; the rest comes first."""
    labels = {field["id"]: field["label"] for field in fields}
    apart = tuple(("", text) for name, text in errors.items() if name not in labels)
    return (*apart, *((name, i18n.labelled(labels[name], errors[name])) for name in labels if name in errors))


def said(error: Refused) -> dict[str, str]:
    """What is wrong, per field, in the reader's words; under an empty name what belongs to none."""
    if isinstance(error, Unfit):
        return {name: i18n.gettext(text) for name, text in error.errors.items()}
    return {error.field or "": i18n.say(error)}


def field(name: str, label: str, /, *, errors: Errors | None = None, **more: Any) -> Field:
    """One field; empty entries of `more` are left out. The name is its id too, unless `more` has another name."""
    entries = {"id": name, "label": label, "error": (errors or {}).get(name, ""), **more}
    return {key: value for key, value in entries.items() if value not in ("", None, ())}


def email_field(value: str, errors: Errors, *, text: str = "") -> Field:
    """The e-mail address, with what it is for."""
    known = {"type": "email", "autocomplete": "email", "mode": "email", "max": 200, "wide": True}
    return field("email", _("E-mail"), errors=errors, value=value, help=text, **known)


def password_field(name: str, label: str, token: str, errors: Errors, **more: str) -> Field:
    """A password; `token` says whether it is the present one or a new one, for password managers."""
    return field(name, label, errors=errors, type="password", autocomplete=token, wide=True, max=1024, **more)


def country_field(value: str, codes: Sequence[str], errors: Errors, prefix: str = "") -> Field:
    """The country, among `codes` (all that are known, if there are none); the other fields follow it."""
    named = tuple(pair for pair in addresses.countries(i18n.language()) if not codes or pair[0] in codes)
    token = f"{_section(prefix)} country"
    label = _("Country or region")
    return field(f"{prefix}country", label, errors=errors, options=named, value=value, autocomplete=token, wide=True)


def folded_in(country: str) -> tuple[str, ...]:
    """The parts of an address that stand folded in the form of a country."""
    return _FOLDED_IN.get(country, _FOLDED)


def address_fields(address: Address, errors: Errors, prefix: str = "", *, folded: bool = False) -> list[Field]:
    """What addresses of this country need, in the reader's order; `folded`, the parts that few people need instead."""
    values = address_texts(address)
    return [
        _address_field(asked, values.get(asked.name, ""), errors, prefix, folded=folded)
        for asked in addresses.fields_for(address.country, i18n.language())
        if (asked.name in folded_in(address.country)) == folded
    ]


def _address_field(asked: addresses.AddressField, value: str, errors: Errors, prefix: str, *, folded: bool) -> Field:
    more: dict[str, Any] = {"type": "tel", "mode": "tel"} if asked.name == "phone" else {}
    return field(
        prefix + asked.name,
        _(asked.label),
        errors=errors,
        value=value,
        autocomplete=f"{_section(prefix)} {asked.autocomplete}",
        options=asked.choices,
        blank=bool(asked.choices),
        optional=not asked.required,
        wide=asked.width == "full" and not folded,
        max=addresses.LONGEST.get(asked.name, 120),
        **more,
    )


def _section(prefix: str) -> str:
    """The part of the page for the browser's own filling in; each of several addresses is one."""
    if prefix.startswith("billing"):
        return "billing"
    return f"section-{prefix.rstrip('_')} shipping" if prefix else "shipping"


def place_title(number: int, address: Address | None) -> str:
    """One of several addresses in a few words."""
    known = address.whose if address else ""
    title = _("Address %(number)s", number=number)
    return i18n.labelled(title, known) if known else title


def address_lines(address: Address) -> tuple[str, ...]:
    """An address in the lines and order of its country, for reading."""
    return addresses.lines(address_texts(address), i18n.language())


def plugin_field(plugin: str, asked: PluginField, value: Any, errors: Errors) -> Field:
    """A further question of a plugin; its name is `extra.<plugin>.<name>`."""
    kind = "text" if asked.kind == "select" else asked.kind
    return field(
        f"extra.{plugin}.{asked.name}",
        asked.label,
        errors=errors,
        type=kind,
        value=value,
        help=asked.help,
        options=asked.choices,
        optional=not asked.required,
        max=asked.max_length,
        wide=True,
    )
