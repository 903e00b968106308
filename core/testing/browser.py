"""A real browser: pages at a phone's and a desk's width, with and without scripts, and what is checked on them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec import Struct

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa")


# What Chromium says of an animation between two pages that it left out: the reader sees the page all the same.
_UNFADED = ("ViewTransition opt-in disabled", "Transition was aborted", "Transition was skipped")


def is_fault(error: object) -> bool:
    """Whether `error`, left uncaught on a page, is a script's, not word of a page that could not be faded in."""
    return not any(words in str(error) for words in _UNFADED)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


class View(Struct, frozen=True, kw_only=True):
    """How a shopper looks at the page."""

    width: int
    height: int
    scripts: bool = True
    language: str = "en-US"
    dark: bool = False

    def __str__(self) -> str:
        words = (str(self.width), "" if self.scripts else "no-script", self.language, "dark" if self.dark else "")
        return "-".join(word for word in words if word)


PHONE = View(width=375, height=812)
DESKTOP = View(width=1440, height=900)
PHONE_WITHOUT_SCRIPTS = View(width=375, height=812, scripts=False)
DESKTOP_WITHOUT_SCRIPTS = View(width=1440, height=900, scripts=False)
VIEWS = (PHONE, DESKTOP, PHONE_WITHOUT_SCRIPTS, DESKTOP_WITHOUT_SCRIPTS)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, one per worker. Its tests are skipped where none is installed."""
    program = next(filter(None, map(shutil.which, _CHROMIUM)), None)
    if program is None:
        pytest.skip("no chromium is installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=_ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def view() -> View:
    """The view of `page`; another by `@pytest.mark.parametrize("view", [PHONE, DESKTOP], ids=str)`."""
    return DESKTOP


@pytest.fixture
def page(browser: Browser, view: View) -> Iterator[Page]:
    """A fresh browser profile with one open page. A script error or a breach of the CSP fails the test."""
    context = browser.new_context(
        viewport={"width": view.width, "height": view.height},
        is_mobile=view.width < 600,
        has_touch=view.width < 600,
        java_script_enabled=view.scripts,
        locale=view.language,
        color_scheme="dark" if view.dark else "light",
    )
    context.set_default_timeout(10_000)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)) if is_fault(error) else None)
    page.on("console", lambda line: faults.append(line.text) if "Content Security Policy" in line.text else None)
    yield page
    context.close()
    assert faults == []


@pytest.fixture(scope="session")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of screenshots: $STOA_TEST_SHOTS, or a temporary one."""
    named = os.environ.get("STOA_TEST_SHOTS")
    folder = Path(named) if named else tmp_path_factory.mktemp("shots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def shot(page: Page, view: View, shots: Path) -> Callable[[str], Path]:
    """`shot("cart")` takes the whole page and answers the picture's path."""

    def take(name: str) -> Path:
        path = shots / f"{name}-{view}.png"
        page.screenshot(path=path, full_page=True)
        return path

    return take


# A transition on its way has colours that nobody chose; an endless one cannot be finished and stays.
_AT_REST = """() => document.getAnimations()
    .filter(motion => Number.isFinite(motion.effect.getComputedTiming().endTime))
    .forEach(motion => motion.finish())"""


def axe_violations(page: Page, *, without: str = "") -> list[str]:
    """What axe-core finds against WCAG 2.2 A and AA on the page once it is at rest: one line per broken rule.

    What the selector `without` names is left out: what stands on every page needs to be looked at on one.

    axe-core is a script, so the view must allow scripts.
    """
    assert not page.evaluate("matchMedia('(scripting: none)').matches"), "axe-core needs a view with scripts"
    page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text("utf-8"))
    page.evaluate(_AT_REST)
    options = {"runOnly": {"type": "tag", "values": _WCAG}, "resultTypes": ["violations"]}
    asked = [options, {"exclude": [[without]]} if without else None]
    found = page.evaluate("([options, context]) => axe.run(context ?? document, options)", asked)
    return [
        f"{rule['id']}: {rule['help']}: {', '.join(str(node['target'][0]) for node in rule['nodes'][:5])}"
        for rule in found["violations"]
    ]


def scrolls_sideways(page: Page) -> bool:
    """Whether something is wider than the window."""
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


# What moved without a press of the reader; the wait lets a change that a script has just made be drawn.
_JUMPS = """(wait) => new Promise((go) => {
  const seen = [];
  new PerformanceObserver((list) => {
    for (const one of list.getEntries())
      if (!one.hadRecentInput)
        seen.push([one.value, one.sources.map((part) => part.node?.outerHTML?.slice(0, 100) ?? "").join(" ")]);
  }).observe({ type: "layout-shift", buffered: true });
  setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => go(seen)))), wait);
})"""


def jumps(page: Page, *, most: float = 0.1, wait: int = 300) -> list[str]:
    """What moved since the page opened, if together it is more than `most`: 0.1 is the web's "good"."""
    seen = page.evaluate(_JUMPS, wait)
    total = sum(value for value, _what in seen)
    return [f"jumps by {value:.3f}: {what}" for value, what in seen] if total > most else []
