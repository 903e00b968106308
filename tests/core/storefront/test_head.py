"""What plugins say in the heads of pages, and where pages that are not there have gone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from core.hookspecs.site import Elsewhere, Head, Site, Url
from core.kernel.installation import installation
from core.kernel.runtime import Implementation
from core.kernel.sites import state_of

from .conftest import ORIGIN, Visitor

Answer = Callable[..., Any]


@pytest.fixture
def answer(site: Site, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str, Answer, tuple[str, ...]], None]:
    """Let a plugin of this name answer a hook."""

    def plant(plugin: str, hook: str, function: Answer, arguments: tuple[str, ...]) -> None:
        hooks = state_of(site.id).hooks
        caller = hooks._callers[hook]
        more = Implementation(plugin, function, arguments)
        changed = type(caller)(caller.name, caller.policy, (*caller.implementations, more))
        monkeypatch.setattr(hooks, "_callers", {**hooks._callers, hook: changed})
        hooks.__dict__.pop(hook, None)

    return plant


def things(page: str) -> dict[str, dict[str, Any]]:
    """The facts of a page by their type; a type that is said twice fails."""
    [block] = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    listed = json.loads(block)["@graph"]
    assert len({thing["@type"] for thing in listed}) == len(listed)
    return {thing["@type"]: thing for thing in listed}


def head_of(page: str) -> Iterator[str]:
    yield re.search(r"<title>(.*?)</title>", page, re.DOTALL)[1]
    yield re.search(r'<meta name="description" content="(.*?)">', page)[1]


def test_the_title_and_description_of_a_plugin_stand_once_and_alone(visitor: Visitor, lamp: int, answer: Any) -> None:
    answer("a", "site_head", lambda kind: Head(title=f"The {kind}"), ("kind",))
    answer("b", "site_head", lambda: Head(title="Late", description="Said by b"), ())
    for kind, path in (("home", "/"), ("category", "/c/lighting"), ("product", "/p/dome-lamp")):
        page = visitor.get(path).text
        assert list(head_of(page)) == [f"The {kind}", "Said by b"]
        assert f'<meta property="og:title" content="The {kind}">' in page
        assert 'name="robots"' not in page


def test_noindex_of_one_plugin_is_enough_and_is_said_once(visitor: Visitor, lamp: int, answer: Any) -> None:
    answer("a", "site_head", lambda: Head(noindex=True), ())
    answer("b", "site_head", Head, ())
    for path in ("/", "/c/lighting", "/c/lighting?in_stock=1", "/p/dome-lamp"):
        assert visitor.get(path).text.count('content="noindex, follow"') == 1, path


def test_facts_are_added_to_what_is_there_and_never_said_twice(visitor: Visitor, lamp: int, answer: Any) -> None:
    shop = {"@type": "Organization", "name": "Other", "legalName": "Shop GmbH"}
    policy = {"@type": "OfferShippingDetails"}
    product = {"@type": "Product", "name": "Other", "offers": {"price": "1", "shippingDetails": policy}}
    rated = {"@type": "Product", "aggregateRating": {"ratingValue": 5}}
    answer("a", "site_head", lambda: Head(json_ld=(shop, product, rated)), ())

    home = things(visitor.get("/").text)
    assert home["Organization"]["name"] == "Test shop"
    assert home["Organization"]["legalName"] == "Shop GmbH"
    page = things(visitor.get("/p/dome-lamp").text)
    assert page["Organization"]["legalName"] == "Shop GmbH"
    assert page["Product"]["name"] == "Dome lamp"
    assert page["Product"]["offers"]["shippingDetails"] == policy
    assert page["Product"]["offers"]["price"] != "1"
    assert "aggregateRating" not in page["Product"]


def test_what_has_no_json_is_a_fault_and_the_page_stands(visitor: Visitor, lamp: int, answer: Any, site: Site) -> None:
    answer("a", "site_head", lambda: Head(json_ld=({"@type": "Thing", "of": object()}, {"name": "untyped"})), ())
    assert set(things(visitor.get("/p/dome-lamp").text)) == {"Product", "BreadcrumbList"}
    assert installation().faults.waiting


def test_a_page_that_is_not_there_leads_to_where_it_has_gone(visitor: Visitor, lamp: int, answer: Any) -> None:
    targets = {"/p/old": "/p/dome-lamp", "/zh-cn/p/旧": "/zh-cn/p/dome-lamp", "/p/dome-lamp": "/", "/loop": "/loop"}
    answer("a", "site_moved", lambda path: Elsewhere(target=targets[path]) if path in targets else None, ("path",))
    for path, target in (
        ("/p/old", "/p/dome-lamp"),
        ("/p/old?v=LAMP-GREEN-L", "/p/dome-lamp?v=LAMP-GREEN-L"),
        ("/zh-cn/p/%E6%97%A7", "/zh-cn/p/dome-lamp"),
    ):
        answered = visitor.get(path, follow=False)
        assert (answered.status_code, answered.headers["Location"]) == (301, target)
    assert visitor.get("/p/dome-lamp", follow=False).status_code == 200
    assert visitor.get("/loop", follow=False).status_code == 404
    assert visitor.post("/p/old", follow=False).status_code in {404, 405}


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/cart/add", "This address only takes what a form sends."),
        ("/zh-cn/cart/add", "这个地址只接收表单提交的内容。"),
        ("/panel/logout", "This address only takes what a form sends."),
    ],
)
def test_the_address_of_a_form_says_that_there_is_nothing_to_read(visitor: Visitor, path: str, said: str) -> None:
    answered = visitor.get(path, follow=False)
    assert answered.status_code == 405
    assert answered.headers["Allow"] == "OPTIONS, POST"
    assert said in answered.text
    assert re.search(r"\b405\b", answered.text)
    assert not re.search(r"\b404\b", answered.text)


_TYPED, _PARTS = "application/x-www-form-urlencoded", "multipart/form-data; boundary=y"
_PART = b'--y\r\nContent-Disposition: form-data; name="photos"%s\r\n\r\n%s\r\n--y--\r\n'


@pytest.mark.parametrize(
    ("path", "kind", "sent", "said"),
    [
        ("/login", _TYPED, b"email=" + b"x" * 2_000_000, "This is more than can be sent at once."),
        ("/panel/login", _TYPED, b"email=" + b"x" * 20_000_000, "This is more than can be sent at once."),
        ("/zh-cn/cart/add", _PARTS, _PART % (b"", b"x" * 600_000), "一次发送的内容太多。"),
        (
            "/cart/add",
            _PARTS,
            _PART % (b'; filename="x.png"', b"x" * (6 << 20)),
            "This is more than can be sent at once.",
        ),
    ],
    ids=["typed", "panel", "part", "files"],
)
def test_more_than_a_form_holds_is_refused_unread_and_says_so(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch, path: str, kind: str, sent: bytes, said: str
) -> None:
    monkeypatch.setattr(installation(), "config", replace(installation().config, max_upload_mb=1))
    headers = {"Origin": ORIGIN, "Content-Type": kind}
    answered = visitor.client.post(path, base_url=ORIGIN, data=sent, headers=headers)
    assert answered.status_code == 413
    assert said in answered.text
    assert "xxxxxxxx" not in answered.text
    headers["Accept"] = "application/json"
    told = visitor.client.post(path, base_url=ORIGIN, data=sent, headers=headers).json
    assert (told["code"], said in told["message"]) == (413, True)


def test_what_is_sent_to_a_page_that_is_only_read_says_where_to_go_back(visitor: Visitor) -> None:
    answered = visitor.post("/", follow=False)
    assert (answered.status_code, answered.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")
    assert "What was sent cannot be read here. Go back to the page before and try again." in answered.text


def test_a_page_that_is_gone_for_good_says_so(visitor: Visitor, answer: Any) -> None:
    answer("a", "site_moved", lambda: Elsewhere(target=""), ())
    gone = visitor.get("/old", follow=False)
    assert gone.status_code == 410
    assert "noindex" in gone.text
    assert visitor.get("/panel/nothing", follow=False).status_code != 410


def test_a_path_that_no_database_keeps_asks_no_plugin(visitor: Visitor, answer: Any) -> None:
    """PostgreSQL refuses a NUL: a stranger's five such paths would pause whoever looks them up."""
    asked: list[str] = []

    def note(path: str) -> None:
        asked.append(path)

    answer("a", "site_moved", note, ("path",))

    assert visitor.get("/none%00", expect=404).status_code == 404
    assert asked == []


def test_what_a_plugin_will_not_have_listed_leaves_the_sitemap(
    visitor: Visitor, lamp: int, site: Site, answer: Any
) -> None:
    from core.lib.clock import now

    hidden = Url(path="/p/dome-lamp", changed=now(), alternates={"zh-CN": "/zh-cn/p/dome-lamp"}, listed=False)
    assert "/p/dome-lamp<" in visitor.get("/sitemap/products-1.xml").text
    answer("a", "site_urls", lambda: [hidden], ())
    installation().pages._pages.clear()
    text = visitor.get("/sitemap/products-1.xml").text
    assert "<loc>" not in text or "/p/dome-lamp</loc>" not in text
    assert "/sitemap/more-" not in visitor.get("/sitemap.xml").text
