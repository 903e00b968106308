"""The health of the installation as a list of checks, each with its evidence and the way out; eight statements."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flask import url_for
from msgspec import Struct

from core.catalogue.services.media import wordless_count
from core.kernel import db, i18n
from core.kernel.backups import notes
from core.kernel.i18n import gettext as _
from core.kernel.i18n import ngettext
from core.kernel.installation import installation
from core.kernel.measures import Hour
from core.kernel.retiring import all_uses
from core.lib import clock
from core.panel.jobs.services import dead_count

_LATE = timedelta(minutes=5)
_OLD_BACKUP = timedelta(days=2)
_OLD_TEST = timedelta(days=40)
_GIGABYTE = 1024**3
_ORDER = {"bad": 0, "warn": 1, "good": 2}


class Check(Struct, frozen=True, kw_only=True):
    """One thing that was looked at. `tone` is good, warn or bad; `value` its figure; `url` and `act` lead out.

    So does `post`, the address of a form of one button.
    """

    title: str
    said: str
    tone: str = "good"
    value: str = ""
    url: str = ""
    act: str = ""
    post: str = ""


def checks() -> list[Check]:
    """Everything that was looked at, the worst first."""
    found = [
        _queue(),
        _dead(),
        _mail(),
        _plugins(),
        _faults(),
        _database(),
        _backup(),
        _restore(),
        _disk(),
        _pictures(),
    ]
    return sorted(found, key=lambda check: _ORDER[check.tone])


def _queue() -> Check:
    """How long the oldest work that is due has waited: a long wait says that no worker runs."""
    now = clock.now()
    due, oldest = db.one(
        "SELECT COUNT(*), MIN(due_at) FROM job WHERE state = 'ready' AND due_at <= ?", clock.micros(now)
    ) or (0, None)
    waited = now - clock.instant(oldest) if oldest is not None else timedelta(0)
    is_late = waited > _LATE
    said = ngettext("%(n)s piece of work is due.", "%(n)s pieces of work are due.", due)
    if is_late:
        late = _("The oldest was due %(ago)s: is a worker running?", ago=i18n.ago(now - waited))
        said = i18n.sentences([said, late])
    return Check(
        title=_("Queue"),
        said=said,
        tone="bad" if is_late else "good",
        value=_("%(number)s s", number=i18n.number(round(waited.total_seconds()))),
        url=url_for("panel.jobs") if is_late else "",
        act=_("Look"),
    )


def _dead() -> Check:
    count = dead_count()
    return Check(
        title=_("Work that gave up"),
        said=_("It waits until you try again or let it go.")
        if count
        else _("None: mails, webhooks and plugins get on."),
        tone="bad" if count else "good",
        value=i18n.number(count),
        url=url_for("panel.jobs") if count else "",
        act=_("Look"),
    )


def _mail() -> Check:
    """Whether each open site has a way to write to shoppers."""
    silent = [
        state.site.name
        for state in installation().sites.all()
        if state.open and not any(one.reaches_people for one in state.hooks.notify_channels(site=state.site))
    ]
    if not silent:
        return Check(title=_("Mail"), said=_("Every open site can write to its shoppers."))
    return Check(
        title=_("Mail"),
        said=_("No way to write to shoppers on %(sites)s.", sites=i18n.enumerated(silent)),
        tone="warn",
        value=i18n.number(len(silent)),
        url=url_for("panel.plugins", _anchor="group-channel"),
        act=_("Set up"),
    )


def _plugins() -> Check:
    registry = installation().plugins
    broken = [name for name in registry.broken if name not in registry.loaded]
    paused = [row[0] for row in db.rows("SELECT DISTINCT name FROM site_plugin WHERE state = 'paused' ORDER BY name")]
    troubled = [*broken, *paused]
    if not troubled and (uses := all_uses(registry.loaded)):
        return Check(
            title=_("Plugins"),
            said=_(
                "Some use what goes with a coming version: %(plugins)s. Ask their authors for newer ones.",
                plugins=i18n.enumerated(dict.fromkeys(use.plugin for use in uses)),
            ),
            tone="warn",
            url=url_for("panel.plugins"),
            act=_("Look"),
        )
    return Check(
        title=_("Plugins"),
        said=_("Paused or broken: %(plugins)s. The shop goes on without them.", plugins=i18n.enumerated(troubled))
        if troubled
        else ngettext(
            "%(n)s is installed, and it can run.", "%(n)s are installed, and all can run.", len(registry.loaded)
        ),
        tone="bad" if troubled else "good",
        value=i18n.number(len(troubled)) if troubled else "",
        url=url_for("panel.plugins", show="care") if troubled else "",
        act=_("Look"),
    )


def _faults() -> Check:
    count = db.value("SELECT COUNT(*) FROM plugin_fault WHERE at > ?", clock.micros(clock.now() - timedelta(days=1)))
    return Check(
        title=_("Faults in the last day"),
        said=_("Plugins failed and were left out; their authors want to know.") if count else _("No plugin failed."),
        tone="warn" if count else "good",
        value=i18n.number(count),
        url=url_for("panel.plugins", show="care") if count else "",
        act=_("Look"),
    )


def _database() -> Check:
    """That it answers, how fast, and how large it is."""
    began = time.perf_counter()
    if db.is_sqlite():
        size = int(db.value("PRAGMA page_count")) * int(db.value("PRAGMA page_size"))
        name = _("SQLite, every write confirmed on disk")
    else:
        size, name = int(db.value("SELECT pg_database_size(current_database())")), "PostgreSQL"
    spent_ms = math.ceil((time.perf_counter() - began) * 1000)
    return Check(
        title=_("Database"),
        said=_(
            "%(engine)s, %(size)s; it answered within %(time)s ms.",
            engine=name,
            size=_size(size),
            time=spent_ms,
        ),
        tone="warn" if spent_ms > 500 else "good",
        value=_size(size),
    )


def _backup() -> Check:
    """The age of the newest file among the backups, whoever made it; a press makes another."""
    config = installation().config
    newest = notes.newest(config)
    ways = {"title": _("Backup"), "post": url_for("panel.health_backup"), "act": _("Back up now")}
    if newest is None:
        said = _("There is none yet.") + " "
        said += _("One is made every night.") if config.backup_hour >= 0 else _("None is made by itself.")
        return Check(said=said, tone="warn", **ways)
    age = timedelta(seconds=max(0.0, clock.now().timestamp() - newest))
    is_old = age > _OLD_BACKUP
    return Check(
        said=_("The latest was written %(ago)s.", ago=i18n.ago(clock.now() - age)),
        tone="warn" if is_old else "good",
        value=ngettext("%(n)s day", "%(n)s days", age.days),
        **ways,
    )


def _restore() -> Check:
    """Whether the last backup was put back into a scratch place, and was the same there."""
    tried = notes.read(installation().config).tried
    if tried is None:
        return Check(
            title=_("Restore test"),
            said=_("No backup was tried yet. One that was never restored is only a hope."),
            tone="warn",
        )
    ago = i18n.ago(tried.when)
    if tried.wrong:
        said = _("%(file)s, tried %(ago)s: %(wrong)s", file=Path(tried.file).name, ago=ago, wrong=tried.wrong)
        return Check(title=_("Restore test"), said=said, tone="bad")
    said = _(
        "Restored %(ago)s into a scratch place: %(rows)s rows and every file were the same, and the stock proof held.",
        ago=ago,
        rows=i18n.number(tried.rows),
    )
    is_old = clock.now() - tried.when > _OLD_TEST
    return Check(
        title=_("Restore test"),
        said=said,
        tone="warn" if is_old else "good",
        value=_("%(number)s s", number=i18n.number(tried.seconds)),
    )


def _disk() -> Check:
    usage: Any = shutil.disk_usage(installation().config.instance)
    share = usage.free / usage.total
    tone = "bad" if usage.free < _GIGABYTE else "warn" if share < 0.1 else "good"
    return Check(
        title=_("Disk"),
        said=_("%(free)s of %(all)s are free.", free=_size(usage.free), all=_size(usage.total)),
        tone=tone,
        value=_size(usage.free),
    )


def _pictures() -> Check:
    """Whether every picture says in words what it shows (WCAG 2.2, 1.1.1)."""
    count = wordless_count()
    return Check(
        title=_("Words of pictures"),
        said=_("People who cannot see them, and search engines, are told nothing.")
        if count
        else _("Every picture says in words what it shows."),
        tone="warn" if count else "good",
        value=i18n.number(count) if count else "",
        url=url_for("panel.media", show="wordless") if count else "",
        act=_("Write them"),
    )


def _size(count: float) -> str:
    """Bytes as people read them."""
    if count >= _GIGABYTE:
        return f"{i18n.number(round(count / _GIGABYTE, 1))} GB"
    return f"{i18n.number(round(count / 1024**2, 1))} MB"


# -- the last day ------------------------------------------------------------------------------------------------------

_BOXES = ((1080, 220, "broad", 7), (340, 180, "narrow", 4))
_START, _END, _FOOT, _TOP, _LINES = 56, 8, 24, 12, 4


class Drawing(Struct, frozen=True, kw_only=True):
    """Response times at one size: paths in its own units, ticks as (y, milliseconds), labels as (x, place, hour)."""

    name: str
    width: int
    height: int
    left: int
    most: str
    half: str
    ticks: list[tuple[float, float]]
    labels: list[tuple[float, str, datetime]]


def drawings(hours: Sequence[Hour]) -> list[Drawing]:
    """The chart for a wide page and for a phone; none where nothing was measured."""
    highest = max((hour.most_ms or 0 for hour in hours), default=0)
    return [_drawing(hours, _nice(highest), *box) for box in _BOXES] if highest else []


def _nice(highest: float) -> float:
    """The distance of the four grid lines: 1, 2 or 5 times a power of ten, so that the highest value fits."""
    size = 1.0
    while size * _LINES * 5 < highest:
        size *= 10
    return next(size * times for times in (1, 2, 5) if size * times * _LINES >= highest)


def _drawing(hours: Sequence[Hour], step: float, width: int, height: int, name: str, most: int) -> Drawing:
    foot, scale = height - _FOOT, (height - _FOOT - _TOP) / (_LINES * step)
    across = (width - _START - _END) / max(1, len(hours) - 1)
    xs = [round(_START + at * across, 1) for at in range(len(hours))]
    last = len(hours) - 1
    wanted = sorted({round(last * at / (most - 1)) for at in range(most)})
    return Drawing(
        name=name,
        width=width,
        height=height,
        left=_START,
        most=_path([(x, hour.most_ms) for x, hour in zip(xs, hours, strict=True)], foot, scale),
        half=_path([(x, hour.half_ms) for x, hour in zip(xs, hours, strict=True)], foot, scale),
        ticks=[(round(foot - line * step * scale, 1), line * step) for line in range(_LINES + 1)],
        labels=[(xs[at], {0: "start", last: "end"}.get(at, "middle"), hours[at].begins) for at in wanted],
    )


def _path(points: Sequence[tuple[float, float | None]], foot: float, scale: float) -> str:
    """A line through what was measured; hours without a page leave a gap, one alone is a short stroke."""
    parts, is_open = [], False
    for x, value in points:
        if value is None:
            is_open = False
            continue
        y = round(foot - value * scale, 1)
        parts.append(f"L{x} {y}" if is_open else f"M{x} {y}h5")
        is_open = True
    return "".join(parts)
