"""What one person keeps of lists: views under a name, on one site; and which columns they want to see, on every one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import request, url_for
from msgspec import Struct

from core.hookspecs.site import Site
from core.kernel import db
from core.kernel.i18n import gettext as _
from core.lib.errors import NotFound, Refused
from core.panel.models import ListColumns, SavedView
from core.panel.shell import shell

PLACES = ("orders", "products", "shoppers")
MOST = 20
# Where in the list somebody is, which is no part of the view; and what the ready-made views are.
_PLACES_IN_LIST = {"after", "before"}
_READY_MADE = {"view", "show"}
# The ready-made views of each place: title by the value in the address.
READY: dict[str, Mapping[str, Any]] = {}


class SavedViews(Struct, frozen=True, kw_only=True):
    """The saved views as a list shows them: tabs, the one that is open, and what could be kept."""

    tabs: list[tuple[str, str, bool, None]]
    open_id: int | None
    open_name: str
    keep: str


def cleaned(query: str) -> str:
    """A query without empty parts and without the place in the list, in one spelling."""
    pairs = sorted((name, value) for name, value in parse_qsl(query) if value and name not in _PLACES_IN_LIST)
    return urlencode(pairs)


def saved_views(place: str) -> SavedViews:
    """Those of the person on this request's site for the list at hand. One statement."""
    here = cleaned(request.query_string.decode("utf-8", "replace"))
    found = db.rows(
        "SELECT id, name, query FROM saved_view WHERE site_id = ? AND staff_id = ? AND place = ? ORDER BY name",
        shell().site.id,
        shell().person.id,
        place,
    )
    address = url_for(f"panel.{place}")
    opened = next((row for row in found if row[2] == here), None)
    narrowed = any(name not in _READY_MADE for name, _value in parse_qsl(here))
    return SavedViews(
        tabs=[(name, f"{address}?{query}", row_id == (opened or [None])[0], None) for row_id, name, query in found],
        open_id=opened[0] if opened else None,
        open_name=opened[1] if opened else "",
        keep=here if narrowed and opened is None else "",
    )


def keep(site: Site, staff_id: int, place: str, name: str, query: str) -> tuple[SavedView, str]:
    """Keep a view; one of the same name is replaced. Answers it, and the query of the replaced one, if it was another.

    Raises Refused, NotFound. Commits.
    """
    wanted = cleaned(query)[:500]
    if place not in PLACES:
        raise NotFound
    if not wanted:
        raise Refused(_("Give the view a name."), field="name")
    _check_name(place, name)
    with db.transaction():
        mine = _views_of(site, staff_id, place)
        view = _named(mine, name)
        if view is None and len(mine) >= MOST:
            raise Refused(_("Forget a view first: %(most)s are kept.", most=MOST))
        if view is None:
            view = SavedView(site_id=site.id, staff_id=staff_id, place=place, name=name)
        before, view.query = view.query or "", wanted
        view.save()
    return view, before if before != wanted else ""


def rename(site: Site, staff_id: int, view_id: int, name: str) -> tuple[SavedView, str]:
    """Give a view of this person another name; answers it and the name before. Raises Refused, NotFound. Commits."""
    with db.transaction():
        view = own(site, staff_id, view_id)
        _check_name(view.place, name)
        other = _named(_views_of(site, staff_id, view.place), name)
        if other is not None and other.id != view_id:
            raise Refused(_("You have another view called “%(view)s”.", view=other.name), field="name")
        before, view.name = view.name, name
        view.save()
    return view, before


def _check_name(place: str, name: str) -> None:
    if not name:
        raise Refused(_("Give the view a name."), field="name")
    if _same(name) in {_same(str(title)) for title in READY[place].values()}:
        raise Refused(_("The list has a view called “%(view)s”. Choose another name.", view=name), field="name")


def _same(name: str) -> str:
    """One spelling of all names that a reader takes for the same."""
    return " ".join(name.casefold().split())


def _named(views: Sequence[SavedView], name: str) -> SavedView | None:
    return next((view for view in views if _same(view.name) == _same(name)), None)


def _views_of(site: Site, staff_id: int, place: str) -> list[SavedView]:
    """Of one person, the oldest first. One statement."""
    mine = SavedView.for_site(site).where(SavedView.staff_id == staff_id, SavedView.place == place)
    return list(mine.order_by(SavedView.id))


def own(site: Site, staff_id: int, view_id: int) -> SavedView:
    """A view of this person. Raises NotFound. One statement."""
    mine = SavedView.for_site(site).where(SavedView.id == view_id, SavedView.staff_id == staff_id)
    view: SavedView | None = mine.first()
    if view is None:
        raise NotFound
    return view


def forget(site: Site, staff_id: int, view_id: int) -> SavedView:
    """Forget a view of this person; answers what it was. Raises NotFound. Commits."""
    with db.transaction():
        view = own(site, staff_id, view_id)
        view.delete_instance()
    return view


# -- columns -----------------------------------------------------------------------------------------------------------


class Columns(Struct, frozen=True, kw_only=True):
    """The columns that a list offers: title by key, in their order; and those shown until somebody chooses."""

    every: Mapping[str, Any]
    usual: tuple[str, ...]


COLUMNS: dict[str, Columns] = {}


def columns_of(staff_id: int, place: str) -> list[str]:
    """The keys of the columns of a list in their order. One statement."""
    offered = COLUMNS[place]
    found = db.value("SELECT columns FROM list_columns WHERE staff_id = ? AND place = ?", staff_id, place)
    chosen = offered.usual if found is None else found.split()
    return [key for key in offered.every if key in chosen]


def choose_columns(staff_id: int, place: str, keys: Collection[str]) -> None:
    """Keep the choice. Raises NotFound for a list that offers none. Commits."""
    if place not in COLUMNS:
        raise NotFound
    chosen = " ".join(key for key in COLUMNS[place].every if key in keys)
    with db.transaction():
        ListColumns.insert(staff_id=staff_id, place=place, columns=chosen).on_conflict(
            conflict_target=(ListColumns.staff_id, ListColumns.place), update={ListColumns.columns: chosen}
        ).execute()
