"""What a process keeps of a merchant's rules is what every process would read now."""

from __future__ import annotations

from core.kernel import cache, db

PLUGIN = """
from core.api import *
VIEWS = Views("/rules")
READ = []
STILL = []

def read():
    READ.append(1)
    return value("SELECT name FROM site WHERE id = ?", current_site().id)

@VIEWS.get("/look")
@public
def look():
    return f"{kept('rules', read)} {kept('rules', read)} {len(READ)}"

@VIEWS.get("/still")
@public
def still():
    return str(kept_still("still", lambda: STILL.append(1) or len(STILL)))

@VIEWS.post("/change")
@any_origin
@public
def change():
    before = kept("rules", read)
    with transaction():
        execute("UPDATE site SET name = 'New' WHERE id = ?", current_site().id)
        inside = kept("rules", read)
        touch("rules")
    return f"{before} {inside} {kept('rules', read)}"

PLUGIN = Plugin(name="rules", version="1", title="Rules", shop=VIEWS)
"""


def prepared(write_plugin, turn_on):
    write_plugin("rules", "from core.kernel.security import any_origin\n" + PLUGIN)
    turn_on("rules")


def test_it_is_read_once_while_nothing_changes(write_plugin, turn_on, sites, browse) -> None:
    prepared(write_plugin, turn_on)
    assert browse(sites[0], "/rules/look").text.endswith(" 1")
    assert browse(sites[0], "/rules/look").text.endswith(" 1")


def test_another_process_that_touches_its_tag_has_it_read_anew(write_plugin, turn_on, sites, browse) -> None:
    prepared(write_plugin, turn_on)
    browse(sites[0], "/rules/look")
    with db.transaction():
        db.execute("UPDATE site SET name = 'Else' WHERE id = ?", sites[0].id)
        cache.touch("rules")
    assert browse(sites[0], "/rules/look").text == "Else Else 2"


def test_a_change_to_something_else_costs_it_nothing(write_plugin, turn_on, sites, browse) -> None:
    prepared(write_plugin, turn_on)
    browse(sites[0], "/rules/look")
    with db.transaction():
        cache.touch("product:1")
    assert browse(sites[0], "/rules/look").text.endswith(" 1")
    assert browse(sites[0], "/rules/still").text == "1"
    with db.transaction():
        cache.touch("product:1")
    assert browse(sites[0], "/rules/still").text == "2", "said to end with any change"


def test_a_request_sees_its_own_change_inside_and_after_the_transaction(write_plugin, turn_on, sites, browse) -> None:
    prepared(write_plugin, turn_on)
    browse(sites[0], "/rules/look")
    assert browse(sites[0], "/rules/change", method="POST").text.endswith(" New New")
    assert browse(sites[0], "/rules/look").text.startswith("New New")
