"""What the list of orders is narrowed by, as its address says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from core.hookspecs.site import Site
from core.lib.text import normal_tag
from core.orders.services import waits as goods
from core.orders.services.listing import SOME, OrderFilters, count_to_send

_TO_PAY = ("unpaid", "pending", "partly_paid", "authorized")
HELD, WAITING, OVERDUE = "held", "waiting", "overdue"
_TO_SHIP = {"fulfilment": ("unfulfilled", "partly_shipped"), "order": ("open",)}
VIEWS: dict[str, dict[str, tuple[str, ...]]] = {
    "": {},
    "to_ship": _TO_SHIP,
    WAITING: _TO_SHIP,
    OVERDUE: _TO_SHIP,
    HELD: {"order": ("open",)},
    "unpaid": {"payment": _TO_PAY, "order": ("open",)},
    "returns": {"returned": ("requested", "partly_returned")},
    "cancelled": {"order": ("cancelled",)},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """One address of the list. Days are the site's own; a word that means nothing is no filter."""

    view: str = ""
    q: str = ""
    payment: str = ""
    fulfilment: str = ""
    since: date | None = None
    until: date | None = None
    tag: str = ""
    stage: str = ""
    channel: str = ""
    goods: str = ""

    @property
    def is_narrowed(self) -> bool:
        return self != Filters()

    def address(self, **changes: object) -> dict[str, str]:
        """The parameters of the list's address, with changes."""
        wanted = replace(self, **changes)  # type: ignore[arg-type]
        names = ("view", "q", "payment", "fulfilment", "since", "until", "tag", "stage", "channel", "goods")
        pairs = {name: getattr(wanted, name) for name in names}
        return {name: str(value) for name, value in pairs.items() if value}

    def wanted(self, site: Site) -> OrderFilters:
        """The filters as the domain takes them."""
        statuses = dict(_TO_SHIP if self.goods else {}) | VIEWS.get(self.view, {})
        statuses |= {
            axis: (code,) for axis, code in (("payment", self.payment), ("fulfilment", self.fulfilment)) if code
        }
        return OrderFilters(
            statuses=statuses,
            text=self.q,
            tag=self.tag,
            stage=(self.stage.split(":")[0], self.stage.split(":")[1]) if self.stage else None,
            channel=self.channel,
            held={"to_ship": False, HELD: True}.get(self.view),
            goods=self.goods or {"to_ship": SOME, WAITING: goods.WAITING}.get(self.view, ""),
            overdue=self.view == OVERDUE,
            placed_from=_midnight(site, self.since) if self.since else None,
            placed_before=_midnight(site, self.until + timedelta(days=1)) if self.until else None,
        )


def read(args: Mapping[str, str]) -> Filters:
    """The filters of an address."""
    view = args.get("view", "")
    return Filters(
        view=view if view in VIEWS else "",
        q=args.get("q", "").strip()[:100],
        payment=args.get("payment", ""),
        fulfilment=args.get("fulfilment", ""),
        since=_day(args.get("since", "")),
        until=_day(args.get("until", "")),
        tag=normal_tag(args.get("tag", "")),
        stage=_stage(args.get("stage", "")),
        channel=args.get("channel", "").strip()[:60],
        goods=args.get("goods", "") if args.get("goods") in {goods.READY, goods.PARTLY, goods.WAITING} else "",
    )


def _stage(text: str) -> str:
    plugin, _colon, code = text.strip()[:81].partition(":")
    return f"{plugin}:{code}" if plugin and code and ":" not in code else ""


def to_ship_count(site: Site) -> int:
    """How many orders the view of those to ship holds; one statement."""
    return count_to_send(site, VIEWS["to_ship"])


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _midnight(site: Site, day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(site.timezone))
