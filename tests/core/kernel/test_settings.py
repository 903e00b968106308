"""One class makes the form, checks it, hides secrets, and takes from all sites what a site does not say itself."""

from __future__ import annotations

import inspect
import json
import textwrap
from typing import Literal
from unittest import mock

import pytest

import plugins
from core.kernel import db
from core.kernel.i18n import speaking
from core.kernel.installation import installation
from core.kernel.plugins import Registry
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


WRONG = [
    ('str = setting("", labl="Mode")', "knows no word 'labl'; did you mean 'label'?; it knows default, label, help,"),
    ('str = setting("test", choices=(("test",), ("live",)))', "choices=(('test',), ('live',)) cannot be offered"),
    ('str = setting("test", choices="test live")', "write pairs of what is stored and what is read, such as"),
    ('str = setting("test", choices=7)', "choices=7 cannot be offered"),
    ('str = setting("prod", choices=(("test", "Test"), ("live", "Live")))', "'prod' is not one of test, live"),
    ('str = setting("a", choices=(("a", "A"), ("a", "B")))', "is there twice"),
    ('Literal["test", "live"] = "prod"', "'prod' is not one of test, live"),
    (
        'Literal["test", "live"] = setting("test", choices={"test": "Test", "prod": "Live"})',
        "the Literal has test, live",
    ),
    ("Literal[1, 2] = 1", "a Literal of words"),
    ('int = setting(1, choices=(("1", "One"),))', "choices are for a str or a Literal"),
    ('int = setting("3")', "its default '3' is no int"),
    ("int = setting(True)", "its default True is no int"),
    ("bool = setting(1)", "its default 1 is no bool"),
    ("str = setting(None)", "its default None is no str"),
    ("int = setting(0, minimum=1)", "its default 0 is below the minimum 1"),
    ("int = setting(9, maximum=8)", "its default 9 is above the maximum 8"),
    ('str = setting("", minimum=1)', "minimum=1 does not fit"),
    ('str = setting("abc", max_length=2)', "its default has more than 2 characters"),
    ('str = setting("", max_length="2")', "is no number of characters"),
    ('str = setting("", check="/.*")', "check='/.*' does not fit"),
    ("int = setting(0, check=str)", "it is a function of a text"),
    ('str = setting("", kind="category")', "there is kind='category', for an int"),
    ("float = setting(0.5)", "a setting is str, Text, int, bool, Amount, Secret or a Literal of words"),
]


@pytest.mark.once
@pytest.mark.parametrize(("field", "said"), WRONG)
def test_what_an_author_wrote_wrongly_is_told_when_the_plugin_is_loaded(field, said, tmp_path):
    folder = tmp_path / "plugins" / "gate"
    folder.mkdir(parents=True)
    source = f"""
    from typing import Literal
    from core.api import Plugin, Settings, setting
    class Account(Settings):
        mode: {field}
    PLUGIN = Plugin(name="gate", version="1", title="Gate", settings=Account)
    """
    (folder / "plugin.py").write_text(textwrap.dedent(source), "utf-8")
    registry = Registry(folders=(folder.parent,))
    with mock.patch.object(plugins, "__path__", [str(folder.parent)]):
        registry.discover()

    reason = registry.broken["gate"].reason
    assert reason.startswith("settings: Account.mode: ")
    assert said in reason


@pytest.mark.once
@pytest.mark.parametrize(
    "choices", [(("test", "Test"), ("live", "Live")), {"test": "Test", "live": "Live"}], ids=["pairs", "mapping"]
)
def test_a_text_may_be_one_of_some_choices(choices):
    class Chosen(Settings):
        mode: str = setting("test", choices=choices)

    [asked] = fields(Chosen)
    assert (asked.kind, asked.choices) == ("choice", (("test", "Test"), ("live", "Live")))
    assert parse(Chosen, {"mode": "live"}, {}, "EUR") == {"mode": "live"}
    with pytest.raises(Unfit):
        parse(Chosen, {"mode": "other"}, {}, "EUR")


@pytest.mark.once
def test_the_words_of_a_setting_stand_in_its_signature():
    assert list(inspect.signature(setting).parameters) == [
        "default", "label", "help", "minimum", "maximum", "max_length", "choices", "kind", "check",
    ]  # fmt: skip


def test_a_plugin_may_say_of_a_text_what_is_wrong_with_it():
    class Looked(Settings):
        path: str = setting("", check=lambda text: "" if text.startswith("/") else f"{text} is no whole path.")

    assert parse(Looked, {"path": " /a "}, {}, "EUR") == {"path": "/a"}
    assert parse(Looked, {"path": ""}, {}, "EUR") == {"path": ""}, "what is left empty is not asked about"
    with pytest.raises(Unfit) as refused:
        parse(Looked, {"path": "a"}, {}, "EUR")
    assert refused.value.errors == {"path": "a is no whole path."}


def test_a_check_that_fails_is_reported_and_left_out(sites):
    del sites

    class Broken(Settings):
        path: str = setting("", check=lambda text: 1 / 0)

    with mock.patch.object(installation().faults, "report") as report:
        assert parse(Broken, {"path": "a"}, {}, "EUR") == {"path": "a"}
    assert report.call_args.args[2] == "settings"


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


@pytest.mark.parametrize(("typed", "said"), [
    ({"days": "0"}, {"days": "不能小于 1。"}),
    ({"days": "31"}, {"days": "不能大于 30。"}),
    ({"name": "x" * 11}, {"name": "最多 10 个字符。"}),
    ({"fee": "much"}, {"fee": "请填写类似 12.50 的金额。"}),
])  # fmt: skip
def test_what_does_not_fit_is_told_in_the_readers_language(app, typed: dict[str, str], said: dict[str, str]) -> None:
    with speaking("zh-CN"), pytest.raises(Unfit) as refused:
        parse(Everything, form(**typed), {}, "EUR")
    assert {name: refused.value.errors[name] for name in said} == said
