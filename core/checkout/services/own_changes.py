"""The shopper's own window: until picking begins, a shopper cancels or edits by the same verb as staff."""

from __future__ import annotations

from collections.abc import Sequence

from core.checkout.services.changing import Preview, change_order, preview_change
from core.kernel.sites import SiteState
from core.lib.errors import NotFound, Refused
from core.orders.services.change_shapes import Action, CancelUnits, MoveUnits, RemoveLine, SetAddress, SetQuantity
from core.orders.services.read import order_view
from core.orders.services.shapes import OrderView

_ALLOWED = (CancelUnits, MoveUnits, RemoveLine, SetAddress, SetQuantity)


class WindowClosed(Refused):
    """Somebody has begun to pick the goods, or they have left."""

    code = "window_closed"
    default_message = "We have begun to pack this order, so it cannot be changed here any more. Write to us."


class NotYours(Refused):
    """Something that only the shop may change."""

    code = "not_yours"
    default_message = "Only the shop can change this."


def can_be_changed_by_shopper(order: OrderView) -> bool:
    """Whether the window is open: something waits, nothing was picked, nothing has left."""
    return order.can_be_cancelled and not any(line.picked or line.shipped for line in order.lines)


def preview_own(state: SiteState, order_id: int, actions: Sequence[Action], *, actor: str | None = None) -> Preview:
    """What the shopper's change would do. Raises WindowClosed, NotYours and what `preview_change` raises."""
    _check(state, order_id, actions)
    return preview_change(state, order_id, actions, actor=actor)


def change_own(
    state: SiteState, order_id: int, actions: Sequence[Action], *, key: str, actor: str, seen_price: int
) -> int:
    """Confirm what the shopper has seen; answers the change's id. The caller knows that the order is theirs.

    Whoever begins to pick in between wins: the order's version is compared in the transaction. Raises WindowClosed,
    NotYours, PreviewMoved and what `change_order` raises.
    """
    _check(state, order_id, actions)
    return change_order(
        state, order_id, actions, key=f"own:{key}", actor=actor, reason="shopper", seen_price=seen_price
    )


def _check(state: SiteState, order_id: int, actions: Sequence[Action]) -> None:
    order = order_view(order_id, site=state.site)
    if order is None:
        raise NotFound
    if not can_be_changed_by_shopper(order):
        raise WindowClosed
    if not all(isinstance(action, _ALLOWED) for action in actions):
        raise NotYours
