"""What the pages of shoppers show: accounts with what they ordered and paid, and the list as a file."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from typing import BinaryIO
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from core.accounts.models import Shopper
from core.accounts.services import addresses_of, device, get_shopper, sessions_of
from core.accounts.services.desk import Note, notes_of, tags_of
from core.accounts.services.listing import (
    SHOWS,
    ShopperFilters,
    ShopperRow,
    list_shoppers,
    matching,
    shoppers_by_ids,
)
from core.hookspecs.site import Site
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.sessions import OpenSession
from core.lib import addresses
from core.lib.csv import write_rows
from core.lib.errors import NotFound
from core.lib.money import Money
from core.lib.text import normal_tag
from core.orders.services.case_reading import cases_of_shopper
from core.orders.services.case_shapes import CaseView
from core.orders.services.forget import open_among
from core.orders.services.listing import OrderFilters, OrderRow, list_orders, orders_of
from core.orders.services.read import order_view
from core.orders.services.spending import (
    SORTS,
    Guest,
    Spending,
    guest_orders,
    guests,
    ranked,
    spending_of,
    spending_on,
)
from core.panel.activity.services import who
from core.panel.shell.status import Status

PAGE = 50
SHOWN = 10
COLUMNS = (
    "email", "name", "phone", "language", "since", "confirmed", "blocked", "erased_on", "orders", "ordered", "spent",
    "last_order", "tags",
)  # fmt: skip
_AT_ONCE = 500
_FARTHEST = 100_000
_MOST = 500
_BETWEEN_SUMS = "; "


class Filters(Struct, frozen=True, kw_only=True):
    """One address of the list; a word that means nothing is no filter."""

    q: str = ""
    show: str = ""
    tag: str = ""
    sort: str = ""

    @property
    def is_narrowed(self) -> bool:
        return replace(self, sort="") != Filters()

    def address(self, **changes: str) -> dict[str, str]:
        """The parameters of the list's address, with changes."""
        wanted = replace(self, **changes)
        pairs = {"q": wanted.q, "show": wanted.show, "tag": wanted.tag, "sort": wanted.sort}
        return {name: value for name, value in pairs.items() if value}

    @property
    def wanted(self) -> ShopperFilters:
        return ShopperFilters(text=self.q, show=self.show, tag=self.tag)


class Row(Struct, frozen=True, kw_only=True):
    """A line of the list."""

    shopper: ShopperRow
    status: Status
    spending: Spending
    tags: tuple[str, ...]


class ShopperPage(Struct, frozen=True, kw_only=True):
    """All that the page of a shopper shows. `guest` are orders with this mail address that are in no account."""

    shopper: Shopper
    status: Status
    spending: Spending
    orders: tuple[OrderRow, ...]
    has_more: bool
    guest: tuple[OrderRow, ...]
    cases: list[CaseView]
    addresses: list[tuple[list[str], bool, bool]]
    devices: list[tuple[str, OpenSession]]
    notes: list[tuple[Note, str]]
    tags: tuple[str, ...]


def read(args: Mapping[str, str]) -> Filters:
    """The filters of an address."""
    show, sort = args.get("show", ""), args.get("sort", "")
    return Filters(
        q=args.get("q", "").strip()[:100],
        show=show if show in SHOWS else "",
        tag=normal_tag(args.get("tag", "")),
        sort=sort if sort in SORTS else "",
    )


def listed(site: Site, filters: Filters, before: int | None) -> tuple[list[Row], int | None]:
    """A page of the list, and the id to go on from; of a sorted one, the place. Three or four statements."""
    if not filters.sort:
        found, further = list_shoppers(site, filters.wanted, before, PAGE)
        return list(_rows(site, found)), further
    start = min(max(before or 0, 0), _FARTHEST)
    ids = ranked(site, *matching(site, filters.wanted), filters.sort, start, PAGE + 1)
    found = shoppers_by_ids(site, ids[:PAGE])
    return list(_rows(site, found)), start + PAGE if len(ids) > PAGE else None


def guests_listed(site: Site, filters: Filters, before: int | None) -> tuple[list[Guest], int | None]:
    """A page of those who ordered without an account, and the place to go on from. One statement."""
    start = min(max(before or 0, 0), _FARTHEST)
    found = guests(site, filters.q, filters.sort, start, PAGE + 1)
    return found[:PAGE], start + PAGE if len(found) > PAGE else None


class GuestPage(Struct, frozen=True, kw_only=True):
    """All that the page of a guest shows; `open`: orders that erasing waits for."""

    order_id: int
    email: str
    name: str
    phone: str
    spending: Spending
    orders: tuple[OrderRow, ...]
    has_more: bool
    open: int


