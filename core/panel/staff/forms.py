"""A person, and a role."""

from __future__ import annotations

from wtforms import BooleanField, EmailField, StringField

from core.kernel.i18n import lazy
from core.panel.forms import PanelForm, at_most, email, needed


class StaffForm(PanelForm):
    """Somebody who works here."""

    email = EmailField(lazy("E-mail"), [needed, email, at_most(200)], render_kw={"autocomplete": "off"})
    name = StringField(lazy("Name"), [at_most(120)], render_kw={"autocomplete": "off"})
    owner = BooleanField(lazy("Owner"), description=lazy("May do everything everywhere, and give rights to others."))
    active = BooleanField(lazy("May sign in"), default=True)


class RoleForm(PanelForm):
    """The name of a role; what it may do is chosen beside it."""

    name = StringField(lazy("Name"), [needed, at_most(120)])
