"""The list of a site's orders, one order, and the acts on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from flask import Response, request, url_for

from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.i18n import lazy
from core.kernel.messages import sends_messages
from core.kernel.outside import link
from core.kernel.security import staff
from core.kernel.sites import current
from core.lib import ids
from core.lib.errors import Broken, NotFound, Refused, Unfit
from core.lib.money import NotMoney, parse_money
from core.orders.services import case_reading, links, opening, payments, picked, stages, tags
from core.orders.services import ship as shipping
from core.orders.services.case_shapes import CaseView
from core.orders.services.channels import known_channels
from core.orders.services.labels import labels_of
from core.orders.services.listing import list_orders
from core.orders.services.notes import write
from core.orders.services.read import OrderView, order_view
from core.panel.forms import PanelForm
from core.panel.orders import forms
from core.panel.orders.services import axes, exporting, filters, happened, returning, said, sending, staged, wishes
from core.panel.orders.services.columns import ORDERS
from core.panel.orders.services.find import order_numbered
from core.panel.orders.services.places import Tab
from core.panel.orders.services.sent_from import sent_from
from core.panel.saved.services import READY, cleaned, columns_of
from core.panel.services import section_problems, shows_sections
from core.panel.shell import actor, panel, shell
from core.panel.shell.answers import address, page, table_file, to
from core.panel.shell.menu import COUNTERS
from core.panel.shell.once import form_key, once
from core.panel.shell.status import Status

COUNTERS["orders"] = lambda site: (filters.to_ship_count(site), False)


@panel.get("/orders", endpoint="orders")
@staff("orders.view")
def show() -> Response:
    """The orders that fit the address' filters, newest first."""
    chosen = filters.read(request.args, current().site)
    found = list_orders(current().site, chosen.wanted(current().site), request.args.get("after"))
    following = address("panel.orders", after=found.next, **chosen.address()) if found.next else ""
    worn = tags.tags_of([order.id for order in found.orders])
    return page(
        "orders.html",
        columns=columns_of(shell().person.id, "orders"),
        every_column=ORDERS.every.items(),
        here=cleaned(request.query_string.decode("utf-8", "replace")),
        orders=[(order, axes.of(order), worn.get(order.id, ())) for order in found.orders],
        tags=tags.known_tags(current().site),
        settable=staged.choices(current().site, by_hand=True),
        goods_words=dict(axes.choices(axes.GOODS)),
        channels=[(name, name) for name in known_channels(current().site)],
        export=address("panel.orders_export", **chosen.address()),
        filters=chosen,
        views=_views(chosen),
        chips=_chips(chosen),
        choices={name: list(words.items()) for name, words in _words(chosen).items()},
        sorts=[(value, str(words)) for value, words in _SORTS.items()],
        next=following,
        may=shell().may,
        key=ids.token(),
        first=address("panel.orders", **chosen.address()) if request.args.get("after") else "",
        by_total=address("panel.orders", **chosen.address(sort="" if chosen.sort == "highest" else "highest")),
        country=i18n.country_name,
    )


def _cases(order: OrderView) -> list[tuple[CaseView, Status, str]]:
    return [
        (case, returning.status(case), str(returning.KINDS[case.kind]))
        for case in case_reading.cases_of(current().site, order.id)
    ]


_VIEWS = READY["orders"] = {
    "": lazy("All"),
    "to_ship": lazy("To ship"),
    "waiting": lazy("Waiting for goods"),
    "overdue": lazy("Promise passed"),
    "held": lazy("On hold"),
    "unpaid": lazy("Unpaid"),
    "returns": lazy("Returns"),
    "cancelled": lazy("Cancelled"),
}


def _views(chosen: filters.Filters) -> list[tuple[str, str, bool, int | None]]:
    return [
        (str(title), address("panel.orders", view=view or None), view == chosen.view, None)
        for view, title in _VIEWS.items()
    ]