def guest(site: Site, order_id: int) -> GuestPage:
    """A guest by one of their orders. Half a dozen statements. Raises NotFound."""
    theirs, order = guest_orders(site, order_id), order_view(order_id, site=site)
    if not theirs or order is None:
        raise NotFound
    found = list_orders(site, OrderFilters(ids=tuple(theirs[-_MOST:])), limit=SHOWN)
    return GuestPage(
        order_id=order_id,
        email=order.email,
        name=order.name,
        phone=order.phone,
        spending=spending_on(theirs),
        orders=found.orders,
        has_more=found.next is not None,
        open=open_among(theirs),
    )


def _rows(site: Site, found: list[ShopperRow]) -> Iterator[Row]:
    ids = [one.id for one in found]
    spent, worn = (spending_of(site, ids), tags_of(ids)) if ids else ({}, {})
    for one in found:
        at = status(is_blocked=one.is_blocked, is_leaving=one.erase_at is not None, is_confirmed=one.is_confirmed)
        yield Row(shopper=one, status=at, spending=spent[one.id], tags=worn.get(one.id, ()))


def status(*, is_blocked: bool, is_leaving: bool, is_confirmed: bool) -> Status:
    """How an account stands, the most urgent first."""
    if is_leaving:
        return Status(_("Will be erased"), "wait", "warn")
    if is_blocked:
        return Status(_("Blocked"), "stop", "bad")
    return Status(_("Confirmed"), "done", "good") if is_confirmed else Status(_("Not confirmed"), "none", "")


def of_site(site: Site, shopper_id: int) -> Shopper:
    """An account of this site that is still somebody's. Raises NotFound."""
    shopper = get_shopper(site, shopper_id)
    if not shopper.words:
        raise NotFound
    return shopper


def shown(site: Site, shopper_id: int) -> ShopperPage:
    """One shopper. A dozen statements, whatever they ordered. Raises NotFound."""
    shopper = of_site(site, shopper_id)
    orders = orders_of(site, shopper_id, limit=SHOWN)
    return ShopperPage(
        shopper=shopper,
        status=status(
            is_blocked=shopper.disabled_at is not None,
            is_leaving=shopper.erase_at is not None,
            is_confirmed=shopper.confirmed_at is not None,
        ),
        spending=spending_of(site, [shopper_id])[shopper_id],
        orders=orders.orders,
        has_more=orders.next is not None,
        guest=list_orders(site, OrderFilters(guest_email=shopper.email), limit=SHOWN).orders,
        cases=cases_of_shopper(site, shopper_id, SHOWN),
        addresses=[
            (list(addresses.lines(one.data, i18n.language())), bool(one.main), bool(one.billing))
            for one in addresses_of(shopper)
        ],
        devices=[(device(one.agent), one) for one in sessions_of(shopper_id=shopper_id)],
        notes=[(note, who(note.actor)) for note in notes_of(site, shopper_id)],
        tags=tags_of([shopper_id]).get(shopper_id, ()),
    )


# -- the list as a file ------------------------------------------------------------------------------------------------


def write_shoppers(site: Site, filters: Filters, stream: BinaryIO) -> int:
    """Write every account that the filters leave, newest first; answers how many. Three statements per 500 accounts."""
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="", write_through=True)
    try:
        return write_rows(text, COLUMNS, _cells(site, filters))
    finally:
        text.detach()


def _cells(site: Site, filters: Filters) -> Iterator[tuple[object, ...]]:
    zone, before = ZoneInfo(site.timezone), None
    while True:
        found, before = list_shoppers(site, filters.wanted, before, _AT_ONCE)
        for row in _rows(site, found):
            yield _cell(row, zone)
        if before is None:
            return


def _cell(row: Row, zone: ZoneInfo) -> tuple[object, ...]:
    one, spent = row.shopper, row.spending
    days = [
        at.astimezone(zone).date().isoformat() if at else "" for at in (one.created_at, one.erase_at, spent.last_at)
    ]
    return (
        one.email, one.name, one.phone, one.language, days[0], int(one.is_confirmed), int(one.is_blocked), days[1],
        spent.orders, _sums(spent.ordered), _sums(spent.spent), days[2], ", ".join(row.tags),
    )  # fmt: skip


def _sums(found: Iterable[Money]) -> str:
    """For programs too: the same in each language."""
    return _BETWEEN_SUMS.join(f"{one.decimal} {one.currency}" for one in found)
