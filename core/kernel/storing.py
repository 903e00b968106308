"""The words of what is stored in browsers: kinds, and one thing that is stored."""

from __future__ import annotations

from msgspec import Struct

# What a visitor asked for by themselves, and what waits until they agree.
NEEDED, WAITING = "needed", ("comfort", "statistics", "marketing")


class Stored(Struct, frozen=True, kw_only=True):
    """Something that the plugin stores in visitors' browsers, for the page that tells them.

    `purpose` is an English msgid of the plugin's words; `days` how long it stays, 0: until the browser is closed.
    `where` is `cookie` or `browser` (what a script keeps). `kind` is `needed` only for what a visitor asked for by
    themselves; `comfort`, `statistics` and `marketing` wait until they agree, see `may_store`.
    """

    name: str
    purpose: str
    days: int = 0
    kind: str = "needed"
    where: str = "cookie"
