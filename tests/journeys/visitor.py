"""A visitor over HTTP: reads pages, fills the forms that are on them, follows where they lead."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from core.testing.shop import PASSWORD

if TYPE_CHECKING:
    from core.app import App
    from core.hookspecs.site import Site

ADDRESS = {
    "email": "mira@example.com",
    "name": "Mira Kessler",
    "line1": "Lange Str. 1",
    "postcode": "10115",
    "city": "Berlin",
    "country": "DE",
}


class Visitor:
    """One browser without scripts: its cookies, and the page it looks at."""

    def __init__(self, app: App, site: Site) -> None:
        self.client: Any = app.test_client()
        # The panel's login asks for an encrypted address.
        self._origin = f"https://{site.host}"
        self.page, self.status, self.path = "", 0, ""

    def open(self, path: str) -> str:
        """Look at a page, following redirects within the shop."""
        return self._arrive(self.client.get(path, base_url=self._origin))

    def send(self, path: str, **fields: Any) -> str:
        """Send a form, and follow where it leads; outside the shop the address alone is noted."""
        return self._arrive(self.answer(path, fields))

    def answer(self, path: str, fields: Mapping[str, Any]) -> Any:
        headers = {"Origin": self._origin, "Sec-Fetch-Site": "same-origin"}
        return self.client.post(path, base_url=self._origin, data=dict(fields), headers=headers)

    def _arrive(self, answer: Any) -> str:
        while answer.status_code in {301, 303}:
            target = urlsplit(answer.headers["Location"])
            self.path = answer.headers["Location"]
            if target.netloc not in {"", urlsplit(self._origin).netloc}:
                return ""
            inside = target.path + (f"?{target.query}" if target.query else "")
            answer = self.client.get(inside, base_url=self._origin)
        self.page, self.status, self.path = answer.text, answer.status_code, answer.request.path
        return self.reads

    @property
    def reads(self) -> str:
        """What a reader sees, in one line."""
        bare = re.sub(r"<(script|style|template|head)\b.*?</\1>", " ", self.page, flags=re.DOTALL)
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", bare)).split())

    def form(self, action: str) -> dict[str, str]:
        """What the form that leads to `action` would send as it stands."""
        reader = _FormReader(action)
        reader.feed(self.page)
        assert reader.found, f"no form leads to {action}"
        return reader.values

    # -- in the shop ---------------------------------------------------------------------------------------------

    def put_into_cart(self, variant_id: int, quantity: int = 1) -> str:
        return self.send("/cart/add", variant=variant_id, quantity=quantity)

    def fill_checkout(self, **other: str) -> dict[str, str]:
        """Open the checkout, type an address, and answer all that its button would send."""
        self.open("/checkout")
        self.send("/checkout/save", **{**self.form("/checkout/place"), **ADDRESS, **other})
        return {**self.form("/checkout/place"), **other}

    def place_order(self, **other: str) -> str:
        """Order what is in the cart, and go where that leads."""
        return self.send("/checkout/place", **self.fill_checkout(**other))

    # -- at the panel --------------------------------------------------------------------------------------------

    def sign_in(self, email: str = "owner@example.com") -> Visitor:
        self.send("/panel/login", email=email, password=PASSWORD)
        assert self.path == "/panel/", self.reads
        return self


class _FormReader(HTMLParser):
    """Collects what a browser would send of one form, its buttons left out."""

    def __init__(self, action: str) -> None:
        super().__init__()
        self._action, self._inside, self._select = action, False, ""
        self.found, self.values = False, dict[str, str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self._inside = (given.get("action") or "") == self._action
            self.found |= self._inside
        elif self._inside and tag == "select":
            self._select = given.get("name") or ""
        elif self._inside and tag == "option" and ("selected" in given or self._select not in self.values):
            self.values[self._select] = given.get("value") or ""
        elif self._inside and tag == "input" and given.get("name") and _is_sent(given):
            self.values[str(given["name"])] = given.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False


def _is_sent(given: dict[str, str | None]) -> bool:
    """Whether a browser would send the input as it stands."""
    is_choice = given.get("type") in {"radio", "checkbox"}
    return "disabled" not in given and (not is_choice or "checked" in given)
