"""The secret in a guest's order link: 128 bits that this installation can make again for mails and repeated clicks."""

from __future__ import annotations

from core.kernel import secrets


def order_secret(site_id: int, cart_id: int) -> str:
    """The link secret of the order made of this cart. The table keeps its digest only."""
    return secrets.derived("order", f"{site_id}:{cart_id}")
