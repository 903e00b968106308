"""Shoppers with an account on the site."""

from __future__ import annotations

from typing import Any

from core.api import NotFound, ShopperFilters, addresses_of, find_account, list_shoppers, shoppers_by_ids, tags_of
from core.api import ShopperRow as StoredRow
from plugins.api.forms.shoppers import ShopperQuery
from plugins.api.models import scopes
from plugins.api.services.cursors import number_of
from plugins.api.services.operations import Call, operation
from plugins.api.services.shapes.base import Address
from plugins.api.services.shapes.shoppers import Shopper, ShopperAddress, ShopperList, ShopperRow


@operation("GET", "/shoppers", tag="Shoppers", scope=scopes.SHOPPERS, query=ShopperQuery, answer=ShopperList)
def get_shoppers(call: Call) -> ShopperList:
    """List shoppers, the newest first."""
    asked: ShopperQuery = call.query
    filters = ShopperFilters(text=asked.q, show=asked.show or "", tag=asked.tag)
    found, following = list_shoppers(call.site, filters, number_of(asked.after), asked.limit)
    return ShopperList(
        items=tuple(ShopperRow(**_facts(one)) for one in found), next=str(following) if following else ""
    )


@operation("GET", "/shoppers/{shopper_id}", tag="Shoppers", scope=scopes.SHOPPERS, answer=Shopper)
def get_shopper(call: Call) -> Shopper:
    """Read a shopper with tags and addresses."""
    shopper_id: int = call.path["shopper_id"]
    account, found = find_account(call.site, shopper_id), shoppers_by_ids(call.site, [shopper_id])
    if not found or not account.words:
        # Who was erased is nobody any more.
        raise NotFound
    return Shopper(
        **_facts(found[0]),
        tags=tags_of([shopper_id]).get(shopper_id, ()),
        addresses=tuple(
            ShopperAddress(id=one.id, main=one.main, billing=one.billing, address=_address(one.data))
            for one in addresses_of(account)
        ),
    )


def _facts(one: StoredRow) -> dict[str, Any]:
    return {
        "id": one.id, "email": one.email, "name": one.name, "phone": one.phone, "language": one.language,
        "confirmed": one.is_confirmed, "blocked": one.is_blocked, "created_at": one.created_at,
        "leaves_at": one.erase_at,
    }  # fmt: skip


def _address(data: dict[str, str]) -> Address:
    """A kept address; `data` holds its parts by name, its lines as one or two of them."""
    return Address(
        name=data.get("name", ""), company=data.get("company", ""),
        lines=tuple(line for line in (data.get("line1", ""), data.get("line2", "")) if line), city=data.get("city", ""),
        district=data.get("district", ""), region=data.get("region", ""), postcode=data.get("postcode", ""),
        country=data.get("country", ""), phone=data.get("phone", ""),
    )  # fmt: skip
