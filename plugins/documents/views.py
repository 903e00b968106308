"""The section of an order's page, the list of documents, what is printed for packing, and the shopper's invoice."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from flask import Response

from core.api import (
    DraftQuote,
    NotFound,
    OrderFilters,
    OrderView,
    PanelSection,
    Refused,
    Site,
    Views,
    actor,
    current_site,
    draft_quote,
    language,
    language_name,
    list_orders,
    offered_quote,
    order_by_key,
    order_view,
    panel_section_id,
    panel_section_refused,
    panel_to,
    public,
    render,
    request,
    say,
    staff,
    stock_locations,
    url_for,
    write_rows,
)
from core.api import gettext as _
from plugins.documents import forms
from plugins.documents.forms import Documents
from plugins.documents.models import INVOICE, KINDS
from plugins.documents.services import issuing, quoting, reading
from plugins.documents.services.paper import (
    MOST_ORDERS,
    Paper,
    drawn_in,
    issued_paper,
    language_of,
    may_be_packed,
    orders_to_ship,
    packing_slips,
    pick_lists,
)

PLUGIN = "documents"
VIEW, ISSUE = "documents.view", "documents.issue"
panel = Views()
shop = Views("/documents")
may_view, may_issue = staff(VIEW), staff(ISSUE)


def _values(site: Site, order_id: int) -> dict[str, Any]:
    """What the order has, and what it lacks."""
    order = order_view(order_id, site=site)
    return {
        "documents": reading.documents_of(site, order_id=order_id),
        "is_packed": order is not None and may_be_packed(order),
        "lacks": issuing.due_kind(site, order_id),
        "error": "",
    }


SECTION = PanelSection(
    place="order", title="Documents", template="documents/section.html", values=_values, permission=VIEW
)


def _quote_values(site: Site, draft_id: int) -> dict[str, Any]:
    """The quote, where there is something to quote."""
    try:
        found = draft_quote(site, draft_id)
    except NotFound:
        return {"code": "", "languages": ()}
    tags = dict.fromkeys(drawn_in(tag) for tag in (found.wish.language, *site.languages))
    return {
        "code": quoting.code_of(site, found), "until": found.until,
        "languages": [(tag, language_name(tag)) for tag in tags],
    }  # fmt: skip


QUOTE = PanelSection(
    place="draft", title="Quote", template="documents/quote.html", values=_quote_values, permission=VIEW
)


@panel.get("/drafts/<int:draft_id>/quote.pdf")
@may_view
def quote(draft_id: int) -> Response:
    """A draft as a quote, in the shopper's language or in one that is asked for."""
    return _quoted(partial(draft_quote, current_site(), draft_id), request.args.get("language", ""))


@shop.get("/quote/<secret>.pdf")
@public
def shopper_quote(secret: str) -> Response:
    """The quote behind a pay link."""
    return _quoted(partial(offered_quote, current_site(), secret), language())


def _quoted(ask: Callable[[str], DraftQuote], wanted: str) -> Response:
    site, found = current_site(), quoting.in_words(ask, wanted)
    return _pdf([quoting.quote_paper(site, found)], quoting.code_of(site, found))


@panel.post("/orders/<int:order_id>/issue")
@may_issue
def issue(order_id: int) -> Response:
    """Issue the invoice, or the credit note, that the order lacks."""
    site, kind = current_site(), request.form.get("kind", "")
    order = order_view(order_id, site=site)
    if order is None or kind not in KINDS:
        raise NotFound
    try:
        issuing.issue(site, order_id, kind, actor=actor())
    except Refused as refusal:
        return panel_section_refused(SECTION, order_id, [("documents-issue", say(refusal))], error=say(refusal))
    said = _("The invoice is issued.") if kind == INVOICE else _("The credit note is issued.")
    return panel_to("panel.order", say=said, number=order.number, _anchor=panel_section_id(PLUGIN, SECTION))


@panel.get("/<int:document_id>.pdf")
@may_view
def download(document_id: int) -> Response:
    """An issued document, in the shopper's language or in one that is asked for."""
    return _issued(document_id, request.args.get("language", ""))


@panel.get("/orders/<int:order_id>/slip.pdf")
@may_view
def slip(order_id: int) -> Response:
    """The packing slip of one order."""
    order = order_view(order_id, site=current_site())
    if order is None:
        raise NotFound
    papers = _slips_of(current_site(), order)
    if not papers:
        raise NothingToPack
    return _pdf(papers, f"slip-{order.number}")


def _slips_of(site: Site, order: OrderView, at: int | None = None) -> list[Paper]:
    return [paper for part in order.live for paper in packing_slips(site, part, at=at)]


