"""A shop that is read in German: its pages, its mails, and what is left when the pack is switched off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.api import Site, speaking, state_of, switch_off, switch_on
from core.api import ngettext as _n


@pytest.fixture
def german(site: Site, speak: Callable[..., Site]) -> Site:
    """The first site, in English, Chinese and German."""
    del site
    return speak("german", "de")


@pytest.fixture
def visit(client: Any, site: Site) -> Callable[[str], str]:
    """The page at a path, or where it leads."""

    def get(path: str) -> str:
        answer = client.get(path, base_url=f"https://{site.host}", follow_redirects=True)
        assert answer.status_code == 200, path
        return str(answer.text)

    return get


def test_the_shop_is_read_in_german_under_its_own_addresses(
    german: Site, sell: Callable[..., Any], visit: Callable[[str], str]
) -> None:
    sell("LAMP", 8900, stock=3, name="Arc lamp")
    page = visit("/de/p/arc-lamp")
    for said in ('lang="de"', "In den Warenkorb", "89,00", "Vorrätig", ">English<"):
        assert said in page, said
    assert "Arc lamp" in visit("/de/search?q=lamp"), "a product without German words is listed in its own"
    assert "Deutsch" in visit("/p/arc-lamp")
    assert 'hreflang="de"' in visit("/")


def test_a_new_language_lists_the_products_that_were_there_before(
    site: Site, sell: Callable[..., Any], speak: Callable[..., Site], outbox: Any, visit: Callable[[str], str]
) -> None:
    sell("LAMP", 8900, stock=3, name="Arc lamp")
    speak("german", "de")
    outbox.deliver()
    assert "Arc lamp" in visit("/de/")


def test_switched_off_it_is_gone_from_pages_at_once(
    german: Site, sell: Callable[..., Any], visit: Callable[[str], str]
) -> None:
    sell("LAMP", 8900, stock=3)
    assert "Warenkorb" in visit("/de/p/lamp")
    switch_off(german.id, "german", "system")
    assert "Deutsch" not in visit("/p/lamp")
    # An old link leads to the same page in the language that is left.
    assert "Add to cart" in visit("/de/p/lamp")
    assert state_of(german.id).site.languages == ("en", "zh-CN")
    switch_on(german.id, "german", "system")
    assert "Warenkorb" in visit("/de/p/lamp")


def test_one_and_many(german: Site) -> None:
    del german
    with speaking("de"):
        assert [_n("In one working day", "In %(n)s working days", n) for n in (1, 2)] == [
            "In einem Werktag",
            "In 2 Werktagen",
        ]