_SORTS: dict[str, Any] = {
    "": lazy("Newest first"),
    "oldest": lazy("Oldest first"),
    "highest": lazy("Highest total first"),
    "lowest": lazy("Lowest total first"),
}


def _words(chosen: filters.Filters) -> dict[str, dict[str, str]]:
    """What each filter offers, in words; what is chosen is offered, too, even if nothing is known of it any more."""
    state = current()
    found = {
        "order": {**dict(axes.choices(axes.ORDER)), filters.MERGED: _("Merged into another")},
        "payment": dict(axes.choices(axes.PAYMENT)),
        "fulfilment": dict(axes.choices(axes.FULFILMENT)),
        "returned": dict(axes.choices(axes.RETURN)),
        "goods": dict(axes.choices(axes.GOODS)),
        "stage": dict(staged.choices(state.site)),
        "carrier": dict(filters.carriers_of(state)),
        "gateway": dict(filters.gateways_of(state)),
        "currency": dict(zip(state.site.currencies, state.site.currencies, strict=True)),
    }
    for name, words in found.items():
        if value := getattr(chosen, name):
            words.setdefault(value, value)
    return found


def _chips(chosen: filters.Filters) -> list[tuple[str, str, str]]:
    """Every filter that is set beside the view, with the address without it."""
    words = _words(chosen) | {"country": {chosen.country: i18n.country_name(chosen.country)} if chosen.country else {}}
    named = [
        ("q", _("Search")),
        ("order", _("Order")),
        ("payment", _("Payment")),
        ("fulfilment", _("Fulfilment")),
        ("returned", _("Return")),
        ("goods", _("Goods")),
        ("sku", _("SKU")),
        ("country", _("Goes to")),
        ("carrier", _("Carrier")),
        ("gateway", _("Method")),
        ("currency", _("Currency")),
        ("least", _("Total from")),
        ("most", _("Total until")),
        ("since", _("From")),
        ("until", _("Until")),
        ("tag", _("Tag")),
        ("stage", _("Stage")),
        ("channel", _("Channel")),
    ]
    return [
        (title, words.get(name, {}).get(value, str(value)), address("panel.orders", **_without(chosen, name)))
        for name, title in named
        if (value := getattr(chosen, name))
    ]


def _without(chosen: filters.Filters, name: str) -> dict[str, str]:
    """The address without one filter; without its currency no amount means anything."""
    gone = {name: None if name in {"since", "until"} else ""}
    if name == "currency":
        gone |= {"least": "", "most": "", "sort": ""}
    return chosen.address(**gone)


@panel.get("/orders.csv", endpoint="orders_export")
@staff("orders.export")
def export() -> Response:
    """The orders that the same filters show, as a table."""
    site = current().site
    wanted = filters.read(request.args, site).wanted(site)
    return table_file("orders", lambda file: exporting.write_orders(site, wanted, file))


@panel.get("/orders/<number>", endpoint="order")
@staff("orders.view")
def one(number: str) -> Response:
    """One order with all that happened to it."""
    return order_page(order_numbered(number))


