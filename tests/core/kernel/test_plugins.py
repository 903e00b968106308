"""A plugin that cannot be loaded says why, in words for its author, and leaves the shop standing."""

from __future__ import annotations

import pytest

from core.kernel.installation import installation
from core.kernel.switch import CannotRun, Conflicts, NeededByAnother, NeedsAnother, switch_off, switch_on, switchboard

DECLARED = "from core.api import *\nPLUGIN = Plugin(name='faulty', version='1', title='Faulty', {})\n"
BROKEN = {
    "syntax": ("def broken(:\n", "plugin.py, line 3"),
    "raises_at_import": ("raise ValueError('missing key')\n", "missing key"),
    "exits_at_import": ("import sys; sys.exit(1)\n", "ended the program"),
    "unknown_hook": ("@hookimpl\ndef checkout_problem(site): ...\n", "did you mean 'checkout_problems'?"),
    "unknown_argument": (
        "@hookimpl\ndef promote_offers(site, cart, code): ...\n",
        "promote_offers has no argument 'code'; did you mean 'codes'?",
    ),
    "settings_of_an_unknown_kind": (
        "from core.api import *\nclass Mine(Settings):\n    when: dict\n" + DECLARED.format("settings=Mine"),
        "settings: Mine.when: a setting is str, Text, int, bool, Amount, Secret or a Literal of words",
    ),
    "menu_without_its_view": (
        DECLARED.format("panel_menu=(MenuEntry(title='X', endpoint='shwo'),)"),
        "menu entry 'X': there is no panel view 'shwo'",
    ),
    "anothers_permission": (
        DECLARED.format("permissions=(Permission(code='orders.edit', title='X'),)"),
        "permission 'orders.edit' must begin with 'faulty.'",
    ),
    "a_kept_place_that_it_does_not_fill": (
        DECLARED.format("slots=('page.end',), kept_slots=('page.end', 'page.head')"),
        "kept_slots are some of the slots: page.head",
    ),
    "pace_without_its_job": (DECLARED.format("every={'sweep': 60}"), "every: there is no job 'sweep'"),
    "hears_what_is_no_event": (DECLARED.format("hears=(Site,)"), "is no event"),
    "a_host_that_opens_everything": (DECLARED.format("csp=Csp(script=('*',))"), "csp: not a host"),
    "an_ability_that_no_gateway_has": (
        "class Bank(Gateway):\n    can = frozenset({'teleport'})\n",
        "can: there is no 'teleport'; the words are auth, partial_capture, void, refund, partial_refund, settlement",
    ),
    "an_ability_misspelled": ("class Bank(Gateway):\n    can = frozenset({'refnd'})\n", "did you mean 'refund'?"),
    "abilities_that_are_a_text": ("class Bank(Gateway):\n    can = 'refund'\n", "is a frozenset of words"),
    "a_flow_that_nobody_knows": ("class Bank(Gateway):\n    flow = 'redirct'\n", "did you mean 'redirect'?"),
    "an_account_that_no_address_can_hold": (
        "class Bank(Gateway):\n    account = 'my shop/1'\n",
        "Bank.account 'my shop/1' stands in an address: use letters, digits and . _ ~ -",
    ),
    "needs_itself": (DECLARED.format("requires=('faulty',)"), "it requires or excludes itself"),
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


def test_a_plugin_that_was_declared_wrongly_and_is_repaired_is_loaded(write_plugin, sites, turn_on):
    write_plugin("faulty", DECLARED.format("every={'sweep': 60}"))
    installation().plugins.discover()
    assert "faulty" in installation().plugins.broken
    write_plugin("faulty", DECLARED.format("") + "@hookimpl\ndef checkout_problems(site):\n    return []\n")

    turn_on("faulty")

    assert {view.name: view.state for view in switchboard(sites[0].id)}["faulty"] == "on"


def test_hosts_that_a_plugin_declares_are_allowed_on_its_sites_pages_alone(write_plugin, sites, turn_on, browse):
    write_plugin(
        "maps",
        """
        from core.api import *
        VIEWS = Views("/maps")
        @VIEWS.get("/")
        @public
        def page():
            return "a map"
        PLUGIN = Plugin(
            name="maps", version="1", title="Maps", shop=VIEWS,
            csp=Csp(script=("maps.example",), frame=("maps.example",), image=("tiles.example",)),
        )
        """,
    )
    turn_on("maps")

    policy = browse(sites[0], "/maps/").headers["Content-Security-Policy"]

    assert "script-src 'self' https://maps.example;" in policy
    assert "frame-src 'self' https://maps.example;" in policy
    assert "img-src 'self' data: https://tiles.example;" in policy
    assert "maps.example" not in browse(sites[1], "/").headers["Content-Security-Policy"]


def test_a_host_that_cannot_be_worked_out_leaves_the_checkout_open(write_plugin, sites, turn_on):
    from core.kernel.faults import faults_of
    from core.kernel.respond import hosts_for_forms
    from core.kernel.sites import state_of

    for name, answer in (("raises", "1 / 0"), ("opens", "('*',)"), ("pays", "('pay.example',)")):
        write_plugin(
            name,
            "from core.api import *\n"
            f"PLUGIN = Plugin(name={name!r}, version='1', title='X', csp=Csp(form_action=lambda _: {answer}))\n",
        )
        turn_on(name)

    assert hosts_for_forms(state_of(sites[0].id)) == ("pay.example",)
    installation().faults.flush()
    assert [fault.hook for name in ("raises", "opens") for fault in faults_of(sites[0].id, name)] == ["csp", "csp"]
