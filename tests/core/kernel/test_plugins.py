"""A plugin that cannot be loaded says why, in words for its author, and leaves the shop standing."""

from __future__ import annotations

import pytest

from core.kernel.installation import installation
from core.kernel.switch import CannotRun, Conflicts, NeededByAnother, NeedsAnother, switch_off, switch_on, switchboard

BROKEN = {
    "syntax": ("def broken(:\n", "plugin.py, line 3"),
    "raises_at_import": ("raise ValueError('missing key')\n", "missing key"),
    "exits_at_import": ("import sys; sys.exit(1)\n", "ended the program"),
    "unknown_hook": ("@hookimpl\ndef checkout_problem(site): ...\n", "did you mean 'checkout_problems'?"),
    "unknown_argument": (
        "@hookimpl\ndef promote_offers(site, cart, code): ...\n",
        "promote_offers has no argument 'code'; did you mean 'codes'?",
    ),
    "wrapper": ("@hookimpl(wrapper=True)\ndef checkout_problems(site):\n    yield\n", "not for plugins"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_plugin_is_named_with_its_reason_and_the_shop_stands(fault, write_plugin, sites, bare, browse):
    source, reason = BROKEN[fault]
    write_plugin("faulty", source)
    installation().plugins.discover()

    shown = {view.name: view for view in switchboard(sites[0].id)}["faulty"]
    assert shown.state == "broken"
    assert reason in shown.reason
    with pytest.raises(CannotRun):
        switch_on(sites[0].id, "faulty", "system")
    assert browse(sites[0], "/").status_code == 404


def test_a_wrong_hook_names_file_and_line(write_plugin, sites):
    write_plugin("faulty", "\n\n@hookimpl\ndef checkout_problem(site): ...\n")
    installation().plugins.discover()
    assert "faulty/plugin.py:5" in installation().plugins.broken["faulty"].reason


def test_a_repaired_plugin_is_picked_up_while_the_shop_runs(write_plugin, sites, turn_on):
    write_plugin("faulty", "import nothing_like_it\n")
    installation().plugins.discover()
    write_plugin("faulty", "# repaired\n")

    turn_on("faulty")

    assert {view.name: view.state for view in switchboard(sites[0].id)}["faulty"] == "on"


def test_anything_application_wide_is_not_to_be_had_by_views():
    from core.kernel.routes import Views

    assert not hasattr(Views(), "app_errorhandler")
    assert not hasattr(Views(), "before_app_request")


def test_a_plugin_needs_its_requirements_and_they_can_be_switched_on_together(write_plugin, sites):
    write_plugin("threads", "")
    write_plugin(
        "forum",
        "from core.api import *\nPLUGIN = Plugin(name='forum', version='1', title='Forum', requires=('threads',))",
    )
    installation().plugins.discover()

    with pytest.raises(NeedsAnother) as refused:
        switch_on(sites[0].id, "forum", "system")
    assert refused.value.plugins == ["threads"]

    switch_on(sites[0].id, "forum", "system", together=True)
    with pytest.raises(NeededByAnother):
        switch_off(sites[0].id, "threads", "system")


def test_two_plugins_in_conflict_are_not_both_on(write_plugin, sites):
    write_plugin("old", "")
    write_plugin(
        "new", "from core.api import *\nPLUGIN = Plugin(name='new', version='1', title='New', conflicts=('old',))"
    )
    installation().plugins.discover()
    switch_on(sites[0].id, "old", "system")

    with pytest.raises(Conflicts):
        switch_on(sites[0].id, "new", "system")


def test_tables_are_made_before_a_plugin_is_on_and_a_failed_migration_leaves_it_off(write_plugin, sites):
    from core.kernel import db

    write_plugin(
        "tables",
        "",
        migrations__0001_first="def up(migrator, db):\n    db.execute_sql('CREATE TABLE tables_a (n INTEGER)')\n",
    )
    (installation().config.plugins_path / "tables/migrations/0001_first").rename(
        installation().config.plugins_path / "tables/migrations/0001_first.py"
    )
    write_plugin("badtables", "")
    folder = installation().config.plugins_path / "badtables/migrations"
    folder.mkdir()
    (folder / "0001_first.py").write_text("def up(migrator, db):\n    db.execute_sql('CREATE NONSENSE')\n")
    installation().plugins.discover()

    switch_on(sites[0].id, "tables", "system")
    assert db.value("SELECT COUNT(*) FROM tables_a") == 0
    with pytest.raises(CannotRun):
        switch_on(sites[0].id, "badtables", "system")
    assert {view.name: view.state for view in switchboard(sites[0].id)}["badtables"] == "off"
