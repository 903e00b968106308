"""The list's page, its buttons, and the page behind its link."""

from __future__ import annotations

from flask import Response

from core.api import (
    NotFound,
    Refused,
    Views,
    absolute,
    add_to_cart,
    cards_for,
    cart_token,
    current_currency,
    current_shopper,
    current_site,
    is_fragment,
    keep_mine,
    language,
    public,
    redirect303,
    remember_cart,
    render,
    request,
    say,
    shopper,
    toast,
    url_for,
    while_open,
)
from core.api import gettext as _
from plugins.wishlist.services import cookie, keeping, showing
from plugins.wishlist.services.cookie import Entry

shop = Views()
COOKIE = "mine_wishlist"


@shop.get("/")
@while_open
@public
def show() -> Response:
    """The visitor's own list."""
    site, person = current_site(), _shopper_id()
    known = keeping.entries(site, person, _cookie())
    key = keeping.shared_key(site, person) if person is not None else ""
    answer = render(
        "wishlist/list.html",
        wishes=showing.shown(site, language(), current_currency(), known),
        has_account=person is not None,
        shared=absolute(url_for("wishlist.shared", key=key)) if key else "",
    )
    return _remember(answer, known)


@shop.post("/add")
@while_open
@public
def add() -> Response:
    """Put a product on the list; a second press takes it off again, since the button cannot know what it was."""
    site, person, product_id = current_site(), _shopper_id(), _product_id()
    known = keeping.entries(site, person, _cookie())
    if is_fragment() and any(entry.product_id == product_id for entry in known):
        return remove()
    try:
        known = keeping.keep(site, person, _cookie(), product_id, language=language(), currency=current_currency())
    except keeping.ListFull as full:
        return _done(say(full), "bad", full.status)
    return _remember(_done(_("It is on your wish list.")), known)


@shop.post("/remove")
@while_open
@public
def remove() -> Response:
    """Take a product off the list."""
    site, person, product_id = current_site(), _shopper_id(), _product_id()
    gone = keeping.find(site, person, _cookie(), product_id)
    left = keeping.drop(site, person, _cookie(), product_id)
    return _remember(_done(_("It is off your wish list."), undo=_undo(*gone) if gone else ""), left)


@shop.post("/back/<int:place>/<held>")
@while_open
@public
def put_back(place: int, held: str) -> Response:
    """Put back what was taken off, as it was; `held` is its signed entry."""
    site, person = current_site(), _shopper_id()
    found = cookie.read(site, held)
    if len(found) != 1:
        raise NotFound
    try:
        known = keeping.put_back(site, person, _cookie(), found[0], place)
    except keeping.ListFull as full:
        return _done(say(full), "bad", full.status, undo=_undo(found[0], place))
    return _remember(_done(_("It is on your wish list.")), known)


def _undo(entry: Entry, place: int) -> str:
    return url_for("wishlist.put_back", place=place, held=cookie.written(current_site(), [entry]))


@shop.post("/move")
@while_open
@public
def move() -> Response:
    """Put a product that needs no choice into the cart, and take it off the list."""
    site, person, product_id = current_site(), _shopper_id(), _product_id()
    card = cards_for(site, language(), current_currency(), [product_id]).get(product_id)
    if card is None or card.variant_id is None:
        toast(_("Choose on the page of the product first."), "bad")
        return redirect303(url_for("storefront.product", path=card.path) if card else url_for("wishlist.show"))
    try:
        token = add_to_cart(
            site,
            cart_token(),
            card.variant_id,
            1,
            currency=current_currency(),
            language=language(),
            shopper_id=person,
        )
    except Refused as refused:
        toast(say(refused), "bad")
        return redirect303(url_for("wishlist.show"))
    known = keeping.drop(site, person, _cookie(), product_id)
    return remember_cart(_remember(redirect303(url_for("storefront.cart")), known), token)


@shop.post("/share")
@while_open
@shopper
def share() -> Response:
    """Make a link to the list."""
    keeping.share(current_site(), _shopper_id() or 0)
    return redirect303(url_for("wishlist.show") + "#share")


@shop.post("/unshare")
@while_open
@shopper
def unshare() -> Response:
    """Let the link lead nowhere."""
    keeping.unshare(current_site(), _shopper_id() or 0)
    toast(_("The link leads nowhere now."))
    return redirect303(url_for("wishlist.show") + "#share")


@shop.get("/of/<key>")
@while_open
@public
def shared(key: str) -> Response:
    """Somebody's list, for whoever has its link. It does not say whose it is."""
    site = current_site()
    wishes = showing.shown(site, language(), current_currency(), keeping.shared_entries(site, key))
    answer = render("wishlist/shared.html", cards=[wish.card for wish in wishes if wish.card is not None])
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _done(said: str, kind: str = "good", status: int = 200, *, undo: str = "") -> Response:
    """For a script the words alone; else the list, which says them."""
    if is_fragment():
        return Response(said, status, mimetype="text/plain")
    toast(said, kind, undo)
    return redirect303(url_for("wishlist.show"))


def _remember(answer: Response, known: list[Entry]) -> Response:
    held = cookie.written(current_site(), known)
    return answer if held == _cookie() else keep_mine(answer, COOKIE, held)


def _cookie() -> str:
    return str(request.cookies.get(COOKIE, ""))


def _shopper_id() -> int | None:
    person = current_shopper()
    return person.id if person is not None else None


def _product_id() -> int:
    sent = request.form.get("product", "")
    return int(sent) if sent.isdecimal() and len(sent) < 10 else 0
