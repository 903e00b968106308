"""The shop in a real browser, by keyboard and by thumb: what scripts add to pages that work without them."""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from playwright.sync_api import expect

from core.app import create_app
from core.cart.services.holds import set_hold_minutes
from core.catalogue.services.categories import CategoryDraft, CategoryText, create_category
from core.catalogue.services.drafts import ListingDraft, PriceDraft, ProductDraft, TextDraft, VariantDraft
from core.catalogue.services.media import add_picture
from core.catalogue.services.products import save_product
from core.kernel import db
from core.kernel.site_verbs import add_site, edit_site
from core.kernel.sites import state_of
from core.lib.money import Money
from core.testing.application import LiveServer
from core.testing.browser import PHONE, axe_violations, jumps, scrolls_sideways

from .conftest import make_lamp

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

LINES = {"name": "Mira Kessler", "line1": "Lange Str. 1", "postcode": "10115", "city": "Berlin"}
MAIN = ("/", "/c/lighting", "/p/dome-lamp", "/cart", "/checkout")
READY = "html[data-ready]"
BEHAVIOURS = re.compile(r"/static/.*(?<!/shop)\.js$")
OTHER = ("/search?q=lamp", "/search?q=zzzz", "/p/chair", "/track", "/login", "/register", "/nowhere")


@pytest.fixture(scope="module")
def shop(live_server: LiveServer) -> str:
    """The origin of a shop: a lamp to choose, a chair with two pictures, sixty cups, a category within another."""
    create_app(live_server.instance)
    if db.value("SELECT 1 FROM site WHERE host = 'look.localhost'"):  # A worker came back to these tests.
        return live_server.url("", host="look.localhost")
    site = add_site(host="look.localhost", name="Test shop", currency="EUR", country="DE", email="shop@shop.test")
    make_lamp(site)
    tiers = (PriceDraft(amount=Money(12900, "EUR")), PriceDraft(amount=Money(12000, "EUR"), from_qty=3))
    large = VariantDraft(sku="LAMP-GREEN-L", values={"colour": "green", "size": "l"}, prices=tiers)
    save_product(site, ProductDraft(variants=(large,), whole=False), "system")
    save_product(site, _goods("Chair", 9000, media_ids=tuple(_pictures())), "system")
    for number in range(60):
        save_product(site, _goods(f"Cup {number:02}", 1000 + 10 * number), "system")
    above = create_category(CategoryDraft(texts={"en": CategoryText(name="Home")}), "system")
    create_category(CategoryDraft(texts={"en": CategoryText(name="Rugs")}, parent_id=above), "system")
    return live_server.url("", host=site.host)


def _goods(name: str, amount: int, **more: Any) -> ProductDraft:
    variant = VariantDraft(sku=name.upper().replace(" ", "-"), prices=(PriceDraft(amount=Money(amount, "EUR")),))
    texts = {"en": TextDraft(name=name)}
    return ProductDraft(texts=texts, variants=(variant,), listing=ListingDraft(visible=True), **more)


def _pictures() -> Iterator[int]:
    for colour in ("red", "blue"):
        buffer = io.BytesIO()
        Image.new("RGB", (1200, 1200), colour).save(buffer, "PNG")
        yield add_picture(buffer.getvalue(), f"{colour}.png", {"en": f"The {colour} side"}, "system")


@pytest.fixture
def visit(shop: str, page: Page) -> Callable[[str], Page]:
    """`visit("/cart")`: the page there, with its scripts attached."""

    def go(path: str) -> Page:
        page.goto(shop + path)
        page.wait_for_selector(READY)
        return page

    return go


def focused(page: Page) -> Any:
    """What has the focus, in words."""
    return page.evaluate("(document.activeElement.labels?.[0] ?? document.activeElement).innerText.trim()")


def add_lamp(visit: Callable[[str], Page]) -> Page:
    page = visit("/p/dome-lamp?v=LAMP-GREEN-L")
    page.focus("[data-add]")
    page.keyboard.press("Enter")
    page.wait_for_selector("#cart-drawer .cart-line")
    return page


# -- what a cart holds -------------------------------------------------------------------------------------------------

_WATCH = """() => {
  window.said = [];
  const spoken = "[role=status], [role=alert], [role=timer], [aria-live]:not([aria-live=off])";
  const note = records => records.forEach(({target}) => {
    const region = (target.closest ? target : target.parentElement).closest(spoken);
    if (region) window.said.push(region.textContent.trim());
  });
  new MutationObserver(note).observe(document.body, {subtree: true, childList: true, characterData: true});
}"""


