"""Who is behind a request: the only module that uses Flask-Login.

A session may hold a shopper and a member of staff at once (a merchant who tries their own shop); Flask-Login's "user"
is the `Visitor` that joins both. There is no remember-me cookie: the session's own cookie lasts.
"""

from __future__ import annotations

from typing import Any, cast

import structlog
from flask import Flask, current_app, session
from flask_login import LoginManager, current_user
from msgspec import Struct, field
from msgspec.structs import replace

from core.accounts.models import Shopper, Staff
from core.accounts.services.roles import Grants, grants_of
from core.kernel import sessions

log = structlog.get_logger(__name__)


class Visitor(Struct, frozen=True):
    """The people logged in in one browser; the `Identity` that `core.kernel.security` asks."""

    shopper: Shopper | None = None
    staff: Staff | None = None
    grants: Grants = field(default_factory=Grants)

    @property
    def is_shopper(self) -> bool:
        return self.shopper is not None

    @property
    def is_staff(self) -> bool:
        return self.staff is not None

    @property
    def is_owner(self) -> bool:
        return self.staff is not None and bool(self.staff.is_owner)

    @property
    def must_change_password(self) -> bool:
        return self.staff is not None and bool(self.staff.must_change_password)

    @property
    def id(self) -> int:
        """Of the member of staff; 0 where there is none."""
        return self.staff.id if self.staff is not None else 0

    @property
    def name(self) -> str:
        return str(self.staff.name) if self.staff is not None else ""

    @property
    def email(self) -> str:
        return str(self.staff.email) if self.staff is not None else ""

    def may(self, permission: str, site_id: int | None) -> bool:
        """Whether the member of staff behind this browser may do this on the site; None: on every site."""
        return self.is_owner or (self.is_staff and self.grants.allow(permission, site_id))


class _Visitors(LoginManager):  # type: ignore[misc]  # Flask-Login has no types
    """Flask-Login on our session rows: ids stand in columns, so that disabling an account ends its sessions."""

    def _load_user(self) -> None:
        self.show(_load(_session()))

    def _update_remember_cookie(self, response: Any) -> Any:
        """The original touches the session after every request, which puts `Vary: Cookie` on every page."""
        return response

    def show(self, visitor: Visitor) -> None:
        """Let `current_user` be `visitor` for the rest of this request."""
        self._update_request_context_with_user(visitor)


def init_app(app: Flask) -> None:
    """Give `app` its `identify`, which the kernel asks before each view that is not public."""
    _Visitors().init_app(app, add_context_processor=False)
    app.identify = visitor  # type: ignore[attr-defined]  # an attribute of the kernel's application


def visitor() -> Visitor:
    """Who is logged in; asking reads the session, so that the page cannot be kept for others."""
    return cast("Visitor", current_user._get_current_object())  # noqa: SLF001 -- how a LocalProxy is opened


def current_shopper() -> Shopper | None:
    """The shopper logged in on this site."""
    return visitor().shopper


def current_staff() -> Staff | None:
    """The member of staff logged in on this host."""
    return visitor().staff


def login_shopper(shopper: Shopper) -> None:
    """Log a shopper in, under a new session id. Raises InsecureConnection. Written after the view."""
    sessions.check_connection()
    _session().log_in(shopper_id=shopper.id)
    _manager().show(replace(visitor(), shopper=shopper))
    log.info("shopper logged in", shopper=shopper.id, site=shopper.site_id)


def login_staff(staff: Staff) -> None:
    """Log somebody of the staff in, under a new session id. Raises InsecureConnection. Written after the view."""
    sessions.check_connection()
    _session().log_in(staff_id=staff.id)
    _manager().show(replace(visitor(), staff=staff, grants=grants_of(staff.id)))
    log.info("staff logged in", staff=staff.id)


def logout() -> None:
    """End this browser's session on the server, for shopper and staff alike."""
    _session().log_out()
    _manager().show(Visitor())


def _session() -> sessions.RowSession:
    return cast("sessions.RowSession", session._get_current_object())  # type: ignore[attr-defined]  # noqa: SLF001


def _manager() -> _Visitors:
    return cast("_Visitors", current_app.login_manager)  # type: ignore[attr-defined]


def _load(opened: sessions.RowSession) -> Visitor:
    """The living accounts behind a session. A disabled one is nobody, even where its session were still there."""
    shopper = staff = None
    if opened.shopper_id is not None:
        mine = Shopper.for_site(opened.site_id).where(Shopper.id == opened.shopper_id)
        shopper = mine.where(Shopper.disabled_at.is_null()).first()
    if opened.staff_id is not None:
        staff = Staff.get_or_none(Staff.id == opened.staff_id, Staff.disabled_at.is_null())
    return Visitor(shopper, staff, grants_of(staff.id) if staff is not None else Grants())
