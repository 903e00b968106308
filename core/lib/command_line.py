"""What is typed after `./stoa NAME`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser


def command_line(command: str, summary: str) -> ArgumentParser:
    """The parser of a command, such as `coupons add`.

    It takes words in any order; those it does not know end the process with 2 and a guess at what was meant.
    """
    from core.lib.command_parser import CommandParser  # noqa: PLC0415 -- what serves a shop takes no commands

    return CommandParser(prog=f"./stoa {command}", description=summary)
