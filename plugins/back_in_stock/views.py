"""The form, its two links, and what the merchant sees of it."""

from __future__ import annotations

from typing import Any

from core.api import (
    LimitRule,
    NotFound,
    PanelSection,
    ProductPage,
    Refused,
    TooMany,
    Unfit,
    Views,
    add_limit,
    any_origin,
    current_currency,
    current_site,
    language,
    product_page,
    public,
    redirect303,
    render,
    request,
    say,
    staff,
    take_limit,
    toast,
    url_for,
    while_open,
)
from core.api import gettext as _
from plugins.back_in_stock import services

Response = Any
PERMISSION = "back_in_stock.view"
shop = Views()
panel = Views()
add_limit("back_in_stock.wait", LimitRule(address="20 per hour; 60 per day", shared=True))


@shop.get("/<path:path>")
@while_open
@public
def form(path: str) -> Response:
    """The form on a page of its own."""
    return _form(_product(path), {"variant": request.args.get("variant", "")}, {})


@shop.post("/<path:path>")
@while_open
@public
def wait(path: str) -> Response:
    """Store the address; what cannot be stored comes back as it was typed."""
    product = _product(path)
    typed = {"email": request.form.get("email", "")[:300], "variant": request.form.get("variant", "")}
    try:
        take_limit("back_in_stock.wait")
        variant_id = int(typed["variant"]) if typed["variant"].isdecimal() and len(typed["variant"]) < 12 else 0
        counts = services.subscribe(
            current_site(), product, variant_id, typed["email"], language(), current_currency()
        )  # fmt: skip
    except Unfit as refusal:
        return _form(product, typed, {name: _(text) for name, text in refusal.errors.items()}, 422)
    except services.NotNeeded as refusal:
        toast(say(refusal))
        return _back(product, variant_id)
    except (TooMany, Refused) as refusal:
        return _form(product, typed, {"email": say(refusal)}, refusal.status)
    toast(_("We write once it can be bought again.") if counts else _("Look into your mail, and confirm your address."))
    return _back(product, variant_id)


def _back(product: ProductPage, variant_id: int) -> Response:
    """The product with the variant that was asked about."""
    variant = product.variant(variant_id)
    sku = variant.sku if variant is not None and product.options else None
    return redirect303(url_for("storefront.product", path=product.path, v=sku))


def _product(path: str) -> ProductPage:
    found = product_page(current_site(), language(), current_currency(), path)
    if not isinstance(found, ProductPage):
        raise NotFound
    return found


def _form(product: ProductPage, typed: dict[str, str], errors: dict[str, str], status: int = 200) -> Response:
    page = render(
        "back_in_stock/shop/page.html", status, product=product, missing=services.missing(product), typed=typed,
        errors=errors,
    )  # fmt: skip
    page.headers["Cache-Control"] = "no-store"
    return page


@shop.get("/yes/<int:number>/<key>")
@public
def confirm(number: int, key: str) -> Response:
    """Asks for the click that confirms an address; a mail program that opens links confirms nothing."""
    return _asked("confirm", number, key)


@shop.post("/yes/<int:number>/<key>")
@public
def confirm_now(number: int, key: str) -> Response:
    """The address counts."""
    services.confirm(current_site(), number, key)
    return _asked("confirm", number, key, is_done=True)


@shop.get("/no/<int:number>/<key>")
@public
def stop(number: int, key: str) -> Response:
    """Asks for the click that ends the waiting."""
    return _asked("stop", number, key)


@shop.post("/no/<int:number>/<key>")
@any_origin
@public
def stop_now(number: int, key: str) -> Response:
    """The address is forgotten; mail programs ask for it, too (RFC 8058)."""
    services.stop(current_site(), number, key)
    return _asked("stop", number, key, is_done=True)


def _asked(what: str, number: int, key: str, *, is_done: bool = False) -> Response:
    page = render("back_in_stock/shop/link.html", what=what, number=number, key=key, is_done=is_done)
    page.headers["Cache-Control"] = "no-store"
    return page


# -- the panel ---------------------------------------------------------------------------------------------------------


@panel.get("/")
@staff(PERMISSION)
def show() -> Response:
    """What people wait for."""
    return render("back_in_stock/panel/list.html", counts=services.counts(current_site(), language()))


CARD = PanelSection(
    place="product",
    title="Back in stock",
    template="back_in_stock/panel/card.html",
    values=lambda site, product_id: {"counts": services.counts(site, site.language, product_id)},
    permission=PERMISSION,
)