def test_the_time_that_goods_are_held_counts_down_for_eyes_and_is_said_once_at_its_end(
    visit: Callable[[str], Page], page: Page
) -> None:
    site = state_of(db.value("SELECT id FROM site WHERE host = 'look.localhost'")).site
    set_hold_minutes(site, 2, "system")
    page.clock.install()
    try:
        add_lamp(visit)
    finally:
        set_hold_minutes(site, 0, "system")
    held, left = page.locator("#cart-drawer .held"), page.locator("#cart-drawer [data-held-left]")
    assert re.fullmatch(r"Held for you until \d{1,2}:\d{2}.*\.", page.inner_text("#cart-drawer [data-held-text]"))
    assert left.get_attribute("aria-hidden") == "true"
    page.clock.run_for(1_000)  # What came into the cart has been said by then.
    before = _seconds(left.inner_text())
    assert 60 < before <= 120
    page.evaluate(_WATCH)
    page.clock.run_for(30_000)
    assert before - 32 <= _seconds(left.inner_text()) <= before - 29
    assert page.evaluate("window.said") == []
    page.clock.run_for(120_000)
    over = "Others can have these goods again now. Order soon, or change something to hold them anew."
    assert held.inner_text().strip() == over
    assert page.evaluate("window.said") == [over]
    assert left.count() == 0
    page.clock.run_for(60_000)
    assert page.evaluate("window.said") == [over]
    assert axe_violations(page) == []


def _seconds(left: str) -> int:
    """Of `1:59 left`."""
    found = re.fullmatch(r"(\d+):(\d{2}) left", left.strip())
    assert found is not None, left
    return 60 * int(found[1]) + int(found[2])


# -- the product -------------------------------------------------------------------------------------------------------


def test_choice_that_falls_away_is_said_and_the_page_follows(visit: Callable[[str], Page]) -> None:
    page = visit("/p/dome-lamp?v=LAMP-GREEN-L")
    page.focus("[name='o.colour'][value=green]")
    page.keyboard.press("ArrowLeft")
    page.wait_for_url("**/p/dome-lamp?v=LAMP-RED-S")
    assert "€69.00" in page.inner_text(".buy-box__price")
    assert page.inner_text("[data-sku]") == "LAMP-RED-S"
    assert page.inner_text("[data-stock]") == "Sold out"
    assert page.is_disabled("[data-add]")
    assert page.is_disabled("[name='o.size'][value=l]")
    assert "not made in this combination" in page.inner_text("label:has([name='o.size'][value=l])")
    said = "Large is not made in this combination; Small is chosen instead."
    assert said in page.inner_text("[role=status][data-toasts]")


def test_what_holds_for_one_choice_is_shown_with_it(visit: Callable[[str], Page]) -> None:
    page, more = visit("/p/dome-lamp?v=LAMP-GREEN-L"), "text=3 or more: €120.00 each"
    assert page.is_visible(more)
    page.locator("label:has([name='o.size'][value=s])").click()
    page.wait_for_url("**/p/dome-lamp?v=LAMP-GREEN-S")
    assert page.is_hidden(more)
    page.reload()
    page.wait_for_selector(READY)
    assert page.is_hidden(more)
    page.locator("label:has([name='o.size'][value=l])").click()
    page.wait_for_url("**/p/dome-lamp?v=LAMP-GREEN-L")
    assert page.is_visible(more)


def test_picture_is_enlarged_and_left_by_keyboard(visit: Callable[[str], Page]) -> None:
    page = visit("/p/chair")
    page.focus("[data-zoom]")
    page.keyboard.press("Enter")
    assert page.get_attribute(".zoom__picture", "alt") == "The red side"
    close, step = page.locator(".zoom__close").bounding_box(), page.locator(".zoom__step--next").bounding_box()
    assert close is not None
    assert step is not None
    assert close["x"] > 1300
    assert close["y"] < 50
    assert step["y"] > 800
    page.get_by_role("button", name="Next picture").press("Enter")
    assert page.get_attribute(".zoom__picture", "alt") == "The blue side"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.matches('[data-zoom]')")


