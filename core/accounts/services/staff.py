"""Staff: invited with a one-time password, entered, changed, disabled; and the owner of a first start."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import structlog
from msgspec import Struct

from core.accounts.models import NAME, Role, Staff, StaffRole, folded
from core.accounts.services.passwords import check_login
from core.accounts.services.roles import ensure_roles, refuse_beyond, refuse_last_owner, refuse_over
from core.accounts.services.shoppers import EmailTaken
from core.kernel import activity, db, passwords, sessions
from core.lib import clock, ids
from core.lib.addresses import email_problem, one_line
from core.lib.errors import NotFound, Refused, Unfit

log = structlog.get_logger(__name__)
FIRST_OWNER = "owner@localhost"
ONE_TIME_LIFE = timedelta(days=7)


class OneTimePasswordOver(Refused):
    """The right one-time password, but too late."""

    status = 422
    code = "one_time_password_over"
    default_message = "This one-time password is too old. Ask an owner for a new one."


class Invited(Struct, frozen=True):
    """Somebody new, and the password that is shown once and stored nowhere."""

    staff: Staff
    one_time_password: str


def add_staff(
    email: str,
    *,
    name: str = "",
    roles: Iterable[tuple[str, int | None]] = (),
    is_owner: bool = False,
    language: str = "en",
    actor: str,
) -> Invited:
    """Invite somebody with `roles`: (role code, site id or None for every site). Commits. Raises Unfit, EmailTaken."""
    email = email.strip()
    if email != FIRST_OWNER and (problem := email_problem(email)):
        raise Unfit({"email": problem})
    ensure_roles()
    secret = ids.token()
    password_hash, now = passwords.hashed(secret), clock.now()
    with db.transaction():
        refuse_beyond(actor, touches_owner=is_owner)
        if Staff.select().where(Staff.email_folded == folded(email)).exists():
            raise EmailTaken
        staff = Staff.create(
            email=email,
            email_folded=folded(email),
            name=one_line(name, NAME),
            password_hash=password_hash,
            language=language,
            is_owner=is_owner,
            must_change_password=True,
            password_until=now + ONE_TIME_LIFE,
            created_at=now,
        )
        for code, site_id in roles:
            role = _role_of(code)
            refuse_beyond(actor, role.permissions)
            StaffRole.create(staff=staff, role=role, site_id=site_id)
        activity.record(actor, "staff.add", f"staff:{staff.id}", after={"email": email, "owner": is_owner}, title=email)
    return Invited(staff, secret)


def _role_of(code: str) -> Role:
    role: Role | None = Role.get_or_none(Role.code == code)
    if role is None:
        raise Unfit({"roles": "There is no such role."})
    return role


def renew_one_time_password(staff_id: int, *, actor: str) -> Invited:
    """A new one-time password in place of whatever there was; ends the sessions of that person. Commits."""
    secret = ids.token()
    password_hash = passwords.hashed(secret)
    with db.transaction():
        staff = get_staff(staff_id)
        refuse_over(actor, staff)
        staff.password_hash, staff.must_change_password = password_hash, True
        staff.password_until = clock.now() + ONE_TIME_LIFE
        staff.save()
        sessions.end_sessions(staff_id=staff_id)
        activity.record(actor, "staff.renew", f"staff:{staff_id}", title=staff.email)
    return Invited(staff, secret)


def ensure_owner() -> tuple[str, str] | None:
    """On a first start, the owner: (mail address, one-time password). None once there is an owner. Commits."""
    ensure_roles()
    if Staff.select().where(Staff.is_owner, Staff.disabled_at.is_null()).exists():
        return None
    invited = add_staff(FIRST_OWNER, is_owner=True, actor="system")
    return invited.staff.email, invited.one_time_password


def authenticate_staff(email: str, password: str, *, address: str) -> Staff:
    """The member of staff of this address and password. Raises WrongLogin, OneTimePasswordOver, TooMany."""
    found: Staff | None = Staff.get_or_none(Staff.email_folded == folded(email), Staff.disabled_at.is_null())
    check_login("staff", email, password, found, address=address)
    assert found is not None
    if found.password_until is not None and found.password_until <= clock.now():
        raise OneTimePasswordOver
    return found


def get_staff(staff_id: int) -> Staff:
    """A member of staff, disabled or not. Raises NotFound."""
    found: Staff | None = Staff.get_or_none(Staff.id == staff_id)
    if found is None:
        raise NotFound
    return found


def all_staff() -> list[Staff]:
    """Everybody who works or worked here, by name."""
    return list(Staff.select().order_by(Staff.disabled_at.is_null().desc(), Staff.name, Staff.email))


def update_staff(staff_id: int, *, email: str, name: str, language: str, actor: str) -> Staff:
    """Change who somebody is. Raises NotFound, Unfit, EmailTaken. Commits."""
    email = email.strip()
    if problem := email_problem(email):
        raise Unfit({"email": problem})
    with db.transaction():
        staff = get_staff(staff_id)
        refuse_over(actor, staff)
        if Staff.select().where(Staff.email_folded == folded(email), Staff.id != staff_id).exists():
            raise EmailTaken
        before = {"email": staff.email, "name": staff.name, "language": staff.language}
        staff.email, staff.email_folded = email, folded(email)
        staff.name, staff.language = one_line(name, NAME), language
        staff.save()
        after = {"email": staff.email, "name": staff.name, "language": staff.language}
        activity.record(actor, "staff.edit", f"staff:{staff_id}", before=before, after=after, title=email)
    return staff


def disable_staff(staff_id: int, *, actor: str) -> None:
    """Shut somebody out, and end their sessions now. Raises NotFound, LastOwner. Commits."""
    with db.transaction():
        staff = get_staff(staff_id)
        refuse_over(actor, staff)
        if staff.is_owner:
            refuse_last_owner(staff_id)
        staff.disabled_at = clock.now()
        staff.save()
        sessions.end_sessions(staff_id=staff_id)
        activity.record(
            actor,
            "staff.disable",
            f"staff:{staff_id}",
            before={"disabled": False},
            after={"disabled": True},
            title=staff.email,
        )


def enable_staff(staff_id: int, *, actor: str) -> None:
    """Let somebody in again, with the roles they had. Commits."""
    with db.transaction():
        staff = get_staff(staff_id)
        refuse_over(actor, staff)
        staff.disabled_at = None
        staff.save()
        activity.record(
            actor,
            "staff.enable",
            f"staff:{staff_id}",
            before={"disabled": True},
            after={"disabled": False},
            title=staff.email,
        )
