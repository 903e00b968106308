"""A walk over a shop by its links: one page of each kind, as somebody who has an account and something in the cart."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

from werkzeug.exceptions import HTTPException

from core.kernel.sites import state_of
from tests.markup import faults_of

# A kind is opened so often: some of its pages hold what others do not.
_EACH = 2
_LEFT_OUT = ("/panel", "/media/", "/static/", "/zh-cn/", "/en/")


def faults_of_shop(client: Any, site: Any, email: str, password: str) -> tuple[set[str], list[str]]:
    """The kinds of pages that were seen, and what is wrong: a page that is ill made, or a link that leads nowhere."""
    address = state_of(site.id).runtime.url_map.bind(site.host)
    ask = {"base_url": site.origin, "headers": {"Origin": site.origin}, "follow_redirects": True}
    client.post("/login", data={"email": email, "password": password}, **ask)
    # The checkout comes last, when goods of the pages before are in the cart.
    waiting = [(path, "") for path in ("/", "/search?q=zzzz", "/account", "/stored", "/checkout")]
    known, kinds, wrong = {path for path, _from in waiting}, dict[str, int](), list[str]()
    while waiting:
        path, linked = waiting.pop(0 if waiting[0][0] != "/checkout" else -1)
        kind = _kind(address, path)
        if kinds.setdefault(kind, 0) == _EACH:
            continue
        kinds[kind] += 1
        answer = client.get(path, **ask)
        if kind == "storefront.checkout":
            assert faults_of(answer.text) == []
            answer = client.post("/checkout/place", data=_filled(answer.text), **ask)
            assert answer.request.path.startswith("/checkout/thanks/"), answer.text
            kinds[_kind(address, answer.request.path)] = 1
        if answer.status_code != 200:
            wrong.append(f"{path}, linked from {linked}: {answer.status_code}")
        if answer.mimetype == "text/html":
            wrong += [f"{path}: {fault}" for fault in faults_of(answer.text)]
            found = [link for link in _links(answer.text, path, site.origin) if link not in known]
            known.update(found)
            waiting += [(link, path) for link in dict.fromkeys(found)]
        if kind == "storefront.product" and (variant := re.search(r'name="variant" value="(\d+)"', answer.text)):
            client.post("/cart/add", data={"variant": variant[1]}, **ask)
        answer.close()
    return {kind.split()[0] for kind in kinds}, wrong


def _filled(page: str) -> dict[str, str]:
    """What the form of the checkout sends as it stands: the address of the account is in it already."""
    form = page.partition('action="/checkout/place"')[2].partition("</form>")[0]
    inputs = [dict(re.findall(r'([\w-]+)="([^"]*)"', one)) for one in re.findall(r"<input\b[^>]*>", form)]
    chosen = re.findall(
        r'<select[^>]* name="([^"]+)"(?:(?!</select>).)*<option value="([^"]*)" selected', form, re.DOTALL
    )
    off = {one["name"] for one in inputs if one["type"] in {"radio", "checkbox"}}
    sent = {one["name"]: html.unescape(one.get("value", "")) for one in inputs if one["name"] not in off}
    picked = re.findall(r'<input type="radio"[^>]* name="(\w+)" value="([^"]*)"[^>]* checked', form)
    return {**sent, **dict(chosen), **dict(picked)}


def _kind(address: Any, path: str) -> str:
    """The endpoint, with the names that a question adds: a list that is filtered is another kind."""
    parts = urlsplit(path)
    asked = sorted(pair.partition("=")[0] for pair in parts.query.split("&"))
    try:
        return " ".join([address.match(parts.path, method="GET")[0], *asked]).strip()
    except HTTPException:  # What it answers is told.
        return path


def _links(page: str, path: str, origin: str) -> Iterator[str]:
    for link in re.findall(r'<a\b[^>]* href="([^"]+)"', page):
        whole = urldefrag(urljoin(origin + path, html.unescape(link))).url
        at = whole.removeprefix(origin) or "/"
        if whole.startswith(origin) and not at.startswith(_LEFT_OUT):
            yield at
