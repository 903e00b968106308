"""What a page may cost in statements with nothing kept: the third look at each, as counts, on both databases.

In a shop as it would be: every plugin of the house on, a tax, two ways of delivery, a coupon. The search's engine is
the one that shops of any size use.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

import pytest

from core.hookspecs.site import Site
from core.kernel import db
from core.kernel.installation import installation
from core.kernel.switch import switch_on
from core.lib.errors import Refused

from .conftest import Visitor

# One statement is one on any database.
pytestmark = pytest.mark.once

# One engine searches, and the demo makes shops of its own.
LEFT_OUT = {"search_whoosh", "demo"}
_ABOUT_TRANSACTIONS = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
_looks = count()
_SENT = {"product": "dome-lamp", "o.colour": "green", "o.size": "l", "shown": "colour=green&size=l"}


@pytest.fixture
def full(site: Site, lamp: int) -> Site:
    """The site with all that the house offers."""
    del lamp
    for name in sorted(installation().plugins.loaded.keys() - LEFT_OUT):
        try:
            switch_on(site.id, name, "system", together=True)
        except Refused as refused:
            pytest.fail(f"{name} cannot be switched on: {refused.message}")
    _run("flat_rate", "add", "--site", site.host, "--title", "en=Standard", "--price", "EUR=4.90")
    _run("pickup", "add", "--site", site.host, "--name", "Canal Street", "--address", "12 Canal Street, Berlin")
    _run("tax_table", "add", "--site", site.host, "--country", "DE", "--rate", "19", "--name", "VAT")
    _run("coupons", "add", "--site", site.host, "--code", "WELCOME10", "--percent", "10")
    _run("search_sql", "rebuild")
    return site


def _run(plugin: str, command: str, *words: str) -> None:
    installation().plugins.loaded[plugin].plugin.commands[command](list(words))


@contextmanager
def statements() -> Iterator[list[str]]:
    """The statements within the block, without those that only open and end transactions."""
    counted: list[str] = []
    with db.counted() as every:
        yield counted
    counted += [" ".join(one.split())[:150] for one in every if not one.startswith(_ABOUT_TRANSACTIONS)]


def look_thrice(visitor: Visitor, path: str) -> list[str]:
    """What the third look took: templates are compiled by then, and what a process keeps is kept."""
    for _ in range(3):
        # Another address is another page to the cache.
        fresh = f"{path}{'&' if '?' in path else '?'}look={next(_looks)}"
        with statements() as taken:
            assert visitor.get(fresh).status_code == 200
    return taken


@pytest.mark.parametrize(
    ("path", "most"), [("/", 3), ("/c/lighting", 2), ("/p/dome-lamp", 4), ("/search?q=dome", 4), ("/search", 4)]
)
def test_page_stays_within_its_statements(visitor: Visitor, full: Site, path: str, most: int) -> None:
    taken = look_thrice(visitor, path)
    assert len(taken) <= most, "\n".join(taken)


@pytest.mark.parametrize(
    ("path", "most"), [("/", 3), ("/c/lighting", 2), ("/p/dome-lamp", 4), ("/search?q=dome", 4), ("/search", 4)]
)
def test_a_bare_shop_stays_within_less(visitor: Visitor, lamp: int, path: str, most: int) -> None:
    taken = look_thrice(visitor, path)
    assert len(taken) <= most, "\n".join(taken)


def test_kept_page_costs_one_statement(visitor: Visitor, full: Site) -> None:
    visitor.get("/p/dome-lamp")
    with statements() as taken:
        visitor.get("/p/dome-lamp")
    assert len(taken) <= 1, "\n".join(taken)


def test_adding_stays_within_its_statements(visitor: Visitor, full: Site) -> None:
    visitor.post("/cart/add", {**_SENT, "variant": str(_variant("LAMP-GREEN-S"))})
    with statements() as taken:
        visitor.post("/cart/add", {**_SENT, "variant": str(_variant("LAMP-GREEN-L"))}, follow=False)
    assert len(taken) <= 6, "\n".join(taken)


# A guest's whole order. The steps are where it stands, so that one which grows is named.
WHOLE_ORDER = 38
ORDER = {"product": 5, "add": 6, "cart": 3, "checkout": 3, "place": 18, "thanks": 5}


def test_a_whole_order_stays_within_its_statements(
    visitor: Visitor, full: Site, fill: Callable[..., dict[str, str]]
) -> None:
    buy(visitor, fill)
    taken = buy(visitor, fill)
    over = {step: found for step, found in taken.items() if len(found) > ORDER[step]}
    assert sum(map(len, taken.values())) <= WHOLE_ORDER, "\n".join(map(repr, taken.items()))
    assert not over, "\n".join(f"{step} took {len(found)}:\n" + "\n".join(found) for step, found in over.items())


def buy(visitor: Visitor, fill: Callable[..., dict[str, str]]) -> dict[str, list[str]]:
    """A guest's way from the product to the confirmation, with the statements of each step."""
    taken = {"product": look_thrice(visitor, "/p/dome-lamp")}
    wanted = {**_SENT, "variant": str(_variant("LAMP-GREEN-L"))}
    with statements() as taken["add"]:
        visitor.post("/cart/add", wanted, follow=False)
    with statements() as taken["cart"]:
        assert visitor.get("/cart").status_code == 200
    with statements() as taken["checkout"]:
        page = visitor.get("/checkout").text
    sent = fill(page, country="DE")
    with statements() as taken["place"]:
        answer = visitor.post("/checkout/place", sent, follow=False)
    assert "/thanks/" in answer.headers["Location"], text_of_problem(answer.text)
    with statements() as taken["thanks"]:
        assert visitor.get(answer.headers["Location"]).status_code == 200
    return taken


def text_of_problem(page: str) -> str:
    """What the checkout says is wrong, if no order was made."""
    return " ".join(re.findall(r'role="alert".*?</div>', page, re.DOTALL)) or page[:500]


def _variant(sku: str) -> int:
    return int(db.value("SELECT id FROM variant WHERE sku = ?", sku))
