"""The address that pages tell of themselves, and the panel's page with its file."""

from __future__ import annotations

import io
from typing import Any

from core.api import (
    LimitRule,
    Money,
    Views,
    add_limit,
    current_site,
    current_staff,
    exponent,
    language,
    ngettext,
    public,
    render,
    request,
    staff,
    take_limit,
    url_for,
    write_rows,
)
from core.api import gettext as _
from plugins.pulse import forms
from plugins.pulse.forms import MEASURES, RANGES, PulseSettings
from plugins.pulse.services import searches as searched
from plugins.pulse.services.counting import COUNTERS
from plugins.pulse.services.drawing import drawings
from plugins.pulse.services.reading import Figures, Report, report

PERMISSION = "pulse.view"
_SHOWN = 200
COLUMNS = ("day", "visits", "views", "orders", "sales", "paid", "received")
shop, panel = Views(), Views()
may_view = staff(PERMISSION)
add_limit("pulse.count", LimitRule(address="300 per minute"))


@shop.post("/count")
@public
def count() -> Any:
    """Count one page, unless it was staff, a bot or somebody who asks for quiet. Always an empty answer."""
    take_limit("pulse.count")
    site, agent = current_site(), request.user_agent.string
    wants_quiet = PulseSettings.of(site).respect and forms.asks_for_quiet(
        request.headers.get("DNT", ""), request.headers.get("Sec-GPC", "")
    )
    if not wants_quiet and not forms.is_bot(agent) and current_staff() is None:
        COUNTERS.count(
            site,
            forms.parse(request.form, site),
            device=f"{request.remote_addr}\n{agent}",
            form=forms.device_of(agent),
            language=language(),
        )
        if COUNTERS.is_due():
            COUNTERS.flush()
    return "", 204


@panel.get("/")
@may_view
def show() -> Any:
    """The figures of a period, their chart, table and lists."""
    site, length, measure = current_site(), _length(), _measure()
    found = report(site, length, language())
    unit = 10 ** exponent(site.currency) if measure == "sales" else 1
    return render(
        "pulse/panel.html",
        report=found,
        length=length,
        measure=measure,
        drawings=drawings(found.days, measure, unit),
        best=max(found.days, key=lambda day: day.now.of(measure)),
        ranges=[
            (
                ngettext("%(n)s day", "%(n)s days", days),
                url_for("pulse.panel.show", days=days, show=measure),
                days == length,
                None,
            )
            for days in RANGES
        ],
        measures=[
            (name, url_for("pulse.panel.show", days=length, show=code), code == measure, None)
            for code, name in _names().items()
        ],
        measure_name=_names()[measure],
        in_money=lambda amount: Money(amount, site.currency),
    )


@panel.get("/days.csv")
@may_view
def download() -> Any:
    """The table as a file: the same rows and columns, amounts in the site's currency."""
    site, measure = current_site(), _measure()
    stream = io.StringIO(newline="")
    columns = [*COLUMNS, f"{measure}_before", "currency"]
    write_rows(stream, columns, _lines(report(site, _length(), language()), measure, site.currency))
    headers = {
        "Content-Disposition": f'attachment; filename="pulse-{_length()}-days.csv"',
        "Content-Type": "text/csv; charset=utf-8",
    }
    return stream.getvalue(), headers


@panel.get("/searches")
@may_view
def searches() -> Any:
    """What was searched for in a period."""
    length, in_vain, holding = _length(), _in_vain(), _holding()
    found = searched.searches(current_site(), length, in_vain=in_vain, holding=holding)

    def address(days: int, only: str | None) -> str:
        return url_for("pulse.panel.searches", days=days, only=only, q=holding or None)

    only = "nothing" if in_vain else None
    return render(
        "pulse/searches.html",
        found=found,
        shown=found[:_SHOWN],
        length=length,
        in_vain=in_vain,
        holding=holding,
        file=url_for("pulse.panel.searches_file", days=length, only=only, q=holding or None),
        ranges=[
            (ngettext("%(n)s day", "%(n)s days", days), address(days, only), days == length, None) for days in RANGES
        ],
        kinds=[
            (_("All searches"), address(length, None), not in_vain, None),
            (_("Found nothing"), address(length, "nothing"), in_vain, None),
        ],
    )


@panel.get("/searches.csv")
@may_view
def searches_file() -> Any:
    """The searches as a file: all of them, with the words that the page has."""
    found = searched.searches(current_site(), _length(), in_vain=_in_vain(), holding=_holding())
    stream = io.StringIO(newline="")
    lines = ([one.words, one.times, one.in_vain, one.results, one.last] for one in found)
    write_rows(stream, ["words", "searched", "found_nothing", "found_last", "last_day"], lines)
    headers = {
        "Content-Disposition": f'attachment; filename="searches-{_length()}-days.csv"',
        "Content-Type": "text/csv; charset=utf-8",
    }
    return stream.getvalue(), headers


def _lines(found: Report, measure: str, currency: str) -> list[list[object]]:
    return [
        [
            day.day,
            *(_cell(day.now, name, currency) for name in COLUMNS[1:]),
            _cell(day.before, measure, currency),
            currency,
        ]
        for day in reversed(found.days)
    ]


def _cell(figures: Figures, name: str, currency: str) -> object:
    value = figures.of(name)
    return Money(value, currency).decimal if name in {"sales", "received"} else value


def _names() -> dict[str, str]:
    names = (_("Visits"), _("Page views"), _("Orders"), _("Sales"))
    return dict(zip(MEASURES, names, strict=True))


def _length() -> int:
    asked = request.args.get("days", type=int)
    return asked if asked in RANGES else RANGES[1]


def _in_vain() -> bool:
    return request.args.get("only") == "nothing"


def _holding() -> str:
    return request.args.get("q", "").strip()[:100]


def _measure() -> str:
    asked = request.args.get("show", "")
    return asked if asked in MEASURES else MEASURES[0]