def test_goods_seen_before_are_remembered_on_this_device_until_they_are_forgotten(visit: Callable[[str], Page]) -> None:
    assert visit("/p/chair").is_hidden("[data-recent]")
    page = visit("/p/dome-lamp")
    assert page.locator("[data-recent] a").all_inner_texts() == ["Chair"]
    page.click("[data-recent] [data-forget]")
    assert visit("/").is_hidden("[data-recent]")


@pytest.mark.parametrize("view", [PHONE], ids=str)
def test_phone_keeps_the_way_to_buy_in_sight(visit: Callable[[str], Page]) -> None:
    page = visit("/p/chair")
    page.locator("[data-add]").scroll_into_view_if_needed()
    page.wait_for_selector("[data-buy-bar][data-resting]", state="attached")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.wait_for_selector("[data-buy-bar]:not([data-resting])")
    page.tap("[data-buy-bar] button")
    page.wait_for_selector("#cart-drawer .cart-line")


# -- the cart's drawer -------------------------------------------------------------------------------------------------


def test_drawer_holds_the_focus_speaks_and_gives_the_focus_back(visit: Callable[[str], Page]) -> None:
    page = add_lamp(visit)
    assert focused(page) == "Your cart"
    said = page.locator("[data-drawer-said]")
    expect(said).to_contain_text("€129.00")
    for _press in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    page.get_by_role("button", name="One more: Dome lamp").press("Enter")
    expect(said).to_contain_text("€258.00")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "One more: Dome lamp"
    page.get_by_role("button", name="Remove Dome lamp").press("Enter")
    page.wait_for_selector("#cart-drawer .undo")
    assert focused(page) == "Put it back"
    page.keyboard.press("Enter")
    page.wait_for_selector("#cart-drawer .cart-line")
    assert "€258.00" in page.inner_text("#cart-drawer")
    page.keyboard.press("Escape")
    assert page.is_hidden("#cart-drawer")
    assert page.evaluate("document.activeElement.matches('[data-add]')")
    assert page.get_by_role("link", name="Cart 2").is_visible()


# -- what is done before scripts are here ------------------------------------------------------------------------------


@pytest.fixture
def slow(shop: str, page: Page) -> Callable[[str], Callable[[], None]]:
    """`arrive = slow("/p/chair")`: the page is there and its behaviours are on their way until `arrive()`."""

    def go(path: str) -> Callable[[], None]:
        waiting: list[Route] = []
        page.route(BEHAVIOURS, lambda route: waiting.append(route))  # noqa: PLW0108 -- playwright marks what it is given
        page.goto(shop + path)
        assert page.locator(READY).count() == 0

        def arrive() -> None:
            for route in waiting:
                route.continue_()
            page.unroute(BEHAVIOURS)

        return arrive

    return go


def test_add_that_is_pressed_early_puts_one_into_the_cart_and_opens_the_drawer(
    slow: Callable[[str], Callable[[], None]], page: Page
) -> None:
    arrive = slow("/p/chair")
    page.click("[data-add]")
    page.click("[data-add]")  # Nothing has happened yet: whoever presses again means the same.
    arrive()
    page.wait_for_selector("#cart-drawer .cart-line")
    assert page.inner_text("#cart-drawer .totals__row--sum").endswith("€90.00")
    assert page.locator("#cart-drawer .cart-line").count() == 1
    assert page.locator(READY).count() == 1


def test_choice_made_early_is_what_comes_into_the_cart(slow: Callable[[str], Callable[[], None]], page: Page) -> None:
    arrive = slow("/p/dome-lamp?v=LAMP-GREEN-S")
    page.locator("label:has([name='o.size'][value=l])").click()
    page.click("[data-add]")
    arrive()
    page.wait_for_selector("#cart-drawer .cart-line")
    assert "Large" in page.inner_text("#cart-drawer .cart-line")
    assert page.inner_text("[data-sku]") == "LAMP-GREEN-L"


def test_what_only_a_script_can_do_is_done_when_it_comes(slow: Callable[[str], Callable[[], None]], page: Page) -> None:
    arrive = slow("/p/chair")
    page.get_by_role("button", name="One more").click()
    page.get_by_role("button", name="One more").click()
    page.click("[data-zoom] >> nth=0")
    arrive()
    page.wait_for_selector("[data-zoom-dialog][open]")
    assert page.input_value("[data-quantity] input") == "3"
    arrive = slow("/")
    page.focus("#q")
    page.keyboard.type("cup 0")
    arrive()
    page.wait_for_selector("[role=option]")


