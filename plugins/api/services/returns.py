"""The returns desk: from the request to the decision, by the same verbs as the panel's."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any

from flask import Response

from core.api import (
    CaseLine,
    CaseView,
    Refused,
    ReturnTerms,
    Site,
    StoaError,
    add_return_photos,
    approve_case,
    buy_return_label,
    case_view,
    decline_case,
    drop_return_photos,
    granted_by_terms,
    inspect_case,
    keep_return_photos,
    list_cases,
    receive_case,
    request_case,
    resolve_return,
    return_label_file,
    return_photo,
    return_sum,
    return_terms,
    withdraw_case,
)
from core.api import Money as CoreMoney
from plugins.api.forms import returns as sent
from plugins.api.forms.base import MoneySent, Sent
from plugins.api.models import scopes
from plugins.api.services.checkout import OtherCurrency
from plugins.api.services.cursors import number_of, paged
from plugins.api.services.once import once
from plugins.api.services.operations import Call, Carry, operation
from plugins.api.services.orders import found_order, units_by_line
from plugins.api.services.places import location_of
from plugins.api.services.shapes import returns as shapes
from plugins.api.services.shapes.base import money

_TAG = "Returns"


@operation("GET", "/returns", tag=_TAG, scope=scopes.ORDERS, query=sent.ReturnQuery, answer=shapes.ReturnList)
def get_returns(call: Call) -> shapes.ReturnList:
    """List returns, exchanges and claims, the newest first."""
    asked: sent.ReturnQuery = call.query
    is_open = None if asked.state is None else asked.state == "open"
    found = list_cases(
        call.site, is_open=is_open, kind=asked.kind or "", before=number_of(asked.after), limit=asked.limit + 1
    )
    return shapes.ReturnList(**paged(found, asked.limit, lambda one: _shown(call, one), lambda one: one.id))


@operation("GET", "/returns/{return_id}", tag=_TAG, scope=scopes.ORDERS, answer=shapes.Return)
def get_return(call: Call) -> shapes.Return:
    """Read a return."""
    return _shown(call, _found(call))


@operation(
    "POST", "/orders/{order_id}/returns", tag=_TAG, scope=scopes.RETURNS, body=sent.NewReturn, answer=shapes.Return,
    once="needed", status=201,
)  # fmt: skip
def create_return(call: Call) -> shapes.Return:
    """Announce that units of an order come back, or claim them without."""
    asked: sent.NewReturn = call.body
    order = found_order(call)
    wanted: dict[int, int] = {}
    for one in asked.wanted:
        wanted[one.variant_id] = wanted.get(one.variant_id, 0) + one.quantity
    made = once(
        call,
        "create_return",
        lambda key: request_case(
            call.site, order.id, kind=asked.kind, lines=units_by_line(asked.lines) or {}, reason=asked.reason, key=key,
            actor=call.actor, note_text=asked.note, wanted=wanted, wish=asked.wish or "", by_rules=asked.by_rules,
        ),
    )  # fmt: skip
    return _shown(call, case_view(call.site, made))


def _step_of(path: str, body: type[Sent] | None = None, **more: Any) -> Callable[[Carry], Carry]:
    """Declare a step of a return; the verb that it is carried out by has the key, so it happens once."""
    return operation(
        "POST", f"/returns/{{return_id}}/{path}", tag=_TAG, scope=scopes.RETURNS, body=body, answer=shapes.Return,
        **{"once": "heeded", **more},
    )  # fmt: skip


@_step_of("approval")
def approve_return(call: Call) -> shapes.Return:
    """Approve a return: the goods may come."""
    return _step(call, approve_case)


@_step_of("refusal", sent.Refusal)
def decline_return(call: Call) -> shapes.Return:
    """Decline a return, with the answer that the shopper reads."""
    return _step(call, decline_case, answer=call.body.answer)


@_step_of("withdrawal")
def withdraw_return(call: Call) -> shapes.Return:
    """Note that the shopper keeps the goods."""
    return _step(call, withdraw_case)


@_step_of("arrivals", sent.Arrival, status=201)
def receive_return(call: Call) -> shapes.Return:
    """Note units that came; what was paid for them is owed back from now on."""
    return _step(call, receive_case, units_by_line(call.body.lines) or {})


@_step_of("inspections", sent.Inspection, status=201)
def inspect_return(call: Call) -> shapes.Return:
    """Say what received units are: they leave quality control for the shelf, for the damaged ones, or the house."""
    asked: sent.Inspection = call.body
    location_id = location_of(asked.location_id) if asked.location_id is not None else None
    found = {
        one.line_id: {
            "sellable": one.sellable, "damaged": one.damaged, "discarded": one.discarded,
            "to_supplier": one.to_supplier,
        }
        for one in asked.lines
    }  # fmt: skip
    return _step(call, inspect_case, found, location_id=location_id)


@operation(
    "GET", "/returns/{return_id}/resolution", tag=_TAG, scope=scopes.RETURNS, query=sent.TermsQuery,
    answer=shapes.ReturnTerms,
)  # fmt: skip
def get_return_terms(call: Call) -> shapes.ReturnTerms:
    """Look at terms before the decision: by the shop's rules, or others."""
    asked: sent.TermsQuery = call.query
    case = _found(call)
    amounts = (asked.restocking, asked.return_delivery, asked.goodwill, asked.part)
    terms = _terms(call, case, amounts, asked.way, "")
    return shapes.ReturnTerms(
        restocking=money(CoreMoney(terms.restocking, case.currency)),
        return_delivery=money(CoreMoney(terms.return_delivery, case.currency)),
        goodwill=money(CoreMoney(terms.goodwill, case.currency)),
        granted=money(granted_by_terms(case, terms)),
        seen=money(CoreMoney(return_sum(call.state, case, terms), case.currency)),
    )


