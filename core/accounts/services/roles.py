"""Who may do what where: roles, who holds them, and the question every panel page asks."""

from __future__ import annotations

import json
from collections.abc import Iterable

from msgspec import Struct

from core.accounts.models import NAME, Role, Staff, StaffRole
from core.accounts.services.permissions import BUILTIN_ROLES, SHARED, known_codes
from core.kernel import activity, db
from core.kernel.repeats import claim
from core.lib.errors import Forbidden, NotFound, Refused, Unfit
from core.lib.text import slugify


class BeyondOwnRights(Forbidden):
    """Somebody who may give rights tried to give more than they hold, or to touch an owner."""

    code = "beyond_own_rights"
    default_message = "You can give no more rights than you have yourself, and only an owner may change an owner."


class LastOwner(Refused):
    """Without an owner nobody could give rights any more."""

    code = "last_owner"
    default_message = "This is the only owner. Make somebody else an owner first."


class Grants(Struct, frozen=True):
    """What the roles of one member of staff give: permissions for every site, and per site."""

    everywhere: frozenset[str] = frozenset()
    on_site: tuple[tuple[int, frozenset[str]], ...] = ()
    any_role: bool = False

    @property
    def all_codes(self) -> frozenset[str]:
        """Every permission held anywhere."""
        return self.everywhere.union(*(codes for _, codes in self.on_site))

    def allow(self, permission: str, site_id: int | None) -> bool:
        """Whether `permission` holds on the site, for None on every site; an empty one: whether there is a role there.

        What all sites share (`Permission.shared`) is only given by a role for every site.
        """
        here = [codes for site, codes in self.on_site if site == site_id]
        if not permission:
            return self.any_role or bool(here)
        if permission in self.everywhere:
            return True
        return permission not in SHARED and any(permission in codes for codes in here)


def grants_of(staff_id: int) -> Grants:
    """All that a member of staff was granted; one statement."""
    found = db.rows(
        "SELECT staff_role.site_id, role.permissions FROM staff_role JOIN role ON role.id = staff_role.role_id"
        " WHERE staff_role.staff_id = ?",
        staff_id,
    )
    everywhere = [json.loads(permissions) for site_id, permissions in found if site_id is None]
    on_site = tuple((site_id, frozenset(json.loads(codes))) for site_id, codes in found if site_id is not None)
    return Grants(frozenset(code for codes in everywhere for code in codes), on_site, bool(everywhere))


def may(staff: Staff, permission: str, site_id: int | None) -> bool:
    """Whether `staff` may do this on the site (None: on every site), where no declared route has asked already."""
    return staff.disabled_at is None and (staff.is_owner or grants_of(staff.id).allow(permission, site_id))


def roles() -> list[Role]:
    """All roles, the built-in ones first."""
    return list(Role.select().order_by(Role.builtin.desc(), Role.id))


def ensure_roles() -> None:
    """Make the built-in roles that are missing; an edited one stays as it is. Commits."""
    known = {row[0] for row in db.rows("SELECT code FROM role WHERE builtin = ?", True)}
    if known >= BUILTIN_ROLES.keys():
        return
    with db.transaction():
        for code, (name, permissions) in BUILTIN_ROLES.items():
            if code not in known:
                Role.create(code=code, name=name, permissions=sorted(permissions), builtin=True)


def save_role(role_id: int | None, *, name: str, permissions: Iterable[str], actor: str, key: str = "") -> Role:
    """Make a role (no id) or change one. Unknown permissions are refused, those of absent plugins stay. Commits."""
    chosen = frozenset(permissions)
    if not name.strip():
        raise Unfit({"name": "Give the role a name."})
    with db.transaction():
        claim(key)
        role = Role(code=_free_code(name), name=name) if role_id is None else _role(role_id)
        before = {"name": role.name, "permissions": role.permissions or []}
        refuse_beyond(actor, chosen ^ frozenset(before["permissions"]))
        if chosen - known_codes() - set(before["permissions"]):
            raise Unfit({"permissions": "There is no such permission."})
        role.name, role.permissions = name.strip()[:NAME], sorted(chosen)
        role.save()
        after = {"name": role.name, "permissions": role.permissions}
        activity.record(actor, "role.save", f"role:{role.id}", before=before, after=after, title=role.name)
    return role