def test_add_goes_to_the_cart_page_where_scripts_never_come(shop: str, browser: Browser) -> None:
    page = browser.new_page()  # Which may complain.
    page.route(BEHAVIOURS, lambda route: route.abort())
    page.goto(shop + "/p/chair")
    page.click("[data-add]")
    page.wait_for_url("**/cart")
    assert page.locator("main .cart-line").count() == 1
    assert page.input_value("main [name=quantity]") == "1"
    page.close()


@pytest.mark.parametrize("view", [PHONE], ids=str)
def test_first_picture_of_a_product_waits_for_no_other_and_for_no_behaviour(shop: str, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if re.search(r"/media/|\.js$", request.url) else None)
    page.goto(shop + "/p/chair")
    with page.expect_response(re.compile("/media/.*/192$")):
        page.wait_for_selector(READY)
    first = page.locator(".gallery__item img").first.evaluate("image => image.currentSrc")
    assert {url.rpartition("/")[2] if url.endswith(".js") else url for url in asked[:2]} == {"shop.js", first}
    assert len(asked) > 4


# -- lists and search --------------------------------------------------------------------------------------------------


COLUMNS = "new Set([...document.querySelectorAll('main .product-card')].map(e => e.getBoundingClientRect().left)).size"


def test_back_finds_the_list_as_it_was_left(visit: Callable[[str], Page]) -> None:
    page = visit("/search?sort=price")
    cards = page.locator("[data-goods] > *")
    size = page.viewport_size or {"width": 1280, "height": 720}
    for width, columns in ((375, 2), (1440, 4), (size["width"], None)):
        page.set_viewport_size({"width": width, "height": size["height"]})
        assert columns in {None, page.evaluate(COLUMNS)}, width
    for shown in (48, 62):
        page.click("[data-more]")
        expect(cards).to_have_count(shown)
    card = page.locator(".product-card__link", has_text="Cup 40")
    card.scroll_into_view_if_needed()
    top = page.evaluate("scrollY")
    assert top > 500
    card.click()
    page.wait_for_url("**/p/cup-40")
    page.go_back()
    expect(cards).to_have_count(62)
    page.wait_for_timeout(200)
    assert page.evaluate("scrollY") == pytest.approx(top, abs=50)


def test_filters_go_at_once_stand_in_the_address_and_come_off_again(visit: Callable[[str], Page]) -> None:
    page = visit("/c/lighting")
    page.focus("[name='f.colour'][value=red]")
    page.keyboard.press("Space")
    page.wait_for_url("**f.colour=red**")
    page.check("[name='f.colour'][value=green]")
    page.wait_for_url("**f.colour=red&f.colour=green**")
    assert page.locator(".listing .chip").count() == 3  # Two colours, and one that clears.
    page.get_by_role("link", name="Remove Red").press("Enter")
    page.wait_for_url(re.compile(r"\?(?!.*colour=red).*f.colour=green"))
    page.go_back()
    page.wait_for_url("**f.colour=red&f.colour=green**")
    assert page.is_checked("[name='f.colour'][value=red]")


def test_price_is_chosen_by_slider_or_by_typing(visit: Callable[[str], Page]) -> None:
    page = visit("/search")
    assert page.is_visible("[data-slider] >> nth=0")
    page.focus("[data-slider] >> nth=0")
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**min=**")
    least = float(page.input_value("[name=min]"))
    assert 10 < least < 20
    page.fill("[name=max]", "15")
    page.press("[name=max]", "Enter")
    page.wait_for_url("**max=15**")
    page.wait_for_selector(READY)
    assert float(page.input_value("[data-slider] >> nth=1")) == pytest.approx(15, abs=1)
    assert page.locator("[data-goods] .product-card").count() > 1


SIGNS = """direction => {
  document.documentElement.dir = direction;
  return [...document.querySelectorAll(".affix")].map((box) => {
    const [sign, input] = box.children, text = document.createRange(), field = input.getBoundingClientRect();
    text.selectNodeContents(sign);
    const letters = text.getBoundingClientRect(), begins = parseFloat(getComputedStyle(input).paddingInlineStart);
    return begins - (direction === "rtl" ? field.right - letters.left : letters.right - field.left);
  });
}"""


