"""Every page of the panel, from the URL map: accessible, narrow enough, and of a cost that does not grow."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest

from core.accounts.models import Staff
from core.hookspecs.site import Site
from core.kernel import db
from core.testing.browser import axe_violations, scrolls_sideways
from tests.core.panel import pages
from tests.core.panel.conftest import Panel
from tests.core.panel.plugin_pages import LIKE_NEW
from tests.markup import faults_of

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

MOST_STATEMENTS = 22
VIEWS = [(375, "light"), (1440, "dark"), (375, "dark"), (1440, "light")]


@pytest.fixture
def furnished(
    panel: Panel, site: Site, sell: Any, order: Any, monkeypatch: pytest.MonkeyPatch
) -> list[tuple[str, str]]:
    """The pages of a shop that has something of everything, on this machine alone: it keeps its mails."""
    monkeypatch.setattr("plugins.mail.services.mailbox.is_loopback", lambda _host: True)
    pages.furnish(panel, site, sell, order)
    return pages.shown(panel, site)


def test_every_page_is_well_made_with_one_heading_a_title_and_its_place_in_the_menu(
    panel: Panel, furnished: list[tuple[str, str]]
) -> None:
    lost = []
    for _endpoint, path in furnished:
        page = panel.get(path).get_data(as_text=True)
        title = re.search(r"<title>\s*(.*?) · ", page, re.DOTALL)
        if page.count("<h1") != 1 or title is None or not title[1].strip():
            lost.append(path)
        lost += [f"{path}: {fault}" for fault in faults_of(page)]
        if 'aria-current="page"' not in page and not path.startswith(("/panel/account", "/panel/find")):
            lost.append(f"{path}: nothing in the menu is current")
    assert not lost


# -- in a browser ----------------------------------------------------------------------------------------------------


def _answered_by(panel: Panel, page: Page) -> None:
    """Let the test's own application answer the browser, with the owner signed in."""
    files: dict[str, Any] = {}

    def answer(route: Route) -> None:
        request = route.request
        path = re.sub(r"^https?://[^/]+", "", request.url)
        if path in files:
            route.fulfill(**files[path])
            return
        if request.method == "POST":
            sent = dict(parse_qsl(request.post_data or "", keep_blank_values=True))
            told = panel.post(path, sent, asked=request.headers.get("x-requested-with", ""))
        else:
            asked = {"X-Requested-With": request.headers.get("x-requested-with", "")}
            told = panel.get(path, headers=asked)
        headers = {name: value for name, value in told.headers.items() if name.lower() != "content-length"}
        answered = {"status": told.status_code, "headers": headers, "body": told.get_data()}
        if path.startswith("/static/"):
            # Their addresses change with what they hold.
            files[path] = answered
        route.fulfill(**answered)

    page.route("**/*", answer)


def _walk(page: Page, panel: Panel, paths: list[str], width: int, scheme: str) -> list[str]:
    """Open each page as the signed-in owner sees it, and answer what is wrong."""
    _answered_by(panel, page)
    page.emulate_media(color_scheme=scheme)
    wrong = []
    for at, path in enumerate(paths):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"http://shop.test{path}")
        # The menu is the same everywhere but for what is unfolded in it: some pages are looked at with it.
        wrong += [f"{path}: {broken}" for broken in axe_violations(page, without="#menu" if at % 6 else "")]
        page.set_viewport_size({"width": 320, "height": 900})
        if scrolls_sideways(page):
            wrong.append(f"{path}: is wider than 320 pixels")
    return wrong


@pytest.mark.parametrize("part", range(len(VIEWS)), ids=[f"{width}-{scheme}" for width, scheme in VIEWS])
def test_each_page_is_accessible_in_one_view(
    page: Page, panel: Panel, furnished: list[tuple[str, str]], part: int
) -> None:
    width, scheme = VIEWS[part]
    paths = [path for endpoint, path in furnished if endpoint not in LIKE_NEW]
    assert not _walk(page, panel, paths[part :: len(VIEWS)], width, scheme)


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), VIEWS)
@pytest.mark.parametrize("language", ["", "/zh-cn"])
def test_every_page_is_accessible_in_every_view(
    page: Page, panel: Panel, furnished: list[tuple[str, str]], width: int, scheme: str, language: str
) -> None:
    assert not _walk(page, panel, [f"{language}{path}" for _endpoint, path in furnished], width, scheme)


