"""The account of a shopper: overview and orders. Every order is looked up with its site and its owner."""

from __future__ import annotations

from typing import Any

from flask import Response, request, url_for
from msgspec import Struct

from core.accounts.models import Shopper
from core.accounts.services import current_shopper
from core.kernel.i18n import gettext as _
from core.kernel.respond import page
from core.kernel.security import shopper
from core.kernel.sites import current
from core.lib.errors import NotFound
from core.orders.services.listing import orders_of
from core.storefront.services.order import find_own_order, order_cards, shown_order
from core.storefront.views.place import VIEWS


class Place(Struct, frozen=True, kw_only=True):
    """A place of the account, as its menu shows it."""

    name: str
    icon: str
    url: str
    current: bool


@VIEWS.get("/account")
@shopper
def account() -> Response:
    """The overview: who, and the latest orders."""
    latest = orders_of(current().site, myself().id, limit=3).orders
    return account_page("pages/account.html", "account", orders=order_cards(current(), latest))


@VIEWS.get("/account/orders")
@shopper
def account_orders() -> Response:
    """All orders, newest first."""
    found = orders_of(current().site, myself().id, request.args.get("after"))
    following = url_for("storefront.account_orders", after=found.next) if found.next else ""
    return account_page(
        "pages/account_orders.html",
        "account_orders",
        orders=order_cards(current(), found.orders),
        next_url=following,
    )


@VIEWS.get("/account/orders/<number>")
@shopper
def account_order(number: str) -> Response:
    """One order of this very shopper."""
    person = myself()
    order = find_own_order(current().site, person.id, number)
    if order is None:
        raise NotFound
    return account_page("pages/account_order.html", "account_orders", order=shown_order(current(), order))


def account_page(template: str, here: str, status: int = 200, **values: Any) -> Response:
    """A page of the account with its menu, in which the place `here` is the present one."""
    named = (
        ("account", _("Overview"), "user"),
        ("account_orders", _("Orders"), "box"),
        ("account_addresses", _("Addresses"), "pin"),
        ("account_details", _("Your details"), "edit"),
        ("account_devices", _("Signed-in devices"), "phone"),
        ("account_data", _("Your data"), "shield"),
    )
    places = [
        Place(name=name, icon=icon, url=url_for(f"storefront.{endpoint}"), current=endpoint == here)
        for endpoint, name, icon in named
    ]
    return page(template, status, shopper=myself(), places=places, **values)


def myself() -> Shopper:
    """Who is logged in, on pages that let nobody else in."""
    found = current_shopper()
    assert found is not None
    return found
