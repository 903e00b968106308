"""A shopper in a window, with or without scripts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.journeys.windows import Window

if TYPE_CHECKING:
    from playwright.sync_api import Locator


class Shopper:
    """Somebody who looks around in the shop at `origin` and buys there."""

    def __init__(self, window: Window, origin: str) -> None:
        self.page, self._view, self._origin = window.page, window.view, origin

    def open(self, path: str) -> None:
        answer = self.page.goto(self._origin + path)
        assert answer is not None
        assert answer.ok, f"{path}: {answer.status}"

    @property
    def reads(self) -> str:
        """All that stands on the page."""
        return self.page.inner_text("body")

    def search(self, words: str) -> None:
        self.page.fill("#q", words)
        if self._view.scripts:
            expect(self.page.locator("[data-search]").get_by_role("option").first).to_be_visible()
        self.page.press("#q", "Enter")
        self.page.wait_for_url("**/search?**")

    def follow(self, name: str) -> None:
        """Open the product of this name from a list."""
        self.page.locator("main").get_by_role("link", name=name).first.click()
        self.page.wait_for_url("**/p/**")

    def pick(self, *values: str) -> None:
        """Choose a value for each option, by the words that stand on the buttons."""
        for value in values:
            self.page.locator(f'[data-buy] label:has(> input[type=radio][data-name="{value}"])').click()
        if not self._view.scripts:
            self.page.locator("[data-buy] noscript button").click()

    @property
    def price(self) -> Locator:
        return self.page.locator(".buy-box [data-price]")

    @property
    def sku(self) -> Locator:
        return self.page.locator("[data-sku]")

    @property
    def stock(self) -> Locator:
        return self.page.locator("[data-stock]")

    def add_to_cart(self, quantity: int) -> None:
        """Put the shown variant into the cart: a drawer opens, or the cart's page without scripts."""
        self.page.fill("[data-buy] [name=quantity]", str(quantity))
        self.page.click("[data-buy] [data-add]")
        if self._view.scripts:
            expect(self.page.locator("#cart-drawer .cart-line")).to_be_visible()
        else:
            self.page.wait_for_url("**/cart")

    def to_checkout(self) -> None:
        place = "#cart-drawer" if self._view.scripts else "main"
        self.page.locator(f"{place} a[href$='/checkout']").click()
        self.page.wait_for_url("**/checkout")

    def apply(self, code: str) -> None:
        """Enter a promotion code, which is folded away, as is the summary on a phone once its script is there."""
        if self._view.scripts:
            expect(self.page.locator("html")).to_have_attribute("data-ready", "")
        for fold in ("#checkout-summary > details", "#checkout-summary details.fold"):
            if self.page.locator(fold).get_attribute("open") is None:
                self.page.locator(f"{fold} > summary").click()
        self.page.fill("#code", code)
        self.page.locator(".code-form button").click()
        expect(self.page.locator("[aria-label]").filter(has_text=code).first).to_be_attached()

    def fill_address(self, address: Mapping[str, str]) -> None:
        """Fill the fields that this country asks for; without scripts a button shows the ways of delivery."""
        for name, value in address.items():
            field = self.page.locator(f"#{name}")
            if not field.count():
                continue
            folded = self.page.locator(f"details:not([open]):has(#{name}) > summary")
            if folded.count():
                folded.click()
            if field.evaluate("node => node.tagName") == "SELECT":
                field.select_option(label=value)
            else:
                field.fill(value)
        self.page.locator("#email").focus()
        if not self.page.locator("input[name=delivery]").count():
            if self._view.scripts:
                expect(self.page.locator("input[name=delivery]").first).to_be_attached()
            else:
                self.page.locator("[data-refresh]").click()

    def choose_payment(self, gateway: str) -> None:
        self.page.locator(f'input[name=gateway][value="{gateway}"]').check()

    @property
    def shown_total(self) -> Locator:
        return self.page.locator(".totals__row--sum").last

    def place_order(self) -> None:
        """Order; a gateway that wants a form is reached by one more press where no script sends it."""
        self.page.locator("[data-place]").click()
        if not self._view.scripts:
            self.page.wait_for_load_state()
            onward = self.page.locator("form[data-onward] button")
            if onward.count():
                onward.click()

    def pay(self, *, back: str, outcome: str = "pay") -> None:
        """At the gateway: choose the way back, and how the payment ends."""
        self.page.wait_for_url("**/pay/pay_*")
        self.page.select_option("#back", back)
        self.page.click(f"button[name=outcome][value={outcome}]")
        if back == "post":
            self.page.click("form[method=post] button")
        self.page.wait_for_url("**/checkout/thanks/**")

    def track(self, number: str, email: str) -> None:
        """Look an order up without an account."""
        self.open("/track")
        self.page.fill("#number", number)
        self.page.fill("#email", email)
        self.page.locator("main form button").click()
