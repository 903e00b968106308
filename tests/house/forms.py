"""The forms of a page as a browser without scripts sends them, with their hidden fields."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from typing import Any


class _Reader(HTMLParser):
    """What one form sends as it stands, and the values of its buttons called `act`."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self.acts: set[str] = set()
        self._select = self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said: dict[str, Any] = dict(attrs)
        name, value = said.get("name") or "", said.get("value") or ""
        if tag == "input" and name and (said.get("type") not in {"checkbox", "radio", "file"} or "checked" in said):
            self.values[name] = value
        elif tag == "button" and name == "act":
            self.acts.add(value)
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and (self._select not in self.values or "selected" in said):
            self.values[self._select] = value
        elif tag == "textarea":
            self._area = name
            self.values[name] = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self.values[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._area = ""


def form_of(page: str, here: str, action: str, act: str = "") -> dict[str, str]:
    """What the form that posts to `action` sends, by the button or for the hidden field `act` if one is named."""
    seen = []
    for start in re.finditer(r'<form\b[^>]*method="post"[^>]*>', page):
        named = re.search(r'action="([^"]*)"', start[0])
        goes_to = unescape(named[1] if named else here).partition("#")[0]
        seen.append(goes_to)
        if goes_to != action:
            continue
        reader = _Reader()
        reader.feed(page[start.start() : page.index("</form>", start.end())])
        if not act or act in reader.acts or reader.values.get("act") == act:
            return {**reader.values, **({"act": act} if act else {})}
    raise AssertionError(f"no form of {here} posts to {action} {act}: {seen}")
