"""Signing in, and a new password."""

from __future__ import annotations

from wtforms import EmailField, Field, Form, PasswordField, StringField, ValidationError

from core.kernel.i18n import gettext as _
from core.kernel.i18n import lazy
from core.panel.forms import PanelForm, at_most, needed


class LoginForm(PanelForm):
    """Who, and the proof. Both may be filled in by a password manager."""

    email = EmailField(lazy("E-mail"), [needed], render_kw={"autocomplete": "username", "maxlength": 200})
    password = PasswordField(
        lazy("Password"), [needed], render_kw={"autocomplete": "current-password", "maxlength": 1000}
    )


def _as_above(form: Form, field: Field) -> None:
    if field.data != form["password"].data:
        raise ValidationError(_("This is another password than the one above."))


_OF_CODES = {"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false", "maxlength": 40}


class CodeForm(PanelForm):
    """A code of the authenticator app, or a recovery code."""

    code = StringField(
        lazy("Code"),
        [needed, at_most(40)],
        description=lazy("The six digits of your authenticator app, or a recovery code."),
        render_kw=_OF_CODES,
    )


class FirstCodeForm(PanelForm):
    """The first code of the authenticator app; there are no recovery codes yet."""

    code = StringField(
        lazy("Code"),
        [needed, at_most(40)],
        description=lazy("The six digits of your authenticator app."),
        render_kw=_OF_CODES,
    )


class ProofForm(PanelForm):
    """The present password, before another way to sign in is made."""

    proof = PasswordField(
        lazy("Your password"), [needed], render_kw={"autocomplete": "current-password", "maxlength": 1000}
    )


class PasswordForm(PanelForm):
    """The present password, and the new one twice."""

    current = PasswordField(
        lazy("Present password"), [needed], render_kw={"autocomplete": "current-password", "maxlength": 1000}
    )
    password = PasswordField(
        lazy("New password"),
        [needed],
        description=lazy("At least 8 characters."),
        render_kw={"autocomplete": "new-password", "maxlength": 1000},
    )
    again = PasswordField(
        lazy("New password, once more"),
        [needed, _as_above],
        render_kw={"autocomplete": "new-password", "maxlength": 1000},
    )


class NewPasswordForm(PasswordForm):
    """The new password alone, twice: a link that was sent proves who it is."""

    current = None


class ForgottenForm(PanelForm):
    """Where the link for a new password goes."""

    email = EmailField(lazy("E-mail"), [needed], render_kw={"autocomplete": "username", "maxlength": 200})
