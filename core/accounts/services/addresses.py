"""The addresses a shopper keeps. An address is looked up together with its owner and its site, always."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from core.accounts.models import ShopperAddress
from core.kernel import db, jobs
from core.lib import clock
from core.lib.addresses import check, cleaned
from core.lib.errors import NotFound, Refused, Unfit

if TYPE_CHECKING:
    from core.accounts.models import Shopper

MOST = 30
KEPT = timedelta(days=1)


class BookFull(Refused):
    """There is no room for another address."""

    code = "book_full"
    default_message = "You have kept as many addresses as there is room for. Remove one first."


class AddressGone(NotFound):
    """Removed so long ago that it cannot come back, or never this shopper's: the answer is the same for both."""

    default_message = "This address is gone for good. Please add it anew."


def addresses_of(shopper: Shopper) -> list[ShopperAddress]:
    """The shopper's addresses, the main one first."""
    order = ShopperAddress.main.desc(), ShopperAddress.id
    return list(ShopperAddress.for_site(shopper.site_id).where(ShopperAddress.shopper == shopper).order_by(*order))


def removed_addresses(shopper: Shopper) -> list[ShopperAddress]:
    """The addresses that can still be brought back."""
    return list(_removed_of(shopper).order_by(ShopperAddress.id))


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
    """Keep a new address (no id) or change one. Raises Unfit with a message per field, NotFound, BookFull. Commits.

    `main` makes it the one that is delivered to, `billing` the one that bills go to; None leaves that as it is.
    """
    data = cleaned(given)
    if problems := check(data):
        raise Unfit(problems)
    with db.transaction():
        _lock(shopper)
        if address_id is None:
            kept = _with_room(shopper)
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
    """Take an address out of the book; the oldest of the others becomes the main one if this was it. Commits.

    For a day `restore_address` brings it back. One that is out already stays so. Raises NotFound.
    """
    with db.transaction():
        _lock(shopper)
        if _removed(shopper, address_id):
            return
        get_address(shopper, address_id)
        _stand_in_no_longer(shopper, address_id)
        ShopperAddress.put_away(shopper.site_id, address_id)
        _forget_beyond(shopper)
        _fill_in(shopper)


def restore_address(shopper: Shopper, address_id: int) -> ShopperAddress:
    """Bring back an address that was removed, as what it was unless the shopper has chosen another since. Commits.

    One that is there already stays as it is. Raises AddressGone, BookFull.
    """
    with db.transaction():
        _lock(shopper)
        if gone := _removed(shopper, address_id):
            _with_room(shopper)
            ShopperAddress.bring_back(shopper.site_id, address_id)
            if gone.main:
                _make_main(shopper, address_id)
            _fill_in(shopper)
        try:
            return get_address(shopper, address_id)
        except NotFound:
            raise AddressGone from None


def _lock(shopper: Shopper) -> None:
    """One verb at a time works in a book: what is main, and how many there are, is decided by looking at all of it."""
    if not db.is_sqlite():
        db.rows("SELECT 1 FROM shopper WHERE id = ? AND site_id = ? FOR UPDATE", shopper.id, shopper.site_id)


def _with_room(shopper: Shopper) -> list[ShopperAddress]:
    """The addresses of a book that takes one more. Raises BookFull."""
    kept = addresses_of(shopper)
    if len(kept) >= MOST:
        raise BookFull
    return kept


def _removed_of(shopper: Shopper) -> Any:
    mine = ShopperAddress.site_id == shopper.site_id, ShopperAddress.shopper == shopper
    return ShopperAddress.select().where(*mine, ShopperAddress.removed_at.is_null(is_null=False))


def _removed(shopper: Shopper, address_id: int) -> ShopperAddress | None:
    found: ShopperAddress | None = _removed_of(shopper).where(ShopperAddress.id == address_id).first()
    return found


def _make_main(shopper: Shopper, address_id: int) -> None:
    """The shopper's own choice: what was removed would no longer come back as the main one either."""
    db.execute("UPDATE shopper_address SET main = (id = ?) WHERE shopper_id = ?", address_id, shopper.id)


def _fill_in(shopper: Shopper) -> None:
    """Where nothing is the main one, the oldest address fills in, until the one that was chosen comes back."""
    kept = addresses_of(shopper)
    if kept and not kept[0].main:
        db.execute("UPDATE shopper_address SET main = TRUE WHERE id = ?", kept[0].id)


def _stand_in_no_longer(shopper: Shopper, address_id: int) -> None:
    """An address that only filled in for a removed one does not come back as the main one."""
    db.execute(
        "UPDATE shopper_address SET main = FALSE WHERE id = ? AND EXISTS (SELECT 1 FROM shopper_address gone"
        " WHERE gone.shopper_id = ? AND gone.removed_at IS NOT NULL AND gone.main)",
        address_id, shopper.id,
    )  # fmt: skip


def _forget_beyond(shopper: Shopper) -> None:
    """Who removes and adds all day leaves no more behind than a book holds."""
    db.execute(
        "DELETE FROM shopper_address WHERE shopper_id = ? AND removed_at IS NOT NULL AND id NOT IN"
        " (SELECT id FROM shopper_address WHERE shopper_id = ? AND removed_at IS NOT NULL"
        " ORDER BY removed_at DESC, id DESC LIMIT ?)",
        shopper.id, shopper.id, MOST,
    )  # fmt: skip


@jobs.job("accounts.forget_addresses", every=timedelta(hours=1))
def _forget(running: jobs.Running) -> None:
    """Where somebody lives is not kept longer than an undo needs it."""
    del running
    with db.transaction():
        db.execute("DELETE FROM shopper_address WHERE removed_at < ?", clock.micros(clock.now() - KEPT))
