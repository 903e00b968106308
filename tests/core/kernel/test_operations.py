"""What a plugin offers to programs is checked when it is loaded, there where it is on, and guarded."""

from __future__ import annotations

import pytest

from core.api import OperationCall, OperationFailed, Refused, plugin_operations, plugin_scopes, speaking, switch_off
from core.kernel.installation import installation
from core.kernel.sites import state_of

OFFER = """
from core.api import *


class Answer(ResponseModel, frozen=True, kw_only=True):
    word: str


class Narrower(Answer, frozen=True, kw_only=True):
    secret: str = "hidden"


@operation({method!r}, {path!r}, scope={scope!r}, answer=Answer{more})
def ask(call):
    '''Ask.'''
    {does}


PLUGIN = Plugin(name="oracle", version="1", title="Oracle", operations=(ask,), scopes={scopes!r})
"""
FITS = {
    "method": "GET", "path": "/oracle/{word_id}", "scope": "oracle:read", "more": "",
    "scopes": {"oracle:read": "Ask the oracle"}, "does": "return Answer(word='yes')",
}  # fmt: skip
CHINESE = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"

msgid "Ask the oracle"
msgstr "请教神谕"
"""


def call(site):
    return OperationCall(state=state_of(site.id), key_id=1, scopes=frozenset({"oracle:read"}))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"path": "/orders/{word_id}"}, "begin with '/oracle'"),
        ({"path": "/oracle/Upper"}, "begin with '/oracle'"),
        ({"path": "/oracle/{a_id}/{a_id}"}, "two parts have one name"),
        ({"scope": "oracle:write"}, "scope 'oracle:write' is not declared"),
        ({"scopes": {"oracle:read": "", "orders:read": ""}}, "scope 'orders:read'"),
        ({"method": "TRACE"}, "method 'TRACE'"),
        ({"more": ", status=204"}, "status 204"),
        ({"more": ", once='often'"}, "once 'often'"),
        ({"more": ", query=Answer"}, "classes of RequestModel"),
    ],
)
def test_a_slip_is_told_to_the_author_when_the_plugin_is_loaded(write_plugin, bare, wrong, said):
    write_plugin("oracle", OFFER.format(**{**FITS, **wrong}))

    installation().plugins.discover()

    assert said in installation().plugins.broken["oracle"].reason


def test_what_a_plugin_offers_is_there_where_it_is_on(write_plugin, sites, turn_on):
    write_plugin("oracle", OFFER.format(**FITS), **{"locale__zh_CN__LC_MESSAGES__messages.po": CHINESE})
    assert plugin_operations(sites[0]) == ()
    turn_on("oracle")

    (one,) = plugin_operations(sites[0])
    assert (one.plugin, one.name, one.summary, one.tag, one.parts) == ("oracle", "ask", "Ask.", "Oracle", ("word_id",))
    assert one.carry(call(sites[0])).word == "yes"
    assert plugin_scopes(sites[0]) == {"oracle:read": "Ask the oracle"}
    with speaking("zh-CN", "UTC"):
        assert plugin_scopes(sites[0]) == {"oracle:read": "请教神谕"}
    assert plugin_operations(sites[1]) == ()
    assert plugin_scopes(sites[1]) == {}
    switch_off(sites[0].id, "oracle", "system")
    state_of(sites[0].id)
    assert plugin_operations(sites[0]) == ()


@pytest.mark.parametrize("does", ["1 / 0", "raise SystemExit", "return None", "return Narrower(word='yes')"])
def test_a_failure_is_the_plugins_fault_and_nobody_elses(write_plugin, sites, turn_on, does):
    write_plugin("oracle", OFFER.format(**{**FITS, "does": does}))
    turn_on("oracle")
    (one,) = plugin_operations(sites[0])

    with pytest.raises(OperationFailed):
        one.carry(call(sites[0]))

    installation().faults.flush()
    from core.kernel.faults import PluginFault

    assert [(row.plugin, row.hook) for row in PluginFault.select()] == [("oracle", "operation ask")]


def test_a_refusal_is_no_fault(write_plugin, sites, turn_on):
    write_plugin("oracle", OFFER.format(**{**FITS, "does": "raise Refused('Not now.')"}))
    turn_on("oracle")
    (one,) = plugin_operations(sites[0])

    with pytest.raises(Refused, match="Not now"):
        one.carry(call(sites[0]))
