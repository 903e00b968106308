"""Where a shopper is signed in, and how that ends."""

from __future__ import annotations

from flask import Response, session, url_for

from core.accounts import services as accounts
from core.kernel import db
from core.kernel.i18n import gettext as _
from core.kernel.i18n import ngettext
from core.kernel.respond import note, redirect
from core.kernel.security import shopper
from core.lib.errors import NotFound
from core.storefront.views.account import account_page, myself
from core.storefront.views.place import VIEWS


@VIEWS.get("/account/devices")
@shopper
def account_devices() -> Response:
    """This device first, then the others, the last seen first."""
    here = _here()
    found = sorted(accounts.sessions_of(shopper_id=myself().id), key=lambda one: one.id != here)
    return account_page(
        "pages/account_devices.html", "account_devices", sessions=found, this_one=here, device=accounts.device
    )


@VIEWS.post("/account/devices/<int:session_id>/end")
@shopper
def end_device(session_id: int) -> Response:
    """Sign one device out. One of somebody else does not exist."""
    if not accounts.end_session(session_id, shopper_id=myself().id):
        raise NotFound
    note(_("That device is signed out."))
    return redirect(url_for("storefront.account_devices"))


@VIEWS.post("/account/devices/end-others")
@shopper
def end_other_devices() -> Response:
    """Sign out everywhere but here."""
    with db.transaction():
        ended = accounts.end_sessions(shopper_id=myself().id, keep=_here())
    note(ngettext("One device is signed out.", "%(num)s devices are signed out.", ended))
    return redirect(url_for("storefront.account_devices"))


def _here() -> int | None:
    known: int | None = session.id  # type: ignore[attr-defined]  # our own session class has it
    return known
