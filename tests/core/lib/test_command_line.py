"""What is typed after `./stoa NAME`, for core's commands and for those of plugins."""

from __future__ import annotations

from argparse import ArgumentParser

import pytest

from core.lib.command_line import command_line


@pytest.fixture
def parser() -> ArgumentParser:
    made = command_line("lamps add", "Add lamps.")
    made.add_argument("skus", nargs="*", metavar="SKU")
    made.add_argument("--site", required=True)
    made.add_argument("--rounding", choices=("", "to-99", "to-95"), default="")
    made.add_argument("--dry-run", action="store_true")
    return made


@pytest.mark.parametrize(
    ("words", "skus"),
    [
        ("A B --site one.test C", ["A", "B", "C"]),
        ("--site one.test A --dry-run B", ["A", "B"]),
        ("--site=one.test --rou to-99", []),
        ("A --site one.test -- --odd", ["A", "--odd"]),
    ],
)
def test_a_list_may_stand_around_options(parser: ArgumentParser, words: str, skus: list[str]) -> None:
    said = parser.parse_args(words.split())
    assert (said.skus, said.site) == (skus, "one.test")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("A --siet one.test", "there is no '--siet'; did you mean '--site'?"),
        ("--site one.test --dryrun A", "there is no '--dryrun'; did you mean '--dry-run'?"),
        ("--site one.test --xyz=1", "there is no '--xyz'; there are: --site, --rounding, --dry-run"),
        ("--site one.test --rounding to99", "argument --rounding: there is no 'to99'; did you mean 'to-99'?"),
        ("--site one.test --rounding x", "argument --rounding: there is no 'x'; there are: to-99, to-95"),
        ("--site one.test -q", "unrecognized arguments: -q"),
        ("A B", "the following arguments are required: --site"),
    ],
)
def test_a_word_that_is_nearly_right_gets_a_guess(
    parser: ArgumentParser, capsys: pytest.CaptureFixture[str], words: str, complaint: str
) -> None:
    with pytest.raises(SystemExit) as end:
        parser.parse_args(words.split())
    assert end.value.code == 2
    assert capsys.readouterr().err.endswith(f"./stoa lamps add: error: {complaint}\n")
