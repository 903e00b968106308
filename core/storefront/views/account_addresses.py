"""The address book. Every address is looked up with its owner and its site."""

from __future__ import annotations

from flask import Response, request, url_for

from core.accounts import services as accounts
from core.checkout.forms import read_address
from core.hookspecs.checkout import Address
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.respond import note, redirect
from core.kernel.security import shopper
from core.kernel.sites import current
from core.lib.errors import Refused
from core.storefront.services.account_addresses import address_form, kept_addresses, stored_address
from core.storefront.services.fields import Errors, said
from core.storefront.views.account import account_page, myself
from core.storefront.views.place import VIEWS


@VIEWS.get("/account/addresses")
@shopper
def account_addresses() -> Response:
    """All kept addresses, the one that is delivered to first."""
    return _book()


@VIEWS.get("/account/addresses/new")
@shopper
def new_address() -> Response:
    """The empty form, for the site's own country at first."""
    address = Address(country=current().site.country, name=myself().name)
    return _form_page(None, address, {}, main=not accounts.addresses_of(myself()), billing=False)


@VIEWS.post("/account/addresses/new", endpoint="add_address")
@shopper
def add_address() -> Response:
    """Keep a new address."""
    return _save(None)


@VIEWS.get("/account/addresses/<int:address_id>")
@shopper
def edit_address(address_id: int) -> Response:
    """The form of a kept address."""
    kept = accounts.get_address(myself(), address_id)
    return _form_page(address_id, stored_address(kept), {}, main=kept.main, billing=kept.billing)


@VIEWS.post("/account/addresses/<int:address_id>", endpoint="save_address")
@shopper
def save_address(address_id: int) -> Response:
    """Change a kept address."""
    accounts.get_address(myself(), address_id)
    return _save(address_id)


@VIEWS.post("/account/addresses/<int:address_id>/remove")
@shopper
def remove_address(address_id: int) -> Response:
    """Take an address out of the book. Orders that went there keep theirs."""
    accounts.remove_address(myself(), address_id)
    note(_("The address is removed."), undo=_undo(address_id))
    return redirect(url_for("storefront.account_addresses"))


@VIEWS.post("/account/addresses/<int:address_id>/restore")
@shopper
def restore_address(address_id: int) -> Response:
    """Bring back what was removed; where that is not possible, the address book says why."""
    try:
        back = accounts.restore_address(myself(), address_id)
    except accounts.BookFull as full:
        return _book(full.status, problem=i18n.say(full), undo=_undo(address_id))
    except accounts.AddressGone as gone:
        return _book(gone.status, problem=i18n.say(gone))
    note(
        _("The address is back, and is delivered to.")
        if back.main
        else _("The address is back. Another one is delivered to.")
    )
    return redirect(url_for("storefront.account_addresses"))


def _undo(address_id: int) -> str:
    return url_for("storefront.restore_address", address_id=address_id)


def _book(status: int = 200, *, problem: str = "", undo: str = "") -> Response:
    """The address book, with what went wrong and the button that tries it again."""
    kept = kept_addresses(myself())
    return account_page(
        "pages/account_addresses.html", "account_addresses", status, addresses=kept, problem=problem, undo=undo
    )


def _save(address_id: int | None) -> Response:
    """Without a script the fields of another country come by the form's own button, and nothing is kept by it."""
    sent = request.form
    typed = read_address(sent) or Address(country=current().site.country)
    uses = {"main": "main" in sent, "billing": "billing" in sent}
    if "country_only" in sent:
        return _form_page(address_id, typed, {}, **uses)
    try:
        accounts.save_address(myself(), sent, address_id=address_id, **uses)
    except Refused as error:
        return _form_page(address_id, typed, said(error), error.status, **uses)
    note(_("The address is kept."))
    return redirect(url_for("storefront.account_addresses"))


def _form_page(
    address_id: int | None, address: Address, errors: Errors, status: int = 200, *, main: bool, billing: bool
) -> Response:
    form = address_form(address, errors, main=main, billing=billing)
    return account_page("pages/account_address.html", "account_addresses", status, form=form, address_id=address_id)
