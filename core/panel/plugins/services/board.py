"""The switchboard in words: each plugin's state, what it adds, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from core.kernel import switch
from core.kernel.i18n import enumerated, lazy, ngettext, of_plugin
from core.kernel.i18n import gettext as _
from core.kernel.installation import installation
from core.kernel.retiring import uses_of
from core.kernel.sites import SiteState
from core.kernel.switch import PluginView
from core.lib.errors import NotFound
from core.lib.retired import minor
from core.panel.shell.status import Status

CATEGORIES: dict[str, tuple[Any, str]] = {
    "payment": (lazy("Payment"), "card"),
    "delivery": (lazy("Delivery"), "truck"),
    "promotion": (lazy("Promotions"), "percent"),
    "tax": (lazy("Taxes"), "tax"),
    "content": (lazy("Content"), "page"),
    "community": (lazy("Community"), "people"),
    "search": (lazy("Search"), "search"),
    "marketing": (lazy("Marketing"), "flag"),
    "channel": (lazy("Messages"), "mail"),
    "machinery": (lazy("Machinery"), "gear"),
    "language": (lazy("Languages"), "globe"),
}
_STATES: dict[str, tuple[Any, str, str]] = {
    "on": (lazy("On"), "done", "good"),
    "off": (lazy("Off"), "none", ""),
    "draining": (lazy("Draining"), "drain", "busy"),
    "paused": (lazy("Paused"), "pause", "bad"),
    "broken": (lazy("Cannot run"), "stop", "bad"),
}


class Trouble(Struct, frozen=True, kw_only=True):
    """What is wrong with a plugin in plain words, and which way out is offered."""

    text: str
    tone: str = ""
    can_resume: bool = False
    has_faults: bool = False
    needs: tuple[str, ...] = ()
    wants_settings: bool = False
    details: str = ""


class Row(Struct, frozen=True, kw_only=True):
    """One plugin on one site."""

    name: str
    title: str
    version: str
    summary: str
    icon: str
    category: str
    state: str
    status: Status
    has_settings: bool
    adds: list[tuple[str, list[str]]]
    trouble: Trouble | None

    @property
    def cannot_run(self) -> bool:
        return self.state == "broken"

    @property
    def needs_care(self) -> bool:
        return self.state in {"broken", "paused"} or self.has_faults or self.wants_settings

    @property
    def has_faults(self) -> bool:
        """Whether it failed lately, though the shop went on."""
        return self.trouble is not None and self.trouble.has_faults

    @property
    def wants_settings(self) -> bool:
        """Whether it is on, and waits for a setting that it cannot do without."""
        return self.trouble is not None and self.trouble.wants_settings


class RowGroup(Struct, frozen=True):
    """The plugins of one category."""

    key: str
    title: str
    rows: list[Row]

    @property
    def on(self) -> int:
        return sum(row.state == "on" for row in self.rows)


class Counts(Struct, frozen=True):
    """How many plugins there are, are on, and need care."""

    all: int
    on: int
    care: int


class Together(Struct, frozen=True):
    """What switching one plugin on brings with it: others on, others off, and some that are not there at all."""

    name: str
    title: str
    on: list[Row]
    off: list[Row]
    missing: list[str]


# -- the switchboard -------------------------------------------------------------------------------------------------


def board(site_id: int) -> list[Row]:
    """Every plugin of the installation as it stands on a site."""
    views = switch.switchboard(site_id)
    running = {view.name for view in views if view.state == "on"}
    state = installation().sites.pinned(site_id)
    return [_row(view, running, state) for view in views]


def grouped(rows: Iterable[Row], show: str = "all", query: str = "") -> list[RowGroup]:
    """The rows by category, as far as they fit: `show` is all, on or care; every word of `query` must occur."""
    words = query.casefold().split()
    fitting = [
        row
        for row in rows
        if _fits(row, show) and all(word in f"{row.title} {row.summary} {row.name}".casefold() for word in words)
    ]
    return [
        RowGroup(key, str(title), found)
        for key, (title, _icon) in CATEGORIES.items()
        if (found := [row for row in fitting if row.category == key])
    ]


def counts(rows: list[Row]) -> Counts:
    """The figures beside the filter."""
    return Counts(len(rows), sum(row.state == "on" for row in rows), sum(row.needs_care for row in rows))


def row_of(site_id: int, name: str) -> Row:
    """One plugin's row; raises NotFound."""
    found = next((row for row in board(site_id) if row.name == name), None)
    if found is None:
        raise NotFound
    return found


def together(site_id: int, name: str) -> Together:
    """What must change so that `name` can be on: what it requires, and what it conflicts with."""
    rows = {row.name: row for row in board(site_id)}
    if name not in rows:
        raise NotFound
    loaded = installation().plugins.loaded
    wanted = _required(name, ())
    present = [other for other in wanted if other in rows and rows[other].state != "on"]
    conflicts = [other for other, row in rows.items() if row.state == "on" and _conflict(other, wanted)]
    return Together(
        name,
        rows[name].title,
        [rows[other] for other in present],
        [rows[other] for other in conflicts],
        [other for other in wanted if other not in loaded],
    )