def test_sign_of_several_letters_stands_before_the_price_that_is_typed(
    shop: str, live_server: LiveServer, page: Page
) -> None:
    del shop
    site = add_site(host="francs.localhost", name="Francs", currency="CHF", country="CH")
    variant = VariantDraft(sku="FRANC", prices=(PriceDraft(amount=Money(9000, "CHF")),))
    listing = ListingDraft(visible=True)
    save_product(
        site, ProductDraft(texts={"en": TextDraft(name="Franc")}, variants=(variant,), listing=listing), "system"
    )
    page.goto(live_server.url("/search", host=site.host))
    for direction in ("ltr", "rtl"):
        gaps = page.evaluate(SIGNS, direction)
        assert len(gaps) == 2
        assert min(gaps) > 0, direction


def test_search_is_worked_by_arrow_keys_and_remembers(visit: Callable[[str], Page]) -> None:
    page = visit("/")
    page.focus("#q")
    page.keyboard.type("cup 0")
    page.wait_for_selector("[role=option]")
    assert page.get_attribute("#q", "aria-expanded") == "true"
    page.keyboard.press("ArrowDown")
    active = page.get_attribute("#q", "aria-activedescendant")
    assert page.get_attribute(f"#{active}", "aria-selected") == "true"
    page.keyboard.press("Escape")
    assert page.get_attribute("#q", "aria-expanded") == "false"
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=cup+0")
    page = visit("/")
    page.focus("#q")
    page.wait_for_selector("[role=option]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=cup%200")
    assert axe_violations(page) == []


@pytest.mark.parametrize("view", [PHONE], ids=str)
def test_menu_goes_down_and_back_by_levels(visit: Callable[[str], Page]) -> None:
    page = visit("/")
    page.tap(".menu-button")
    page.get_by_role("button", name="Home", exact=True).tap()
    assert page.get_by_role("link", name="Rugs").is_visible()
    page.get_by_role("button", name="All goods").last.tap()
    expect(page.get_by_role("link", name="Rugs")).to_be_hidden()
    assert page.get_by_role("button", name="Home", exact=True).is_visible()


# -- the checkout ------------------------------------------------------------------------------------------------------


def test_checkout_asks_little_says_what_is_wrong_and_loses_nothing(visit: Callable[[str], Page]) -> None:
    add_lamp(visit)
    page = visit("/checkout")
    asked = page.locator("form[data-checkout] :is(input, select):visible:not([type=radio], [type=checkbox])")
    assert asked.count() <= 8
    assert all(field.get_attribute("autocomplete") for field in asked.all())
    page.fill("#email", "mira")
    page.press("#email", "Tab")
    assert "This is not an e-mail address" in page.inner_text("#email-note")
    assert page.get_attribute("#email", "aria-invalid") == "true"
    page.focus("[data-place]")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.matches('[data-error-summary]')")
    page.locator("[data-error-summary] a").first.press("Enter")
    assert page.evaluate("document.activeElement.id") == "email"
    page.fill("#email", "mira@example.org")
    page.press("#email", "Tab")
    assert page.get_attribute("#email", "aria-invalid") is None
    for name, text in LINES.items():
        page.fill(f"#{name}", text)
    page.reload()
    page.wait_for_selector(READY)
    assert {name: page.input_value(f"#{name}") for name in LINES} == LINES
    page.dblclick("[data-place]")
    page.wait_for_url("**/checkout/thanks/**")
    assert "Thank you, Mira" in page.inner_text("h1")


@pytest.mark.parametrize("view", [PHONE], ids=str)
def test_summary_that_was_unfolded_stays_so_while_sums_are_asked_anew(visit: Callable[[str], Page]) -> None:
    add_lamp(visit)
    page = visit("/checkout")
    lines = page.locator("#checkout-summary .order-line")
    expect(lines).to_be_hidden()
    page.tap("#checkout-summary summary >> nth=0")
    expect(lines).to_be_visible()
    with page.expect_response("**/checkout/save"):
        page.select_option("#country", "FR")
    expect(page.locator("#checkout-address")).to_contain_text("Postcode")
    page.wait_for_load_state("networkidle")
    expect(lines).to_be_visible()


