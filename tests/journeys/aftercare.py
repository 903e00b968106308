"""Staff and shoppers after an order is placed, each in a window."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from core.testing.shop import PASSWORD
from tests.journeys.merchant import Merchant
from tests.journeys.shopper import Shopper

if TYPE_CHECKING:
    from playwright.sync_api import Page


class Clerk(Merchant):
    """Somebody who looks after orders, signed in."""

    @property
    def reads(self) -> str:
        """All that stands on the page's sheet."""
        return self.page.inner_text("main")

    @property
    def told(self) -> str:
        """What the page says of the act before it."""
        return self.page.inner_text(".toasts")

    def order_page(self, number: str) -> None:
        self.open(f"/orders/{number}")

    def go(self, end: str) -> None:
        """Follow the link of the page whose address ends so."""
        self.page.locator(f"main a[href$='{end}']").first.click()
        self.page.wait_for_url(f"**{end}")

    def fill(self, **values: str) -> None:
        """Fill fields by their name; what is folded away is unfolded first."""
        for name, value in values.items():
            found = self.page.locator(f'main [name="{name.replace("__", "-")}"]')
            if (seen := found.locator("visible=true")).count() == 1:  # Another form may ask the same, folded away.
                found = seen
            fold = found.first.locator("xpath=ancestor::details[not(@open)]")
            if fold.count():
                fold.locator("summary").click()
            if found.first.get_attribute("type") == "radio":
                self.page.locator(f'main [name="{name}"][value="{value}"]').check()
            elif found.evaluate("node => node.tagName") == "SELECT":
                found.select_option(value)
            else:
                found.fill(value)

    def press(self, act: str) -> None:
        """Press the button of the form that does `act`, by its value or by the form's hidden field."""
        own = self.page.locator(f'main button[name=act][value="{act}"]:not([tabindex="-1"])')
        form = self.page.locator(f'main form:has(input[name=act][value="{act}"]) button[type=submit]')
        (own if own.count() else form).click()

    def send(self) -> None:
        """Press the one main button of the page."""
        self.page.locator("main form .button--primary").click()

    def fields(self, start: str) -> list[str]:
        return fields(self.page, start)

    def on_the_shelf(self, sku: str) -> tuple[int, int]:
        """(on hand, free) of a variant as the stock page shows them."""
        self.open(f"/stock?q={sku}")
        cells = self.page.locator("table.rows tbody tr").first.locator("td:visible").all_inner_texts()
        numbers = [int(text) for text in cells if re.fullmatch(r"-?\d+", text.strip())]
        return numbers[0], numbers[-1]

    def timeline(self) -> str:
        """What happened to the open order, newest first."""
        return self.page.inner_text(".timeline")


class Owner(Shopper):
    """Somebody who has ordered, and comes back by the link in their mail or by their account."""

    def sign_in(self, email: str) -> None:
        self.open("/login")
        self.page.fill("#email", email)
        self.page.fill("#password", PASSWORD)
        self.page.locator("main form:has(#password) button").first.click()
        self.page.wait_for_url("**/account")

    def follow_account(self, number: str) -> None:
        """From the overview of the account to an order."""
        self.open("/account/orders")
        self.page.locator(f"main a[href$='/account/orders/{number}']").click()

    def go(self, end: str) -> None:
        """Follow the link whose address ends so, by its own press."""
        self.page.locator(f"main a[href$='{end}']").first.click()
        self.page.wait_for_url(f"**{end}")

    def fill(self, values: Mapping[str, str]) -> None:
        for name, value in values.items():
            field = self.page.locator(f'main [name="{name}"]')
            if field.evaluate("node => node.tagName") == "SELECT":
                field.select_option(value)
            else:
                field.fill(value)

    def fields(self, start: str) -> list[str]:
        return fields(self.page, start)

    def send(self) -> None:
        """Press the one main button of the page."""
        self.page.locator("main form .button--primary").first.click()
        self.page.wait_for_load_state()

    def pay_the_rest(self, amount: str, gateway: str) -> None:
        """From the order's page to the gateway and back."""
        self.page.locator("main a[href*='/checkout/thanks/']").click()
        again = self.page.locator("main form[action*='/checkout/pay/']")
        expect(again.locator("button")).to_contain_text(amount)
        again.locator("input[value=fake_gateway]").check()
        again.locator("button").click()
        self.page.wait_for_url(f"{gateway}/pay/**")
        assert amount in self.reads
        self.pay(back="get")


def fields(page: Page, start: str) -> list[str]:
    """The names of fields that begin so, in the order of the page."""
    found = page.locator(f'main [name^="{start}"]')
    return [str(found.nth(place).get_attribute("name")) for place in range(found.count())]
