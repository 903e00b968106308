"""A failing plugin costs its own answer, never the page, the order or another plugin's answer."""

from __future__ import annotations

import time

import pytest

from core.kernel import db
from core.kernel.faults import faults_of
from core.kernel.installation import installation
from core.kernel.runtime import HookFailed
from core.kernel.sites import state_of

GOOD = """
@hookimpl
def checkout_problems(site, cart, step):
    return [Problem(message="good", code="good")]
"""
FAULTS = {
    "raises": "raise RuntimeError('no')",
    "exits": "raise SystemExit(3)",
    "answers_a_text": "return 'nonsense'",
    "answers_wrong_items": "return [42]",
    "recurses": "return checkout_problems(site, cart, step)",
}


def problems(site):
    return state_of(site.id).hooks.checkout_problems(site=site, cart=None, step="cart")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_plugin_that_fails_is_skipped_and_reported_and_the_others_answer(fault, write_plugin, turn_on, sites):
    write_plugin("good", GOOD)
    write_plugin("bad", f"@hookimpl\ndef checkout_problems(site, cart, step):\n    {FAULTS[fault]}\n")
    turn_on("bad")
    turn_on("good")

    assert [problem.code for problem in problems(sites[0])] == ["good"]

    installation().faults.flush()
    recorded = faults_of(sites[0].id, "bad")
    assert recorded[0].hook == "checkout_problems"
    # On a busy machine it may be told as too slow as well.
    traces = "".join(one.trace for one in recorded)
    assert "bad/plugin.py" in traces or "WrongAnswer" in traces


def test_an_order_is_refused_while_a_plugin_that_must_pass_does_not_answer(write_plugin, turn_on, sites):
    from core.kernel.switch import set_must_pass

    write_plugin("fraud", "@hookimpl\ndef checkout_problems(site, cart, step):\n    raise RuntimeError\n")
    turn_on("fraud")
    assert problems(sites[0]) == []

    set_must_pass(sites[0].id, "fraud", "system", must=True)

    with pytest.raises(HookFailed):
        problems(sites[0])


def test_a_tax_plugin_that_fails_refuses_the_order_since_a_wrong_tax_is_worse(write_plugin, turn_on, sites):
    write_plugin("tax", "@hookimpl\ndef checkout_taxes(site, priced):\n    raise RuntimeError\n")
    turn_on("tax")

    with pytest.raises(HookFailed):
        state_of(sites[0].id).hooks.checkout_taxes(site=sites[0], priced=None)


def test_a_plugin_that_sleeps_is_reported_as_too_slow_and_holds_no_lock(write_plugin, turn_on, sites):
    write_plugin("slow", "import time\n@hookimpl\ndef checkout_problems(site, cart, step):\n    time.sleep(0.05)\n")
    turn_on("slow")
    state = state_of(sites[0].id)
    state.hooks._slow = 0.01

    begun = time.monotonic()
    state.hooks.checkout_problems(site=sites[0], cart=None, step="cart")

    assert time.monotonic() - begun < 1
    installation().faults.flush()
    assert "TooSlow" in faults_of(sites[0].id, "slow")[0].message


def test_a_hook_asked_inside_a_transaction_is_an_error_of_the_caller(write_plugin, turn_on, sites):
    write_plugin("good", GOOD)
    turn_on("good")
    state = state_of(sites[0].id)

    with pytest.raises(db.InTransaction), db.transaction():
        state.hooks.checkout_problems(site=sites[0], cart=None, step="cart")


def test_a_plugin_that_fails_again_and_again_is_paused_and_can_be_resumed(write_plugin, turn_on, sites):
    from core.kernel.switch import resume

    write_plugin("bad", "@hookimpl\ndef checkout_problems(site, cart, step):\n    raise RuntimeError('no')\n")
    turn_on("bad")
    for _ in range(installation().config.breaker_faults):
        problems(sites[0])
    installation().faults.flush()

    assert state_of(sites[0].id).states["bad"] == "paused"
    assert not state_of(sites[0].id).runtime.has("bad")

    resume(sites[0].id, "bad", "system")
    assert state_of(sites[0].id).runtime.has("bad")


