"""Reviews in the shop: the list of a product's, the form, a vote, and the end of our mails."""

from __future__ import annotations

from typing import Any

from core.api import (
    LimitRule,
    Moved,
    NotFound,
    NotOpen,
    ProductPage,
    Refused,
    TooMany,
    Unfit,
    Views,
    absolute,
    add_limit,
    any_origin,
    cacheable,
    current_currency,
    current_shopper,
    current_site,
    depends,
    is_open,
    language,
    language_name,
    product_page,
    public,
    redirect303,
    render,
    replace,
    request,
    say,
    take_limit,
    toast,
    token,
    url_for,
    while_open,
)
from core.api import gettext as _
from plugins.reviews.forms import ReviewSettings, parse
from plugins.reviews.models import PUBLISHED, Review
from plugins.reviews.services import inviting, reading, voting, writing
from plugins.reviews.services.changing import tag
from plugins.reviews.services.photos import MOST, PhotoWishes, photo_of, public_photo
from plugins.reviews.services.writers import WhoAreYou, Writer, find_writer
from plugins.reviews.views.pictures import picture

Response = Any
shop = Views()
VISITOR = "reviews_visitor"
_YEAR_S = 31_536_000
_FIELDS = ("stars", "title", "text", "name", "language")
add_limit("reviews.write", LimitRule(address="20 per hour; 60 per day", shared=True))
add_limit("reviews.vote", LimitRule(address="60 per hour"))
add_limit("reviews.search", LimitRule(address="60 per minute"))


@shop.get("/<path:path>")
@cacheable
@while_open
@public
def show(path: str) -> Response:
    """All reviews of a product, sorted and narrowed by the query string; the same for everybody."""
    return _list(path, replace(reading.wish_of(request.args), q=""))


@shop.get("/<path:path>/search")
@while_open
@public
def find(path: str) -> Response:
    """The reviews that hold all of these words; asked anew each time, since there are as many pages as words."""
    wish = reading.wish_of(request.args)
    if not wish.q:
        return redirect303(url_for("reviews.show", path=path, **wish.words))
    take_limit("reviews.search")
    return _list(path, wish)


def _list(path: str, wish: reading.Wish) -> Response:
    site, product = current_site(), _product(path)
    if isinstance(product, Moved):
        return redirect303(url_for(f"reviews.{'find' if wish.q else 'show'}", path=product.path, **wish.words))
    depends(tag(site, product.id))
    return render(
        "reviews/shop/list.html",
        product=product,
        wish=wish,
        shown=reading.listed(site, product.id, wish),
        sorts=reading.SORTS,
        is_mixed=reading.is_mixed(product.data.get("reviews", {})),
        own_language=language_name(language()),
        canonical=absolute(url_for("storefront.product", path=product.path)),
        alternates={},
    )


def _product(path: str) -> ProductPage | Moved:
    found = product_page(current_site(), language(), current_currency(), path)
    if found is None:
        raise NotFound
    return found


def _product_here(path: str) -> ProductPage:
    found = _product(path)
    return _product_here(found.path) if isinstance(found, Moved) else found


# -- the form ----------------------------------------------------------------------------------------------------------


@shop.get("/<path:path>/new")
@public
def new(path: str) -> Response:
    """The form, empty or with what this writer has said; those who may not write read why."""
    product, key = _product_here(path), request.args.get("key", "")
    if not is_open():
        return _while_shut(product, key)
    try:
        writer = _writer(product, key)
    except Refused as refusal:
        # Every product's page leads here: who has to log in first gets an answer and no failure.
        return _closed(product, refusal, 200 if refusal.status == 403 else refusal.status)
    own = writing.own_review(current_site(), product.id, writer)
    typed = {field: str(getattr(own, field)) for field in _FIELDS} if own else _blank(writer)
    return _form(product, writer, key, typed, own=own)


@shop.post("/<path:path>/new")
@while_open
@public
def write(path: str) -> Response:
    """Store the review; what cannot be stored comes back as it was typed."""
    product, key = _product_here(path), request.form.get("key", "")
    try:
        writer = _writer(product, key)
    except Refused as refusal:
        return _closed(product, refusal, refusal.status)
    typed = {field: request.form.get(field, "") for field in _FIELDS}
    try:
        take_limit("reviews.write")
        wanted = parse(typed, current_site())
        review = writing.write_review(current_site(), product.id, writer, wanted, _photos())
    except Unfit as refusal:
        return _form(product, writer, key, typed, refusal.errors, 422)
    except TooMany as refusal:
        return _form(product, writer, key, typed, {"": say(refusal)}, 429)
    if review.state == PUBLISHED:
        toast(_("Thank you. Your review is shown now."))
    else:
        toast(_("Thank you. We read your review before it is shown."))
    return redirect303(url_for("storefront.product", path=product.path, _anchor="reviews"))


def _photos() -> PhotoWishes:
    """What the form says of photos. Names are looked up among the writer's own."""
    named = {name.removeprefix("alt-"): text for name, text in request.form.items() if name.startswith("alt-")}
    return PhotoWishes(
        sent=[one.read() for one in request.files.getlist("photos") if one.filename],
        shown=request.form.get("shown", ""),
        alts=named,
        gone=frozenset(request.form.getlist("gone")),
    )


