"""The commands of `./stoa`.

Each module here adds its own to the parser; each command answers an exit code: 0 done, 1 refused, 2 misused.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from core.lib.errors import StoaError, Unfit

Command = Callable[[argparse.Namespace], int]


def parser() -> argparse.ArgumentParser:
    """The parser with every command of core; those of plugins are found when the word is not known here."""
    from core.cli import craft, inspect, run, shop, sites

    top = argparse.ArgumentParser(prog="./stoa", description="A storefront made of plugins.")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for module in (run, sites, craft, shop, inspect):
        module.add_to(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words and (code := _plugin_command(words)) is not None:
        return code
    chosen = parser().parse_args(words)
    try:
        code = chosen.run(chosen)
    except Unfit as error:
        for field, message in error.errors.items():
            print(f"{field}: {message}", file=sys.stderr)
        return 1
    except StoaError as error:
        print(f"stoa: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return int(code or 0)


_OWN = {
    "run",
    "migrate",
    "work",
    "site",
    "staff",
    "plugin",
    "import",
    "export",
    "reindex",
    "doctor",
    "routes",
    "hooks",
    "bench",
    "test",
    "lock",
    "-h",
    "--help",
}


def _plugin_command(words: list[str]) -> int | None:
    """`./stoa coupons list ...`: the command of a plugin; None where the first word is core's or nobody's."""
    if words[0] in _OWN:
        return None
    from core.cli.boot import boot

    loaded = boot().plugins.loaded.get(words[0])
    if loaded is None:
        return None
    commands = loaded.plugin.commands
    if len(words) < 2 or words[1] not in commands:
        print(f"./stoa {words[0]} knows: {', '.join(sorted(commands)) or 'nothing'}", file=sys.stderr)
        return 2
    try:
        return int(commands[words[1]](words[2:]) or 0)
    except StoaError as error:
        print(f"stoa: {error}", file=sys.stderr)
        return 1