def test_order_on_paper_is_what_was_bought_and_nothing_to_press(visit: Callable[[str], Page]) -> None:
    add_lamp(visit)
    page = visit("/checkout")
    for name, text in {"email": "mira@example.org", **LINES}.items():
        page.fill(f"#{name}", text)
    page.click("[data-place]")
    page.wait_for_url("**/checkout/thanks/**")
    page.emulate_media(media="print")
    paper = page.inner_text("body")
    assert "Dome lamp" in paper
    assert "€129.00" in paper
    assert "Lange Str. 1" in paper
    assert "Test shop" in paper
    assert page.locator(":is(button, input, .button):visible").count() == 0
    assert page.locator(".panel:has(#keep):visible").count() == 0, "a panel that only asks for something stays away"
    assert _top(page, ".side") < _top(page, "#next"), "what was bought stands before what happens next"
    assert page.locator(".side").evaluate("side => getComputedStyle(side).borderTopWidth") == "0px"


def test_cart_on_paper_has_its_lines_before_their_sum(visit: Callable[[str], Page]) -> None:
    add_lamp(visit)
    page = visit("/cart")
    page.emulate_media(media="print")
    assert _top(page, "main .cart-lines") < _top(page, "main .side")


def _top(page: Page, selector: str) -> float:
    box = page.locator(selector).bounding_box()
    assert box is not None, selector
    return box["y"]


# -- for every page ----------------------------------------------------------------------------------------------------

# Text at the spacing that WCAG 1.4.12 names.
SPACED = "* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }"
SMALL = """least => [...document.querySelectorAll("a[href], button, input, select, summary")].filter((e) => {
  const target = e.closest("label") ?? e, box = target.getBoundingClientRect(), style = getComputedStyle(target);
  const inline = e.tagName === "A" && style.display === "inline";
  return box.width > 2 && style.visibility !== "hidden" && e.type !== "hidden" && !inline
    && !e.closest(".unseen, .skip") && !target.matches(".unseen") && Math.min(box.height, box.width) < least - .5;
}).map((e) => `${e.tagName}.${e.className}: ${e.textContent.trim().slice(0, 20)}`)"""


LOW = "links => links.filter((link) => link.getBoundingClientRect().height < 24).map((link) => link.textContent)"
ARROWS = """[...document.querySelectorAll('.icon--turns')].filter(icon => icon.checkVisibility())
.map(icon => getComputedStyle(icon).transform)"""


@pytest.mark.parametrize("view", [PHONE], ids=str)
def test_every_page_fits_a_narrow_window_and_a_thumb(visit: Callable[[str], Page]) -> None:
    page = add_lamp(visit)
    for path in (*MAIN, *OTHER):
        page.set_viewport_size({"width": 375, "height": 812})
        visit(path)
        assert page.evaluate(SMALL, 44) == [], path
        assert page.locator(".product-card__link").evaluate_all(LOW) == [], f"{path}: the name of a card is low"
        page.set_viewport_size({"width": 320, "height": 600})
        assert not scrolls_sideways(page), path
        page.evaluate(STYLED, SPACED)
        assert not scrolls_sideways(page), f"{path}, spaced"
        page.evaluate("document.adoptedStyleSheets = []; document.documentElement.dir = 'rtl'")
        assert not scrolls_sideways(page), f"{path}, from right to left"
        assert set(page.evaluate(ARROWS)) <= {"matrix(-1, 0, 0, 1, 0, 0)"}, f"{path}: arrows point the other way"


ACCOUNT = ("", "/orders", "/addresses/new", "/devices", "/password")
SHRUNK = ".button { min-block-size: 0 !important; padding: 0 !important; block-size: 16px; display: inline-block }"
STYLED = "css => { const s = new CSSStyleSheet(); s.replaceSync(css); document.adoptedStyleSheets = [s]; }"


@pytest.mark.parametrize("view", [PHONE], ids=str)
def test_every_page_of_an_account_fits_a_thumb(visit: Callable[[str], Page]) -> None:
    page = visit("/register")
    page.fill("#email", "thumb@example.org")
    page.fill("#password", "a long enough password")
    page.click("main form button")
    page.wait_for_url("**/account")
    for path in ACCOUNT:
        visit(f"/account{path}")
        assert page.evaluate(SMALL, 44) == [], path
    page.evaluate(STYLED, SHRUNK)
    assert page.evaluate(SMALL, 24) != [], "a target that is too small is noticed"


