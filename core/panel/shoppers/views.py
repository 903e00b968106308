"""The list of shoppers, a page for each, and what staff may do for them."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, request, url_for

from core.accounts import services as accounts
from core.accounts.services import desk
from core.checkout.services.shopper_data import exported, exported_guest
from core.kernel import activity, db, i18n
from core.kernel.i18n import gettext as _
from core.kernel.i18n import lazy, ngettext
from core.kernel.security import staff
from core.kernel.sites import current
from core.lib.errors import Refused
from core.orders.services.forget import StillOpen, forget_guest
from core.panel.orders.services import axes, returning
from core.panel.saved.services import READY
from core.panel.services import section_problems, shows_sections
from core.panel.shell import actor, panel, shell
from core.panel.shell.answers import address, data_file, page, table_file, to
from core.panel.shell.once import form_key, once
from core.panel.shoppers import services


@panel.get("/shoppers", endpoint="shoppers")
@staff("shoppers.view")
def show() -> Response:
    """The accounts that fit the address' filters, newest first or sorted."""
    chosen, before = services.read(request.args), request.args.get("before", type=int)
    if request.args.get("show") == "guests":
        return _guests(chosen, before)
    rows, further = services.listed(current().site, chosen, before)
    return page(
        "shoppers.html",
        rows=rows,
        filters=chosen,
        views=_views(chosen.show),
        sorts=_sorts(chosen),
        chips=[
            (title, value, address("panel.shoppers", **chosen.address(**{name: ""})))
            for name, title, value in (("q", _("Search"), chosen.q), ("tag", _("Tag"), chosen.tag))
            if value
        ],
        tags=[(word, word) for word in desk.known_tags(current().site)],
        export=address("panel.shoppers_export", **chosen.address()),
        next=address("panel.shoppers", before=further, **chosen.address()) if further else "",
        first=address("panel.shoppers", **chosen.address()) if before else "",
        may=shell().may,
    )


_VIEWS = READY["shoppers"] = {
    "": lazy("All"),
    "unconfirmed": lazy("Not confirmed"),
    "blocked": lazy("Blocked"),
    "leaving": lazy("Leaving"),
    "guests": lazy("Guests"),
}


def _views(shown: str) -> list[tuple[str, str, bool, None]]:
    return [
        (str(title), address("panel.shoppers", show=key or None), key == shown, None) for key, title in _VIEWS.items()
    ]


def _sorts(chosen: services.Filters, **more: str) -> dict[str, str]:
    """Where each column's title leads: to the list by it, the most first, or back to the newest."""
    return {
        name: address("panel.shoppers", **chosen.address(sort="" if chosen.sort == name else name), **more)
        for name in ("orders", "spent")
    }


def _guests(chosen: services.Filters, before: int | None) -> Response:
    rows, further = services.guests_listed(current().site, chosen, before)
    return page(
        "guests.html",
        rows=rows,
        filters=chosen,
        views=_views("guests"),
        sorts=_sorts(chosen, show="guests"),
        next=address("panel.shoppers", before=further, show="guests", **chosen.address()) if further else "",
        first=address("panel.shoppers", show="guests", **chosen.address()) if before else "",
    )


@panel.get("/shoppers/guests/<int:order_id>", endpoint="guest")
@staff("shoppers.view")
def guest(order_id: int) -> Response:
    """Somebody who ordered without an account, by one of their orders."""
    found = services.guest(current().site, order_id)
    sees_orders = shell().may("orders.view")
    return page(
        "guest.html",
        about=found,
        orders=[(order, axes.of(order)) for order in found.orders] if sees_orders else [],
        may=shell().may,
    )


@panel.post("/shoppers/guests/<int:order_id>/data", endpoint="guest_data")
@staff("shoppers.export")
def download_guest(order_id: int) -> Response:
    """All that the shop knows of a guest who asked for it, as a file; that somebody took it is noted."""
    site = current().site
    services.guest(site, order_id)
    text = exported_guest(site, order_id)
    with db.transaction():
        activity.record(actor(), "guest.data", f"order:{order_id}", site_id=site.id)
    return data_file(f"guest-{order_id}", text)


