"""The step between a file and its rehearsal: what its columns stand for, with the first products as a preview."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response, request

from core.imports.models import DRAFT, ImportRun
from core.imports.services.formats import FORMATS, columns_of_days
from core.imports.services.mapping import (
    OWN,
    Column,
    check,
    forget_mapping,
    guess,
    keep_mapping,
    kept_mappings,
    look,
    targets,
)
from core.imports.services.read_products import ReadProduct
from core.imports.services.records import is_web_address
from core.imports.services.reports import find_run
from core.imports.services.runs import choose_columns, rehearse
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.security import staff
from core.kernel.sites import current
from core.lib.errors import Refused, Unfit
from core.panel.imports.forms import day_order, target_name
from core.panel.imports.views.runs import steps
from core.panel.shell import panel
from core.panel.shell.answers import page, to

Problems = list[tuple[str, str]]


@panel.get("/products/imports/<int:run_id>/columns", endpoint="import_columns")
@staff("products.edit")
def show(run_id: int) -> Response:
    """The columns of the file, what they are taken for, and its first products."""
    return _page(run_id, [])


@panel.post("/products/imports/<int:run_id>/columns", endpoint="import_columns_choose")
@staff("products.edit")
def choose(run_id: int) -> Response:
    """Take what was chosen. `act`: look, rehearse, keep, use:<kept mapping>, forget:<kept mapping>, or as:<format>."""
    act, _colon, which = request.form.get("act", "look").partition(":")
    try:
        return _act(run_id, act, which)
    except Unfit as error:
        return _page(run_id, list(error.errors.items()), 422)
    except Refused as error:
        if error.status == 404:
            raise
        return _page(run_id, [("columns", i18n.say(error))], error.status)


def _act(run_id: int, act: str, which: str) -> Response:
    site, run = current().site, find_run(current().site, run_id)
    columns = [column.name for column in look(site, run_id).columns]
    pictures = _pictures()
    if act == "use":
        kept = next((one for one in kept_mappings(site) if str(one.id) == which), None)
        if kept is not None:
            fitting = {name: target for name, target in kept.mapping.items() if name in columns}
            choose_columns(site, run_id, OWN, {**guess(site, columns), **fitting}, kept.pictures, kept_dates=kept.dates)
    elif act == "forget":
        forget_mapping(site, int(which) if which.isdigit() else 0)
    elif act == "as":
        choose_columns(site, run_id, which, guess(site, columns) if which == OWN else {}, pictures)
    else:
        mapping = _mapping(columns) if run.format == OWN else {}
        if run.format == OWN:
            check(mapping)
        choose_columns(site, run_id, run.format, mapping, pictures, dates=request.form.get("dates", ""))
        if act == "keep":
            dates = find_run(site, run_id).dates
            keep_mapping(site, request.form.get("keep_name", ""), mapping, pictures, dates)
        if act == "rehearse":
            rehearse(site, run_id)
            return to("panel.import_run", run_id=run_id)
    return to("panel.import_columns", run_id=run_id)


def _mapping(columns: list[str]) -> dict[str, str]:
    """What was chosen for each column, and nothing that could not be chosen."""
    chosen = {}
    for place, column in enumerate(columns):
        target = request.form.get(f"column-{place}", "")
        chosen[column] = target if target in targets(current().site, column) else ""
    return chosen


def _pictures() -> str:
    """Where pictures are that have only a name: an address on the web, or nowhere. Raises Unfit."""
    address = request.form.get("pictures", "").strip()
    if address and not is_web_address(address):
        raise Unfit({"pictures": _("Write an address that begins with https://.")})
    return address


def _page(run_id: int, problems: Problems, status: int = 200) -> Response:
    site, run = current().site, find_run(current().site, run_id)
    if run.state != DRAFT:
        return to("panel.import_run", run_id=run_id)
    seen = look(site, run_id)
    problem = i18n.say(seen.problem) if seen.problem else ""
    return page(
        "import_columns.html",
        status,
        run=run,
        steps=steps(True, run.state),
        own=run.format == OWN,
        format=next(known.title for known in FORMATS if known.name == run.format),
        columns=[(column, _choices(column.name)) for column in seen.columns],
        chosen={name: value for name, value in request.form.items() if name.startswith("column-")},
        days=day_order(run, _of_days(run, seen.columns), problems),
        pictures=request.form.get("pictures", run.pictures),
        look=None if seen.problem else seen,
        first=[_shown(one) for one in seen.first],
        kept=kept_mappings(site) if run.format == OWN else [],
        problems=problems or ([("columns", problem)] if problem else []),
    )


def _of_days(run: ImportRun, columns: Sequence[Column]) -> list[Column]:
    names = columns_of_days([one.name for one in columns], run.format, run.mapping)
    return [one for one in columns if one.name in names]


def _choices(column: str) -> list[tuple[str, str]]:
    return [
        ("", _("Leave out")),
        *((target, target_name(target, column)) for target in targets(current().site, column)),
    ]


def _shown(one: ReadProduct) -> dict[str, object]:
    """A product of the preview in the words of the page."""
    product = one.product
    said = list(dict.fromkeys(problem.what for problem in one.problems))
    if product is None:
        return {"line": one.line, "name": "", "sound": False, "said": said}
    prices = [variant.prices[0].amount for variant in product.variants if variant.prices]
    return {
        "line": one.line,
        "name": next((text.name for text in product.texts if text.name), ""),
        "skus": [variant.sku for variant in product.variants],
        "price": min(prices, key=lambda price: price.amount) if prices else None,
        "categories": [" › ".join(path) for path in product.categories or ()],
        "options": [i18n.enumerated(value for _, value in variant.options or ()) for variant in product.variants],
        "pictures": len(product.pictures or ()),
        "sound": True,
        "said": said,
    }