def test_a_pause_is_told_to_those_who_hear_of_switches(write_plugin, turn_on, sites, monkeypatch):
    from core.kernel import switch

    write_plugin("bad", "@hookimpl\ndef checkout_problems(site, cart, step):\n    raise RuntimeError('no')\n")
    turn_on("bad")
    told = []
    monkeypatch.setattr(switch, "_on_switch", [lambda site, name, on: told.append((site.host, name, on))])

    switch.pause(sites[0].id, "bad", "too many faults")

    assert told == [(sites[0].host, "bad", False)], "cards that show what it said are made anew"


def test_the_first_answer_wins_where_one_is_wanted_and_answers_stay_apart_where_each_counts(
    write_plugin, turn_on, sites
):
    for name in ("alpha", "beta"):
        write_plugin(
            name,
            f"""
            @hookimpl
            def site_search(site, query):
                return SearchResult(product_ids=({len(name)},))
            @hookimpl
            def site_data(site, kind, objects):
                return {{1: Data(values={{"from": {name!r}}})}}
            """,
        )
        turn_on(name)
    hooks = state_of(sites[0].id).hooks

    assert hooks.site_search(site=sites[0], query=None).product_ids == (5,)
    answers = hooks.site_data(site=sites[0], kind="product", objects=[1])
    assert {plugin: answer[1].values["from"] for plugin, answer in answers.items()} == {
        "alpha": "alpha",
        "beta": "beta",
    }


def test_two_sites_with_the_same_plugins_and_theme_share_one_runtime(write_plugin, turn_on, sites):
    write_plugin("good", GOOD)
    turn_on("good", sites[0])
    turn_on("good", sites[1])

    assert state_of(sites[0].id).runtime is state_of(sites[1].id).runtime


def test_a_plugin_that_must_pass_at_the_checkout_costs_other_pages_only_its_own_place(write_plugin, turn_on, sites):
    from core.kernel.switch import set_must_pass

    write_plugin("fraud", "@hookimpl\ndef site_slot(site, name):\n    raise RuntimeError\n")
    turn_on("fraud")
    set_must_pass(sites[0].id, "fraud", "system", must=True)

    assert state_of(sites[0].id).hooks.each("site_slot", site=sites[0], name="page.end", subject=None) == []


def test_a_plugin_is_asked_for_the_places_that_it_names(write_plugin, turn_on, sites):
    answering = "@hookimpl\ndef site_slot(name):\n    return Slot(html=name)\n"
    for name, slots in {"everywhere": "", "foot": '"footer.links",', "two": '"footer.links", "page.end",'}.items():
        plugin = f'PLUGIN = Plugin(name="{name}", version="1", title="T", slots=({slots}))\n'
        write_plugin(name, f"from core.api import *\n{plugin}{answering}")
        turn_on(name)
    filling = state_of(sites[0].id).runtime.filling
    assert filling("footer.links") == {"everywhere", "foot", "two"}
    assert filling("page.end") == {"everywhere", "two"}
    assert filling("header.links") == {"everywhere"}


def test_a_runtime_that_cannot_be_built_leaves_the_last_good_one_and_at_first_core_alone(
    write_plugin, turn_on, sites, monkeypatch
):
    from core.kernel import runtime

    real = runtime.url_map

    def brittle(rules):
        if any(rule.rule == "/bad/page" for rule in rules):
            raise ValueError("these rules make no map")
        return real(rules)

    monkeypatch.setattr(runtime, "url_map", brittle)
    write_plugin("good", GOOD)
    write_plugin(
        "bad",
        """
        from core.api import *
        VIEWS = Views("/bad")
        @VIEWS.get("/page")
        @public
        def page():
            return ""
        PLUGIN = Plugin(name="bad", version="1", title="Bad", shop=VIEWS)
        """,
    )
    turn_on("good")
    assert state_of(sites[0].id).runtime.has("good")
    turn_on("bad")

    assert state_of(sites[0].id).runtime.has("good"), "the site goes on as it was"
    assert not state_of(sites[0].id).runtime.has("bad")
    installation().faults.flush()
    assert faults_of(sites[0].id, "bad")[0].hook == "build"

    installation().sites.runtimes._kept.clear()
    installation().sites.at(-2)
    assert state_of(sites[0].id).runtime.plugins == ()


