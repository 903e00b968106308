"""The address book as its pages and the checkout show it."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from core.accounts.models import Shopper, ShopperAddress
from core.accounts.services import addresses_of
from core.checkout.services.details import address_texts
from core.hookspecs.checkout import Address
from core.kernel.i18n import gettext as _
from core.lib import addresses
from core.storefront.services.fields import (
    Errors,
    Field,
    address_fields,
    address_lines,
    country_field,
    field,
    folded_in,
    summary,
)


class KeptAddress(Struct, frozen=True, kw_only=True):
    """An address of the book. `short` names it in one line, for a button."""

    id: int
    lines: Sequence[str]
    short: str
    main: bool
    billing: bool


class AddressForm(Struct, frozen=True, kw_only=True):
    """The form of one address; `more` are folded fields, open if one of them is filled or wrong."""

    errors: tuple[tuple[str, str], ...]
    country: Field
    fields: Sequence[Field]
    more: Sequence[Field]
    more_open: bool
    uses: Sequence[Field]


def kept_addresses(shopper: Shopper) -> list[KeptAddress]:
    """All addresses of a shopper, the main one first."""
    return [_kept(row) for row in addresses_of(shopper)]


def _kept(row: ShopperAddress) -> KeptAddress:
    lines = address_lines(stored_address(row))
    parts = [row.data.get(name, "") for name in ("name", "line1", "city")]
    short = " · ".join(part for part in parts if part)
    return KeptAddress(id=row.id, lines=lines, short=short, main=row.main, billing=row.billing)


def stored_address(row: ShopperAddress) -> Address:
    """A kept address as the checkout takes it."""
    return Address(**addresses.parts(row.data))


def default_addresses(shopper: Shopper) -> tuple[Address | None, Address | None]:
    """(where to deliver, where the bill goes; None: to the same place)."""
    kept = addresses_of(shopper)
    main = kept[0] if kept else None
    billing = next((row for row in kept if row.billing and row != main), None)
    return stored_address(main) if main else None, stored_address(billing) if billing else None


def address_form(address: Address, errors: Errors, *, main: bool, billing: bool) -> AddressForm:
    """The fields that addresses of this country need, filled with what is known or was typed."""
    country = country_field(address.country, (), errors)
    fields, more = address_fields(address, errors), address_fields(address, errors, folded=True)
    texts = address_texts(address)
    boxes = (("main", _("Deliver here, unless I choose another"), main), ("billing", _("Send bills here"), billing))
    uses = [
        # The page itself has an element called `main`, to which its skip link leads.
        field(f"use-{name}", label, name=name, type="checkbox", value=on, optional=True, wide=True)
        for name, label, on in boxes
    ]
    return AddressForm(
        errors=summary(errors, [country, *fields, *more]),
        country=country,
        fields=fields,
        more=more,
        more_open=any(texts[name] or name in errors for name in folded_in(address.country)),
        uses=uses,
    )
