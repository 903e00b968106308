"""language: what is still to be said in one."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from core.cli.boot import boot


def add_to(commands: Any) -> None:
    """`language TAG`."""
    language = commands.add_parser("language", help="what shoppers read and a language pack does not say yet")
    language.add_argument("tag", help="a language, such as de or pt-BR")
    language.add_argument(
        "--into", type=Path, metavar="FOLDER", help="write it into the pack in this folder, to fill in"
    )
    language.set_defaults(run=_show)


def _show(options: argparse.Namespace) -> int:
    from core.lib.languages import is_language
    from core.testing.languages import faults, missing, write_gaps

    if not is_language(options.tag):
        print(f"There is no language {options.tag!r}.")
        return 2
    boot()
    wrong, gaps = faults(options.tag), missing(options.tag)
    for home, texts in gaps.items():
        for text in texts:
            print(f"{home.domain}: {text.path.name}:{text.line}: {text.msgid!r}")
    print(*wrong, sep="\n", end="\n" if wrong else "")
    print(
        f"{options.tag}: {sum(map(len, gaps.values()))} texts are not translated, {len(wrong)} translations are wrong."
    )
    if options.into is not None:
        for path, count in write_gaps(options.tag, options.into).items():
            print(f"{path}: {count} to fill in")
    return 1 if gaps or wrong else 0
