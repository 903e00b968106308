"""A browser in which the owner is signed in, on the test's first site."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import Client

from core.accounts.models import Staff
from core.app import App
from core.hookspecs.site import Site
from core.testing.shop import PASSWORD

TAGS = re.compile(r"<[^>]+>")


class Panel:
    """What somebody sees and does in the panel, without scripts."""

    def __init__(self, app: App, site: Site) -> None:
        self._client: Client = app.test_client()
        self._origin = f"http://{site.host}"
        # The login needs https or this machine; the test's client says which it is.
        self._options: dict[str, Any] = {"base_url": self._origin.replace("http:", "https:")}

    def get(self, path: str, **options: Any) -> Any:
        return self._client.get(path, **self._options, **options)

    def post(self, path: str, data: dict[str, Any] | None = None, *, asked: str = "", **options: Any) -> Any:
        """`asked`: what asks, as a script says it (`fetch`)."""
        headers = {"Sec-Fetch-Site": "same-origin", "X-Requested-With": asked}
        return self._client.post(path, data=data or {}, headers=headers, **self._options, **options)

    def follow(self, answer: Any) -> Any:
        """The page that a POST leads to."""
        assert answer.status_code == 303, answer.get_data(as_text=True)[:2000]
        return self.get(answer.headers["Location"])

    def login(self, email: str = "owner@example.com", password: str = PASSWORD) -> Any:
        return self.post("/panel/login", {"email": email, "password": password})


def words(answer: Any) -> str:
    """The text of a page, in one line."""
    page = re.sub(r"<(script|style|template)\b.*?</\1>", " ", answer.get_data(as_text=True), flags=re.DOTALL)
    return re.sub(r"\s+", " ", TAGS.sub(" ", page))


@pytest.fixture
def anonymous(app: App, site: Site) -> Panel:
    return Panel(app, site)


@pytest.fixture
def panel(app: App, site: Site, staff: Staff) -> Panel:
    """The panel with the owner signed in."""
    del staff
    signed_in = Panel(app, site)
    assert signed_in.login().status_code == 303
    return signed_in


@pytest.fixture
def colleague(app: App, site: Site, staff: Staff) -> Callable[..., Panel]:
    """`colleague({"orders.view"})`: the panel of somebody who holds these permissions on the test's site."""
    del staff
    from core.accounts import services as accounts
    from core.kernel import passwords

    def hire(permissions: set[str], *, everywhere: bool = False) -> Panel:
        role = accounts.save_role(None, name="Helper", permissions=permissions, actor="system")
        place = None if everywhere else site.id
        person = accounts.add_staff("helper@example.com", roles=[(role.code, place)], actor="system").staff
        Staff.update(password_hash=passwords.hashed(PASSWORD), must_change_password=False).where(
            Staff.id == person.id
        ).execute()
        theirs = Panel(app, site)
        assert theirs.login("helper@example.com").status_code == 303
        return theirs

    return hire