def test_the_last_used_runtimes_are_kept_and_no_more(write_plugin, turn_on, sites):
    runtimes = installation().sites.runtimes
    for n in range(70):
        write_plugin(f"kept{n}", "")
    installation().plugins.discover()
    first = runtimes.get("plain", {"kept0": "on"})
    for n in range(1, 70):
        runtimes.get("plain", {f"kept{n}": "on"})
        assert runtimes.get("plain", {"kept0": "on"}) is first
    assert len(runtimes._kept) == 64
    built = runtimes.built
    runtimes.get("plain", {"kept1": "on"})
    assert runtimes.built == built + 1


def test_the_breaker_counts_within_its_window_only(write_plugin, turn_on, sites):
    from core.lib import clock

    write_plugin("bad", "@hookimpl\ndef checkout_problems(site, cart, step):\n    raise RuntimeError('no')\n")
    turn_on("bad")
    with clock.freeze(clock.now()) as frozen:
        for _ in range(3 * installation().config.breaker_faults):
            problems(sites[0])
            frozen.move(seconds=installation().config.breaker_seconds / 2)
        installation().faults.flush()
        assert state_of(sites[0].id).states["bad"] == "on"


def test_a_tripped_breaker_stops_asking_at_once_though_the_pause_is_not_written_yet(write_plugin, turn_on, sites):
    write_plugin("bad", "@hookimpl\ndef checkout_problems(site, cart, step):\n    raise RuntimeError('no')\n")
    turn_on("bad")
    for _ in range(installation().config.breaker_faults + 5):
        problems(sites[0])
    installation().faults.flush()
    assert len(faults_of(sites[0].id, "bad")) == installation().config.breaker_faults
    assert state_of(sites[1].id).states.get("bad", "off") == "off"


def test_old_faults_are_forgotten(write_plugin, turn_on, sites):
    from core.kernel.faults import PluginFault
    from core.kernel.jobs import run_due
    from core.lib import clock

    write_plugin("bad", "@hookimpl\ndef checkout_problems(site, cart, step):\n    raise RuntimeError('no')\n")
    turn_on("bad")
    with clock.freeze(clock.now()) as frozen:
        problems(sites[0])
        installation().faults.flush()
        frozen.move(days=31)
        run_due()
        assert PluginFault.select().count() == 0


@pytest.mark.parametrize("hook", ["checkout_problems", "order_problems"])
def test_a_plugin_that_must_pass_refuses_while_it_is_paused_too(hook, write_plugin, turn_on, sites):
    from core.kernel.switch import pause, resume, set_must_pass

    arguments = {"checkout_problems": "site, cart, step", "order_problems": "site, order, act"}[hook]
    asked = {name.strip(): None for name in arguments.split(",")} | {"site": sites[0]}
    write_plugin("fraud", f"@hookimpl\ndef {hook}({arguments}):\n    return []\n")
    turn_on("fraud")
    set_must_pass(sites[0].id, "fraud", "system", must=True)
    pause(sites[0].id, "fraud", "it failed again and again")

    with pytest.raises(HookFailed):
        getattr(state_of(sites[0].id).hooks, hook)(**asked)

    set_must_pass(sites[0].id, "fraud", "system", must=False)
    assert getattr(state_of(sites[0].id).hooks, hook)(**asked) == []
    resume(sites[0].id, "fraud", "system")
    set_must_pass(sites[0].id, "fraud", "system", must=True)
    assert getattr(state_of(sites[0].id).hooks, hook)(**asked) == []


def test_nothing_is_sold_without_tax_while_the_tax_plugin_is_paused(write_plugin, turn_on, sites):
    from core.kernel.switch import pause, switch_off

    write_plugin("tax", "@hookimpl\ndef checkout_taxes(site, priced):\n    return None\n")
    turn_on("tax")
    pause(sites[0].id, "tax", "it failed again and again")

    with pytest.raises(HookFailed):
        state_of(sites[0].id).hooks.checkout_taxes(site=sites[0], priced=None)

    switch_off(sites[0].id, "tax", "system")
    assert state_of(sites[0].id).hooks.checkout_taxes(site=sites[0], priced=None) is None
