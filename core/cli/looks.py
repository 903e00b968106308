"""theme: list the themes, make a new one, check one."""

from __future__ import annotations

import argparse
from typing import Any

from core.cli.boot import boot
from core.lib.errors import Refused


def add_to(commands: Any) -> None:
    """`theme list|new|check`."""
    theme = commands.add_parser("theme", help="themes: list, write, check").add_subparsers(
        dest="verb", metavar="VERB", required=True
    )
    theme.add_parser("list", help="every theme, and whose child it is").set_defaults(run=_list)
    new = theme.add_parser("new", help="make a theme: a child of another one, ready to change")
    new.add_argument("name")
    new.add_argument("--parent", default="plain", help="whose child it is (plain)")
    new.add_argument("--here", action="store_true", help="in themes/ rather than instance/themes/")
    new.set_defaults(run=_new)
    check = theme.add_parser("check", help="contrast, alt texts, translations, escaping, writing direction")
    check.add_argument("name", help="the folder of the theme")
    check.set_defaults(run=_check)


def _list(options: argparse.Namespace) -> int:
    del options
    themes = boot().themes
    for name in themes.all():
        theme = themes.get(name)
        print(f"{name:<16} {theme.title:<24} {f'child of {theme.parent.name}' if theme.parent else ''}".rstrip())
    return 0


def _new(options: argparse.Namespace) -> int:
    from core.testing.themes.scaffold import make_theme

    boot()
    made = make_theme(options.name, options.parent, here=options.here)
    print(f"Made {made}. Begin with its README.md; its check: ./stoa theme check {options.name}")
    return 0


def _check(options: argparse.Namespace) -> int:
    from core.testing.themes import check_theme

    themes = boot().themes
    if why := themes.why_not(options.name):
        raise Refused(f"theme {options.name} cannot be used: {why}")
    if options.name not in themes.all():
        raise Refused(f"there is no theme {options.name}; there are {', '.join(themes.all())}")
    faults = check_theme(themes, options.name)
    for fault in faults:
        print(f"✗ {fault}")
    print("Nothing to mend." if not faults else f"{len(faults)} faults.")
    return 1 if faults else 0
