"""The panel's pages: the list, the form, and one coupon with its uses and codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.api import (
    Money,
    Site,
    Unfit,
    Views,
    actor,
    current_site,
    panel_form_key,
    panel_once,
    panel_to,
    render,
    request,
    say,
    staff,
)
from core.api import gettext as _
from plugins.coupons import forms, services
from plugins.coupons.models import Coupon

panel = Views()
may_edit = staff("coupons.edit")


@panel.get("/")
@may_edit
def show() -> Any:
    """All coupons."""
    return render("coupons/list.html", coupons=services.listed(current_site()))


@panel.get("/new")
@may_edit
def new() -> Any:
    """An empty form."""
    return _form({"kind": "percent"}, {}, None)


@panel.post("/new")
@may_edit
@panel_once("coupons.panel.show")
def create() -> Any:
    """Add a coupon."""
    return _saved(None)


@panel.get("/<int:coupon_id>/edit")
@may_edit
def edit(coupon_id: int) -> Any:
    """The form of one coupon."""
    site = current_site()
    return _form(_filled(site, services.find_coupon(site, coupon_id)), {}, coupon_id)


@panel.post("/<int:coupon_id>/edit")
@may_edit
def save(coupon_id: int) -> Any:
    """Change a coupon."""
    return _saved(coupon_id)


@panel.get("/<int:coupon_id>")
@may_edit
def one(coupon_id: int) -> Any:
    """A coupon, how it was used, and its codes."""
    return _coupon(services.find_coupon(current_site(), coupon_id), {}, {})


@panel.post("/<int:coupon_id>/codes")
@may_edit
@panel_once("coupons.panel.one", "coupon_id")
def make_codes(coupon_id: int) -> Any:
    """Make one-use codes."""
    try:
        count, prefix = forms.parse_batch(request.form)
    except Unfit as refusal:
        return _coupon(services.find_coupon(current_site(), coupon_id), request.form, refusal.errors, 422)
    services.make_codes(current_site(), coupon_id, count, prefix, actor=actor(), key=panel_form_key())
    return panel_to("coupons.panel.one", say=_("%(count)s codes were made.", count=count), coupon_id=coupon_id)


@panel.get("/<int:coupon_id>/codes.csv")
@may_edit
def download(coupon_id: int) -> Any:
    """The one-use codes, one in each line."""
    site = current_site()
    codes = services.codes_of(site, services.find_coupon(site, coupon_id), once=True)
    headers = {
        "Content-Disposition": f'attachment; filename="codes-{coupon_id}.csv"',
        "Content-Type": "text/csv; charset=utf-8",
    }
    return "code\r\n" + "".join(f"{code}\r\n" for code in codes), headers


@panel.post("/<int:coupon_id>/switch")
@may_edit
def switch(coupon_id: int) -> Any:
    """Switch a coupon off, or on again."""
    on = bool(request.form.get("on"))
    services.switch(current_site(), coupon_id, on=on, actor=actor())
    said = _("The coupon works again.") if on else _("The coupon is switched off. Its codes are refused from now on.")
    return panel_to("coupons.panel.one", say=said, coupon_id=coupon_id)


def _saved(coupon_id: int | None) -> Any:
    site = current_site()
    try:
        wanted = forms.parse(request.form, site)
        saved = services.save_coupon(site, wanted, actor=actor(), coupon_id=coupon_id, key=panel_form_key())
    except Unfit as refusal:
        return _form(request.form, refusal.errors, coupon_id, 422)
    except services.CodeTaken as refusal:
        return _form(request.form, {"code": say(refusal)}, coupon_id, 422)
    said = _("Saved. It applies to the next cart that is looked at.")
    return panel_to("coupons.panel.one", say=said, coupon_id=saved)


def _form(values: Mapping[str, Any], errors: Mapping[str, str], coupon_id: int | None, status: int = 200) -> Any:
    chosen = values.getlist("categories") if hasattr(values, "getlist") else values.get("categories", [])
    known = [(str(number), name, "") for number, name in services.categories(current_site())]
    return render(
        "coupons/edit.html", status, values=values, errors=errors, coupon_id=coupon_id, categories=known, chosen=chosen
    )


def _coupon(coupon: Coupon, values: Mapping[str, str], errors: Mapping[str, str], status: int = 200) -> Any:
    site = current_site()
    return render(
        "coupons/coupon.html",
        status,
        coupon=coupon,
        values=values,
        errors=errors,
        uses=services.uses_of(site, coupon),
        common=services.codes_of(site, coupon, once=False),
        once=services.codes_of(site, coupon, once=True),
        last_day=_last_day(site, coupon),
        takes_off=services.takes_off(coupon),
    )


def _last_day(site: Site, coupon: Coupon) -> str:
    return forms.day_of(coupon.ends, site, days=1)


def _filled(site: Site, coupon: Coupon) -> dict[str, Any]:
    """A coupon as its form would have sent it."""
    amounts = {f"amount_{code}": Money(amount, code).decimal for code, amount in coupon.amounts.items()}
    minimums = {f"minimum_{code}": Money(amount, code).decimal for code, amount in coupon.minimums.items()}
    return {
        **amounts,
        **minimums,
        "title": coupon.title,
        "kind": coupon.kind,
        "percent": f"{coupon.basis_points / 100:g}" if coupon.basis_points else "",
        "skus": "\n".join(services.skus_of(coupon.product_ids)) if coupon.product_ids else "",
        "categories": [str(number) for number in coupon.category_ids],
        "starts": forms.day_of(coupon.starts, site),
        "ends": _last_day(site, coupon),
        "total_limit": coupon.total_limit or "",
        "customer_limit": coupon.customer_limit or "",
        "alone": "1" if coupon.alone else "",
        "code": next(iter(services.codes_of(site, coupon, once=False)), ""),
    }
