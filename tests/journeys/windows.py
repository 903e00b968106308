"""A page of the browser whose complaints are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from core.testing.browser import View, is_fault

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Error, Page


class Window(Struct, frozen=True, kw_only=True):
    """A page, how it is looked at, and what its console complained about."""

    page: Page
    view: View
    faults: list[str] = field(default_factory=list)

    def hear(self, line: ConsoleMessage) -> None:
        """Keep an error. A page that is itself refused (a form to be put right) is no fault of the console."""
        is_page = line.location.get("url", "") == self.page.url
        if line.type == "error" and not (is_page and line.text.startswith("Failed to load resource")):
            self.faults.append(f"{self.page.url}: {line.text}")

    def fail(self, error: Error) -> None:
        """Keep what a script left uncaught."""
        if is_fault(error):
            self.faults.append(f"{self.page.url}: {error}")


def watched(browser: Browser, view: View) -> Window:
    """A fresh profile in the manner of `view`."""
    context = browser.new_context(
        viewport={"width": view.width, "height": view.height},
        is_mobile=view.width < 600,
        has_touch=view.width < 600,
        java_script_enabled=view.scripts,
        locale=view.language,
        color_scheme="dark" if view.dark else "light",
    )
    context.set_default_timeout(15_000)
    window = Window(page=context.new_page(), view=view)
    window.page.on("console", lambda line: window.hear(line))  # noqa: PLW0108 -- playwright marks what it is given
    window.page.on("pageerror", lambda error: window.fail(error))  # noqa: PLW0108 -- as above
    return window
