"""What a form, or the command, may say about a coupon."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct

from core.api import NotMoney, Site, Unfit, command_line, parse_money, say
from core.api import gettext as _
from plugins.coupons.models import DELIVERY, FIXED, PERCENT

_PERCENT = re.compile(r"(\d{1,3})(?:[.,](\d{1,2}))?\s*%?")
_CODE = re.compile(r"[^\W_][\w-]{2,63}")
_TITLE_LENGTH = 120
_MOST_USES = 10_000_000
MOST_CODES = 10_000


class Wanted(Struct, frozen=True, kw_only=True):
    """A coupon that fits its form; shapes as in the table. `code` empty: it has none, or keeps those it has."""

    title: str
    kind: str
    basis_points: int
    amounts: dict[str, int]
    minimums: dict[str, int]
    skus: tuple[str, ...]
    category_ids: tuple[int, ...]
    starts: datetime | None
    ends: datetime | None
    total_limit: int | None
    customer_limit: int | None
    alone: bool
    code: str


def parse(form: Mapping[str, Any], site: Site) -> Wanted:
    """The form's coupon; `categories` may be a list (`form.getlist`). Raises Unfit with a message per field."""
    errors: dict[str, str] = {}
    kind = form.get("kind", PERCENT)
    wanted = Wanted(
        title=_title(form, errors),
        kind=kind if kind in {PERCENT, FIXED, DELIVERY} else PERCENT,
        basis_points=_basis_points(form, errors) if kind == PERCENT else 0,
        amounts=_amounts(form, "amount", site, errors) if kind == FIXED else {},
        minimums=_amounts(form, "minimum", site, errors),
        skus=tuple(dict.fromkeys(re.split(r"[\s,;]+", form.get("skus", "").strip())))
        if form.get("skus", "").strip()
        else (),
        category_ids=_category_ids(form),
        starts=_day(form, "starts", site, errors),
        ends=_day(form, "ends", site, errors, days=1),
        total_limit=_limit(form, "total_limit", errors),
        customer_limit=_limit(form, "customer_limit", errors),
        alone=bool(form.get("alone")),
        code=_code(form, errors),
    )
    _check_together(wanted, site, errors)
    if errors:
        raise Unfit(errors)
    return wanted


def _check_together(wanted: Wanted, site: Site, errors: dict[str, str]) -> None:
    if wanted.starts and wanted.ends and wanted.ends <= wanted.starts:
        errors["ends"] = _("Not before the first day.")
    if wanted.kind == FIXED and not wanted.amounts and f"amount_{site.currency}" not in errors:
        errors[f"amount_{site.currency}"] = _("Fill this in.")


def _title(form: Mapping[str, Any], errors: dict[str, str]) -> str:
    title = form.get("title", "").strip()
    if not title:
        errors["title"] = _("Fill this in.")
    elif len(title) > _TITLE_LENGTH:
        errors["title"] = _("At most %(count)s characters.", count=_TITLE_LENGTH)
    return str(title)


def _basis_points(form: Mapping[str, Any], errors: dict[str, str]) -> int:
    match = _PERCENT.fullmatch(form.get("percent", "").strip())
    points = int(match[1]) * 100 + int((match[2] or "").ljust(2, "0")) if match else 0
    if not 0 < points <= 10_000:
        errors["percent"] = _("Write a percentage from 0.01 to 100.")
        return 0
    return points


def _amounts(form: Mapping[str, Any], name: str, site: Site, errors: dict[str, str]) -> dict[str, int]:
    amounts = {}
    for currency in site.currencies:
        field = f"{name}_{currency}"
        text = form.get(field, "").strip()
        try:
            amount = parse_money(text, currency).amount if text else 0
        except NotMoney as error:
            errors[field] = say(error)
            continue
        if text and amount <= 0:
            errors[field] = _("More than zero.")
        elif amount:
            amounts[currency] = amount
    return amounts


def _category_ids(form: Mapping[str, Any]) -> tuple[int, ...]:
    chosen = form.getlist("categories") if hasattr(form, "getlist") else []
    return tuple(int(number) for number in chosen if number.isascii() and number.isdigit())


def _day(form: Mapping[str, Any], name: str, site: Site, errors: dict[str, str], days: int = 0) -> datetime | None:
    """The instant at which the site's day begins, `days` later."""
    text = form.get(name, "").strip()
    if not text:
        return None
    try:
        day = date.fromisoformat(text) + timedelta(days=days)
    except (ValueError, OverflowError):
        errors[name] = _("Write a day such as 2026-12-01.")
        return None
    return datetime.combine(day, time(), ZoneInfo(site.timezone)).astimezone(UTC)


def day_of(instant: datetime | None, site: Site, days: int = 0) -> str:
    """The inverse: the day as its field holds it."""
    return (
        ""
        if instant is None
        else (instant.astimezone(ZoneInfo(site.timezone)).date() - timedelta(days=days)).isoformat()
    )


def _limit(form: Mapping[str, Any], name: str, errors: dict[str, str]) -> int | None:
    text = form.get(name, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= _MOST_USES):
        errors[name] = _("Write a whole number above zero.")
        return None
    return int(text)


def _code(form: Mapping[str, Any], errors: dict[str, str]) -> str:
    code = form.get("code", "").strip().upper()
    if code and not _CODE.fullmatch(code):
        errors["code"] = _("3 to 64 letters, digits and hyphens, beginning with a letter or digit.")
    return str(code)


def parse_batch(form: Mapping[str, Any]) -> tuple[int, str]:
    """How many one-use codes to make, and what they begin with. Raises Unfit."""
    errors: dict[str, str] = {}
    text, prefix = form.get("count", "").strip(), form.get("prefix", "").strip().upper()
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= MOST_CODES):
        errors["count"] = _("Write a whole number from 1 to 10,000.")
    if prefix and not re.fullmatch(r"[^\W_][\w-]{0,19}", prefix):
        errors["prefix"] = _("At most 20 letters, digits and hyphens.")
    if errors:
        raise Unfit(errors)
    return int(text), prefix


def arguments(words: list[str]) -> dict[str, str]:
    """The command's words, as the form would send them; `site` is the host."""
    parser = command_line("coupons add", "Add a coupon to a site.")
    parser.add_argument("--site", required=True, metavar="HOST")
    parser.add_argument("--code", required=True)
    parser.add_argument("--title", default="", help="as shown to shoppers; the code if left out")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--percent", metavar="PERCENT")
    what.add_argument("--amount", action="append", metavar="CURRENCY=AMOUNT", help="once per currency")
    what.add_argument("--free-delivery", action="store_true")
    parser.add_argument(
        "--minimum", action="append", default=[], metavar="CURRENCY=AMOUNT", help="order value from which it holds"
    )
    parser.add_argument("--uses", default="", help="how often it works in all")
    parser.add_argument("--uses-each", default="", help="how often it works for one shopper")
    said = parser.parse_args(words)
    form = {
        "site": said.site,
        "code": said.code,
        "title": said.title or said.code,
        "kind": PERCENT if said.percent else FIXED if said.amount else DELIVERY,
        "percent": said.percent or "",
        "total_limit": said.uses,
        "customer_limit": said.uses_each,
    }
    for name, pairs in (("amount", said.amount or []), ("minimum", said.minimum)):
        for pair in pairs:
            currency, _equals, amount = pair.partition("=")
            form[f"{name}_{currency}"] = amount
    return form
