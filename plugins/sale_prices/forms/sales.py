"""What a form may say about a sale."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from core.api import NotMoney, Site, Unfit, command_line, now, parse_money, say
from core.api import gettext as _
from plugins.sale_prices.forms.times import NoTime, read_instant
from plugins.sale_prices.models import FIXED, KINDS, PERCENT, ROUNDINGS

_PERCENT = re.compile(r"(\d{1,3})(?:[.,](\d{1,2}))?\s*%?")
NAME_LENGTH = 120
MOST_ITEMS = 20_000


class Wanted(Struct, frozen=True, kw_only=True):
    """A sale that fits its form; shapes as in the table. `skus` name variants, `product_skus` whole products."""

    name: str
    kind: str
    basis_points: int
    amounts: dict[str, int]
    rounding: str
    starts: datetime
    ends: datetime | None
    active: bool
    everything: bool
    signed_in: bool
    skip_reduced: bool
    skus: tuple[str, ...]
    product_skus: tuple[str, ...]
    category_ids: tuple[int, ...]


def parse(form: Mapping[str, Any], site: Site, *, priced_items: bool = False) -> Wanted:
    """The form's sale. `priced_items`: its items have prices of their own. Raises Unfit with a message per field."""
    errors: dict[str, str] = {}
    kind = form.get("kind", PERCENT)
    kind = kind if kind in KINDS else PERCENT
    rounding = form.get("rounding", "")
    wanted = Wanted(
        name=_name(form, errors),
        kind=kind,
        basis_points=_basis_points(form, errors) if kind == PERCENT else 0,
        amounts={} if kind == PERCENT else _amounts(form, site, errors),
        rounding=rounding if rounding in ROUNDINGS else "",
        starts=_instant(form, "starts", site, errors) or now().replace(microsecond=0),
        ends=_instant(form, "ends", site, errors, last=True),
        active=bool(form.get("active")),
        everything=form.get("scope") == "everything",
        signed_in=form.get("for") == "signed_in",
        skip_reduced=bool(form.get("skip_reduced")),
        skus=_skus(form, "skus", errors),
        product_skus=_skus(form, "product_skus", errors),
        category_ids=_category_ids(form),
    )
    _check_together(wanted, site, errors, priced_items=priced_items)
    if errors:
        raise Unfit(errors)
    return wanted


def _check_together(wanted: Wanted, site: Site, errors: dict[str, str], *, priced_items: bool) -> None:
    if wanted.ends and wanted.ends <= wanted.starts and "starts" not in errors:
        errors["ends"] = _("Not before the beginning.")
    first = f"amount_{site.currency}"
    is_priced = wanted.kind == PERCENT or bool(wanted.amounts) or (priced_items and wanted.kind == FIXED)
    if not is_priced and first not in errors:
        errors[first] = _("Fill this in.")
    if not wanted.everything and not (wanted.skus or wanted.product_skus or wanted.category_ids) and not priced_items:
        errors.setdefault("skus", _("Choose goods, or everything."))


def _name(form: Mapping[str, Any], errors: dict[str, str]) -> str:
    name = form.get("name", "").strip()
    if not name:
        errors["name"] = _("Fill this in.")
    elif len(name) > NAME_LENGTH:
        errors["name"] = _("At most %(count)s characters.", count=NAME_LENGTH)
    return str(name)


def _basis_points(form: Mapping[str, Any], errors: dict[str, str]) -> int:
    match = _PERCENT.fullmatch(form.get("percent", "").strip())
    points = int(match[1]) * 100 + int((match[2] or "").ljust(2, "0")) if match else 0
    if not 0 < points <= 10_000:
        errors["percent"] = _("Write a percentage from 0.01 to 100.")
        return 0
    return points


def _amounts(form: Mapping[str, Any], site: Site, errors: dict[str, str]) -> dict[str, int]:
    amounts = {}
    for currency in site.currencies:
        field = f"amount_{currency}"
        text = form.get(field, "").strip()
        if not text:
            continue
        try:
            amounts[currency] = parse_money(text, currency).amount
        except NotMoney as error:
            errors[field] = say(error)
            continue
        if amounts[currency] < 0:
            errors[field] = _("Not below zero.")
    return amounts


def _instant(
    form: Mapping[str, Any], name: str, site: Site, errors: dict[str, str], *, last: bool = False
) -> datetime | None:
    text = form.get(name, "").strip()
    try:
        return read_instant(text, site, last=last) if text else None
    except NoTime as reason:
        errors[name] = str(reason)
        return None


def _skus(form: Mapping[str, Any], name: str, errors: dict[str, str]) -> tuple[str, ...]:
    skus = tuple(dict.fromkeys(sku for sku in re.split(r"[\r\n\t,;]+|\s{2,}", form.get(name, "")) if sku.strip()))
    if len(skus) > MOST_ITEMS:
        errors[name] = _("At most %(count)s SKUs.", count=MOST_ITEMS)
        return ()
    return tuple(sku.strip() for sku in skus)


def _category_ids(form: Mapping[str, Any]) -> tuple[int, ...]:
    chosen = form.getlist("categories") if hasattr(form, "getlist") else []
    return tuple(int(number) for number in chosen if number.isascii() and number.isdigit())


def arguments(words: list[str]) -> dict[str, Any]:
    """A sale as the command line names it, in the fields of its form, with `site`."""
    parser = command_line("sale_prices add", "Add a sale.")
    parser.add_argument("--site", required=True, metavar="HOST")
    parser.add_argument("--name", required=True)
    parser.add_argument("--percent", required=True, help="off the price")
    parser.add_argument("--from", dest="starts", default="", metavar="TIME", help="such as 2026-12-01; now if empty")
    parser.add_argument("--until", dest="ends", default="", metavar="TIME")
    parser.add_argument("--rounding", default="", choices=ROUNDINGS)
    parser.add_argument("products", nargs="*", metavar="SKU", help="of whole products; none: everything")
    said = vars(parser.parse_args(words))
    skus = said.pop("products")
    scope = "" if skus else "everything"
    return {**said, "kind": PERCENT, "active": "1", "scope": scope, "product_skus": "\n".join(skus)}
