"""Origin, access and headers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Response

from core.kernel import security
from core.kernel.security import ForeignOrigin, LoginNeeded, PasswordChangeNeeded
from core.lib.errors import Forbidden

ORIGIN = "https://shop.example"


def post(**headers: str) -> dict[str, Any]:
    return {"REQUEST_METHOD": "POST", **{f"HTTP_{name.upper()}": value for name, value in headers.items()}}


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "none"},
        {"sec_fetch_site": "same-origin", "origin": "null"},
        {"origin": ORIGIN},
    ],
)
def test_a_change_from_this_very_site_passes(headers: dict[str, str]) -> None:
    security.check_origin(post(**headers), ORIGIN)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "null"},
        {"origin": ""},
        {"origin": "http://shop.example"},
        {"origin": "https://shop.example.evil.example"},
        {"origin": "https://shop.example:8443"},
        {"referer": ORIGIN + "/p/cup"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "cross-site", "origin": ORIGIN},
        {"sec_fetch_site": ""},
        {"sec_fetch_site": "Same-Origin"},
        {"sec_fetch_site": "same-origin, cross-site"},
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "PROPFIND"])
def test_a_change_from_elsewhere_is_refused(method: str, headers: dict[str, str]) -> None:
    with pytest.raises(ForeignOrigin) as refused:
        security.check_origin({**post(**headers), "REQUEST_METHOD": method}, ORIGIN)
    assert refused.value.status == 403


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_reading_is_open_to_links_from_everywhere(method: str) -> None:
    security.check_origin({**post(sec_fetch_site="cross-site"), "REQUEST_METHOD": method}, ORIGIN)


# -- access -----------------------------------------------------------------------------------------------------------


@dataclass
class Person:
    is_shopper: bool = False
    is_staff: bool = False
    is_owner: bool = False
    must_change_password: bool = False
    grants: set[tuple[str, int | None]] = field(default_factory=set)

    def may(self, permission: str, site_id: int | None) -> bool:
        return (permission, site_id) in self.grants


def view() -> str:
    return "in"


def fresh_view() -> Any:
    """A view of its own: a declaration is written on the function."""
    return lambda: "in"


NOBODY, SHOPPER = Person(), Person(is_shopper=True)
CLERK = Person(is_staff=True, grants={("orders.ship", 1), ("", 1)})
OWNER = Person(is_staff=True, is_owner=True)


def enter(access: Any, person: Person, site_id: int = 1) -> None:
    security.check_access(access(fresh_view()), lambda: person, site_id)


def test_a_view_that_declares_nothing_answers_nobody() -> None:
    with pytest.raises(Forbidden):
        security.check_access(view, lambda: OWNER, 1)


def test_a_public_view_does_not_ask_who_it_is() -> None:
    def ask() -> Person:
        raise AssertionError("a public page looked at the session")

    security.check_access(security.public(fresh_view()), ask, 1)


def test_a_shoppers_page_sends_strangers_to_the_shops_login() -> None:
    enter(security.shopper, SHOPPER)
    for person in (NOBODY, CLERK, OWNER):
        with pytest.raises(LoginNeeded) as needed:
            enter(security.shopper, person)
        assert needed.value.face == "shopper"


def test_staff_need_the_permission_on_this_very_site() -> None:
    enter(security.staff("orders.ship"), CLERK)
    enter(security.staff(), CLERK)
    enter(security.staff("orders.ship"), OWNER)
    for access, site_id in (
        (security.staff("orders.pay"), 1),
        (security.staff("orders.ship"), 2),
        (security.staff(), 2),
    ):
        with pytest.raises(Forbidden):
            enter(access, CLERK, site_id)
    for person in (NOBODY, SHOPPER):
        with pytest.raises(LoginNeeded) as needed:
            enter(security.staff("orders.ship"), person)
        assert needed.value.face == "staff"


def test_what_all_sites_share_needs_a_role_for_every_site() -> None:
    with pytest.raises(Forbidden):
        enter(security.staff("orders.ship", everywhere=True), CLERK)
    enter(security.staff("orders.ship", everywhere=True), Person(is_staff=True, grants={("orders.ship", None)}))


def test_an_owners_page_is_closed_to_other_staff() -> None:
    enter(security.owner, OWNER)
    with pytest.raises(Forbidden):
        enter(security.owner, CLERK)


def test_a_one_time_password_opens_only_the_page_for_a_new_one() -> None:
    new = Person(is_staff=True, is_owner=True, must_change_password=True)
    with pytest.raises(PasswordChangeNeeded):
        enter(security.staff("orders.ship"), new)
    enter(security.staff(locked=True), new)


# -- headers ----------------------------------------------------------------------------------------------------------


def test_the_policy_allows_nothing_inline_and_no_foreign_host() -> None:
    policy = security.content_security_policy()
    assert "unsafe" not in policy
    assert "nonce" not in policy
    assert "http" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self';" in policy
    assert "base-uri 'none'" in policy


def test_the_checkout_may_lead_to_the_gateways_host() -> None:
    policy = security.content_security_policy(form_action_hosts=["pay.example", "https://bank.example:8443"])
    assert "form-action 'self' https://bank.example:8443 https://pay.example;" in policy


def test_a_test_gateway_on_this_machine_may_speak_plain_http() -> None:
    assert "http://127.0.0.1:9001" in security.content_security_policy(form_action_hosts=["http://127.0.0.1:9001"])


@pytest.mark.parametrize(
    "host",
    [
        "*",
        "https:",
        "pay.example; script-src *",
        "pay.example 'unsafe-inline'",
        "http://pay.example",
        "data:",
        "a\nb",
        "",
    ],
)
def test_a_host_that_would_widen_the_policy_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match="Content-Security-Policy"):
        security.content_security_policy(form_action_hosts=[host])


def test_headers_of_a_page() -> None:
    response = Response()
    security.headers(response, secure=True)
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in response.headers["Permissions-Policy"]
    assert response.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "Cache-Control" not in response.headers


def test_plain_http_promises_no_https_and_private_pages_are_kept_by_nobody() -> None:
    response = Response(headers={"Cache-Control": "public, max-age=60"})
    security.headers(response, secure=False, private=True)
    assert "Strict-Transport-Security" not in response.headers
    assert response.headers["Cache-Control"] == "no-store"


def test_a_views_own_policy_stays() -> None:
    response = Response(headers={"Content-Security-Policy": "default-src 'none'; sandbox"})
    security.headers(response, secure=False)
    assert response.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/account", "/account"),
        ("/p/cup?variant=3#reviews", "/p/cup?variant=3#reviews"),
        ("", "/"),
        ("account", "/"),
        ("//evil.example", "/"),
        ("///evil.example", "/"),
        ("/\\evil.example", "/"),
        ("\\/evil.example", "/"),
        ("https://evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/\t/evil.example", "/"),
        ("/ok\r\nSet-Cookie: a=b", "/"),
        (" //evil.example", "/"),
        ("/灯", "/"),
    ],
)
def test_next_leads_only_to_a_path_of_this_site(target: str, expected: str) -> None:
    assert security.local_path(target) == expected


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8000", "127.0.0.1:80", "[::1]", "[::1]:8000", "north.localhost:1"]
)
def test_names_of_this_machine(host: str) -> None:
    assert security.is_loopback(host)


@pytest.mark.parametrize(
    "host", ["shop.example", "localhost.evil.example", "127.0.0.1.evil.example", "notlocalhost", ""]
)
def test_names_of_other_machines(host: str) -> None:
    assert not security.is_loopback(host)
