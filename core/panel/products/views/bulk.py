"""One act on many products of the list: begun, looked at with a result per product, and taken back."""

from __future__ import annotations

from typing import Any

from flask import Response, request, url_for

from core.kernel import i18n, respond
from core.kernel.i18n import gettext as _
from core.kernel.security import staff
from core.kernel.sites import current
from core.lib import clock, ids
from core.lib.errors import Forbidden, NotFound, Refused, Unfit
from core.lib.money import NotMoney, parse_money
from core.panel.products.forms import instant
from core.panel.products.services import bulk, bulk_reports, listing
from core.panel.products.services.bulk_acts import ACTS
from core.panel.products.services.plugin_acts import product_acts
from core.panel.products.views.listing import read_query
from core.panel.saved.services import cleaned
from core.panel.shell import panel, shell
from core.panel.shell.answers import address, page, to
from core.panel.shell.status import Status

_MOST_PERCENT = 1000


@panel.post("/products/bulk", endpoint="products_bulk")
@staff("catalogue.view")
def act() -> Response:
    """Do something to the chosen products, or to all that fit; each act asks for its own permission."""
    form, site = request.form, current().site
    name = form.get("act") or form.get("look", "")
    plugins = {f"{one.plugin}.{one.endpoint}": one for one in product_acts()}
    if name not in ACTS and name not in plugins:
        raise NotFound
    if name in ACTS and not shell().may(ACTS[name].permission):
        raise Forbidden
    chosen = listing.ids_of(site, read_query(form), bulk.MOST) if form.get("all") else form.getlist("n", type=int)
    if not chosen:
        return _back(_("Choose at least one product."))
    key = form.get("key", "")[:64] or ids.token()
    if name in plugins:
        chosen_id = bulk.choose(site, shell().person.id, name, {}, chosen, key)
        return respond.redirect(url_for(plugins[name].view, chosen=chosen_id))
    try:
        choice = _choice(name)
    except (NotMoney, Refused) as refusal:
        return _back(i18n.say(refusal))
    is_looked_at = "look" in form or bool(choice.get("at") or choice.get("until"))
    run = (bulk.choose if is_looked_at else bulk.start)(site, shell().person.id, name, choice, chosen, key)
    # Whoever asks for more than one run takes is told, and asks again with the rest.
    more = _("These are the first %(most)s; ask again for the others.", most=i18n.number(bulk.MOST))
    return to("panel.product_bulk", say=more if len(chosen) == bulk.MOST else "", kind="bad", bulk_id=run)


def _choice(name: str) -> dict[str, Any]:
    """What the act needs to know, as the form says it. Raises NotMoney, Unfit."""
    form = request.form
    if name in {"add", "remove"}:
        category = form.get("category_id", type=int)
        if category not in dict(listing.category_choices(i18n.language())):
            raise Refused(_("Choose a category."))
        return {"category": category}
    if name == "schedule":
        return _instants(form.get("begin", ""), form.get("end", ""))
    if name != "price":
        return {}
    ending = form.get("ending", "")
    return {
        **_span(form.get("at", ""), form.get("until", "")),
        **_by(form.get("change", "").strip()),
        "ending": ending if ending in {"00", "99"} else "",
        "was": bool(form.get("was")),
    }


def _span(at: str, until: str) -> dict[str, int]:
    """From when and until when, of the two what was written. Raises Refused."""
    if not at and not until:
        return {}
    found = _instants(at, until)
    if at and until and found["end"] <= found["begin"]:
        raise Refused(_("It would end before it begins."))
    return {name: found[key] for name, key in (("at", "begin"), ("until", "end")) if found[key] is not None}


def _instants(begin: str, end: str) -> dict[str, Any]:
    """Two instants of the site's clock, in microseconds; at least one, and both still to come."""
    if not begin and not end:
        raise Refused(_("Write from when, or until when."))
    zone = current().site.timezone
    found = {name: instant(text, zone) if text else None for name, text in (("begin", begin), ("end", end))}
    if any(text and (at is None or at <= clock.now()) for text, at in zip((begin, end), found.values(), strict=True)):
        raise Refused(_("Choose a time that is still to come."))
    return {name: None if at is None else clock.micros(at) for name, at in found.items()}