@shop.get("/-/photos/<int:review_id>/<name>")
@public
def photo(review_id: int, name: str) -> Response:
    """A photo of a review that is shown."""
    return picture(public_photo(current_site(), review_id, name), "max-age=600")


@shop.get("/<path:path>/photos/<name>")
@while_open
@public
def own_photo(path: str, name: str) -> Response:
    """A photo for whoever sent it, also while it waits."""
    product = _product_here(path)
    writer = _writer(product, request.args.get("key", ""))
    return picture(photo_of(writing.own_review(current_site(), product.id, writer), name))


@shop.post("/<path:path>/take-back")
@public
def take_back(path: str) -> Response:
    """Delete the writer's own review, whether the shop is open or not."""
    product, key = _product_here(path), request.form.get("key", "")
    writing.take_back(current_site(), product.id, _writer(product, key))
    toast(_("Your review is deleted."))
    if is_open():
        return redirect303(url_for("storefront.product", path=product.path))
    return redirect303(url_for("storefront.track" if key else "storefront.account"))


def _writer(product: ProductPage, key: str) -> Writer:
    site = current_site()
    return find_writer(site, product.id, None if key else current_shopper(), key, anyone=ReviewSettings.of(site).anyone)


def _blank(writer: Writer) -> dict[str, str]:
    return {**dict.fromkeys(_FIELDS, ""), "name": writer.name, "language": language()}


def _in_order(wrong: dict[str, str]) -> list[tuple[str, str]]:
    """(id of the field, message), from the top of the form; what concerns no field comes first."""
    return [
        ("stars-5" if field == "stars" else field, wrong[field]) for field in ("", *_FIELDS, "photos") if field in wrong
    ]


def _form(
    product: ProductPage,
    writer: Writer,
    key: str,
    typed: dict[str, str],
    errors: dict[str, str] | None = None,
    status: int = 200,
    own: Review | None = None,
) -> Response:
    own, wrong = own or writing.own_review(current_site(), product.id, writer), errors or {}
    before_shown = ReviewSettings.of(current_site()).moderation == "before"
    return _private(
        render(
            "reviews/shop/form.html", status, product=product, writer=writer, key=key, typed=typed,
            errors={**dict.fromkeys((*_FIELDS, "photos"), ""), **wrong}, own=own,
            problems=_in_order(wrong), photos=ReviewSettings.of(current_site()).photos, most=MOST,
            again=bool(wrong) and any(one.filename for one in request.files.getlist("photos")),
            before_shown=before_shown,
        )
    )  # fmt: skip


def _while_shut(product: ProductPage, key: str) -> Response:
    """In a shop that is not open, what this writer has said, to be deleted. Raises NotOpen where that is nothing."""
    try:
        own = writing.own_review(current_site(), product.id, _writer(product, key))
    except Refused as refusal:
        raise NotOpen from refusal
    if own is None:
        raise NotOpen
    return _private(render("reviews/shop/shut.html", product=product, own=own, key=key))


def _closed(product: ProductPage, refusal: Refused, status: int) -> Response:
    login = url_for("storefront.login", next=url_for("reviews.new", path=product.path))
    page = render(
        "reviews/shop/closed.html", status, product=product, message=say(refusal),
        login=login if isinstance(refusal, WhoAreYou) or request.values.get("key") else "",
    )  # fmt: skip
    return _private(page)


def _private(page: Response) -> Response:
    page.headers["Cache-Control"] = "no-store"
    return page


# -- helpful -----------------------------------------------------------------------------------------------------------


@shop.post("/<int:review_id>/helpful")
@while_open
@public
def helpful(review_id: int) -> Response:
    """Count a vote and go back to the review."""
    take_limit("reviews.vote")
    shopper = current_shopper()
    shopper_id = shopper.id if shopper is not None else None
    visitor = request.cookies.get(VISITOR, "")[:40] or token()
    product = _product_here(request.form.get("path", ""))
    review, is_new = voting.vote(current_site(), review_id, voting.voter_of(shopper_id, visitor), shopper_id)
    toast(_("Thank you.") if is_new else _("You have said so already."))
    wish = reading.wish_of(request.form)
    here: dict[str, Any] = {"_anchor": f"review-{review.id}", "path": product.path}
    on_page = request.form.get("from") == "list"
    answer = redirect303(
        url_for(f"reviews.{'find' if wish.q else 'show'}", **here, **wish.words)
        if on_page
        else url_for("storefront.product", **here)
    )
    if shopper_id is None:
        answer.set_cookie(
            VISITOR, visitor, max_age=_YEAR_S, path="/", secure=request.is_secure, httponly=True, samesite="Lax"
        )
    return answer


# -- mails -------------------------------------------------------------------------------------------------------------


@shop.get("/-/stop/<key>")
@public
def stop(key: str) -> Response:
    """Ask whether our mails should end."""
    return _private(render("reviews/shop/stop.html", key=key, is_done=False))


@shop.post("/-/stop/<key>")
@any_origin
@public
def stop_now(key: str) -> Response:
    """Ask this buyer for no more reviews; mail programs ask for it, too (RFC 8058)."""
    inviting.stop_mails(current_site(), key)
    return _private(render("reviews/shop/stop.html", key=key, is_done=True))
