"""One class makes the form, checks it, hides secrets, and takes from all sites what a site does not say itself."""

from __future__ import annotations

import json
from typing import Literal

import pytest

from core.kernel import db
from core.kernel.installation import installation
from core.kernel.settings import Amount, Secret, Settings, Text, fields, parse, setting
from core.kernel.sites import state_of
from core.kernel.switch import save_settings, stored_settings
from core.lib.errors import NotFound, Unfit

KEY = "sk_live_canary_77"
SOURCE = """
from typing import Literal
from core.api import *

class Account(Settings):
    account: str = setting(label="Account", max_length=10)
    key: Secret = setting("", label="Key")
    fee: Amount = setting("0")
    mode: Literal["test", "live"] = "test"
    loud: bool = setting(False)

PLUGIN = Plugin(name="gate", version="1", title="Gate", settings=Account)
"""


class Everything(Settings):
    name: str = setting(label="Name", help="Said to shoppers.", max_length=10)
    days: int = setting(3, minimum=1, maximum=30)
    key: Secret = setting("")
    fee: Amount = setting("0")
    words: Text = setting("")
    loud: bool = setting(True)
    mode: Literal["test", "live"] = "test"


def form(**changes: str) -> dict[str, str]:
    return {"name": "N", "days": "3", "key": "", "fee": "0", "words": "", "loud": "1", "mode": "test", **changes}


def test_the_class_says_what_the_form_asks():
    asked = {field.name: field for field in fields(Everything)}
    assert {name: field.kind for name, field in asked.items()} == {
        "name": "text", "days": "number", "key": "secret", "fee": "amount", "words": "lines", "loud": "flag",
        "mode": "choice",
    }  # fmt: skip
    assert (asked["name"].label, asked["name"].help, asked["name"].required) == ("Name", "Said to shoppers.", True)
    assert asked["mode"].choices == (("test", "test"), ("live", "live"))
    assert asked["days"].label == "Days"


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("name", "  Mira ", "Mira"),
        ("days", "30", 30),
        ("fee", "1,50", "1.50"),
        ("fee", "2", "2.00"),
        ("words", "a\r\nb", "a\nb"),
        ("loud", "", False),
        ("mode", "live", "live"),
    ],
)
def test_what_was_typed_is_kept_in_one_form(field, text, value):
    assert parse(Everything, form(**{field: text}), {}, "EUR")[field] == value


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("name", ""), ("name", "x" * 11), ("days", "0"), ("days", "31"), ("days", "many"), ("days", "1.5"),
        ("fee", "much"), ("mode", "other"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(field, text):
    with pytest.raises(Unfit) as refused:
        parse(Everything, form(**{field: text}), {}, "EUR")
    assert list(refused.value.errors) == [field]


def test_every_wrong_field_is_named_at_once():
    with pytest.raises(Unfit) as refused:
        parse(Everything, form(name="", days="x", fee="y"), {}, "EUR")
    assert set(refused.value.errors) == {"name", "days", "fee"}


def test_an_amount_has_no_more_digits_than_the_currency():
    assert parse(Everything, form(fee="500"), {}, "JPY")["fee"] == "500"
    with pytest.raises(Unfit):
        parse(Everything, form(fee="5.5"), {}, "JPY")


@pytest.fixture
def gate(write_plugin, turn_on, sites):
    write_plugin("gate", SOURCE)
    turn_on("gate", sites[0])
    turn_on("gate", sites[1])

    def save(site, **said):
        inherit = frozenset(said.pop("inherit", ()))
        save_settings(site and site.id, "gate", {"account": "A", **said}, "system", "EUR", inherit=inherit)

    return save


def seen(site):
    declared = installation().plugins.loaded["gate"].plugin.settings
    state_of(site.id)
    return declared.of(site)


def test_a_site_takes_from_all_sites_what_it_does_not_say(gate, sites):
    gate(None, account="all", fee="5", mode="live")
    assert (seen(sites[0]).account, seen(sites[0]).fee, seen(sites[0]).mode) == ("all", "5.00", "live")

    gate(sites[0], account="one", fee="6", mode="test", inherit={"fee"})
    assert (seen(sites[0]).account, seen(sites[0]).fee, seen(sites[0]).mode) == ("one", "5.00", "test")
    assert seen(sites[1]).account == "all", "the other site is as before"

    gate(None, account="all", fee="7")
    assert seen(sites[0]).fee == "7.00"


def test_before_anything_is_said_the_class_answers(gate, sites):
    assert (seen(sites[0]).account, seen(sites[0]).fee, seen(sites[0]).mode, seen(sites[0]).loud) == (
        "", "0", "test", False,
    )  # fmt: skip


def test_a_secret_is_encrypted_kept_when_left_empty_and_read_by_the_plugin_alone(gate, sites):
    gate(sites[0], key=KEY)
    assert KEY not in json.dumps(stored_settings(sites[0].id, "gate"))
    assert seen(sites[0]).key == KEY
    gate(sites[0], key="")
    assert seen(sites[0]).key == KEY
    for table in ("activity", "site_plugin"):
        assert KEY not in str(db.rows(f"SELECT * FROM {table}")), table


def test_settings_hold_from_the_next_request_on_without_a_statement(gate, sites):
    gate(sites[0], account="one")
    seen(sites[0])
    with db.counted() as statements:
        assert installation().plugins.loaded["gate"].plugin.settings.of(sites[0]).account == "one"
    assert statements == []


def test_a_plugin_without_settings_has_no_form_to_save(write_plugin, turn_on, sites):
    write_plugin("plain", "")
    turn_on("plain")
    with pytest.raises(NotFound):
        save_settings(sites[0].id, "plain", {}, "system", "EUR")