def _by(text: str) -> dict[str, Any]:
    """`-10 %` or `2.50`: by percent, in hundredths, or by an amount in minor units."""
    if not text:
        raise Unfit({}, _("Write by how much, such as -10 % or 2.50."))
    plain = text.translate(str.maketrans("％−–", "%--")).strip()
    if not plain.endswith("%"):
        return {"by": "amount", "value": parse_money(plain, current().site.currency).amount}
    try:
        value = round(float(plain[:-1].replace(",", ".")) * 100)
    except (ValueError, OverflowError):
        raise Unfit({}, _("Write by how much, such as -10 % or 2.50.")) from None
    if not -10_000 <= value <= _MOST_PERCENT * 100:
        raise Unfit({}, _("Between -100 percent and %(most)s percent.", most=_MOST_PERCENT))
    return {"by": "percent", "value": value}


def _back(text: str) -> Response:
    respond.note(text, "bad")
    return respond.redirect(f"{url_for('panel.products')}?{cleaned(request.form.get('here', ''))}")


@panel.get("/products/bulk/<int:bulk_id>", endpoint="product_bulk")
@staff("catalogue.view")
def show(bulk_id: int) -> Response:
    """What became of each product."""
    report = bulk_reports.report(current().site, bulk_id, i18n.language(), request.args.get("after", 0, type=int))
    return page(
        "product_bulk.html",
        run=report,
        title=ACTS[report.act].title,
        may=shell().may(ACTS[report.act].permission),
        states=_states(is_over=report.is_over),
        next=address("panel.product_bulk", bulk_id=bulk_id, after=report.further) if report.further else "",
        first=address("panel.product_bulk", bulk_id=bulk_id) if "after" in request.args else "",
    )


@panel.get("/products/bulk", endpoint="product_bulks")
@staff("catalogue.view")
def show_all() -> Response:
    """What was done to many products, and what is planned."""
    runs = [(run, ACTS[run.act].title) for run in bulk_reports.listed(current().site)]
    return page("product_bulks.html", runs=runs)


@panel.post("/products/bulk/<int:bulk_id>/begin", endpoint="product_bulk_begin")
@staff("catalogue.view")
def begin(bulk_id: int) -> Response:
    """Do now what was looked at, let it begin at its time or not, or let it not end."""
    report = bulk_reports.report(current().site, bulk_id, i18n.language())
    if not shell().may(ACTS[report.act].permission):
        raise Forbidden
    verb = {"plan": bulk.plan, "unplan": bulk.unplan, "stay": bulk.let_stay}.get(
        request.form.get("act", ""), bulk.begin
    )
    try:
        verb(current().site, bulk_id)
    except Refused as refusal:
        return to("panel.product_bulk", say=i18n.say(refusal), kind="bad", bulk_id=bulk_id)
    return to("panel.product_bulk", bulk_id=bulk_id)


@panel.post("/products/bulk/<int:bulk_id>/undo", endpoint="product_bulk_undo")
@staff("catalogue.view")
def undo(bulk_id: int) -> Response:
    """Take it back, product by product."""
    report = bulk_reports.report(current().site, bulk_id, i18n.language())
    if not shell().may(ACTS[report.act].permission):
        raise Forbidden
    try:
        bulk.undo(current().site, bulk_id)
    except Refused as refusal:
        return to("panel.product_bulk", say=i18n.say(refusal), kind="bad", bulk_id=bulk_id)
    return to("panel.product_bulk", bulk_id=bulk_id)


def _states(*, is_over: bool) -> dict[str, Status]:
    """The states of rows in words; of a run that `is_over` nobody has undone anything."""
    return {
        "todo": Status(_("Waiting"), "wait"),
        "doing": Status(_("Running"), "busy", "busy"),
        "done": Status(_("Done"), "done", "good"),
        "same": Status(_("As it was"), "none"),
        "refused": Status(_("Not done"), "warn", "bad"),
        "undoing": Status(_("Running"), "busy", "busy"),
        "undone": Status(_("Ended") if is_over else _("Undone"), "done", "good"),
        "kept": Status(_("Not ended") if is_over else _("Not undone"), "warn", "bad"),
    }
