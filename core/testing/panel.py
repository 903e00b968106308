"""Somebody at the panel: signed in, without scripts, in either language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from core.testing.answers import ERRORS, expect
from core.testing.shop import PASSWORD

if TYPE_CHECKING:
    from core.accounts.models import Staff
    from core.app import App
    from core.hookspecs.site import Site


class AtPanel:
    """A browser at the panel of a site. Each call asserts the status and answers the page."""

    def __init__(self, client: Any, site: Site) -> None:
        self.client, self.origin = client, f"https://{site.host}"

    def get(self, path: str, status: int = 200) -> str:
        """The page at `path`."""
        with self.client.get(path, base_url=self.origin, environ_overrides={ERRORS: []}) as answer:
            expect(answer, status)
            return str(answer.text)

    def post(self, path: str, status: int = 303, **form: Any) -> str:
        """What a form is answered: a redirect, or with `status` 422 the page once more."""
        answer = self._send(path, form)
        expect(answer, status)
        return str(answer.text)

    def follow(self, path: str, **form: Any) -> str:
        """The page that a form leads to."""
        answer = self._send(path, form)
        expect(answer, 303)
        return self.get(answer.headers["Location"])

    def _send(self, path: str, form: dict[str, Any]) -> Any:
        # A field that is called like a word of Python has a line behind its name.
        sent = {name.removesuffix("_"): value for name, value in form.items()}
        return self.client.post(
            path, data=sent, base_url=self.origin, headers={"Origin": self.origin}, environ_overrides={ERRORS: []}
        )


@pytest.fixture
def at_panel(app: App, site: Site, staff: Staff) -> AtPanel:
    """The owner at the panel of `site`: `at_panel.get("/panel/coupons/")`, `at_panel.post(path, name="Spring")`."""
    owner = AtPanel(app.test_client(), site)
    owner.post("/panel/login", email=staff.email, password=PASSWORD)
    return owner
