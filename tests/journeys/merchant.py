"""A merchant at the panel, in a window."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.journeys.windows import Window

if TYPE_CHECKING:
    from playwright.sync_api import Locator

PASSWORD = "rain on a tin roof in june"


class Merchant:
    """Somebody who runs the shop at `origin`."""

    def __init__(self, window: Window, origin: str) -> None:
        self.page, self._view, self._origin = window.page, window.view, origin

    def open(self, path: str) -> None:
        answer = self.page.goto(f"{self._origin}/panel{path}")
        assert answer is not None
        assert answer.ok, f"{path}: {answer.status}"

    def sign_in(self, email: str, password: str) -> None:
        self.open("/")
        self.page.fill("#email", email)
        self.page.fill("#password", password)
        self.page.click("main button[type=submit]")

    def choose_password(self, one_time: str) -> None:
        self.page.fill("#current", one_time)
        self.page.fill("#password", PASSWORD)
        self.page.fill("#again", PASSWORD)
        self.page.click("main form .button--primary")

    def board_row(self, plugin: str) -> Locator:
        """The plugin's row on the switchboard; empty where it is not installed."""
        self.open("/plugins")
        return self.page.locator(f"#plugin-{plugin}")

    def turn(self, plugin: str, *, on: bool = True) -> None:
        """Flip the plugin's switch, by its own press or by the button beside it."""
        row = self.board_row(plugin)
        row.locator(".switch").set_checked(on)
        if not self._view.scripts:
            row.locator("[data-unscripted]").click()
        expect(self.page.locator(f"#plugin-{plugin}")).to_have_class(re.compile(r"\bon\b" if on else r"\boff\b"))

    def fill_in(self, path: str, **values: str) -> None:
        """Fill a form and save it; radio buttons are named with their value."""
        self.open(path)
        for name, value in values.items():
            radio = self.page.locator(f'input[type=radio][name="{name}"][value="{value}"]')
            if radio.count():
                radio.check()
            else:
                self.page.fill(f'[name="{name}"]', value)
        self.page.click(".savebar .button--primary")
        expect(self.page.locator("[aria-invalid=true], .error")).to_have_count(0)

    def order(self, number: str) -> None:
        """Open an order from the list."""
        self.open("/orders")
        self.page.locator("table.rows").get_by_role("link", name=number, exact=True).click()

    def axes(self) -> list[str]:
        """The four states of the open order, in words."""
        return [text.strip() for text in self.page.locator("dl.axes dd").all_inner_texts()]

    def ship(self, tracking: str) -> None:
        """Send all that waits in the open order."""
        self.page.locator("a[href$='/ship']").first.click()
        self.page.fill("#tracking", tracking)
        self.page.click("main form .button--primary")
        expect(self.page.locator("dl.axes")).to_be_visible()
