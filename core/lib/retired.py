"""What plugins shall not use any more, and what takes its place: it works for one more minor version at least."""

from __future__ import annotations

from msgspec import Struct


class Retired(Struct, frozen=True, kw_only=True):
    """A name or hook that goes. `instead` takes its place; it was retired in version `since` and is gone in `until`.

    `target` is where the object of a name is, as `package.module:name`.
    """

    instead: str
    since: str
    until: str
    target: str = ""


def minor(version: str) -> tuple[int, int]:
    """(major, minor) of a version such as 1.4.2."""
    major, small, *_ = version.split(".")
    return int(major), int(small)
