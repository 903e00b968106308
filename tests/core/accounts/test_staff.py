"""Staff and what they may do where."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.accounts import services as accounts
from core.accounts.models import Role, Staff
from core.accounts.services import (
    BeyondOwnRights,
    EmailTaken,
    LastOwner,
    OneTimePasswordOver,
    WrongLogin,
    WrongPassword,
)
from core.accounts.services.permissions import BUILTIN_ROLES, CORE
from core.app import App
from core.hookspecs.site import Site
from core.kernel import db
from core.kernel.activity import Activity
from core.lib import clock
from core.lib.errors import NotFound, Refused, Unfit

from .conftest import HOME

NEW = "a lamp in the rain"


def clerk(*roles: tuple[str, int | None], email: str = "jonas@example.com") -> Staff:
    return accounts.add_staff(email, name="Jonas", roles=roles, actor="system").staff


def role(code: str) -> int:
    return int(Role.get(Role.code == code).id)


# -- first start ------------------------------------------------------------------------------------------------------


def test_the_first_start_makes_one_owner_with_a_random_password(app: App) -> None:
    del app
    made = accounts.ensure_owner()
    assert made is not None
    email, secret = made
    assert len(secret) == 22
    staff = accounts.authenticate_staff(email, secret, address=HOME)
    assert staff.is_owner
    assert staff.must_change_password
    assert accounts.ensure_owner() is None
    assert Staff.select().count() == 1


def test_a_one_time_password_ends_with_the_first_change(app: App) -> None:
    del app
    invited = accounts.add_staff("petra@example.com", actor="system")
    with pytest.raises(WrongPassword):
        accounts.change_password(invited.staff, "wrong", NEW, address=HOME)
    accounts.change_password(invited.staff, invited.one_time_password, NEW, address=HOME)
    staff = accounts.authenticate_staff("petra@example.com", NEW, address=HOME)
    assert not staff.must_change_password
    with pytest.raises(WrongLogin):
        accounts.authenticate_staff("petra@example.com", invited.one_time_password, address=HOME)


def test_a_one_time_password_holds_a_week(app: App) -> None:
    del app
    invited = accounts.add_staff("petra@example.com", actor="system")
    with clock.freeze(clock.now()) as time:
        time.move(days=8)
        with pytest.raises(OneTimePasswordOver):
            accounts.authenticate_staff("petra@example.com", invited.one_time_password, address=HOME)
        again = accounts.renew_one_time_password(invited.staff.id, actor="system")
        assert accounts.authenticate_staff("petra@example.com", again.one_time_password, address=HOME)


def test_an_address_is_invited_once_and_must_be_one(app: App) -> None:
    del app
    clerk()
    with pytest.raises(EmailTaken):
        clerk(email="JONAS@example.com")
    with pytest.raises(Unfit):
        clerk(email="jonas@example.com\nBcc: x@example.com")


# -- roles ------------------------------------------------------------------------------------------------------------


def test_a_role_holds_on_its_site_only(site: Site, other_site: Site) -> None:
    staff = clerk(("order_desk", site.id))
    assert accounts.may(staff, "orders.ship", site.id)
    assert accounts.may(staff, "", site.id)
    assert not accounts.may(staff, "orders.ship", other_site.id)
    assert not accounts.may(staff, "", other_site.id)
    assert not accounts.may(staff, "orders.ship", None)
    assert not accounts.may(staff, "plugins.switch", site.id)


def test_a_role_for_every_site_holds_on_sites_to_come(site: Site) -> None:
    staff = clerk(("order_desk", None))
    assert accounts.may(staff, "orders.ship", site.id)
    assert accounts.may(staff, "orders.ship", 99)
    assert accounts.may(staff, "orders.ship", None)


def test_what_sites_share_is_not_changed_by_the_manager_of_one(site: Site) -> None:
    local = clerk(("manager", site.id))
    company = clerk(("manager", None), email="ruoxi@example.com")
    assert accounts.may(local, "prices.edit", site.id)
    assert not accounts.may(local, "products.edit", site.id)
    assert accounts.may(company, "products.edit", site.id)
    for permission in ("staff.edit", "sites.edit", "plugins.secrets"):
        assert not accounts.may(company, permission, site.id)


def test_the_owner_may_everything_and_nobody_disabled_anything(site: Site, owner: Staff) -> None:
    assert all(accounts.may(owner, known.code, site.id) for known in CORE)
    staff = clerk(("manager", None))
    accounts.disable_staff(staff.id, actor="system")
    assert not accounts.may(accounts.get_staff(staff.id), "orders.view", site.id)


def test_built_in_roles_hold_permissions_that_exist(app: App) -> None:
    del app
    accounts.ensure_roles()
    accounts.ensure_roles()
    known = {permission.code for permission in accounts.permissions()}
    assert {held.code for held in accounts.roles()} == BUILTIN_ROLES.keys()
    assert all(set(held.permissions) <= known for held in accounts.roles())


def test_an_edited_built_in_role_stays_as_edited(site: Site) -> None:
    staff = clerk(("order_desk", site.id))
    accounts.save_role(role("order_desk"), name="Order desk", permissions=["orders.view"], actor="system")
    accounts.ensure_roles()
    assert not accounts.may(staff, "orders.ship", site.id)
    assert accounts.may(staff, "orders.view", site.id)


def test_a_role_is_made_changed_and_deleted(site: Site) -> None:
    made = accounts.save_role(None, name="Packers", permissions=["orders.ship"], actor="system")
    staff = clerk((made.code, site.id))
    assert accounts.may(staff, "orders.ship", site.id)
    with pytest.raises(Refused):
        accounts.delete_role(made.id, actor="system")
    accounts.set_roles(staff.id, [], actor="system")
    assert not accounts.may(staff, "orders.ship", site.id)
    accounts.delete_role(made.id, actor="system")
    with pytest.raises(NotFound):
        accounts.save_role(made.id, name="Packers", permissions=[], actor="system")


def test_a_permission_that_nobody_declared_is_refused(app: App) -> None:
    del app
    with pytest.raises(Unfit):
        accounts.save_role(None, name="Odd", permissions=["orders.steal"], actor="system")


def test_a_built_in_role_is_not_deleted(app: App) -> None:
    del app
    accounts.ensure_roles()
    with pytest.raises(Refused):
        accounts.delete_role(role("manager"), actor="system")


def test_the_last_owner_stays(owner: Staff) -> None:
    with pytest.raises(LastOwner):
        accounts.disable_staff(owner.id, actor="system")
    with pytest.raises(LastOwner):
        accounts.set_roles(owner.id, [], actor="system")
    second = accounts.add_staff("li@example.com", is_owner=True, actor="system").staff
    accounts.disable_staff(owner.id, actor="system")
    with pytest.raises(LastOwner):
        accounts.disable_staff(second.id, actor="system")


# -- nobody lifts themselves ------------------------------------------------------------------------------------------


@pytest.fixture
def personnel(site: Site) -> Staff:
    """May give roles, and orders; nothing more."""
    del site
    made = accounts.save_role(None, name="Personnel", permissions=["staff.edit", "orders.view"], actor="system")
    return clerk((made.code, None), email="hr@example.com")


def test_who_gives_roles_gives_no_more_than_their_own(site: Site, owner: Staff, personnel: Staff) -> None:
    actor, other = f"staff:{personnel.id}", clerk()
    viewers = accounts.save_role(None, name="Viewers", permissions=["orders.view"], actor=actor)
    accounts.set_roles(other.id, [(viewers.id, site.id)], actor=actor)
    for verb in (
        lambda: accounts.set_roles(personnel.id, [(role("manager"), None)], actor=actor),
        lambda: accounts.set_roles(other.id, [(role("order_desk"), site.id)], actor=actor),
        lambda: accounts.set_roles(personnel.id, [], is_owner=True, actor=actor),
        lambda: accounts.set_roles(owner.id, [], actor=actor),
        lambda: accounts.save_role(viewers.id, name="Viewers", permissions=["plugins.secrets"], actor=actor),
        lambda: accounts.save_role(None, name="All", permissions=["orders.refund"], actor=actor),
        lambda: accounts.add_staff("new@example.com", is_owner=True, actor=actor),
        lambda: accounts.add_staff("new@example.com", roles=[("manager", None)], actor=actor),
    ):
        with pytest.raises(BeyondOwnRights):
            verb()


def test_who_gives_roles_cannot_become_somebody_who_may_more(owner: Staff, personnel: Staff) -> None:
    actor, manager = f"staff:{personnel.id}", clerk(("manager", None))
    for victim in (owner, manager):
        for verb in (
            lambda victim=victim: accounts.renew_one_time_password(victim.id, actor=actor),
            lambda victim=victim: accounts.update_staff(
                victim.id, email="hr2@example.com", name="", language="en", actor=actor
            ),
            lambda victim=victim: accounts.disable_staff(victim.id, actor=actor),
        ):
            with pytest.raises(BeyondOwnRights):
                verb()
    accounts.update_staff(personnel.id, email="hr@example.com", name="Li", language="zh-CN", actor=actor)


# -- in and out -------------------------------------------------------------------------------------------------------


def test_disabling_somebody_ends_their_sessions_now(app: App, site: Site, as_visitor: Callable[..., Any]) -> None:
    staff = clerk(("manager", None))
    with as_visitor(site, method="POST") as context:
        accounts.login_staff(staff)
        assert accounts.visitor().may("orders.view", site.id)
        assert accounts.visitor().name == "Jonas"
        app.flask.process_response(app.flask.response_class())
    del context
    assert len(accounts.sessions_of(staff_id=staff.id)) == 1
    accounts.disable_staff(staff.id, actor="staff:1")
    assert accounts.sessions_of(staff_id=staff.id) == []
    with pytest.raises(WrongLogin):
        accounts.authenticate_staff(staff.email, NEW, address=HOME)
    accounts.enable_staff(staff.id, actor="staff:1")
    assert accounts.get_staff(staff.id).disabled_at is None


def test_logging_in_over_plain_http_is_refused(site: Site, owner: Staff, as_visitor: Callable[..., Any]) -> None:
    with as_visitor(site, method="POST", headers={"Host": "shop.example"}), pytest.raises(Refused, match="https"):
        accounts.login_staff(owner)


def test_what_was_done_to_people_stands_in_the_activity_log(owner: Staff) -> None:
    actor = f"staff:{owner.id}"
    staff = accounts.add_staff("jonas@example.com", actor=actor).staff
    accounts.set_roles(staff.id, [(role("manager"), None)], actor=actor)
    accounts.renew_one_time_password(staff.id, actor=actor)
    accounts.disable_staff(staff.id, actor=actor)
    found = [row.verb for row in Activity.select().where(Activity.actor == actor).order_by(Activity.id)]
    assert found == ["staff.add", "staff.roles", "staff.renew", "staff.disable"]
    kept = str(db.rows("SELECT before, after FROM activity"))
    assert "argon2" not in kept