@panel.get("/shoppers/guests/<int:order_id>/erase", endpoint="guest_erase")
@staff("shoppers.edit")
def ask_erase_guest(order_id: int) -> Response:
    """What erasing a guest means, before anybody does it."""
    return page("guest_erase.html", about=services.guest(current().site, order_id))


@panel.post("/shoppers/guests/<int:order_id>/erase", endpoint="guest_erase_save")
@staff("shoppers.edit")
def erase_guest(order_id: int) -> Response:
    """Let nobody tell any more who placed these orders; at once, since nothing of it can be signed in to."""
    site = current().site
    try:
        count = forget_guest(site, order_id, actor=actor())
    except StillOpen as refusal:
        return to("panel.guest", say=i18n.say(refusal), kind="bad", order_id=order_id)
    said = ngettext("%(n)s order names nobody any more.", "%(n)s orders name nobody any more.", count)
    return to("panel.shoppers", say=said, show="guests")


@panel.get("/shoppers.csv", endpoint="shoppers_export")
@staff("shoppers.export")
def export() -> Response:
    """The accounts that the same filters show, as a table."""
    site = current().site
    wanted = services.read(request.args)
    return table_file("shoppers", lambda file: services.write_shoppers(site, wanted, file))


@panel.get("/shoppers/<int:shopper_id>", endpoint="shopper")
@staff("shoppers.view")
def one(shopper_id: int) -> Response:
    """One shopper with all that the shop knows of them."""
    found = services.shown(current().site, shopper_id)
    sees_orders = shell().may("orders.view")
    return page(
        "shopper.html",
        about=found,
        shopper=found.shopper,
        language=i18n.language_name(found.shopper.language),
        orders=[(order, axes.of(order)) for order in found.orders] if sees_orders else [],
        guest=[(order, axes.of(order)) for order in found.guest] if sees_orders else [],
        cases=[(case, returning.status(case), str(returning.KINDS[case.kind])) for case in found.cases if sees_orders],
        may=shell().may,
        problems=section_problems(),
    )


shows_sections("shopper", one)


# -- notes and tags ----------------------------------------------------------------------------------------------------


@panel.post("/shoppers/<int:shopper_id>/note", endpoint="shopper_note")
@staff("shoppers.edit")
@once("panel.shopper", "shopper_id")
def write_note(shopper_id: int) -> Response:
    """Keep a note for the team."""
    text = request.values.get("text", "")

    def verb() -> None:
        desk.write_note(current().site, shopper_id, text, actor=actor(), key=form_key())

    return _done(shopper_id, verb, _("It is kept."))


@panel.post("/shoppers/<int:shopper_id>/notes/<int:note_id>/drop", endpoint="shopper_note_drop")
@staff("shoppers.edit")
def drop_note(shopper_id: int, note_id: int) -> Response:
    """Take a note away."""
    text = desk.drop_note(current().site, shopper_id, note_id, actor=actor())
    undo = url_for("panel.shopper_note", shopper_id=shopper_id, text=text)
    return to("panel.shopper", say=_("The note is gone."), undo=undo, shopper_id=shopper_id)


@panel.post("/shoppers/<int:shopper_id>/tags", endpoint="shopper_tags")
@staff("shoppers.edit")
def set_tags(shopper_id: int) -> Response:
    """Put a tag on, or take one off."""
    site, off = current().site, request.form.get("off", "")
    if off:
        return _done(shopper_id, lambda: desk.untag_shopper(site, shopper_id, off, actor=actor()))
    tag = request.form.get("tag", "")
    return _done(shopper_id, lambda: desk.tag_shopper(site, shopper_id, tag, actor=actor()))


# -- the account -------------------------------------------------------------------------------------------------------


