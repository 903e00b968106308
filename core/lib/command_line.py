"""What is typed after `./stoa NAME`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser


def command_line(command: str, summary: str) -> ArgumentParser:
    """The parser of a command, such as `coupons add`; words it does not know end the process with 2."""
    from argparse import ArgumentParser  # noqa: PLC0415 -- what serves a shop takes no commands

    return ArgumentParser(prog=f"./stoa {command}", description=summary)
