"""The commands of `./stoa`.

Each module here adds its own to the parser; each command answers an exit code: 0 done, 1 refused, 2 misused.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence

import peewee

from core.kernel.config import BadConfig
from core.lib.command_parser import CommandParser, unknown
from core.lib.errors import StoaError, Unfit

Command = Callable[[argparse.Namespace], int]


def parser() -> CommandParser:
    """The parser with every command of core; those of plugins are found when the word is not known here."""
    from core.cli import backups, craft, docs, inspect, languages, looks, orders, run, serve, shop, sites, stock

    top = CommandParser(
        prog="./stoa",
        description="A storefront made of plugins.",
        epilog="Plugins bring commands of their own: ./stoa NAME --help. ./stoa test runs the tests.",
    )
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for module in (run, serve, backups, sites, stock, orders, craft, looks, languages, docs, shop, inspect):
        module.add_to(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; what a person can put right is told in a line, with `STOA_DEBUG=1` in full."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    return answered(lambda: _run(words))


def answered(command: Callable[[], int]) -> int:
    """The code of a command; what it refuses is told in a line."""
    try:
        return command()
    except Unfit as error:
        return _say(*(f"{field}: {message}" for field, message in error.errors.items()))
    except BrokenPipeError:
        # Whoever reads has enough (`| head`). Python would complain once more when it closes the pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (StoaError, BadConfig, OSError, peewee.OperationalError) as error:
        if os.environ.get("STOA_DEBUG", "") not in {"", "0", "false"}:
            raise
        return _say(f"stoa: {_told(error)}")
    except KeyboardInterrupt:
        return 130


def _run(words: list[str]) -> int:
    if words and words[0] == "bench":
        from core.cli.inspect import bench

        return bench(words[1:])
    top = parser()
    if words and not words[0].startswith("-") and words[0] not in top.commands:
        return _plugin_command(words, top)
    chosen = top.parse_args(words)
    return int(chosen.run(chosen) or 0)


def _told(error: Exception) -> str:
    """`No such file or directory: /tmp/x.csv` rather than Python's words for it."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror + (f": {error.filename}" if error.filename else "")
    if isinstance(error, peewee.OperationalError):
        return f"the database does not answer: {str(error).strip()}"
    return str(error)


def _say(*lines: str) -> int:
    print(*lines, sep="\n", file=sys.stderr)
    return 1


def _plugin_command(words: list[str], top: CommandParser) -> int:
    """`./stoa coupons list ...`: the command of a plugin. A word that is nobody's ends the process with 2."""
    from core.cli.boot import boot, running_port

    plugins = boot(port=running_port()).plugins.loaded
    loaded = plugins.get(words[0])
    if loaded is None:
        there = [name for name, one in plugins.items() if one.plugin.commands]
        top.error(unknown(words[0], sorted({*there, *top.commands, "test"})))
    commands = loaded.plugin.commands
    known = f"./stoa {words[0]} knows: {', '.join(sorted(commands)) or 'no command'}"
    if words[1:2] in (["-h"], ["--help"]):
        print(f"{loaded.plugin.title}. {loaded.plugin.summary}\n{known}")
        return 0
    if len(words) < 2 or words[1] not in commands:
        print(known, file=sys.stderr)
        return 2
    return int(commands[words[1]](words[2:]) or 0)
