"""The contract of a search, and what is this plugin's own: what its index holds, and how it is built."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.api import SearchQuery, Site, execute, rows, run_plugin_command, sites_with, transaction, value
from core.testing.contracts import SearchContract
from plugins.search_sql.services.finding import find
from plugins.search_sql.services.keeping import rebuild


class TestContract(SearchContract):
    plugin = "search_sql"


@pytest.fixture
def shop(site: Site, sell, turn_on: Callable[..., None], outbox) -> Site:
    turn_on("search_sql")
    sell("L1", 4900, name="Oak lamp")
    sell("L2", 4900, name="Pine lamp")
    outbox.deliver()
    return site


def vocabulary(site: Site) -> dict[str, int]:
    found = rows("SELECT word, products FROM search_sql_vocabulary WHERE site_id = ? AND language = 'en'", site.id)
    return dict(found)


def test_until_the_index_is_built_the_shop_searches_by_itself(site, sell, turn_on, client) -> None:
    sell("L1", 4900, name="Oak lamp")
    turn_on("search_sql")
    assert find(site, SearchQuery(text="lamp", language="en")) is None
    assert "Oak lamp" in client.get("/search?q=lamp", base_url=site.origin).text


def test_the_vocabulary_counts_the_products_that_have_a_word(shop: Site, sell, outbox) -> None:
    assert vocabulary(shop) == {"oak": 1, "pine": 1, "lamp": 2}
    sell("L2", 4900, name="Elm lamp")
    outbox.deliver()
    assert vocabulary(shop) == {"oak": 1, "elm": 1, "lamp": 2}


def test_the_command_builds_what_was_lost(shop: Site, capsys) -> None:
    with transaction():
        execute("DELETE FROM listing WHERE product_id = (SELECT product_id FROM variant WHERE sku = 'L2')")
        execute("DELETE FROM card_words WHERE product_id = (SELECT product_id FROM variant WHERE sku = 'L2')")
        execute("UPDATE search_sql_scope SET since = NULL WHERE site_id = ?", shop.id)
    assert run_plugin_command("search_sql", "rebuild", []) == 0
    assert "2 products" in capsys.readouterr().err, "one in each of two languages"
    assert vocabulary(shop) == {"oak": 1, "lamp": 1}
    assert len(find(shop, SearchQuery(text="lamp", language="en")).product_ids) == 1


def test_building_again_changes_nothing(shop: Site) -> None:
    before = rows("SELECT * FROM search_sql_words ORDER BY id"), vocabulary(shop)
    [(site, since)] = sites_with("search_sql")
    assert rebuild(site, "en", since) == 2
    assert (rows("SELECT * FROM search_sql_words ORDER BY id"), vocabulary(shop)) == before
    assert value("SELECT COUNT(*) FROM search_sql_words") == 4
