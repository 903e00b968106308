"""What a form, or the command, may say about a pickup point."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from core.api import NotMoney, Site, Unfit, command_line, parse_money, say
from core.api import gettext as _

_LIMITS = {"name": 120, "address": 400}
_HOURS_LENGTH = 400
_MOST_DAYS = 365


class Wanted(Struct, frozen=True, kw_only=True):
    """A point that fits its form; shapes as in the table."""

    name: str
    address: str
    hours: dict[str, str]
    fees: dict[str, int]
    days_from: int | None
    days_to: int | None
    position: int


def parse(form: Mapping[str, str], site: Site) -> Wanted:
    """The form's point. Raises Unfit with a message per field."""
    errors: dict[str, str] = {}
    wanted = Wanted(
        name=_text(form, "name", errors),
        address=_text(form, "address", errors),
        hours={tag: text[:_HOURS_LENGTH] for tag in site.languages if (text := form.get(f"hours_{tag}", "").strip())},
        fees=_fees(form, site, errors),
        days_from=_number(form, "days_from", errors),
        days_to=_number(form, "days_to", errors),
        position=_number(form, "position", errors) or 0,
    )
    if not errors and (wanted.days_to or 0) < (wanted.days_from or 0):
        errors["days_to"] = _("Not before the earliest day.")
    if errors:
        raise Unfit(errors)
    return wanted


def _text(form: Mapping[str, str], name: str, errors: dict[str, str]) -> str:
    text = form.get(name, "").strip()
    if not text:
        errors[name] = _("Fill this in.")
    elif len(text) > _LIMITS[name]:
        errors[name] = _("At most %(count)s characters.", count=_LIMITS[name])
    return text


def _fees(form: Mapping[str, str], site: Site, errors: dict[str, str]) -> dict[str, int]:
    fees = {}
    for currency in site.currencies:
        text = form.get(f"fee_{currency}", "").strip()
        try:
            amount = parse_money(text, currency).amount if text else 0
        except NotMoney as error:
            errors[f"fee_{currency}"] = say(error)
            continue
        if amount < 0:
            errors[f"fee_{currency}"] = _("Not below zero.")
        if amount:
            fees[currency] = amount
    return fees


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
    parser = command_line("pickup add", "Add a pickup point to a site.")
    parser.add_argument("--site", required=True, metavar="HOST")
    parser.add_argument("--name", required=True)
    parser.add_argument("--address", required=True)
    parser.add_argument("--hours", action="append", default=[], metavar="LANGUAGE=TEXT", help="once per language")
    parser.add_argument(
        "--days", default="", metavar="FROM-TO", help="working days until it can be collected, as in 1-2"
    )
    said = parser.parse_args(words)
    days_from, _dash, days_to = said.days.partition("-")
    form = {"site": said.site, "name": said.name, "address": said.address, "days_from": days_from, "days_to": days_to}
    for pair in said.hours:
        tag, _equals, text = pair.partition("=")
        form[f"hours_{tag}"] = text
    return form
