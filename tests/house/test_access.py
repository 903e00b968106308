"""Every route declares who may call it, and answers nobody else: route x role x site, made from the URL map."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from msgspec import Struct
from werkzeug.routing import AnyConverter, Rule
from werkzeug.test import Client

from core.accounts import services as accounts
from core.accounts.models import Shopper, Staff
from core.app import App, create_app
from core.hookspecs.site import Site
from core.kernel import db, security
from core.kernel.installation import installation
from core.kernel.security import Access
from core.kernel.sessions import STAFF_LIFE, Session, cookie_name
from core.kernel.site_verbs import add_site
from core.kernel.sites import state_of
from core.kernel.switch import switch_on
from core.lib import clock, ids
from core.testing.database import Databases

# Who may knock at a door is decided before the database is asked for more than a session.
pytestmark = pytest.mark.once

HERE, THERE = "one.localhost", "two.localhost"
VALUES = {"IntegerConverter": 1, "FloatConverter": 1.0, "UUIDConverter": "0" * 32}
# Not even its owner may write by reading; the gateway's return is the one exception, written down in the design.
WRITES_ON_GET = {"checkout.pay_return"}


class Route(Struct, frozen=True):
    """One rule with one method, ready to be called."""

    endpoint: str
    method: str
    path: str
    view: Callable[..., Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path} ({self.endpoint})"

    @property
    def access(self) -> Access:
        found = security.access_of(self.view)
        assert found is not None
        return found


@pytest.fixture(scope="module")
def app(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """One application for all these tests: they only knock at doors."""
    folder = tmp_path_factory.mktemp("access")
    yield create_app(folder, database_url=databases.clone(folder), testing=True)
    db.reset_thread()
    db.close_all()


@pytest.fixture(scope="module")
def here(app: App) -> Site:
    """A site with every plugin on."""
    del app
    site = add_site(host=HERE, name="One", currency="EUR")
    for name in sorted(installation().plugins.loaded):
        switch_on(site.id, name, "system", together=True)
    return site


@pytest.fixture(scope="module")
def there(here: Site) -> Site:
    del here
    return add_site(host=THERE, name="Two", currency="EUR")


@pytest.fixture(scope="module")
def routes(app: App, here: Site) -> list[Route]:
    found = [
        route
        for rule in state_of(here.id).runtime.url_map.iter_rules()
        for route in routes_of(rule, app.flask.view_functions[rule.endpoint])
    ]
    assert len(found) > 20
    return found


def routes_of(rule: Rule, view: Callable[..., Any]) -> Iterator[Route]:
    converters: dict[str, Any] = rule._converters
    values = {name: some_value(kind) for name, kind in converters.items()}
    built = rule.build({**values, **(rule.defaults or {})})
    assert built is not None
    for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
        yield Route(rule.endpoint, method, built[1], view)


def some_value(converter: Any) -> Any:
    """What fits the part of an address, whether such a thing exists or not."""
    if isinstance(converter, AnyConverter):
        return min(converter.items)
    return VALUES.get(type(converter).__name__, "x" * 22)


class Caller:
    """A browser in which somebody is logged in."""

    def __init__(self, app: App, site: Site, *, shopper: int | None = None, staff: int | None = None) -> None:
        self._client: Client = app.test_client(use_cookies=False)
        self._origin = f"http://{site.host}"
        self._cookie = f"{cookie_name(secure=False)}={open_session(site, shopper, staff)}" if shopper or staff else ""

    def call(self, route: Route, **headers: str) -> Any:
        sent = {"Sec-Fetch-Site": "same-origin", "Cookie": self._cookie, **headers}
        return self._client.open(route.path, method=route.method, base_url=self._origin, headers=sent, buffered=True)


def open_session(site: Site, shopper: int | None, staff: int | None) -> str:
    token, now = ids.token(), clock.now()
    with db.transaction():
        Session.create(
            site_id=site.id,
            token_digest=ids.digest(token),
            shopper_id=shopper,
            staff_id=staff,
            created_at=now,
            seen_at=now,
            expires_at=now + STAFF_LIFE,
        )
    return token


def staff(email: str, permissions: set[str], site_id: int | None, *, locked: bool = False) -> Staff:
    role = accounts.save_role(None, name=email, permissions=permissions, actor="system")
    person = accounts.add_staff(f"{email}@example.com", roles=[(role.code, site_id)], actor="system").staff
    return chosen_password(person) if not locked else person


def chosen_password(person: Staff) -> Staff:
    Staff.update(must_change_password=False).where(Staff.id == person.id).execute()
    return person


def turned_away(answer: Any) -> bool:
    """To a login page, or told that they may not. A 404 would only say that the thing asked for is not there."""
    if answer.status_code == 303:
        return "/login" in answer.headers["Location"]
    return bool(answer.status_code == 403)


@pytest.fixture(scope="module")
def owner(here: Site) -> Staff:
    del here
    return chosen_password(accounts.add_staff("mira@example.com", is_owner=True, actor="system").staff)


@pytest.fixture(scope="module")
def shopper(here: Site) -> Shopper:
    made: Shopper = Shopper.create(
        site_id=here.id, email="ines@example.com", email_folded="ines@example.com", created_at=clock.now()
    )
    return made


@pytest.fixture(scope="module")
def all_codes(here: Site) -> set[str]:
    del here
    return {known.code for known in accounts.permissions()}


def test_every_route_declares_who_may_call_it(app: App) -> None:
    silent = [name for name, view in app.flask.view_functions.items() if security.access_of(view) is None]
    assert not silent, f"declare @public, @shopper, @staff(...) or @owner: {', '.join(sorted(silent))}"


def test_every_permission_that_a_route_asks_for_can_be_given(routes: list[Route], all_codes: set[str]) -> None:
    asked = {route.access.permission for route in routes} - {""}
    assert asked <= all_codes


def test_the_panel_is_staffs_and_the_account_is_the_shoppers(routes: list[Route]) -> None:
    for route in routes:
        # Before there is a site there is nobody to be let in: the page that makes the first one asks for a printed key.
        if route.path == "/panel/setup":
            continue
        if route.path.startswith("/panel") and "login" not in route.path and "password" not in route.path:
            assert route.access.who in {"staff", "owner"}, route
        if route.path.startswith("/account"):
            assert route.access.who == "shopper", route


def test_strangers_are_turned_away(app: App, here: Site, routes: list[Route]) -> None:
    nobody = Caller(app, here)
    wrong = [str(route) for route in routes if route.access.who != "public" and not turned_away(nobody.call(route))]
    assert not wrong, "\n".join(wrong)


def test_shoppers_are_turned_away_from_what_is_not_theirs(
    app: App, here: Site, shopper: Shopper, routes: list[Route]
) -> None:
    caller = Caller(app, here, shopper=shopper.id)
    wrong = [
        str(route) for route in routes if route.access.who in {"staff", "owner"} and not turned_away(caller.call(route))
    ]
    assert not wrong, "\n".join(wrong)


def test_staff_without_the_permission_are_turned_away(
    app: App, here: Site, routes: list[Route], all_codes: set[str]
) -> None:
    """Everybody here holds everything but the one permission that the route asks for."""
    callers: dict[str, Caller] = {}
    wrong = []
    for route in routes:
        if route.access.who == "public" or not (lacking := route.access.permission):
            continue
        if lacking not in callers:
            person = staff(f"all-but-{lacking}", all_codes - {lacking}, None)
            callers[lacking] = Caller(app, here, staff=person.id)
        if not turned_away(callers[lacking].call(route)):
            wrong.append(str(route))
    assert not wrong, "\n".join(wrong)


def test_staff_of_another_site_are_turned_away(
    app: App, here: Site, there: Site, routes: list[Route], all_codes: set[str]
) -> None:
    stranger = Caller(app, here, staff=staff("there", all_codes, there.id).id)
    wrong = [str(route) for route in routes if route.access.who != "public" and not turned_away(stranger.call(route))]
    assert not wrong, "\n".join(wrong)


def test_what_all_sites_share_is_closed_to_the_manager_of_one(
    app: App, here: Site, routes: list[Route], all_codes: set[str]
) -> None:
    shared = {known.code for known in accounts.permissions() if known.shared}
    local = Caller(app, here, staff=staff("local", all_codes, here.id).id)
    wrong = [
        str(route)
        for route in routes
        if (route.access.everywhere or route.access.permission in shared or route.access.who == "owner")
        and not turned_away(local.call(route))
    ]
    assert not wrong, "\n".join(wrong)


def test_a_one_time_password_leads_to_a_new_one_only(
    app: App, here: Site, routes: list[Route], all_codes: set[str]
) -> None:
    new = Caller(app, here, staff=staff("new", all_codes, None, locked=True).id)
    for route in routes:
        if route.access.who in {"staff", "owner"} and not route.access.locked:
            answer = new.call(route)
            assert answer.status_code == 303, route
            assert "/password" in answer.headers["Location"], route


def test_a_session_of_one_site_is_worthless_on_another(
    app: App, here: Site, there: Site, owner: Staff, routes: list[Route]
) -> None:
    caller = Caller(app, there, staff=owner.id)
    caller._origin = f"http://{here.host}"
    wrong = [str(route) for route in routes if route.access.who != "public" and not turned_away(caller.call(route))]
    assert not wrong, "\n".join(wrong)


def test_no_route_takes_a_change_from_another_site(app: App, here: Site, owner: Staff, routes: list[Route]) -> None:
    caller = Caller(app, here, staff=owner.id)
    for route in routes:
        if route.method in security.SAFE_METHODS or security.takes_any_origin(route.view):
            continue
        for foreign in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site", "Origin": f"http://{HERE}"}):
            assert caller.call(route, **foreign).status_code == 403, route


def test_the_owner_is_turned_away_nowhere_in_the_panel(app: App, here: Site, owner: Staff, routes: list[Route]) -> None:
    caller = Caller(app, here, staff=owner.id)
    for route in routes:
        if route.access.who in {"staff", "owner"} and route.method == "GET":
            answer = caller.call(route)
            assert answer.status_code != 403, route
            assert "/login" not in answer.headers.get("Location", ""), route


def test_reading_writes_nothing(app: App, here: Site, owner: Staff, shopper: Shopper, routes: list[Route]) -> None:
    callers = [Caller(app, here, staff=owner.id, shopper=shopper.id), Caller(app, here)]
    wrong = []
    for route in routes:
        if route.method != "GET" or route.endpoint in WRITES_ON_GET:
            continue
        for caller in callers:
            with db.counted() as statements:
                caller.call(route)
            written = [said for said in statements if said.lstrip()[:6].upper() in {"INSERT", "UPDATE", "DELETE"}]
            wrong.extend(f"{route}: {said}" for said in written)
    assert not wrong, "\n".join(wrong)