def order_page(order: OrderView, *, status: int = 200, errors: Mapping[str, str] | None = None) -> Response:
    """The page of an order; `errors` are said beside the fields of the forms that stand on it."""
    return page(
        "order.html",
        status,
        errors=errors or {},
        order=order,
        axes=axes.of(order),
        here=order.here,
        is_overdue=said.is_overdue(order),
        groups=[
            (order.whose(part.destinations[0].position), [(line, said.line_status(line, order)) for line in part.lines])
            for part in order.by_place
        ],
        sums=said.sums(order),
        trace=said.trace(order),
        pieces=sum(line.left for line in order.lines) or order.count,
        payments=[(payment, [said.fact(told) for told in payment.facts]) for payment in said.told_payments(order)],
        takeable={payment.id: said.authorized_left(payment) for payment in order.payments},
        taken_back=[(parcel, said.contents(order, parcel.lines)) for parcel in order.taken_back],
        parcels=sending.shown(order),
        scan_words=sending.scan_words,
        labels=labels_of(order.id),
        ways=sending.choices(order) if order.shipments else (),
        sent_from=sent_from(order.id),
        steps=happened.steps(order),
        deliver_to=[said.address_lines(part.address) for part in wishes.live_parts(order) if part.address],
        bill_to=said.address_lines(order.billing),
        answers=said.answers(order),
        may=shell().may,
        tags=tags.tags_of([order.id]).get(order.id, ()),
        cases=_cases(order),
        stages=staged.axes_of(current().site, order.id),
        can_come_back=bool(returning.returnable(order)),
        problems=section_problems(),
        link=link(current().site, "storefront.order", language=order.language, secret=order.secret),
        sends_mail=sends_messages(current()),
    )


@staff("orders.view")
def _by_id(order_id: int) -> Response:
    """The same page, for the sections of plugins, which know the order by its id."""
    order = order_view(order_id, site=current().site)
    if order is None:
        raise NotFound
    return one(order.number)


shows_sections("order", _by_id)


@panel.get("/orders/<number>/paid", endpoint="order_paid")
@staff("orders.pay")
def ask_paid(number: str) -> Response:
    """How much came, and by which paper."""
    order = order_numbered(number)
    return _act_page(order, "paid", forms.PaidForm(data={"amount": order.due.decimal}))


@panel.post("/orders/<number>/paid", endpoint="order_paid_save")
@staff("orders.pay")
@once("panel.order", "number")
def paid(number: str) -> Response:
    """Note that money came."""
    order, form = order_numbered(number), forms.PaidForm(request.form)
    if not form.validate():
        return _act_page(order, "paid", form, form.problems, 422)
    try:
        amount = parse_money(form.amount.data, order.currency) if form.amount.data else None
        payments.mark_paid(
            current(), order.id, actor=actor(), amount=amount, reference=form.reference.data, key=form_key(),
            seen=request.form.get("version", type=int),
        )  # fmt: skip
    except NotMoney as refusal:
        return _act_page(order, "paid", form, form.refuse("amount", i18n.say(refusal)), 422)
    except Refused as refusal:
        return _act_page(order, "paid", form, form.refuse(refusal.field, i18n.say(refusal)), refusal.status)
    return to("panel.order", say=_("The payment is noted."), number=number)


@panel.post("/orders/<number>/pick", endpoint="order_pick")
@staff("orders.ship")
@once("panel.order", "number")
def pick(number: str) -> Response:
    """Begin to pick all that waits: from now on its shopper cannot change it."""
    begun = _("Picking has begun. The shopper cannot change the order any more.")
    return _act(
        number, partial(picked.start_picking, key=form_key()), begun, undo=url_for("panel.order_unpick", number=number)
    )


@panel.post("/orders/<number>/unpick", endpoint="order_unpick")
@staff("orders.ship")
@once("panel.order", "number")
def unpick(number: str) -> Response:
    """Nobody picks it after all, so its shopper may change it again."""
    done = _("Picking is taken back. The shopper can change the order again.")
    return _act(number, partial(picked.undo_picking, key=form_key()), done)


@panel.post("/orders/<number>/delivered", endpoint="order_delivered")
@staff("orders.ship")
@once("panel.order", "number")
def delivered(number: str) -> Response:
    """Note that all that was sent has arrived."""
    return _act(number, partial(shipping.deliver, key=form_key()), _("Noted as delivered."))


