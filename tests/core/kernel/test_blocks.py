"""Kinds of blocks that plugins offer for pages: checked at load, there where the plugin is on, and guarded."""

from __future__ import annotations

import pytest

from core.api import plugin_blocks, speaking, switch_off
from core.kernel.faults import faults_of
from core.kernel.installation import installation
from core.kernel.sites import state_of

OFFER = """
from core.api import *
from markupsafe import Markup


def show(site, values):
    {does}


PLUGIN = Plugin(name="weather", version="1", title="Weather", blocks=(Block(kind={kind!r}, title="The sky",
    fields=(BlockField(name={name!r}, label="Where", kind={of!r}),), show=show),){more})
"""
FITS = {"kind": "sky", "name": "place", "of": "line", "more": "", "does": "return Slot(html=Markup('<p>Rain</p>'))"}
CHINESE = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"

msgid "The sky"
msgstr "天空"
"""


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"kind": "The sky"}, "small letters"),
        ({"of": "colour"}, "not one of line"),
        ({"name": "place_html"}, "no name for a field"),
        ({"more": " * 2"}, "two blocks have one kind"),
    ],
)
def test_a_slip_is_told_to_the_author_when_the_plugin_is_loaded(write_plugin, bare, wrong, said):
    write_plugin("weather", OFFER.format(**{**FITS, **wrong}))

    installation().plugins.discover()

    assert said in installation().plugins.broken["weather"].reason


def test_a_block_is_there_while_its_plugin_is_on_and_speaks_the_readers_language(write_plugin, sites, turn_on):
    write_plugin("weather", OFFER.format(**FITS), **{"locale__zh_CN__LC_MESSAGES__messages.po": CHINESE})
    assert plugin_blocks(sites[0]) == {}
    turn_on("weather")

    block = plugin_blocks(sites[0])["weather.sky"]
    assert str(block.show(sites[0], {"place": "Leith"}).html) == "<p>Rain</p>"
    with speaking("zh-CN", "UTC"):
        assert plugin_blocks(sites[0])["weather.sky"].title == "天空"
    assert plugin_blocks(sites[1]) == {}

    switch_off(sites[0].id, "weather", "system")
    state_of(sites[0].id)
    assert plugin_blocks(sites[0]) == {}


@pytest.mark.parametrize("does", ["raise SystemExit(1)", "return 'rain'", "return Slot(html=3)"])
def test_a_block_that_fails_is_left_out_and_is_its_plugins_fault(write_plugin, sites, turn_on, does):
    write_plugin("weather", OFFER.format(**{**FITS, "does": does}))
    turn_on("weather")

    assert plugin_blocks(sites[0])["weather.sky"].show(sites[0], {"place": ""}) is None

    installation().faults.flush()
    assert faults_of(sites[0].id, "weather")[0].hook == "block sky"