def switch_together(site_id: int, name: str, actor: str) -> None:
    """Switch off what conflicts, then `name` on with all that it requires."""
    for row in together(site_id, name).off:
        switch.switch_off(site_id, row.name, actor)
    switch.switch_on(site_id, name, actor, together=True)


def _required(name: str, seen: tuple[str, ...]) -> list[str]:
    loaded = installation().plugins.loaded.get(name)
    below = [
        found
        for other in (loaded.plugin.requires if loaded else ())
        if other not in seen
        for found in _required(other, (*seen, name))
    ]
    return list(dict.fromkeys([*below, name]))


def _conflict(other: str, wanted: list[str]) -> bool:
    loaded = installation().plugins.loaded
    return any(
        other in loaded[name].plugin.conflicts or name in loaded[other].plugin.conflicts
        for name in wanted
        if name in loaded and name != other
    )


def _fits(row: Row, show: str) -> bool:
    return {"on": row.state == "on", "care": row.needs_care}.get(show, True)


def _row(view: PluginView, running: set[str], state: SiteState) -> Row:
    text, glyph, tone = _STATES[view.state]
    return Row(
        name=view.name,
        title=of_plugin(view.name, view.title),
        version=view.version,
        summary=of_plugin(view.name, view.summary) if view.summary else "",
        icon=CATEGORIES[view.category][1],
        category=view.category,
        state=view.state,
        status=Status(str(text), glyph, tone),
        has_settings=view.has_settings,
        adds=_adds(view),
        trouble=_trouble(view, running) or _unset(view, state) or _outdated(view),
    )


def _adds(view: PluginView) -> list[tuple[str, list[str]]]:
    """What a merchant may want to know before switching: what appears, what it may touch, which hooks it answers."""
    pages = [ngettext("%(n)s page of its own", "%(n)s pages of its own", view.routes)] if view.routes else []
    menu = [_("“%(title)s” in the menu", title=of_plugin(view.name, title)) for title in view.panel_entries]
    may = [of_plugin(view.name, text) for text in (*view.reads, *(title for _code, title in view.permissions))]
    needs = [_("Needs %(plugin)s", plugin=name) for name in view.requires] + [
        _("Not together with %(plugin)s", plugin=name) for name in view.conflicts
    ]
    groups = [
        (_("It adds"), pages + menu),
        (_("It may"), may),
        (_("It goes with"), needs),
        (_("It answers"), list(view.hooks)),
    ]
    return [(head, items) for head, items in groups if items]


def _trouble(view: PluginView, running: set[str]) -> Trouble | None:
    if view.state == "broken":
        return Trouble(
            text=_("It could not be loaded: %(reason)s. The shop is not affected.", reason=view.reason),
            details=view.trace,
        )
    if view.state == "paused":
        return Trouble(
            text=_(
                "Paused after it failed again and again. Last: %(reason)s. The shop goes on without it.",
                reason=view.reason,
            ),
            can_resume=True,
            has_faults=True,
        )
    if view.state == "draining":
        open_orders = ngettext(
            "%(n)s open order still uses it", "%(n)s open orders still use it", view.needed_by_orders
        )
        return Trouble(
            text=_(
                "No longer offered. %(orders)s, so what they need goes on; it switches off by itself when they are"
                " closed.",
                orders=open_orders,
            ),
            tone="calm",
        )
    missing = tuple(name for name in view.requires if name not in running)
    if missing:
        return Trouble(
            text=_("Needs %(plugins)s, which is off here.", plugins=enumerated(missing)), tone="calm", needs=missing
        )
    if view.faults and view.state == "on":
        return Trouble(
            text=ngettext(
                "%(n)s fault in the last day. The shop went on.",
                "%(n)s faults in the last day. The shop went on.",
                view.faults,
            ),
            tone="warn",
            has_faults=True,
        )
    return None


def _unset(view: PluginView, state: SiteState) -> Trouble | None:
    """A plugin that is on may still wait for what only the merchant knows: a key, an account."""
    missing = switch.missing_settings(state, view.name) if view.state == "on" else []
    if not missing:
        return None
    labels = enumerated(of_plugin(view.name, label) for label in missing)
    return Trouble(text=_("It waits for settings: %(fields)s.", fields=labels), tone="warn", wants_settings=True)


def _outdated(view: PluginView) -> Trouble | None:
    """Its author is to be told before the version comes with which it stops working."""
    uses = uses_of(view.name)
    if not uses:
        return None
    return Trouble(
        text=_(
            "It works, but uses what goes with version %(version)s. Ask its author for a newer one.",
            version=min((use.retired.until for use in uses), key=minor),
        ),
        tone="warn",
        details="\n".join(use.said for use in uses),
    )