@_step_of("resolution", sent.Resolution, once="")
def decide_return(call: Call) -> shapes.Return:
    """Decide a return under the terms that were seen. Sent again, it is the same; the money moves by a refund."""
    asked: sent.Resolution = call.body
    case = _found(call)
    named = {"restocking": asked.restocking, "return_delivery": asked.return_delivery, "goodwill": asked.goodwill}
    restocking, delivery, goodwill, part = (
        _amount(case, one, field) for field, one in {**named, "part": asked.part}.items()
    )
    terms = _terms(call, case, (restocking, delivery, goodwill, part), asked.way, asked.answer)
    seen = _amount(case, asked.seen, "seen")
    resolve_return(call.state, case.id, terms, actor=call.actor, seen=seen)
    return _shown(call, _found(call))


def _terms(
    call: Call,
    case: CaseView,
    amounts: tuple[int | None, int | None, int | None, int | None],
    way: str | None,
    answer: str,
) -> ReturnTerms:
    by_rules = return_terms(call.state, case)
    restocking, delivery, goodwill, part = amounts
    return ReturnTerms(
        restocking=by_rules.restocking if restocking is None else restocking,
        return_delivery=by_rules.return_delivery if delivery is None else delivery,
        goodwill=goodwill or 0, way=way or case.wish or by_rules.way, part=part, answer=answer,
    )  # fmt: skip


def _amount(case: CaseView, sent_money: MoneySent | None, field: str) -> int | None:
    if sent_money is None:
        return None
    if sent_money.currency != case.currency:
        raise OtherCurrency("The order is in another currency.", field=f"{field}.currency")
    return sent_money.amount


def _step(call: Call, verb: Callable[..., object], *given: object, **more: object) -> shapes.Return:
    def act(key: str) -> None:
        verb(call.site, _id(call), *given, actor=call.actor, key=key, **more)

    once(call, verb.__name__, act, of=_found(call).id)
    return _shown(call, _found(call))


def _id(call: Call) -> int:
    return int(call.path["return_id"])


def _found(call: Call) -> CaseView:
    return case_view(call.site, _id(call))


# -- files -------------------------------------------------------------------------------------------------------------


class NotBase64(Refused):
    """Letters of base64 that stand for nothing."""

    status = 422
    code = "not_base64"
    default_message = "This is not base64."


@operation("GET", "/returns/{return_id}/photos/{photo}", tag=_TAG, scope=scopes.RETURNS, answer=shapes.File)
def get_return_photo(call: Call) -> shapes.File:
    """Read a photo of a return by its name."""
    return _file(return_photo(_found(call), call.path["photo"]), call.path["photo"])


@_step_of("photos", sent.NewPhoto, once="needed", status=201, largest=12 * 1024 * 1024)
def add_return_photo(call: Call) -> shapes.Return:
    """Keep a further photo with a return, such as one that came by mail."""
    asked: sent.NewPhoto = call.body
    try:
        data = b64decode(asked.data, validate=True)
    except ValueError as error:
        raise NotBase64(field="data") from error

    return _step(call, _keep_photo, data)


def _keep_photo(site: Site, return_id: int, data: bytes, *, actor: str, key: str) -> None:
    """The file first, since none is written within a transaction; one that is not taken goes again."""
    try:
        names = keep_return_photos([data])
    except Refused as error:
        error.field = "data"
        raise
    try:
        add_return_photos(site, return_id, names, actor=actor, key=key)
    except StoaError:
        drop_return_photos(names)
        raise


@_step_of("label")
def buy_label_of_return(call: Call) -> shapes.Return:
    """Buy the way back of a return from a carrier that offers it. One that was bought is kept: it is bought once."""
    buy_return_label(call.state, _id(call), actor=call.actor)
    return _shown(call, _found(call))


@operation("GET", "/returns/{return_id}/label", tag=_TAG, scope=scopes.RETURNS, answer=shapes.File)
def get_return_label(call: Call) -> shapes.File:
    """Read the label that was bought for a return."""
    case = _found(call)
    return _file(return_label_file(case), f"{case.order_number}-R{case.id}")


def _file(answer: Response, name: str) -> shapes.File:
    return shapes.File(name=name, type=str(answer.mimetype), data=b64encode(answer.get_data()).decode())


# -- into shapes -------------------------------------------------------------------------------------------------------


def _shown(call: Call, case: CaseView) -> shapes.Return:
    return shapes.Return(
        id=case.id, order_id=case.order_id, order_number=case.order_number, kind=case.kind, state=case.state,
        reason=case.reason, note=case.note if scopes.CUSTOMERS in call.scopes else "",
        lines=tuple(_line(line, case.currency) for line in case.lines),
        wanted=tuple(
            shapes.WantedUnits(variant_id=variant_id, quantity=units)
            for variant_id, units in sorted(case.wanted.items())
        ),
        wish=case.wish, way=case.way, granted=money(CoreMoney(case.granted, case.currency)), answer=case.answer,
        tracking=str(case.label.get("tracking", "")), photos=case.photos, requested_at=case.requested_at,
        approved_at=case.approved_at, ended_at=case.ended_at,
    )  # fmt: skip


def _line(line: CaseLine, currency: str) -> shapes.ReturnLine:
    return shapes.ReturnLine(
        line_id=line.line_id, variant_id=line.variant_id, sku=line.sku, name=line.name, quantity=line.quantity,
        received=line.received, sellable=line.sellable, damaged=line.damaged, discarded=line.discarded,
        to_supplier=line.to_supplier, value=money(CoreMoney(line.value, currency)),
    )  # fmt: skip
