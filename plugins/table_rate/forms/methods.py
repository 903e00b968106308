"""What a form may say about a method of delivery."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct

from core.api import NotATrackingAddress, NotMoney, Site, Unfit, parse_money, parse_tracking_address, say
from core.api import gettext as _
from plugins.table_rate.forms.brackets import Bracket, lines_of, parse_lines
from plugins.table_rate.forms.zones import whole
from plugins.table_rate.models import BASES, PER_KG, PER_PARCEL, WEIGHT

TITLE_LENGTH, _DESCRIPTION_LENGTH, _MOST_DAYS = 80, 300, 365
_MOST_GRAMS, _MOST_DIVISOR = 10_000_000, 100_000
_EXCLUDED = re.compile(r"[\w.-]{1,80}\s*=\s*\S.{0,254}")


class WantedMethod(Struct, frozen=True, kw_only=True):
    """A method that fits its form; shapes as in the table."""

    position: int
    titles: dict[str, str]
    descriptions: dict[str, str]
    basis: str
    brackets: dict[str, list[Bracket]]
    free_from: dict[str, int]
    per: str
    surcharges: dict[str, int]
    parcel_g: int | None
    divisor: int | None
    excluded: str
    days_from: int | None
    days_to: int | None
    tracking: str


def parse_method(form: Mapping[str, str], site: Site) -> WantedMethod:
    """The form's method. Raises Unfit with a message per field."""
    errors: dict[str, str] = {}
    basis = form.get("basis", WEIGHT)
    basis = basis if basis in BASES else WEIGHT
    per = form.get("per", "")
    per = per if per in {PER_PARCEL, PER_KG} else ""
    titles = _texts(form, "title", site, TITLE_LENGTH, errors)
    if site.language not in titles:
        errors.setdefault(f"title_{site.language}", _("Fill this in."))
    wanted = WantedMethod(
        position=whole(form, "position", 9999, errors) or 0,
        titles=titles,
        descriptions=_texts(form, "description", site, _DESCRIPTION_LENGTH, errors),
        basis=basis,
        brackets=parse_lines(lines_of(form, site), basis, errors),
        free_from=_amounts(form, "free_from", site, errors),
        per=per,
        surcharges=_amounts(form, "surcharge", site, errors) if per else {},
        parcel_g=whole(form, "parcel_g", _MOST_GRAMS, errors, 1) if per == PER_PARCEL else None,
        divisor=whole(form, "divisor", _MOST_DIVISOR, errors, 1),
        excluded=_excluded(form.get("excluded", ""), errors),
        days_from=whole(form, "days_from", _MOST_DAYS, errors),
        days_to=whole(form, "days_to", _MOST_DAYS, errors),
        tracking=_tracking(form.get("tracking", ""), errors),
    )
    _check_together(wanted, site, errors)
    if errors:
        raise Unfit(errors)
    return wanted


def _check_together(wanted: WantedMethod, site: Site, errors: dict[str, str]) -> None:
    if not wanted.brackets and not any(name.startswith(("from-", "to-", "price-")) for name in errors):
        errors[f"price-{site.currency}-0"] = _("Fill in one line at least.")
    if wanted.days_from is not None and wanted.days_to is None and "days_to" not in errors:
        errors["days_to"] = _("Fill this in.")
    elif wanted.days_to is not None and wanted.days_to < (wanted.days_from or 0):
        errors["days_to"] = _("Not before the earliest day.")
    if wanted.per and not wanted.surcharges and f"surcharge_{site.currency}" not in errors:
        errors[f"surcharge_{site.currency}"] = _("Fill this in.")


def _texts(form: Mapping[str, str], name: str, site: Site, most: int, errors: dict[str, str]) -> dict[str, str]:
    texts = {tag: text for tag in site.languages if (text := form.get(f"{name}_{tag}", "").strip())}
    errors.update(
        {
            f"{name}_{tag}": _("At most %(count)s characters.", count=most)
            for tag, text in texts.items()
            if len(text) > most
        }
    )
    return texts


def _amounts(form: Mapping[str, str], name: str, site: Site, errors: dict[str, str]) -> dict[str, int]:
    amounts = {}
    for currency in site.currencies:
        field = f"{name}_{currency}"
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


def _tracking(text: str, errors: dict[str, str]) -> str:
    try:
        return parse_tracking_address(text)
    except NotATrackingAddress as error:
        errors["tracking"] = say(error)
        return ""


def _excluded(text: str, errors: dict[str, str]) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if wrong := [line for line in lines if not _EXCLUDED.fullmatch(line)]:
        errors["excluded"] = _("Write %(line)s as attribute=value.", line=wrong[0])
    return "\n".join("=".join(part.strip() for part in line.partition("=")[::2]) for line in lines)
