"""Sums as a page shows them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.checkout.services.changing import change_order
from core.kernel.sites import state_of
from core.orders.services.change_shapes import AddCharge
from core.orders.services.read import order_view
from core.storefront.services.totals import order_rows


def test_a_fee_is_no_discount_to_the_eye(site: Any, sell: Callable[..., Any], order: Callable[..., Any]) -> None:
    placed = order(sell("CUP", 900))
    actions = [AddCharge(charge="fee", amount=200), AddCharge(charge="goodwill", amount=100)]
    change_order(state_of(site.id), placed.id, actions, key="fee", actor="staff:owner@example.com")
    seen = order_view(placed.id)
    assert seen is not None
    kinds = {row.name: (row.amount.amount, row.kind) for row in order_rows(seen)}
    assert (kinds["Fee"], kinds["Goodwill"]) == ((200, ""), (-100, "sale"))