def delete_role(role_id: int, *, actor: str) -> None:
    """Delete a role that nobody holds and that is not built in. Commits."""
    with db.transaction():
        role = _role(role_id)
        refuse_beyond(actor, role.permissions)
        if role.builtin:
            raise Refused("A built-in role stays; its permissions may be changed.")
        if StaffRole.select().where(StaffRole.role == role).exists():
            raise Refused("Somebody still holds this role.")
        role.delete_instance()
        activity.record(actor, "role.delete", f"role:{role_id}", before={"name": role.name}, title=role.name)


def set_roles(staff_id: int, held: Iterable[tuple[int, int | None]], *, is_owner: bool = False, actor: str) -> None:
    """Replace what one member of staff holds: (role id, site id or None for every site). Raises LastOwner. Commits."""
    wanted = sorted(set(held), key=str)
    with db.transaction():
        staff = Staff.get_or_none(Staff.id == staff_id)
        if staff is None:
            raise NotFound
        refuse_beyond(actor, _given(wanted), touches_owner=staff.is_owner or is_owner)
        if staff.is_owner and not is_owner:
            refuse_last_owner(staff_id)
        before = {"owner": staff.is_owner, "roles": held_by(staff_id)}
        db.execute("UPDATE staff SET is_owner = ? WHERE id = ?", is_owner, staff_id)
        db.execute("DELETE FROM staff_role WHERE staff_id = ?", staff_id)
        for role_id, site_id in wanted:
            StaffRole.create(staff=staff_id, role=_role(role_id), site_id=site_id)
        after = {"owner": is_owner, "roles": held_by(staff_id)}
        activity.record(actor, "staff.roles", f"staff:{staff_id}", before=before, after=after, title=staff.email)


def held_by(staff_id: int) -> list[tuple[int, int | None]]:
    """(role id, site id or None) of one member of staff."""
    found = db.rows("SELECT role_id, site_id FROM staff_role WHERE staff_id = ? ORDER BY role_id, site_id", staff_id)
    return [(row[0], row[1]) for row in found]


def refuse_beyond(actor: str, permissions: Iterable[str] = (), *, touches_owner: bool = False) -> None:
    """Raise BeyondOwnRights where `actor` is staff, no owner, and reaches for more than they hold on every site."""
    kind, _, number = actor.partition(":")
    if kind != "staff":
        return
    staff = Staff.get_or_none(Staff.id == int(number))
    if staff is None or (not staff.is_owner and (touches_owner or set(permissions) - grants_of(staff.id).everywhere)):
        raise BeyondOwnRights


def refuse_over(actor: str, staff: Staff) -> None:
    """Raise BeyondOwnRights where `actor` would take over somebody who may do more, by password or mail address."""
    if actor != f"staff:{staff.id}":
        refuse_beyond(actor, grants_of(staff.id).all_codes, touches_owner=staff.is_owner)


def _given(held: Iterable[tuple[int, int | None]]) -> frozenset[str]:
    return frozenset(code for role_id, _ in held for code in _role(role_id).permissions)


def refuse_last_owner(staff_id: int) -> None:
    """Raise LastOwner unless somebody else is an owner, too; inside the verb's transaction."""
    db.require_transaction()
    others = "SELECT 1 FROM staff WHERE is_owner = ? AND disabled_at IS NULL AND id <> ? LIMIT 1"
    if db.value(others, True, staff_id) is None:
        raise LastOwner


def _role(role_id: int) -> Role:
    role: Role | None = Role.get_or_none(Role.id == role_id)
    if role is None:
        raise NotFound
    return role


def _free_code(name: str) -> str:
    wanted = slugify(name, 50) or "role"
    taken = {row[0] for row in db.rows("SELECT code FROM role")}
    return next(code for n in range(len(taken) + 1) if (code := wanted if not n else f"{wanted}-{n + 1}") not in taken)