def test_the_walk_sees_what_is_wrong(page: Page, panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture without words and a wide block, planted into a page."""
    real = panel.get

    def planted(path: str, **options: Any) -> Any:
        answer = real(path, **options)
        if path == "/panel/account":
            body = answer.get_data(as_text=True).replace("</h1>", '</h1><img src="/x.png"><input size="300">', 1)
            answer.set_data(body)
        return answer

    monkeypatch.setattr(panel, "get", planted)
    wrong = _walk(page, panel, ["/panel/account"], 1440, "light")
    assert any("image-alt" in line for line in wrong)
    assert any("wider than 320" in line for line in wrong)


def _sent(page: Page, path: str, **values: str) -> None:
    """Open a page, fill these fields of the form and send it, whatever the browser would say of them."""
    page.goto(f"http://shop.test{path}")
    form = page.locator("main form[method=post]").filter(has=page.locator(f"[name={next(iter(values))}]"))
    form.evaluate("form => { form.noValidate = true }")
    for name, value in values.items():
        form.locator(f"[name={name}]").fill(value)
    form.evaluate("form => form.requestSubmit()")
    page.locator("#errors").wait_for()


def test_what_is_wrong_and_the_way_back_are_large_enough_to_press(page: Page, panel: Panel) -> None:
    _answered_by(panel, page)
    page.set_viewport_size({"width": 1440, "height": 900})
    _sent(page, "/panel/stock/locations/new", name="", code="", postcode="x" * 300)
    links = page.locator("#errors a, .crumb a")
    assert links.count() >= 3
    assert links.evaluate_all("links => links.every(link => link.getBoundingClientRect().height >= 24)")
    assert axe_violations(page) == []


@pytest.mark.parametrize("width", [320, 1440])
def test_a_long_word_widens_neither_what_is_wrong_nor_the_name_of_a_page(
    page: Page, panel: Panel, staff: Staff, width: int
) -> None:
    _answered_by(panel, page)
    page.set_viewport_size({"width": width, "height": 900})
    panel.post("/panel/stock/locations/new", {"name": "North", "code": "north", "country": "GB"})
    _sent(page, "/panel/stock/transfers", sku="x" * 300)
    assert not scrolls_sideways(page)
    _sent(page, f"/panel/installation/staff/{staff.id}", name="x" * 300)
    assert not scrolls_sideways(page)


def _focused(page: Page) -> str:
    return str(
        page.evaluate(
            "(document.activeElement.textContent || document.activeElement.getAttribute('aria-label')).trim()"
        )
    )


def test_a_plugin_is_switched_by_keyboard_alone_on_a_narrow_screen(page: Page, panel: Panel) -> None:
    _answered_by(panel, page)
    page.set_viewport_size({"width": 375, "height": 812})
    page.goto("http://shop.test/panel/plugins?q=coupons")
    page.keyboard.press("Tab")
    assert _focused(page) == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('role')") == "switch":
            break
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    page.keyboard.press("Space")
    page.get_by_text("Coupons is on.").wait_for()
    assert panel.get("/panel/coupons/").status_code == 200


def test_ctrl_k_finds_a_page_and_a_product_and_opens_it(page: Page, panel: Panel, sell: Any) -> None:
    lamp = sell("LAMP", 8900, name="Arc lamp")
    _answered_by(panel, page)
    page.emulate_media(reduced_motion="reduce")  # No transition of pages that the end of the test would cut short.
    page.goto("http://shop.test/panel/")
    page.keyboard.press("Control+k")
    page.keyboard.type("staff")
    page.locator("#palette [aria-selected=true]", has_text="Staff and roles").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.keyboard.type("arc l")
    page.locator("#palette [data-found] [role=option]").wait_for()
    assert page.get_attribute("#palette input", "aria-activedescendant") == "found-1-1"
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/panel/products/{lamp.product_id}")


@pytest.mark.slow
def test_a_list_is_gone_through_and_chosen_from_by_single_keys(page: Page, panel: Panel, sell: Any) -> None:
    for sku in ("LAMP", "MUG", "TRAY"):
        sell(sku, 1000, name=sku.title())
    _answered_by(panel, page)
    page.emulate_media(reduced_motion="reduce")
    page.goto("http://shop.test/panel/products")
    page.locator("[data-picked]").wait_for()
    for key in "jxjjkx":  # Tray is chosen, then Mug: down, down past it and up again.
        page.keyboard.press(key)
    chosen = page.locator("tbody tr:has(:checked) th a")
    assert chosen.all_inner_texts() == ["Tray", "Mug"]
    assert page.locator("[data-picked]").inner_text() == "2 chosen"
    page.evaluate("localStorage.setItem('keys', 'off')")
    page.keyboard.press("x")
    assert chosen.count() == 2
    page.keyboard.press("Enter")
    page.wait_for_url("**/panel/products/*")


# -- what pages cost -------------------------------------------------------------------------------------------------


def _own_codes(table: str, count: int) -> dict[str, Callable[[int], Any]]:
    """A code of its own for every text column that must be unique by itself."""
    texts = {column.name for column in db.db.get_columns(table) if "CHAR" in column.data_type.upper()}
    unique = {index.columns[0] for index in db.db.get_indexes(table) if index.unique and len(index.columns) == 1}
    return dict.fromkeys(texts & unique, lambda number: f"{count}-{number}")


def _copies(table: str, count: int, where: str = "1 = 1", **changes: Callable[[int], Any]) -> list[int]:
    """So many copies of the table's first row, with changes by number; answers the new ids where it has ids."""
    columns = [column.name for column in db.db.get_columns(table)]
    has_ids = "id" in columns
    named = [column for column in columns if column != "id"]
    found = db.one(f"SELECT {', '.join(named)} FROM {table} WHERE {where}{' ORDER BY id' if has_ids else ''} LIMIT 1")
    assert found is not None, table
    changes = {**_own_codes(table, count), **changes}
    before = db.value(f"SELECT MAX(id) FROM {table}") if has_ids else 0
    for number in range(count):
        row = {**dict(zip(named, found, strict=True)), **{name: make(number) for name, make in changes.items()}}
        marks = db.marks(named)
        db.execute(f"INSERT INTO {table} ({', '.join(named)}) VALUES ({marks})", *(row[name] for name in named))
    return [row[0] for row in db.rows(f"SELECT id FROM {table} WHERE id > ? ORDER BY id", before)] if has_ids else []


def _many(count: int) -> None:
    """A shop with so many more of everything, copied from the first of each."""

    def code(number: int) -> str:
        return f"{count}-{number}"

    with db.transaction():
        products = _copies("product", count)
        _copies("product_text", count, product_id=products.__getitem__)
        _copies("listing", count, product_id=products.__getitem__)
        variants = _copies("variant", count, product_id=products.__getitem__)
        _copies("price", count, variant_id=variants.__getitem__)
        _copies("stock_level", count, variant_id=variants.__getitem__)
        carts = range(1_000_000 + 1_000 * count, 2_000_000)
        orders = _copies("orders", count, number=code, cart_id=carts.__getitem__)
        _copies("order_line", count, order_id=orders.__getitem__)
        categories = _copies("category", count)
        _copies("category_text", count, category_id=categories.__getitem__)
        _copies("media", count)
        _copies("job", count, "state = 'dead'")
        _copies("activity", count)
        _copies("staff", count)


def _costs(panel: Panel, paths: list[str]) -> dict[str, list[str]]:
    """The statements of the second look at each page; the first fills what a process keeps."""
    told = {}
    for path in paths:
        panel.get(path)
        with db.counted() as statements:
            assert panel.get(path).status_code == 200, path
        told[path] = list(statements)
    return told


@pytest.mark.once
def test_no_page_costs_more_statements_with_300_of_everything_than_with_30(
    panel: Panel, furnished: list[tuple[str, str]]
) -> None:
    paths = [path for _endpoint, path in furnished] + ["/panel/find?q=lamp", "/panel/orders?view=to_ship"]
    _many(30)
    few = _costs(panel, paths)
    _many(270)
    more = _costs(panel, paths)
    grown = {path: (len(few[path]), len(more[path])) for path in paths if len(more[path]) > len(few[path])}
    assert not grown
    dear = {path: len(statements) for path, statements in more.items() if len(statements) > MOST_STATEMENTS}
    assert not dear
    assert not [path for path, statements in more.items() if statements.count("SELECT n, touched FROM epoch") > 1]
