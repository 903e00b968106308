"""What the list of orders is narrowed and sorted by, as its address says it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from core.hookspecs.site import Site
from core.kernel import i18n
from core.kernel.kept import once_a_look
from core.kernel.sites import SiteState
from core.lib.addresses import country_code
from core.lib.money import NotMoney, parse_money
from core.lib.text import normal_tag
from core.orders.services import waits as goods
from core.orders.services.listing import OrderFilters, count_to_send
from core.orders.services.listing_where import HIGHEST, LOWEST, NEWEST, SOME, SORTS
from core.orders.services.states import CODES

_TO_PAY = ("unpaid", "pending", "partly_paid", "authorized")
HELD, WAITING, OVERDUE, MERGED = "held", "waiting", "overdue", "merged"
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


class Filters(Struct, frozen=True, kw_only=True):
    """One address of the list. Days are the site's own; a word that means nothing is no filter.

    `least` and `most` are amounts as they were typed, in the `currency`, which is empty where the site has one.
    """

    view: str = ""
    q: str = ""
    order: str = ""
    payment: str = ""
    fulfilment: str = ""
    returned: str = ""
    goods: str = ""
    sku: str = ""
    country: str = ""
    carrier: str = ""
    gateway: str = ""
    currency: str = ""
    least: str = ""
    most: str = ""
    since: date | None = None
    until: date | None = None
    tag: str = ""
    stage: str = ""
    channel: str = ""
    sort: str = ""

    @property
    def is_narrowed(self) -> bool:
        return replace(self, sort="") != Filters()

    def address(self, **changes: object) -> dict[str, str]:
        """The parameters of the list's address, with changes."""
        wanted = replace(self, **changes)
        return {name: str(value) for name in Filters.__struct_fields__ if (value := getattr(wanted, name))}

    def wanted(self, site: Site) -> OrderFilters:
        """The filters as the domain takes them."""
        statuses = dict(_TO_SHIP if self.goods else {}) | VIEWS.get(self.view, {})
        statuses |= {axis: (code,) for axis in CODES if (code := getattr(self, axis))}
        merged = None
        if statuses.get("order") in {(MERGED,), ("cancelled",)}:
            # Of both nothing is left, but what was merged goes on elsewhere.
            merged, statuses["order"] = statuses["order"] == (MERGED,), ("cancelled",)
        return OrderFilters(
            statuses=statuses,
            text=self.q,
            tag=self.tag,
            stage=(self.stage.split(":")[0], self.stage.split(":")[1]) if self.stage else None,
            channel=self.channel,
            merged=merged,
            held={"to_ship": False, HELD: True}.get(self.view),
            goods=self.goods or {"to_ship": SOME, WAITING: goods.WAITING}.get(self.view, ""),
            overdue=self.view == OVERDUE,
            placed_from=_midnight(site, self.since) if self.since else None,
            placed_before=_midnight(site, self.until + timedelta(days=1)) if self.until else None,
            sku=self.sku,
            country=self.country,
            carrier=self.carrier,
            gateway=self.gateway,
            currency=self.currency,
            least=_amount(self.least, self.currency or site.currency),
            most=_amount(self.most, self.currency or site.currency),
            sort=self.sort or NEWEST,
        )


def read(args: Mapping[str, str], site: Site) -> Filters:
    """The filters of an address. Amounts are compared within one currency, the site's own unless another is said."""
    view, sort, currency = args.get("view", ""), args.get("sort", ""), args.get("currency", "")
    currency = currency if currency in site.currencies else ""
    found = Filters(
        view=view if view in VIEWS else "",
        q=_line(args, "q"),
        **{axis: args.get(axis, "") for axis in CODES if axis in args},
        goods=args.get("goods", "") if args.get("goods") in {goods.READY, goods.PARTLY, goods.WAITING} else "",
        sku=_line(args, "sku"),
        country=country_code(_line(args, "country"), i18n.language()),
        carrier=_line(args, "carrier"),
        gateway=_line(args, "gateway"),
        currency=currency,
        least=_typed(args, "least", currency or site.currency),
        most=_typed(args, "most", currency or site.currency),
        since=_day(args.get("since", "")),
        until=_day(args.get("until", "")),
        tag=normal_tag(args.get("tag", "")),
        stage=_stage(args.get("stage", "")),
        channel=args.get("channel", "").strip()[:60],
        sort=sort if sort in SORTS and sort != NEWEST else "",
    )
    compares = found.least or found.most or found.sort in {HIGHEST, LOWEST}
    return replace(found, currency=site.currency) if compares and not currency and len(site.currencies) > 1 else found


def _line(args: Mapping[str, str], name: str) -> str:
    return args.get(name, "").replace("\0", "").strip()[:100]


def _typed(args: Mapping[str, str], name: str, currency: str) -> str:
    """An amount as it was typed, if it is one."""
    text = args.get(name, "").strip()[:20]
    return text if _amount(text, currency) is not None else ""


def _amount(text: str, currency: str) -> int | None:
    try:
        amount = parse_money(text, currency).amount if text else -1
    except NotMoney:
        return None
    return amount if 0 <= amount < 10**15 else None


def _stage(text: str) -> str:
    plugin, _colon, code = text.strip()[:81].partition(":")
    return f"{plugin}:{code}" if plugin and code and ":" not in code else ""


def to_ship_count(site: Site) -> int:
    """How many orders the view of those to ship holds; one statement."""
    return once_a_look(("to ship", site.id), lambda: count_to_send(site, VIEWS["to_ship"]))


def carriers_of(state: SiteState) -> list[tuple[str, str]]:
    """(code, title) of the carriers of a site, also of those that only finish their open orders."""
    answers = state.hooks.each("fulfil_carriers", draining=True, site=state.site)
    return [(one.code, one.title or one.code) for _plugin, answer in answers for one in answer]


def gateways_of(state: SiteState) -> list[tuple[str, str]]:
    """(code, title) of the ways to pay, also of those that only finish their open orders."""
    answers = state.hooks.each("payment_gateways", draining=True, site=state.site)
    return [(one.code, one.title or one.code) for _plugin, answer in answers for one in answer]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _midnight(site: Site, day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(site.timezone))
