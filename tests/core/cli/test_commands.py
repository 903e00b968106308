"""The commands as a person at a terminal meets them: what they print, their exit codes, their words for mistakes."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core.catalogue.services.drafts import ProductDraft, TextDraft, VariantDraft
from core.catalogue.services.products import save_product
from core.cli import main, parser
from core.cli import run as running
from core.cli.boot import the_site
from core.kernel import db
from core.kernel.config import ROOT
from core.kernel.switch import pause, stored_settings

COMMANDS = (
    "run", "migrate", "site add", "site list", "staff add", "location add", "location list", "stock move",
    "plugin list", "plugin on", "plugin off", "plugin set", "plugin new",
    "plugin check", "import", "export", "order import", "order imports", "order undo",
    "work", "reindex", "doctor", "routes", "hooks",
)  # fmt: skip
Stoa = Callable[..., tuple[int, str, str]]


@pytest.fixture
def stoa(instance: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Stoa:
    """`stoa("site", "list")`: exit code, what was printed, and what was complained about but for the log."""
    monkeypatch.setenv("STOA_INSTANCE", str(instance))

    def run(*words: str) -> tuple[int, str, str]:
        try:
            code = main(words)
        except SystemExit as ended:
            code = int(ended.code or 0)
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        told = [line for line in printed.err.splitlines(keepends=True) if not line.startswith('{"')]
        return code, printed.out, "".join(told)

    return run


@pytest.mark.parametrize("command", [*COMMANDS, ""])
def test_every_command_explains_itself(stoa: Stoa, command: str) -> None:
    code, out, _ = stoa(*command.split(), "--help")
    assert code == 0
    assert "usage: ./stoa" in out


def test_every_option_says_what_it_is_for() -> None:
    def walk(node):
        for action in node._actions:
            if hasattr(action, "choices") and isinstance(action.choices, dict):
                for below in action.choices.values():
                    yield from walk(below)
            elif action.option_strings and not action.help:
                yield f"{node.prog} {action.option_strings[0]}"

    assert list(walk(parser())) == []


@pytest.mark.parametrize("words", [(), ("nonsense",), ("site",), ("run", "--port", "0"), ("run", "--port", "99999")])
def test_what_cannot_be_understood_is_misuse(stoa: Stoa, words: tuple[str, ...]) -> None:
    code, _, err = stoa(*words)
    assert code == 2
    assert "usage: ./stoa" in err


@pytest.mark.parametrize(
    ("words", "guess"),
    [
        (("sites",), "did you mean 'site'?"),
        (("coupon", "add"), "did you mean 'coupons'?"),
        (("flat-rate", "add"), "did you mean 'flat_rate'?"),
        (("xyzzy",), "there are: back_in_stock, backup, bench, coupons"),
        (("site", "lst"), "mean 'list'?"),
        (("site", "zz"), "there are: add"),
        (("site", "add", "one.test", "--nam", "One", "--curency", "GBP"), "mean '--currency'?"),
        (("coupons", "add", "--siet", "one.test"), "mean '--site'?"),
    ],
)
def test_a_word_that_is_nearly_right_gets_a_guess(stoa: Stoa, words: tuple[str, ...], guess: str) -> None:
    code, _, err = stoa(*words)
    assert code == 2
    assert guess in err


def test_sites_are_added_and_listed(stoa: Stoa) -> None:
    assert stoa("site", "add", "one.test", "--name", "One", "--currency", "GBP", "--languages", "zh-CN")[0] == 0
    code, out, _ = stoa("site", "list")
    assert code == 0
    assert "one.test" in out
    assert "GBP" in out


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("http://x.test/", "--name", "X"), "host: A domain"),
        (("x.test", "--name", ""), "name: Give"),
        (("x.test", "--name", "X", "--theme", "none"), "theme: There is no such theme."),
        (("x.test", "--name", "X", "--language", "xx"), "language: A language"),
        (("x.test", "--name", "X", "--currency", "EURO"), "currency: A currency"),
        (("one.test", "--name", "X"), "host: Another site has this domain already."),
    ],
)
def test_a_site_that_cannot_be_is_refused_beside_its_option(stoa: Stoa, words: tuple[str, ...], complaint: str) -> None:
    stoa("site", "add", "one.test", "--name", "One")
    code, _, err = stoa("site", "add", *words)
    assert code == 1
    assert err.startswith(complaint)
    assert db.value("SELECT COUNT(*) FROM site") == 1


def test_staff_get_a_password_once_and_for_one_site_if_one_is_named(stoa: Stoa) -> None:
    stoa("site", "add", "one.test", "--name", "One")
    code, out, _ = stoa("staff", "add", "mira@example.com", "--site", "one.test")
    assert code == 0
    assert "One-time password: " in out
    assert stoa("staff", "add", "mira@example.com")[0] == 1
    assert stoa("staff", "add", "no-address")[0] == 1
    assert stoa("staff", "add", "li@example.com", "--role", "king")[0] == 1
    code, _, err = stoa("staff", "add", "li@example.com", "--site", "oen.test")
    assert (code, err) == (1, "stoa: there is no site 'oen.test'; did you mean 'one.test'?\n")


def test_plugins_are_switched_per_site(stoa: Stoa) -> None:
    stoa("site", "add", "one.test", "--name", "One")
    stoa("site", "add", "two.test", "--name", "Two")
    assert stoa("plugin", "on", "coupons", "--site", "one.test") == (0, "coupons is on at one.test.\n", "")
    assert "one.test: on, two.test: off" in stoa("plugin", "list")[1]
    assert "promote_offers" in stoa("hooks", "--site", "one.test")[1]
    assert "/panel/coupons" in stoa("routes", "--site", "one.test")[1]
    assert "/panel/coupons" not in stoa("routes", "--site", "two.test")[1]
    assert stoa("plugin", "off", "coupons", "--site", "one.test") == (0, "coupons is off at one.test.\n", "")


def test_a_plugin_that_is_none_is_named_and_leaves_no_row(stoa: Stoa) -> None:
    stoa("site", "add", "one.test", "--name", "One")
    for verb in ("on", "off"):
        code, _, err = stoa("plugin", verb, "cupons", "--site", "one.test")
        assert (code, err) == (1, "stoa: there is no plugin 'cupons'; did you mean 'coupons'?\n")
    assert db.value("SELECT COUNT(*) FROM site_plugin") == 0


def test_commands_of_plugins_name_the_sites_there_are(stoa: Stoa) -> None:
    stoa("site", "add", "one.test", "--name", "One")
    code, _, err = stoa("tax_table", "add", "--site", "nix.test", "--country", "DE", "--rate", "19", "--name", "VAT")
    assert (code, err) == (1, "stoa: there is no site 'nix.test'; there are: one.test\n")


def test_commands_of_plugins_explain_themselves(stoa: Stoa) -> None:
    code, out, _ = stoa("coupons", "--help")
    assert code == 0
    assert "./stoa coupons knows: add" in out
    assert stoa("coupons")[0] == 2
    assert stoa("coupons", "nonsense")[0] == 2


def test_files_that_cannot_be_opened_are_named(stoa: Stoa, tmp_path: Path) -> None:
    stoa("site", "add", "one.test", "--name", "One")
    gone = tmp_path / "gone" / "x.csv"
    assert stoa("import", str(gone), "--site", "one.test")[::2] == (1, f"stoa: No such file or directory: {gone}\n")
    assert stoa("import", str(tmp_path), "--site", "one.test")[::2] == (1, f"stoa: Is a directory: {tmp_path}\n")
    assert stoa("export", "products", "--site", "one.test", "--to", str(gone))[::2] == (
        1,
        f"stoa: No such file or directory: {gone}\n",
    )


def test_goods_go_in_and_come_out_and_are_found_after_a_reindex(stoa: Stoa, tmp_path: Path) -> None:
    stoa("site", "add", "one.test", "--name", "One")
    stoa("plugin", "on", "search_sql", "--site", "one.test")
    file = tmp_path / "goods.csv"
    file.write_text("sku,name,price\nLAMP,Lamp,89\nPOT,Pot,12\n")

    assert "2 products added" in stoa("import", str(file), "--site", "one.test")[1]
    assert "2 products were so already" in stoa("import", str(file), "--site", "one.test")[1]
    assert stoa("export", "products", "--site", "one.test", "--to", str(tmp_path / "out.csv"))[0] == 0
    assert "LAMP" in (tmp_path / "out.csv").read_text("utf-8-sig")
    with db.transaction():
        db.execute("DELETE FROM card_place")
    code, out, err = stoa("reindex")
    assert (code, out) == (0, "2 products made ready for lists.\n")
    assert "2 products indexed" in err
    assert db.value("SELECT COUNT(*) FROM card_place") > 0


def test_the_doctor_says_what_needs_a_look(stoa: Stoa) -> None:
    stoa("site", "add", "one.test", "--name", "One")
    stoa("plugin", "on", "coupons", "--site", "one.test")
    assert "coupons" not in stoa("doctor")[1]

    pause(db.value("SELECT id FROM site"), "coupons", "RuntimeError: no")

    code, out, _ = stoa("doctor")
    assert code == 1
    assert "plugin coupons is paused at one.test: RuntimeError: no" in out


def test_places_are_added_and_pieces_moved_between_them(stoa: Stoa) -> None:
    stoa("site", "add", "one.test", "--name", "One")
    draft = ProductDraft(texts={"en": TextDraft(name="Lamp")}, variants=(VariantDraft(sku="LAMP", stock=10),))
    save_product(the_site("one.test"), draft, "staff:1")
    assert stoa("location", "add", "north", "--name", "North", "--country", "gb")[:2] == (0, "north: North\n")
    assert stoa("location", "add", "North", "--name", "Again")[0] == 1

    moved = stoa("stock", "move", "LAMP", "4", "--from", "main", "--to", "north", "--why", "For the shop")
    assert moved[:2] == (0, "transfer 1: 4 × LAMP from main to north\n")
    listed = [line.split() for line in stoa("location", "list")[1].splitlines()]
    assert [(words[0], words[-2]) for words in listed] == [("main", "6"), ("north", "4")]
    code, _out, err = stoa("stock", "move", "LAMP", "7", "--from", "main", "--to", "north")
    assert (code, "Only 6 of LAMP are free there." in err) == (1, True)
    for words in (("NONE", "main"), ("LAMP", "south")):
        assert stoa("stock", "move", words[0], "1", "--from", words[1], "--to", "north")[0] == 1


def test_the_doctor_reports_stock_that_differs_and_mends_it_when_told(stoa: Stoa) -> None:
    stoa("site", "add", "one.test", "--name", "One")
    draft = ProductDraft(texts={"en": TextDraft(name="Lamp")}, variants=(VariantDraft(sku="LAMP", stock=10),))
    save_product(the_site("one.test"), draft, "staff:1")
    with db.transaction():
        db.execute("UPDATE stock_level SET on_hand = 11")
    place = db.value("SELECT name FROM location")

    code, out, _ = stoa("doctor")
    assert code == 1
    assert f"✗ stock differs from its moves: LAMP at {place}: on_hand 11, by its moves 10" in out
    assert db.value("SELECT on_hand FROM stock_level") == 11

    out = stoa("doctor", "--repair")[1]
    assert f"✓ LAMP at {place} is the sum of its moves again" in out
    assert "stock differs" not in out
    assert db.value("SELECT on_hand FROM stock_level") == 10
    assert "stock differs" not in stoa("doctor")[1]


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("STOA_PORT", "abc", "stoa: port: 'abc' is not a int"),
        ("STOA_DATABASE_URL", "mysql://x/y", "stoa: a database address begins with sqlite:// or postgresql://"),
        ("STOA_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/x", "stoa: the database does not answer: "),
    ],
)
def test_a_configuration_that_cannot_be_is_told_in_a_line(
    stoa: Stoa, monkeypatch: pytest.MonkeyPatch, name: str, value: str, complaint: str
) -> None:
    monkeypatch.setenv(name, value)
    code, _, err = stoa("doctor")
    assert code == 1
    assert err.startswith(complaint)


def test_a_port_in_use_is_told_before_anything_is_made(stoa: Stoa) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        code, out, err = stoa("run", "--port", str(port))
    assert code == 1
    assert f"cannot listen on 127.0.0.1:{port}" in err
    assert "Password" not in out


def test_a_first_run_sets_the_demo_up_though_other_commands_came_before(stoa: Stoa) -> None:
    assert stoa("plugin", "list")[0] == 0
    assert running._is_new()

    assert stoa("staff", "add", "mira@example.com", "--owner")[0] == 0
    assert not running._is_new(), "somebody works here: a shop is not to be filled behind their back"


def test_a_site_is_not_there_in_the_installation_that_was_looked_at(stoa: Stoa, instance: Path) -> None:
    assert (
        f"there is no site 'one.test': {instance.resolve()} has none yet"
        in stoa("plugin", "on", "coupons", "--site", "one.test")[2]
    )
    stoa("site", "add", "two.test", "--name", "Two")
    assert "there are in " + str(instance.resolve()) in stoa("plugin", "on", "coupons", "--site", "zzz")[2]


def test_a_plugin_that_is_on_but_lacks_settings_says_which_and_where(stoa: Stoa) -> None:
    stoa("site", "add", "one.test", "--name", "One")
    out = stoa("plugin", "on", "bank_transfer", "--site", "one.test")[1]
    assert "It needs settings: Account holder, IBAN or account number" in out
    assert "/panel/plugins/bank_transfer" in out

    stoa("plugin", "set", "bank_transfer", "holder=Ada", "account=DE1", "--site", "one.test")
    assert "needs settings" not in stoa("plugin", "on", "bank_transfer", "--site", "one.test")[1]


def test_settings_are_set_as_in_the_panel_and_recorded(stoa: Stoa) -> None:
    stoa("site", "add", "one.test", "--name", "One")
    at = ("--site", "one.test")

    assert stoa("plugin", "set", "bank_transfer", "holder=Ada", *at)[2] == "account: Fill this in.\n"
    assert stoa("plugin", "set", "bank_transfer", "holder=Ada", "account=DE1", "days=soon", *at)[2] == (
        "days: Write a whole number.\n"
    )
    assert "no setting 'holdr'; did you mean 'holder'?" in stoa("plugin", "set", "bank_transfer", "holdr=A", *at)[2]
    assert stoa("plugin", "set", "bank_transfer", "holder=Ada", "account=DE1", *at)[0] == 0
    assert stoa("plugin", "set", "bank_transfer", "days=9", *at)[0] == 0

    kept = stored_settings(the_site("one.test").id, "bank_transfer")
    assert (kept["holder"], kept["account"], kept["days"]) == ("Ada", "DE1", 9)
    assert db.value("SELECT COUNT(*) FROM activity WHERE verb = 'plugin.settings' AND actor = 'system'") == 2


@pytest.mark.parametrize(
    "words",
    [
        ("bank_transfer", "--site", "one.test", "holder=Ada", "account=DE1"),
        ("bank_transfer", "holder=Ada", "--site", "one.test", "account=DE1"),
        ("--site", "one.test", "bank_transfer", "holder=Ada", "account=DE1"),
    ],
)
def test_what_a_command_takes_stands_before_between_and_behind_its_options(stoa: Stoa, words: tuple[str, ...]) -> None:
    stoa("site", "add", "one.test", "--name", "One")
    assert stoa("plugin", "set", *words) == (0, "The settings of bank_transfer are saved, at one.test.\n", "")
    assert "arguments are required: name" in stoa("plugin", "set", "--site", "one.test")[2]
    assert "one of the arguments --site --everywhere is required" in stoa("plugin", "set", "bank_transfer", "days=9")[2]


def test_a_file_of_past_orders_is_named_behind_the_site(stoa: Stoa, tmp_path: Path) -> None:
    stoa("site", "add", "one.test", "--name", "One")
    code, _out, told = stoa("import", "orders", "--site", "one.test", str(tmp_path / "none.csv"))
    assert (code, told) == (1, f"stoa: No such file or directory: {tmp_path / 'none.csv'}\n")


def test_a_secret_is_set_from_standard_input_and_never_listed(stoa: Stoa, monkeypatch: pytest.MonkeyPatch) -> None:
    stoa("site", "add", "one.test", "--name", "One")
    monkeypatch.setattr("sys.stdin", io.StringIO("sk_canary\n"))
    assert stoa("plugin", "set", "fake_gateway", "key=-", "mode=authorize", "--everywhere")[0] == 0

    code, out, _ = stoa("plugin", "set", "fake_gateway", "--site", "one.test")
    assert code == 0
    assert "key=(set)" in out
    assert "mode=authorize" in out
    assert "sk_canary" not in out + str(db.rows("SELECT * FROM plugin_default"))


def test_work_once_does_what_is_due_and_ends(stoa: Stoa) -> None:
    assert stoa("work", "--once")[0] == 0
    assert "migrations ran." in stoa("migrate")[1]
    assert stoa("migrate") == (0, "Everything is up to date.\n", "")


@pytest.mark.once
def test_a_reader_who_has_enough_ends_a_command_in_silence(instance: Path, stoa: Stoa) -> None:
    stoa("site", "add", "one.test", "--name", "One")
    stoa("plugin", "on", "coupons", "--site", "one.test")
    environment = {**os.environ, "STOA_INSTANCE": str(instance), "PYTHONPATH": str(ROOT)}
    command = f"{sys.executable} -m core.cli routes --site one.test | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.count("\n") == 1
    assert not [line for line in done.stderr.splitlines() if not line.startswith('{"')]


class Apart:
    """A process that ends with a code."""

    def __init__(self, code: int) -> None:
        self._code = code

    def wait(self) -> int:
        return self._code


def test_a_first_start_is_seeded_by_a_process_of_its_own_and_fails_with_it(
    stoa: Stoa, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What pictures, papers and searches of the demo need stays in nobody's memory."""
    stoa("migrate")
    asked: list[tuple[object, ...]] = []
    code = 0

    def apart(*words: object) -> Apart:
        asked.append(words)
        return Apart(code)

    monkeypatch.setattr(running, "_apart", apart)
    assert running._seed(8123)
    assert asked == [(8123, "demo", "seed", "--at-start")]
    assert "Setting up two demo sites" in capsys.readouterr().out
    code = 1
    with pytest.raises(SystemExit) as ended:
        running._seed(8123)
    assert ended.value.code == 1
