"""Trying the search says how many products it finds."""

from __future__ import annotations

from core.testing.panel import AtPanel


def test_it_counts_what_can_be_found_in_each_language(at_panel: AtPanel, turn_on, sell, outbox):
    sell("LAMP", 8900, name="Lamp")
    sell("CUP", 450, name="Cup")
    turn_on("search_sql")
    assert "The index is not built yet for en, zh-CN." in at_panel.post("/panel/plugins/search_sql/test", 200)
    outbox.deliver()
    assert "So many products can be found: en 2, zh-CN 2." in at_panel.post("/panel/plugins/search_sql/test", 200)
