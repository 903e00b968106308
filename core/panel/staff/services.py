"""People with their roles and when they were last seen, and permissions by group: two statements for the whole page."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from core.accounts import services as accounts
from core.accounts.models import Role
from core.accounts.services.permissions import Permission
from core.kernel import db
from core.kernel.i18n import gettext as _
from core.kernel.i18n import of_plugin
from core.kernel.installation import installation
from core.lib import clock
from core.lib.text import initials


class PersonLine(Struct, frozen=True, kw_only=True):
    """A member of staff in the list. `roles` are (role, site), the site empty for all sites."""

    id: int
    name: str
    email: str
    initials: str
    active: bool
    must_change: bool
    seen_at: datetime | None
    roles: list[tuple[str, str]]


class PermissionLine(Struct, frozen=True):
    """A permission in the reader's words."""

    code: str
    title: str
    shared: bool


class PermissionGroup(Struct, frozen=True):
    """Permissions under one heading."""

    title: str
    permissions: list[PermissionLine]


class PlaceChoice(Struct, frozen=True, kw_only=True):
    """What somebody holds on one site (or everywhere, with an empty key): the chosen role's id among the choices."""

    key: str
    name: str
    choices: list[tuple[str, str]]
    value: str


def people() -> list[PersonLine]:
    """Everybody who works here."""
    sites = {state.site.id: state.site.name for state in installation().sites.all()}
    seen: dict[int, int] = {
        row[0]: row[1]
        for row in db.rows("SELECT staff_id, MAX(seen_at) FROM session WHERE staff_id IS NOT NULL GROUP BY staff_id")
    }
    held: dict[int, list[tuple[str, str]]] = {}
    for staff_id, role, site_id in db.rows(
        "SELECT h.staff_id, r.name, h.site_id FROM staff_role h JOIN role r ON r.id = h.role_id ORDER BY h.id"
    ):
        held.setdefault(staff_id, []).append((_(role), sites.get(site_id, "")))
    return [
        PersonLine(
            id=person.id,
            name=person.name,
            email=person.email,
            initials=initials(person.name or person.email),
            active=person.disabled_at is None,
            must_change=person.must_change_password,
            seen_at=clock.instant(seen[person.id]) if person.id in seen else None,
            roles=[(_("Owner"), "")] if person.is_owner else held.get(person.id, []),
        )
        for person in accounts.all_staff()
    ]


def groups() -> list[PermissionGroup]:
    """All permissions there are now, by group."""
    by_title: dict[str, list[Permission]] = {}
    for known in accounts.permissions():
        by_title.setdefault(known.group, []).append(known)
    return [
        PermissionGroup(
            _(title),
            [
                PermissionLine(known.code, of_plugin(known.code.partition(".")[0], known.title), known.shared)
                for known in listed
            ],
        )
        for title, listed in by_title.items()
    ]


def places(chosen: Iterable[tuple[int, int | None]]) -> list[PlaceChoice]:
    """One choice of a role for all sites, and one per site; `chosen` are (role id, site id or None)."""
    roles = [(str(role.id), _(role.name)) for role in accounts.roles()]
    held = {site_id: role_id for role_id, site_id in chosen}
    known = [(None, _("On all sites")), *((state.site.id, state.site.name) for state in installation().sites.all())]
    return [
        PlaceChoice(
            key=str(site_id or ""), name=name, choices=[("", _("No role")), *roles], value=str(held.get(site_id, ""))
        )
        for site_id, name in known
    ]


def wanted(form: dict[str, str]) -> list[tuple[int, int | None]]:
    """(role id, site id or None) as the form's choices say; what is no number is no choice."""
    chosen = [(form.get(f"role-{place.key}", ""), place.key) for place in places([])]
    return [(int(role), int(key) if key else None) for role, key in chosen if role.isdigit()]


def role_of(role_id: int) -> Role | None:
    """A role by its id."""
    return next((role for role in accounts.roles() if role.id == role_id), None)
