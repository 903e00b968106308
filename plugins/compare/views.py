"""The comparison's page and its buttons. The browser alone remembers what is in it."""

from __future__ import annotations

from flask import Response

from core.api import (
    Views,
    current_currency,
    current_site,
    is_fragment,
    keep_mine,
    language,
    public,
    redirect303,
    render,
    request,
    say,
    toast,
    url_for,
    while_open,
)
from core.api import gettext as _
from plugins.compare import services

shop = Views()
COOKIE = "mine_compare"


@shop.get("/")
@while_open
@public
def show() -> Response:
    """The table. An address may name the products (`?p=12.40`), so that a comparison can be sent to somebody."""
    named = request.args.get("p", "")
    product_ids = services.read(named) if named else _known()
    found = services.columns(current_site(), language(), current_currency(), product_ids)
    rows, only = services.table(found), request.args.get("only") == "1"
    return render(
        "compare/table.html",
        columns=found,
        rows=[row for row in rows if row.differs or not only],
        only=only,
        differing=sum(row.differs for row in rows),
        named=services.written([column.card.product_id for column in found]),
        is_own=not named,
    )


@shop.post("/add")
@while_open
@public
def add() -> Response:
    """Put a product beside the others; a second press of a script takes it away again."""
    product_id = _product_id()
    if is_fragment() and product_id in _known():
        return remove()
    try:
        known = services.with_one_more(
            current_site(), _known(), product_id, language=language(), currency=current_currency()
        )
    except services.ComparesEnough as enough:
        return _done(say(enough), "bad", enough.status)
    return _remember(_done(_("It is in the comparison.")), known)


@shop.post("/remove")
@while_open
@public
def remove() -> Response:
    """Take a product away."""
    left = [one for one in _known() if one != _product_id()]
    return _remember(_done(_("It is out of the comparison.")), left)


@shop.post("/clear")
@while_open
@public
def clear() -> Response:
    """Take all of them away."""
    return _remember(_done(_("The comparison is empty.")), [])


def _done(said: str, kind: str = "good", status: int = 200) -> Response:
    """For a script the words alone; else the table, which says them."""
    if is_fragment():
        return Response(said, status, mimetype="text/plain")
    toast(said, kind)
    return redirect303(url_for("compare.show"))


def _remember(answer: Response, product_ids: list[int]) -> Response:
    return keep_mine(answer, COOKIE, services.written(product_ids))


def _known() -> list[int]:
    return services.read(request.cookies.get(COOKIE, ""))


def _product_id() -> int:
    sent = request.form.get("product", "")
    return int(sent) if sent.isdecimal() and len(sent) < 10 else 0