@panel.get("/")
@may_view
def show() -> Any:
    """All issued documents, newest first."""
    site, filters = current_site(), forms.read(request.args)
    before = request.args.get("before", "")
    found = reading.list_documents(
        site, filters, before=int(before) if before.isascii() and before.isdecimal() and len(before) < 10 else None,
        limit=reading.PAGE + 1,
    )  # fmt: skip
    page = found[: reading.PAGE]
    here: dict[str, Any] = dict(filters.address())
    following = url_for("documents.panel.show", before=page[-1].id, **here) if len(found) > len(page) else ""
    return render(
        "documents/list.html",
        documents=page,
        filters=filters,
        first=url_for("documents.panel.show", **here) if before else "",
        next=following,
    )


@panel.get("/documents.csv")
@may_view
def export() -> Response:
    """The list as a table, with its filters."""
    stream = io.StringIO(newline="")
    columns = ("number", "kind", "issued", "order", "name", "total", "currency")
    write_rows(
        stream,
        columns,
        (
            (one.code, one.kind, one.issued_at.isoformat(timespec="seconds"), one.order_number, one.name,
             one.total.decimal, one.total.currency)
            for one in reading.every_document(current_site(), forms.read(request.args))
        ),
    )  # fmt: skip
    headers = {"Content-Disposition": 'attachment; filename="documents.csv"', "Cache-Control": "no-store"}
    return Response(stream.getvalue(), mimetype="text/csv", headers=headers)


@panel.get("/packing")
@may_view
def packing() -> Any:
    """The orders that wait to be sent, to print slips and one pick list for."""
    wanted = OrderFilters(statuses={"fulfilment": ("unfulfilled", "partly_shipped"), "order": ("open",)}, held=False)
    found = list_orders(current_site(), wanted, limit=MOST_ORDERS)
    places = [place for place in stock_locations() if place.is_open or place.promised]
    return render(
        "documents/packing.html", orders=found.orders, more=found.next is not None,
        places=[(place.id, place.name) for place in places] if len(places) > 1 else (),
    )  # fmt: skip


@panel.get("/packing/slips.pdf")
@may_view
def slips() -> Response:
    """Packing slips of the chosen orders, each from a page of its own; of one place, where one is chosen."""
    site, at = current_site(), _place()
    papers = [paper for order in _chosen(site) for paper in _slips_of(site, order, at)]
    return _pdf(_some(papers), "packing-slips")


@panel.get("/packing/pick-list.pdf")
@may_view
def picks() -> Response:
    """Pick lists for the chosen orders, each place's from a page of its own; or that of one place."""
    site = current_site()
    return _pdf(_some(pick_lists(site, _chosen(site), language(), _place())), "pick-list")


def _place() -> int | None:
    """The location that was chosen; None for all of them."""
    text = request.args.get("at", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _some(papers: list[Paper]) -> list[Paper]:
    if not papers:
        raise NothingThere
    return papers


def _chosen(site: Site) -> list[Any]:
    views = [order_view(order_id, site=site) for order_id in orders_to_ship(site, request.args.getlist("n"))]
    found = [view for view in views if view is not None and not view.is_held]
    if not found:
        raise NothingChosen
    return found


class NothingChosen(Refused):
    """No order was ticked."""

    status = 422
    code = "nothing_chosen"
    default_message = "Choose at least one order, then print."


class NothingThere(Refused):
    """What was ticked is not on these shelves."""

    status = 422
    code = "nothing_there"
    default_message = "Nothing of these orders is on the shelf there. Choose another place, or other orders."


class NothingToPack(Refused):
    """An order without goods, or whose goods are not there."""

    status = 422
    code = "nothing_to_pack"
    default_message = "Nothing of this order is to be packed now."


@shop.get("/<secret>/<int:document_id>.pdf")
@public
def shopper_copy(secret: str, document_id: int) -> Response:
    """A document of the order behind a guest's link."""
    order = order_by_key(current_site(), secret)
    if order is None:
        raise NotFound
    return _issued(document_id, language(), order_id=order.id)


def _issued(document_id: int, wanted: str, *, order_id: int | None = None) -> Response:
    site = current_site()
    content: Mapping[str, Any] = reading.content_of(site, document_id, order_id=order_id)
    paper = issued_paper(content, language_of(site, content, wanted))
    return _pdf([paper], content["code"])


def _pdf(papers: list[Paper], name: str) -> Response:
    """A PDF that nobody keeps a copy of on the way."""
    # A tenth of what starting takes would be the library that draws.
    from plugins.documents.services.drawing import draw  # noqa: PLC0415

    answer = Response(draw(papers, font=Documents.of(current_site()).font), mimetype="application/pdf")
    answer.headers.set("Content-Disposition", "inline", filename=f"{name}.pdf")
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "no-store"
    return answer
