"""The parser of all commands, core's and plugins'; loads argparse, which what serves a shop does without."""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from collections.abc import Collection, Sequence
from typing import Any, NoReturn

_CHOICE = re.compile(r"(argument -\S+: )?.*invalid choice: '([^']*)' \(choose from (.*)\)")


class CommandParser(argparse.ArgumentParser):
    """Takes words in any order, and guesses what was meant by one that it does not know; so do the parsers below it."""

    commands: Collection[str] = ()
    _words: Sequence[str] = ()
    _is_mixing = False

    def add_subparsers(self, **given: Any) -> Any:
        """As argparse does; the words below are its `commands`."""
        below = super().add_subparsers(**given)
        self.commands = below.choices
        return below

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """What a command takes may stand before, between and behind its options; what it does not know ends it."""
        if self._subparsers is not None or self._is_mixing:
            return super().parse_known_args(args, namespace)
        self._words = sys.argv[1:] if args is None else list(args)
        self._is_mixing = True  # It asks this method for the options, then for the rest.
        try:
            known, rest = self.parse_known_intermixed_args(self._words, namespace)
        finally:
            self._is_mixing = False
        if rest:
            self.error(f"unrecognized arguments: {' '.join(rest)}")
        return known, rest

    def error(self, message: str) -> NoReturn:
        """An option that does not exist is named first: what it was meant to be may be what is missing."""
        known = [name for action in self._actions for name in action.option_strings if name.startswith("--")]
        if wrong := next((name for name in _options(self._words) if not _begins(name, known)), None):
            message = unknown(wrong, [name for name in known if name != "--help"])
        elif found := _CHOICE.match(message):
            message = (found[1] or "") + unknown(found[2], [one.strip("'") for one in found[3].split(", ")])
        super().error(message)


def _options(words: Sequence[str]) -> list[str]:
    """The options that were typed, as argparse tells them from values."""
    before = words[: words.index("--")] if "--" in words else words
    return [word.partition("=")[0] for word in before if word.startswith("--") and " " not in word]


def _begins(name: str, known: Sequence[str]) -> bool:
    """An option may be cut short."""
    return any(one.startswith(name) for one in known)


def unknown(word: str, known: Sequence[str]) -> str:
    """What is said of a word that is none of these: the one that was meant, or all there are."""
    meant = difflib.get_close_matches(word, known, n=1)
    guess = f"did you mean {meant[0]!r}?" if meant else f"there are: {', '.join(filter(None, known)) or 'none'}"
    return f"there is no {word!r}; {guess}"
