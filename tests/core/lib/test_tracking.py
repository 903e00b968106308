"""What is taken as the address of a carrier's page, and the link that is made of it."""

from __future__ import annotations

import pytest

from core.lib.tracking import NotATrackingAddress, parse_tracking_address, tracking_address

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    "text",
    [
        "http://post.example/{number}",
        "javascript:alert({number})",
        "https://post.example/",
        "https://{number}.example/",
        "https://me@post.example/{number}",
        "https://post/{number}",
        "https://post.example/{number}/{number}",
        'https://post.example/{number}"onclick="',
        "https://post.example/{number} more",
        "https://[post.example/{number}",
        f"https://post.example/{'x' * 300}{{number}}",
    ],
)
def test_only_a_safe_address_with_one_place_for_the_number_is_taken(text: str) -> None:
    with pytest.raises(NotATrackingAddress):
        parse_tracking_address(text)


def test_the_number_is_quoted_in_its_place() -> None:
    address = parse_tracking_address("  https://post.example/track?id={number}&lang=en ")
    assert tracking_address(address, ' AB/1&x=" ') == "https://post.example/track?id=AB%2F1%26x%3D%22&lang=en"
    assert tracking_address(address, "") == ""
    assert tracking_address("", "AB1") == ""
