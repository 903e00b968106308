"""The addresses a shopper keeps. An address is looked up together with its owner and its site, always."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from core.accounts.models import ShopperAddress
from core.kernel import db
from core.lib import clock
from core.lib.addresses import check, cleaned
from core.lib.errors import NotFound, Refused, Unfit

if TYPE_CHECKING:
    from core.accounts.models import Shopper

MOST = 30


def addresses_of(shopper: Shopper) -> list[ShopperAddress]:
    """The shopper's addresses, the main one first."""
    order = ShopperAddress.main.desc(), ShopperAddress.id
    return list(ShopperAddress.for_site(shopper.site_id).where(ShopperAddress.shopper == shopper).order_by(*order))


def get_address(shopper: Shopper, address_id: int) -> ShopperAddress:
    """An address of this very shopper. Raises NotFound."""
    found: ShopperAddress | None = (
        ShopperAddress.for_site(shopper.site_id)
        .where(ShopperAddress.shopper == shopper, ShopperAddress.id == address_id)
        .first()
    )
    if found is None:
        raise NotFound
    return found


def save_address(
    shopper: Shopper,
    given: Mapping[str, str],
    *,
    address_id: int | None = None,
    main: bool = False,
    billing: bool | None = None,
) -> ShopperAddress:
    """Keep a new address (no id) or change one. Raises Unfit with a message per field, NotFound, Refused. Commits.

    `main` makes it the one that is delivered to, `billing` the one that bills go to; None leaves that as it is.
    """
    data = cleaned(given)
    if problems := check(data):
        raise Unfit(problems)
    kept = addresses_of(shopper)
    if address_id is None and len(kept) >= MOST:
        raise Refused("You have kept as many addresses as there is room for. Remove one first.")
    with db.transaction():
        if address_id is None:
            address = ShopperAddress(site_id=shopper.site_id, shopper=shopper, created_at=clock.now(), main=not kept)
        else:
            address = get_address(shopper, address_id)
        address.data = data
        address.billing = address.billing if billing is None else billing
        address.save()
        if main:
            _make_main(shopper, address.id)
        if billing:
            db.execute(
                "UPDATE shopper_address SET billing = FALSE WHERE shopper_id = ? AND id <> ?", shopper.id, address.id
            )
    return get_address(shopper, address.id)


def remove_address(shopper: Shopper, address_id: int) -> None:
    """Forget an address; the oldest of the others becomes the main one if this was it. Commits."""
    with db.transaction():
        get_address(shopper, address_id).delete_instance()
        rest = addresses_of(shopper)
        if rest and not rest[0].main:
            _make_main(shopper, rest[0].id)


def _make_main(shopper: Shopper, address_id: int) -> None:
    db.execute("UPDATE shopper_address SET main = (id = ?) WHERE shopper_id = ?", address_id, shopper.id)