@panel.post("/shoppers/<int:shopper_id>/block", endpoint="shopper_block")
@staff("shoppers.edit")
def block(shopper_id: int) -> Response:
    """Shut the account to its owner, and end its sessions."""
    undo = url_for("panel.shopper_unblock", shopper_id=shopper_id)
    said = _("Blocked: nobody gets into this account. Its orders go on.")
    return _done(shopper_id, lambda: accounts.disable_shopper(current().site, shopper_id, actor=actor()), said, undo)


@panel.post("/shoppers/<int:shopper_id>/unblock", endpoint="shopper_unblock")
@staff("shoppers.edit")
def unblock(shopper_id: int) -> Response:
    """Open the account again."""
    undo = url_for("panel.shopper_block", shopper_id=shopper_id)
    said = _("The account is open again.")
    return _done(shopper_id, lambda: accounts.enable_shopper(current().site, shopper_id, actor=actor()), said, undo)


@panel.post("/shoppers/<int:shopper_id>/password", endpoint="shopper_password")
@staff("shoppers.edit")
@once("panel.shopper", "shopper_id")
def send_password(shopper_id: int) -> Response:
    """Mail the owner a link for a new password."""
    said = _("A link for a new password is on its way. It works for an hour.")

    def verb() -> None:
        desk.send_reset(current().site, shopper_id, actor=actor(), key=form_key())

    return _done(shopper_id, verb, said)


@panel.post("/shoppers/<int:shopper_id>/sign-out", endpoint="shopper_sign_out")
@staff("shoppers.edit")
def sign_out(shopper_id: int) -> Response:
    """End all of their sessions."""
    services.of_site(current().site, shopper_id)
    ended = desk.sign_out(current().site, shopper_id, actor=actor())
    said = ngettext("%(n)s session is ended.", "%(n)s sessions are ended.", ended)
    return to("panel.shopper", say=said, shopper_id=shopper_id)


@panel.post("/shoppers/<int:shopper_id>/data", endpoint="shopper_data")
@staff("shoppers.export")
def download(shopper_id: int) -> Response:
    """All that the shop knows of a shopper who asked for it, as a file; that somebody took it is noted."""
    site = current().site
    shopper = services.of_site(site, shopper_id)
    text = exported(site, shopper)
    with db.transaction():
        activity.record(actor(), "shopper.data", f"shopper:{shopper_id}", site_id=site.id)
    return data_file(f"shopper-{shopper_id}", text)


@panel.get("/shoppers/<int:shopper_id>/erase", endpoint="shopper_erase")
@staff("shoppers.edit")
def ask_erase(shopper_id: int) -> Response:
    """What erasing means, before anybody does it."""
    return page("shopper_erase.html", shopper=services.of_site(current().site, shopper_id), days=accounts.GRACE.days)


@panel.post("/shoppers/<int:shopper_id>/erase", endpoint="shopper_erase_save")
@staff("shoppers.edit")
def erase(shopper_id: int) -> Response:
    """Let the account be erased in two weeks; until then it can be kept."""
    services.of_site(current().site, shopper_id)
    erased = accounts.erase_for(current().site, shopper_id, actor=actor())
    undo = url_for("panel.shopper_keep", shopper_id=shopper_id)
    said = _("The account will be erased on %(day)s.", day=i18n.day(erased.erase_at))
    return to("panel.shopper", say=said, undo=undo, shopper_id=shopper_id)


@panel.post("/shoppers/<int:shopper_id>/keep", endpoint="shopper_keep")
@staff("shoppers.edit")
def keep(shopper_id: int) -> Response:
    """Keep the account after all."""
    site = current().site
    accounts.keep_account(site, services.of_site(site, shopper_id), actor=actor())
    return to("panel.shopper", say=_("The account stays."), shopper_id=shopper_id)


def _done(shopper_id: int, act: Callable[[], object], said: str = "", undo: str = "") -> Response:
    """Back to the shopper, with what was done or why it was not."""
    services.of_site(current().site, shopper_id)
    try:
        act()
    except Refused as refusal:
        return to("panel.shopper", say=i18n.say(refusal), kind="bad", shopper_id=shopper_id)
    return to("panel.shopper", say=said, undo=undo, shopper_id=shopper_id)