@panel.post("/orders/<number>/link", endpoint="order_link")
@staff("orders.edit")
@once("panel.order", "number")
def renew_link(number: str) -> Response:
    """End the link that opens the order; its shopper gets a new one by mail, or from whoever asked for it."""
    where = link(current().site, "storefront.order", language=order_numbered(number).language, secret=links.SECRET)
    done = _("The old link opens nothing any more. A new one is on its way.")
    if not sends_messages(current()):
        done = _("The old link opens nothing any more. The new one stands on this page: send it to the shopper.")
    return _act(number, partial(links.renew_link, address=where, key=form_key(), by_hand=True), done)


@panel.post("/orders/<number>/tags", endpoint="order_tags")
@staff("orders.edit")
def set_tags(number: str) -> Response:
    """Put a tag on the order, or take one off."""
    off = request.form.get("off", "")
    put = partial(tags.untag_order, tag=off) if off else partial(tags.tag_order, tag=request.form.get("tag", ""))
    return _act(number, put, "")


@panel.post("/orders/<number>/stage", endpoint="order_stage")
@staff("orders.edit")
def set_stage(number: str) -> Response:
    """Let the order come to a stage of a plugin's."""
    order, site = order_numbered(number), current().site
    plugin, _colon, code = request.form.get("stage", "").partition(":")
    try:
        if f"{plugin}:{code}" not in dict(staged.choices(site, by_hand=True)):
            raise stages.WrongStage
        stages.enter_stage(site, order.id, plugin, code, actor=actor())
    except (Refused, Broken) as refusal:
        return to("panel.order", say=i18n.say(refusal), kind="bad", number=number)
    return to("panel.order", say=_("Now: %(stage)s", stage=staged.stage_title(plugin, code)), number=number)


@panel.post("/orders/<number>/note", endpoint="order_note")
@staff("orders.view")
@once("panel.order", "number")
def write_note(number: str) -> Response:
    """Keep a note for the team in the timeline."""
    order, text = order_numbered(number), request.form.get("text", "").strip()[:2000]
    if not text:
        return to("panel.order", say=_("Nothing was written."), kind="bad", number=number)
    write(current().site, order.id, text, actor=actor(), key=form_key())
    return to("panel.order", say=_("The note is kept."), number=number)


@panel.post("/orders/<number>/payments/<int:payment_id>/ask", endpoint="order_ask")
@staff("orders.pay")
def ask_gateway(number: str, payment_id: int) -> Response:
    """Ask the gateway what it knows of a payment."""
    order = order_numbered(number)
    if payment_id not in {payment.id for payment in order.payments}:
        raise NotFound
    try:
        new = opening.fetch_payment(current(), payment_id)
    except (Broken, Refused) as trouble:
        return to("panel.order", say=i18n.say(trouble), kind="bad", number=number)
    return to(
        "panel.order",
        say=_("There is news of the payment.") if new else _("The gateway knows nothing new."),
        number=number,
    )


def _act(number: str, verb: Callable[..., object], done: str, *, undo: str = "") -> Response:
    """Let a verb act on the order, and lead back to it with what is `done`, or with why it is not."""
    order = order_numbered(number)
    try:
        verb(current().site, order.id, actor=actor())
    except (Refused, Broken) as refusal:
        return to("panel.order", say=i18n.say(refusal), kind="bad", number=number)
    return to("panel.order", say=done, undo=undo, number=number)


def _act_page(
    order: OrderView,
    act: str,
    form: PanelForm,
    problems: list[tuple[str, str]] | None = None,
    status: int = 200,
    places: Sequence[Tab] = (),
) -> Response:
    typed = request.form if request.method == "POST" else {}
    return page(
        f"order_{act}.html",
        status,
        order=order,
        form=form,
        problems=problems or [],
        typed=typed,
        places=places,
        key=typed.get("key") or ids.token(),
    )


def _refused(form: PanelForm, refusal: Refused | Broken) -> list[tuple[str, str]]:
    if isinstance(refusal, Unfit):
        return [(name if name != "lines" else "", _(message)) for name, message in refusal.errors.items()]
    return form.refuse(getattr(refusal, "field", None), i18n.say(refusal))
