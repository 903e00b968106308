"""Stock of what the site sells: read, corrected, counted, sorted, ordered and moved. It is one for all sites."""

from __future__ import annotations

from collections.abc import Callable

from core.api import Transfer as StoredTransfer
from core.api import (
    Unfit,
    VariantLevels,
    adjust_stock,
    count_stock,
    expect_stock,
    find_transfer,
    list_stock_levels,
    list_transfers,
    receive_transfer,
    sort_stock,
    stock_levels_of,
    stock_locations,
    take_delivery,
    transfer_stock,
    undo_transfer,
)
from plugins.api.forms import stock as sent
from plugins.api.forms.base import Sent
from plugins.api.models import scopes
from plugins.api.services.cursors import number_of, paged
from plugins.api.services.once import once
from plugins.api.services.operations import Call, Carry, operation
from plugins.api.services.places import location_of
from plugins.api.services.shapes import stock as shapes

_TAG = "Stock"


@operation("GET", "/locations", tag=_TAG, scope=scopes.STOCK, answer=shapes.LocationList)
def get_locations(call: Call) -> shapes.LocationList:
    """List the places that goods come from."""
    del call
    return shapes.LocationList(
        items=tuple(
            shapes.Location(id=one.id, code=one.code, name=one.name, country=one.country, is_open=one.is_open)
            for one in stock_locations()
        )
    )


@operation("GET", "/stock", tag=_TAG, scope=scopes.STOCK, query=sent.StockQuery, answer=shapes.StockList)
def get_stock(call: Call) -> shapes.StockList:
    """List stock, variant by variant."""
    asked: sent.StockQuery = call.query
    found = list_stock_levels(call.site, number_of(asked.after) or 0, asked.limit + 1, sku=asked.sku)
    return shapes.StockList(**paged(found, asked.limit, _shown, lambda one: one.variant_id))


@operation("GET", "/stock/{variant_id}", tag=_TAG, scope=scopes.STOCK, answer=shapes.VariantStock)
def get_variant_stock(call: Call) -> shapes.VariantStock:
    """Read the stock of a variant."""
    return _shown(stock_levels_of(call.site, call.path["variant_id"]))


def _moves(path: str, body: type[Sent]) -> Callable[[Carry], Carry]:
    """Declare an operation that moves pieces of a variant."""
    return operation(
        "POST", f"/stock/{{variant_id}}/{path}", tag=_TAG, scope=scopes.STOCK_WRITE, body=body,
        answer=shapes.VariantStock, once="needed", status=201,
    )  # fmt: skip


@_moves("moves", sent.StockMove)
def move_stock(call: Call) -> shapes.VariantStock:
    """Add pieces or take them away, with a reason. What is promised to orders stays."""
    asked: sent.StockMove = call.body
    if not asked.delta:
        raise Unfit({"delta": "Write how many pieces more or fewer."})
    return _moved(call, adjust_stock, asked.delta, asked.reason)


@_moves("counts", sent.StockCount)
def note_count(call: Call) -> shapes.VariantStock:
    """Note what somebody counted; the difference is a move."""
    asked: sent.StockCount = call.body
    return _moved(call, count_stock, asked.counted, asked.reason)


@_moves("sortings", sent.StockSorting)
def note_sorting(call: Call) -> shapes.VariantStock:
    """Move pieces between the shelf, the damaged ones, those that are looked at, and out of the house."""
    asked: sent.StockSorting = call.body
    return _moved(call, sort_stock, asked.pieces, asked.came_from, asked.goes_to, asked.reason)


@_moves("expected", sent.StockOrdered)
def note_expected(call: Call) -> shapes.VariantStock:
    """Note pieces that are on order with a supplier."""
    asked: sent.StockOrdered = call.body
    if not asked.pieces:
        raise Unfit({"pieces": "Write how many pieces more or fewer."})
    return _moved(call, expect_stock, asked.pieces, asked.reference)


@_moves("deliveries", sent.StockDelivery)
def note_supply(call: Call) -> shapes.VariantStock:
    """Note pieces that were on order, and came."""
    asked: sent.StockDelivery = call.body
    return _moved(call, take_delivery, asked.pieces, asked.reference)


