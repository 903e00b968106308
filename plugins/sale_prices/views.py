"""The panel's pages: the sales, the form of one with its preview, and price lists as files."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from core.api import (
    Refused,
    Unfit,
    UnreadableFile,
    Views,
    actor,
    chosen_products,
    current_site,
    now,
    panel_form_key,
    panel_once,
    panel_to,
    redirect303,
    render,
    request,
    say,
    staff,
    toast,
    url_for,
    write_rows,
)
from core.api import gettext as _
from plugins.sale_prices import forms, services
from plugins.sale_prices.forms.files import COLUMNS
from plugins.sale_prices.forms.sales import NAME_LENGTH

panel = Views()
may_edit = staff("sale_prices.edit")
_SHOWN_ERRORS = 50


@panel.get("/")
@may_edit
def show() -> Any:
    """All sales."""
    return render("sale_prices/list.html", sales=services.listed(current_site()))


@panel.get("/new")
@may_edit
def new() -> Any:
    """An empty form, or one with the products that were chosen in the panel's list of them."""
    values = {"kind": "percent", "scope": "chosen", "for": "everybody", "active": "1"}
    chosen = request.args.get("chosen", type=int)
    if chosen is not None:
        skus = services.first_skus(chosen_products(current_site(), chosen))
        values |= {"product_skus": "\n".join(skus)}
    return _form(values, {}, None)


@panel.post("/new")
@may_edit
@panel_once("sale_prices.panel.show")
def create() -> Any:
    """Add a sale, or preview it."""
    return _sent(None)


@panel.get("/<int:sale_id>")
@may_edit
def edit(sale_id: int) -> Any:
    """The form of one sale, with what it does."""
    site = current_site()
    sale = services.find_sale(site, sale_id)
    preview = services.preview_of(site, sale, site.currency, max(0, request.args.get("from", 0, type=int)))
    return _form(services.filled(site, sale), {}, sale_id, preview=preview)


@panel.post("/<int:sale_id>")
@may_edit
def save(sale_id: int) -> Any:
    """Change a sale, or preview the change."""
    return _sent(sale_id)


@panel.post("/<int:sale_id>/end")
@may_edit
def end(sale_id: int) -> Any:
    """End a running sale."""
    try:
        services.end_now(current_site(), sale_id, actor=actor())
        toast(_("The sale has ended. Prices are back at once."))
    except Refused as refusal:
        if refusal.status == 404:
            raise
        toast(say(refusal), "bad")
    return redirect303(url_for("sale_prices.panel.show"))


@panel.post("/<int:sale_id>/copy")
@may_edit
@panel_once("sale_prices.panel.show")
def copy(sale_id: int) -> Any:
    """Copy a sale and open the copy."""
    copied = services.duplicate(current_site(), sale_id, actor=actor(), key=panel_form_key())
    said = _("This is the copy. It is switched off until you switch it on.")
    return panel_to("sale_prices.panel.edit", say=said, sale_id=copied)


@panel.post("/<int:sale_id>/remove")
@may_edit
def remove(sale_id: int) -> Any:
    """Take a sale away."""
    services.remove_sale(current_site(), sale_id, actor=actor())
    undo = url_for("sale_prices.panel.restore", sale_id=sale_id)
    return panel_to("sale_prices.panel.show", say=_("The sale is removed."), undo=undo)


@panel.post("/<int:sale_id>/restore")
@may_edit
def restore(sale_id: int) -> Any:
    """Bring a sale back that was removed."""
    services.restore_sale(current_site(), sale_id, actor=actor())
    return panel_to("sale_prices.panel.show", say=_("The sale is back."))


def _sent(sale_id: int | None) -> Any:
    """The preview button shows what would be; the other saves."""
    site = current_site()
    own = sale_id is not None and services.has_own_prices(site, sale_id)
    if sale_id is not None:
        services.find_sale(site, sale_id)
    try:
        wanted = forms.parse(request.form, site, priced_items=own)
        act, _colon, start = request.form.get("act", "").partition(":")
        if act == "preview":
            start_at = int(start) if start.isdecimal() else 0
            preview = services.preview_of_wanted(site, wanted, site.currency, sale_id, start_at)
            return _form(request.form, {}, sale_id, preview=preview)
        saved = services.save_sale(site, wanted, actor=actor(), sale_id=sale_id, key=panel_form_key())
    except Unfit as refusal:
        return _form(request.form, refusal.errors, sale_id, status=422)
    done = _("Saved. Product pages and carts follow at once, lists within moments.")
    if sale_id is not None:
        toast(done)
        return redirect303(url_for("sale_prices.panel.show"))
    undo = url_for("sale_prices.panel.remove", sale_id=saved)
    return panel_to("sale_prices.panel.edit", say=done, undo=undo, sale_id=saved)


def _form(
    values: Mapping[str, Any],
    errors: Mapping[str, str],
    sale_id: int | None,
    *,
    preview: services.Preview | None = None,
    status: int = 200,
) -> Any:
    site = current_site()
    chosen = values.getlist("categories") if hasattr(values, "getlist") else values.get("categories", [])
    sale = services.find_sale(site, sale_id) if sale_id else None
    return render(
        "sale_prices/edit.html",
        status,
        values=values,
        errors=errors,
        sale_id=sale_id,
        sale=sale,
        state=services.state_of(sale, now()) if sale else "",
        own_prices=sale_id is not None and services.has_own_prices(site, sale_id),
        categories=[(number, name, "") for number, name in services.categories(site)],
        chosen=chosen,
        preview=preview,
        is_typed=values is request.form,
    )


# -- price lists -------------------------------------------------------------------------------------------------------


@panel.get("/<int:sale_id>/prices.csv")
@may_edit
def download(sale_id: int) -> Any:
    """The fixed prices of a sale."""
    site = current_site()
    stream = io.StringIO(newline="")
    write_rows(stream, COLUMNS, services.export_rows(site, services.find_sale(site, sale_id)))
    headers = {
        "Content-Disposition": f'attachment; filename="sale-prices-{sale_id}.csv"',
        "Content-Type": "text/csv; charset=utf-8",
    }
    return "\ufeff" + stream.getvalue(), headers


@panel.get("/import")
@may_edit
def choose_file() -> Any:
    """The form for a file."""
    return _file_form()


@panel.post("/import")
@may_edit
def take_file() -> Any:
    """Carry a price list in: all of it or nothing."""
    name = request.form.get("name", "").strip()
    upload = request.files.get("file")
    if not name or len(name) > NAME_LENGTH:
        return _file_form({"name": _("Fill this in.") if not name else _("This is too long.")})
    if upload is None or not upload.filename:
        return _file_form({"file": _("Choose a file.")})
    try:
        saved = services.import_list(current_site(), name, io.BytesIO(upload.stream.read()), actor=actor())
    except services.Unreadable as refusal:
        return _file_form({"file": say(refusal)}, refusal.errors)
    except UnreadableFile as refusal:
        return _file_form({"file": say(refusal)})
    toast(_("The prices are taken."))
    if len(saved) == 1:
        return redirect303(url_for("sale_prices.panel.edit", sale_id=saved[0]))
    return redirect303(url_for("sale_prices.panel.show"))


def _file_form(problems: Mapping[str, str] | None = None, rows: Any = ()) -> Any:
    return render(
        "sale_prices/import.html",
        422 if problems else 200,
        values=request.form,
        problems=problems or {},
        errors=rows[:_SHOWN_ERRORS],
        hidden=max(0, len(rows) - _SHOWN_ERRORS),
    )
