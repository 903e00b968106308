"""What every form of the panel shares: trimmed texts, and refusals in the reader's words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from wtforms import Field, Form, PasswordField, StringField, ValidationError
from wtforms.validators import StopValidation

from core.kernel.i18n import gettext as _
from core.kernel.i18n import labelled

_WHOLE = re.compile(r"-?[0-9]{1,9}\Z")
Validator = Callable[[Form, Field], None]
_EMAIL = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]+\.[^@\s,;<>\".]{2,}\Z")
_HOST = re.compile(r"(?=.{1,200}\Z)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*\Z")


def is_whole(text: str) -> bool:
    """Whether it is a whole number, or one below zero, of a size that a table holds."""
    return _WHOLE.match(text) is not None


class PanelForm(Form):  # type: ignore[misc]  # WTForms has no types
    """A form whose texts are trimmed. Origin checks guard against forged requests, so it carries no token."""

    class Meta:
        """Trims what people type; passwords are taken as typed."""

        def bind_field(self, form: Form, unbound_field: Any, options: dict[str, Any]) -> Field:
            """Add the trimming filter to plain text fields."""
            if issubclass(unbound_field.field_class, StringField) and unbound_field.field_class is not PasswordField:
                options["filters"] = [*unbound_field.kwargs.pop("filters", ()), _trimmed]
            return unbound_field.bind(form=form, **options)

    @property
    def problems(self) -> list[tuple[str, str]]:
        """(id of the field, message) of everything that was refused, for the error summary."""
        return [(field.id, labelled(field.label.text, message)) for field in self for message in field.errors]

    def refuse(self, name: str | None, message: str) -> list[tuple[str, str]]:
        """Put a service's refusal beside the field it names (if any) and answer all problems."""
        if name in self:
            self[name].errors = [*self[name].errors, message]
            return self.problems
        return [("", message), *self.problems]


def _trimmed(value: object) -> object:
    """A field that was not sent is an empty one."""
    return value.strip() if isinstance(value, str) else ""


def needed(form: Form, field: Field) -> None:
    """Something must be written."""
    del form
    if not field.data:
        field.errors = []
        raise StopValidation(_("Fill this in."))


def optional(form: Form, field: Field) -> None:
    """Nothing needs to be written; then nothing else is checked."""
    del form
    if not field.data:
        raise StopValidation


def at_most(characters: int) -> Validator:
    """No more than so many characters."""

    def check(form: Form, field: Field) -> None:
        del form
        if len(field.data or "") > characters:
            raise ValidationError(_("At most %(count)s characters.", count=characters))

    return check


def email(form: Form, field: Field) -> None:
    """The shape of a mail address; whether it exists only a mail can tell."""
    del form
    if not _EMAIL.match(field.data or ""):
        raise ValidationError(_("Write a mail address such as name@example.com."))


def host(form: Form, field: Field) -> None:
    """A host name without scheme, port or path."""
    del form
    if not _HOST.match((field.data or "").lower()):
        raise ValidationError(_("Write a host name such as shop.example.com, without https:// and without a path."))


def hosts(form: Form, field: Field) -> None:
    """Host names, one in each line."""
    del form
    for line in lines(field.data):
        if not _HOST.match(line.lower()):
            raise ValidationError(_("“%(name)s” is not a host name.", name=line))


def lines(text: str | None) -> list[str]:
    """The lines of a text that hold anything, trimmed."""
    return [line.strip() for line in (text or "").splitlines() if line.strip()]


def words(text: str | None) -> list[str]:
    """The words of a text, between spaces and commas."""
    return [word for word in re.split(r"[\s,;，、]+", text or "") if word]


def is_one_of(allowed: Iterable[str]) -> Validator:
    """One of the allowed values."""
    known = frozenset(allowed)

    def check(form: Form, field: Field) -> None:
        del form
        if field.data not in known:
            raise ValidationError(_("Choose one of these."))

    return check