def _moved(call: Call, verb: Callable[..., object], *given: int | str) -> shapes.VariantStock:
    """Carry out a move of a variant that the site sells, and answer its stock. Raises NotFound, Unfit."""
    at, variant_id = location_of(call.body.location_id), int(call.path["variant_id"])
    stock_levels_of(call.site, variant_id)

    def act(key: str) -> None:
        verb(variant_id, at, *given, call.actor, key=key)

    once(call, verb.__name__, act, of=variant_id)
    return _shown(stock_levels_of(call.site, variant_id))


# -- transfers ---------------------------------------------------------------------------------------------------------


@operation("GET", "/transfers", tag=_TAG, scope=scopes.STOCK, query=sent.TransferQuery, answer=shapes.TransferList)
def get_transfers(call: Call) -> shapes.TransferList:
    """List transfers, the newest first."""
    asked: sent.TransferQuery = call.query
    found = list_transfers(asked.limit + 1, number_of(asked.after))
    return shapes.TransferList(**paged(found, asked.limit, _transfer, lambda one: one.id))


@operation("GET", "/transfers/{transfer_id}", tag=_TAG, scope=scopes.STOCK, answer=shapes.Transfer)
def get_transfer(call: Call) -> shapes.Transfer:
    """Read a transfer."""
    return _transfer(find_transfer(call.path["transfer_id"]))


@operation(
    "POST", "/transfers", tag=_TAG, scope=scopes.STOCK_WRITE, body=sent.NewTransfer, answer=shapes.Transfer,
    once="needed", status=201,
)  # fmt: skip
def create_transfer(call: Call) -> shapes.Transfer:
    """Send free pieces from one location to another."""
    asked: sent.NewTransfer = call.body
    stock_levels_of(call.site, asked.variant_id)
    source, target = location_of(asked.source, "from_location_id"), location_of(asked.target, "to_location_id")
    made = once(
        call,
        "create_transfer",
        lambda key: transfer_stock(
            asked.variant_id, source, target, asked.pieces, asked.reason, call.actor, on_its_way=asked.on_its_way,
            key=key,
        ),
    )  # fmt: skip
    return _transfer(find_transfer(made))


@operation(
    "POST", "/transfers/{transfer_id}/arrival", tag=_TAG, scope=scopes.STOCK_WRITE, body=sent.TransferArrival,
    answer=shapes.Transfer, once="heeded",
)  # fmt: skip
def note_transfer_arrival(call: Call) -> shapes.Transfer:
    """Note that what was on its way arrived."""
    asked: sent.TransferArrival = call.body
    transfer = _of_site(call)
    once(
        call, "receive_transfer", lambda key: receive_transfer(transfer.id, call.actor, asked.came, key=key),
        of=transfer.id,
    )  # fmt: skip
    return _transfer(find_transfer(transfer.id))


@operation(
    "POST", "/transfers/{transfer_id}/undo", tag=_TAG, scope=scopes.STOCK_WRITE, answer=shapes.Transfer, once="heeded"
)  # fmt: skip
def take_transfer_back(call: Call) -> shapes.Transfer:
    """Bring back what came, or what is on its way."""
    transfer = _of_site(call)
    once(call, "undo_transfer", lambda key: undo_transfer(transfer.id, call.actor, key=key), of=transfer.id)
    return _transfer(find_transfer(transfer.id))


def _of_site(call: Call) -> StoredTransfer:
    """The transfer of the path, if the site sells what it moves. Raises NotFound."""
    transfer = find_transfer(call.path["transfer_id"])
    stock_levels_of(call.site, transfer.variant_id)
    return transfer


# -- into shapes -------------------------------------------------------------------------------------------------------


def _shown(found: VariantLevels) -> shapes.VariantStock:
    return shapes.VariantStock(
        variant_id=found.variant_id, product_id=found.product_id, sku=found.sku, tracked=found.tracked,
        levels=tuple(
            shapes.Level(location_id=one.location_id, backorder_limit=one.backorder_limit, **one.pieces)
            for one in found.levels
        ),
    )  # fmt: skip


def _transfer(one: StoredTransfer) -> shapes.Transfer:
    return shapes.Transfer(
        id=one.id, variant_id=one.variant_id, sku=one.sku, from_location_id=one.source_id,
        to_location_id=one.target_id, pieces=one.pieces, came=one.came, reason=one.reason, sent_at=one.sent_at,
        received_at=one.received_at, undone_at=one.undone_at,
    )  # fmt: skip
