"""What a form, or the command, may say about a rate."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from core.api import (
    NotATrackingAddress,
    NotMoney,
    Site,
    Unfit,
    command_line,
    countries,
    parse_money,
    parse_tracking_address,
    say,
)
from core.api import gettext as _

_TITLE_LENGTH = 80
_MOST_DAYS = 365


class Wanted(Struct, frozen=True, kw_only=True):
    """A rate that fits its form; shapes as in the table."""

    titles: dict[str, str]
    prices: dict[str, tuple[int, int | None]]
    countries: str
    days_from: int | None
    days_to: int | None
    position: int
    tracking: str


def parse(form: Mapping[str, str], site: Site) -> Wanted:
    """The form's rate. Raises Unfit with a message per field."""
    errors: dict[str, str] = {}
    wanted = Wanted(
        titles=_titles(form, site, errors),
        prices=_prices(form, site, errors),
        countries=_countries(form.get("countries", ""), errors),
        days_from=_number(form, "days_from", errors),
        days_to=_number(form, "days_to", errors),
        position=_number(form, "position", errors) or 0,
        tracking=_tracking(form.get("tracking", ""), errors),
    )
    if not errors and (wanted.days_to or 0) < (wanted.days_from or 0):
        errors["days_to"] = _("Not before the earliest day.")
    if errors:
        raise Unfit(errors)
    return wanted


def _titles(form: Mapping[str, str], site: Site, errors: dict[str, str]) -> dict[str, str]:
    titles = {tag: text for tag in site.languages if (text := form.get(f"title_{tag}", "").strip())}
    if site.language not in titles:
        errors[f"title_{site.language}"] = _("Fill this in.")
    errors.update(
        {f"title_{tag}": _("At most 80 characters.") for tag, text in titles.items() if len(text) > _TITLE_LENGTH}
    )
    return titles


def _prices(form: Mapping[str, str], site: Site, errors: dict[str, str]) -> dict[str, tuple[int, int | None]]:
    prices = {}
    for currency in site.currencies:
        price = _amount(form, f"price_{currency}", currency, errors)
        if price is not None:
            prices[currency] = (price, _amount(form, f"free_from_{currency}", currency, errors))
    if not prices and not errors:
        errors[f"price_{site.currency}"] = _("Fill this in.")
    return prices


def _amount(form: Mapping[str, str], name: str, currency: str, errors: dict[str, str]) -> int | None:
    """Minor units; None for an empty field, and for a wrong one, which is noted."""
    text = form.get(name, "").strip()
    if not text:
        return None
    try:
        amount = parse_money(text, currency).amount
    except NotMoney as error:
        errors[name] = say(error)
        return None
    if amount < 0:
        errors[name] = _("Not below zero.")
    return amount


def _countries(text: str, errors: dict[str, str]) -> str:
    codes = text.upper().replace(",", " ").split()
    known = {code for code, _name in countries("en")}
    if unknown := [code for code in codes if code not in known]:
        errors["countries"] = _("%(code)s is no country code.", code=unknown[0])
    return " ".join(dict.fromkeys(codes))


def _tracking(text: str, errors: dict[str, str]) -> str:
    try:
        return parse_tracking_address(text)
    except NotATrackingAddress as error:
        errors["tracking"] = say(error)
        return ""


def _number(form: Mapping[str, str], name: str, errors: dict[str, str]) -> int | None:
    text = form.get(name, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and int(text) <= _MOST_DAYS):
        errors[name] = _("Write a whole number up to 365.")
        return None
    return int(text)


def arguments(words: list[str]) -> dict[str, str]:
    """The command's words, as the form would send them; `site` is the host."""
    parser = command_line("flat_rate add", "Add a delivery rate to a site.")
    parser.add_argument("--site", required=True, metavar="HOST")
    parser.add_argument("--title", action="append", required=True, metavar="LANGUAGE=TEXT", help="once per language")
    parser.add_argument("--price", action="append", required=True, metavar="CURRENCY=AMOUNT", help="once per currency")
    parser.add_argument(
        "--free-from", action="append", default=[], metavar="CURRENCY=AMOUNT", help="free from this order value"
    )
    parser.add_argument("--countries", default="", help="codes between commas; empty: everywhere")
    parser.add_argument("--days", default="", metavar="FROM-TO", help="working days until delivery, as in 2-4")
    parser.add_argument("--tracking", default="", metavar="ADDRESS", help="of a parcel's page, with {number} in it")
    said = parser.parse_args(words)
    days_from, _dash, days_to = said.days.partition("-")
    form = {"site": said.site, "countries": said.countries, "days_from": days_from, "days_to": days_to}
    form["tracking"] = said.tracking
    for name, pairs in (("title", said.title), ("price", said.price), ("free_from", said.free_from)):
        for pair in pairs:
            key, _equals, value = pair.partition("=")
            form[f"{name}_{key}"] = value
    return form