@pytest.mark.parametrize("paths", [MAIN, pytest.param(OTHER, marks=pytest.mark.slow)], ids=["main", "other"])
def test_every_page_is_named_headed_and_free_of_barriers(visit: Callable[[str], Page], paths: tuple[str, ...]) -> None:
    page = add_lamp(visit)
    assert axe_violations(page) == []
    for path in paths:
        visit(path)
        assert page.locator("h1").count() == 1, path
        assert page.locator("main").count() == 1, path
        assert page.evaluate(SMALL, 24) == [], path
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            assert axe_violations(page) == [], (path, scheme)
        page.keyboard.press("Tab")
        assert focused(page) == "Skip to content", path


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["plain", "lantern"])
@pytest.mark.parametrize(("language", "direction"), [("de", "ltr"), ("ar", "rtl")])
def test_every_page_fits_and_is_free_of_barriers_in_the_languages_of_packs(
    shop: str, live_server: LiveServer, page: Page, theme: str, language: str, direction: str
) -> None:
    host = f"{theme}-{language}.localhost"
    site = add_site(host=host, name="Lichthaus", theme=theme, language=language, currency="EUR", country="DE")
    save_product(site, _goods(f"Lamp of {theme} in {language}", 9000), "system")
    del shop
    origin = live_server.url("", host=host)
    page.goto(f"{origin}/p/lamp-of-{theme}-in-{language}")
    page.click("[data-add]")
    page.wait_for_selector("#cart-drawer .cart-line")
    assert axe_violations(page) == []
    for path in ("/", f"/p/lamp-of-{theme}-in-{language}", "/cart", "/checkout", "/search?q=zzzz", "/track", "/login"):
        page.goto(origin + path, wait_until="networkidle")
        assert page.evaluate("document.documentElement.dir") == direction
        page.set_viewport_size({"width": 320, "height": 600})
        assert not scrolls_sideways(page), path
        assert page.evaluate(SMALL, 44) == [], path
        page.set_viewport_size({"width": 1440, "height": 900})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            assert axe_violations(page) == [], (path, scheme)


@pytest.mark.parametrize("view", [PHONE], ids=str)
def test_no_page_jumps_while_it_opens(visit: Callable[[str], Page]) -> None:
    page = add_lamp(visit)
    for path in (*MAIN, *OTHER):
        visit(path)
        assert jumps(page, most=0.02) == [], path


def test_styles_and_scripts_of_a_page_stay_below_60_kb(visit: Callable[[str], Page], page: Page) -> None:
    sizes: dict[str, int] = {}
    page.on(
        "response",
        lambda answer: (
            sizes.update({answer.url: len(gzip.compress(answer.body()))})
            if answer.request.resource_type in {"stylesheet", "script"}
            else None
        ),
    )
    add_lamp(visit)
    visit("/checkout")
    # More than any one page loads: a product, the drawer and the checkout together.
    assert 0 < sum(sizes.values()) < 60_000, sizes


@pytest.mark.slow
@pytest.mark.parametrize("view", [PHONE], ids=str)
def test_an_order_for_two_addresses_has_no_barriers_and_keeps_what_is_typed(
    visit: Callable[[str], Page], page: Page
) -> None:
    site = state_of(db.value("SELECT id FROM site WHERE host = 'look.localhost'")).site
    edit_site(site.id, {"several_addresses": True}, "system")
    try:
        for _more in range(2):
            add_lamp(visit)
        visit("/checkout")
        page.fill("#email", "mira@example.com")
        page.click("[formaction$='/checkout/places/open']")
        fields = page.locator("main .fields input[inputmode=numeric]")
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            assert axe_violations(page) == [], scheme
        assert page.evaluate(SMALL, 44) == []
        page.set_viewport_size({"width": 320, "height": 600})
        assert not scrolls_sideways(page)
        fields.nth(0).fill("1")
        fields.nth(1).fill("1")
        page.keyboard.press("Enter")
        page.wait_for_selector("#p1_name")
        assert page.input_value("#email") == "mira@example.com"
        assert axe_violations(page) == []
        assert page.evaluate(SMALL, 44) == []
        assert not scrolls_sideways(page)
        # Another country asks for other fields; what was typed beside it stays.
        page.fill("#p1_name", "Oma")
        page.select_option("#p1_country", "CN")
        page.wait_for_selector("#p1_region")
        assert page.input_value("#p1_name") == "Oma"
    finally:
        edit_site(site.id, {"several_addresses": False}, "system")
