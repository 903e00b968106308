"""The shopper's own window: until picking begins, a shopper cancels or edits by the same verb as staff."""

from __future__ import annotations

from collections.abc import Sequence

from core.checkout.services.changing import Preview, change_order, check_stock, preview_change
from core.kernel import db
from core.kernel.sites import SiteState
from core.lib.errors import NotFound, Refused
from core.orders.services.change_shapes import (
    CONFIRMED,
    Action,
    CancelUnits,
    MoveUnits,
    RemoveLine,
    SetAddress,
    SetQuantity,
)
from core.orders.services.read import order_view
from core.orders.services.shapes import OrderView

_ALLOWED = (CancelUnits, MoveUnits, RemoveLine, SetAddress, SetQuantity)


class WindowClosed(Refused):
    """Somebody has begun to pick the goods, or they have left."""

    code = "window_closed"
    default_message = "We have begun to pack this order, so it cannot be changed here any more. Write to us."


class NothingWaits(WindowClosed):
    """All of it has left, or went on in another order."""

    default_message = "Nothing of this order waits to be sent any more, so it cannot be changed."


class CancelledBefore(WindowClosed):
    """Somebody has cancelled it meanwhile."""

    default_message = "This order is cancelled, so there is nothing left to change."


class NotYours(Refused):
    """Something that only the shop may change."""

    code = "not_yours"
    default_message = "Only the shop can change this."


def can_be_changed_by_shopper(order: OrderView) -> bool:
    """Whether the window is open: something waits, nothing was picked, nothing has left."""
    return order.can_be_cancelled and not any(line.picked or line.shipped for line in order.lines)


def check_window(order: OrderView) -> None:
    """Raises WindowClosed, with the reason, unless the shopper may change this order now."""
    if can_be_changed_by_shopper(order):
        return
    if order.can_be_cancelled:
        raise WindowClosed
    is_cancelled = order.status.order == "cancelled" and not order.merged_into
    raise CancelledBefore if is_cancelled else NothingWaits


def preview_own(state: SiteState, order_id: int, actions: Sequence[Action], *, actor: str | None = None) -> Preview:
    """What the shopper's change would do.

    Raises WindowClosed, NotYours, OutOfStock for more than there is, and what `preview_change` raises.
    """
    _check(state, order_id, actions)
    found = preview_change(state, order_id, actions, actor=actor)
    check_stock(state, found)
    return found


def change_own(
    state: SiteState,
    order_id: int,
    actions: Sequence[Action],
    *,
    key: str,
    actor: str,
    seen_price: int,
    seen_version: int | None = None,
) -> int:
    """Confirm what the shopper has seen; answers the change's id. The caller knows that the order is theirs.

    Whoever begins to pick in between wins: the order's version is compared in the transaction. `seen_version` is the
    one that was looked at. Raises WindowClosed, NotYours, PreviewMoved and what `change_order` raises.
    """
    _check(state, order_id, actions)
    return change_order(
        state, order_id, actions, key=f"own:{key}", actor=actor, reason="shopper", seen_price=seen_price,
        seen_version=seen_version,
    )  # fmt: skip


def was_changed(state: SiteState, order_id: int, key: str) -> bool:
    """Whether the form with this key was heeded before: a second press is told the same."""
    return key != "" and bool(
        db.value(
            "SELECT 1 FROM order_change WHERE order_id = ? AND key = ? AND site_id = ? AND state = ?",
            order_id, f"own:{key}"[:64], state.site.id, CONFIRMED,
        )
    )  # fmt: skip


def _check(state: SiteState, order_id: int, actions: Sequence[Action]) -> None:
    order = order_view(order_id, site=state.site)
    if order is None:
        raise NotFound
    check_window(order)
    if not all(isinstance(action, _ALLOWED) for action in actions):
        raise NotYours
