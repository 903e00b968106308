"""What a shopper typed so far: kept with the cart, right or wrong, so that nothing is asked twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from core.cart.services.find import CartPlace, StoredCart
from core.cart.services.lines import touch
from core.hookspecs.checkout import Address
from core.hookspecs.site import Site
from core.kernel import db
from core.lib.errors import Refused
from core.lib.jsons import from_json, json_or_null, to_json

_CODES = 10
_CODE_LENGTH = 64


class TooManyCodes(Refused):
    """A cart takes a handful of codes."""

    code = "too_many_codes"
    default_message = "A cart takes at most %(count)s codes."


class Details(Struct, frozen=True, kw_only=True):
    """The checkout's answers. `billing` None: the same as `address`. `extra` is {plugin: {field: answer}}.

    `places` None: the further places stay as they are.
    """

    email: str = ""
    address: Address | None = None
    billing: Address | None = None
    carrier: str = ""
    service: str = ""
    gateway: str = ""
    note: str = ""
    extra: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    places: tuple[CartPlace, ...] | None = None


def save_details(site: Site, token: str | None, details: Details, *, shopper_id: int | None = None) -> None:
    """Keep the checkout's answers with the cart, unchecked: what is wrong is shown again to be put right. Commits."""
    with db.transaction():
        touch(site, token, shopper_id, columns(details))


def columns(details: Details | StoredCart) -> dict[str, str | None]:
    """The answers as a cart stores them."""
    further = {} if details.places is None else {"places": to_json(details.places)}
    return {
        **further,
        "email": details.email,
        "address": json_or_null(details.address),
        "billing": json_or_null(details.billing),
        "carrier": details.carrier,
        "service": details.service,
        "gateway": details.gateway,
        "note": details.note,
        "extra": to_json(details.extra),
    }


def apply_code(site: Site, token: str | None, code: str, *, shopper_id: int | None = None) -> str:
    """Add a code to the cart; answers it as it is compared: upper case, no blanks around.

    Whether it is granted, the quote says. Raises Refused for an empty or endless one, TooManyCodes, CartGone. Commits.
    """
    clean = normal_code(code)
    if not clean or len(clean) > _CODE_LENGTH:
        raise Refused("Type the code as it was given to you.", field="code")
    with db.transaction():
        cart_id = touch(site, token, shopper_id)
        codes = _codes(cart_id)
        if clean not in codes:
            if len(codes) >= _CODES:
                raise TooManyCodes(count=_CODES, field="code")
            _store_codes(cart_id, [*codes, clean])
    return clean


def remove_code(site: Site, token: str | None, code: str, *, shopper_id: int | None = None) -> None:
    """Take a code off the cart; one that is not there is no error. Commits."""
    with db.transaction():
        cart_id = touch(site, token, shopper_id)
        _store_codes(cart_id, [known for known in _codes(cart_id) if known != normal_code(code)])


def normal_code(code: str) -> str:
    """The form in which codes are stored and compared."""
    return " ".join(code.split()).upper()


def _codes(cart_id: int) -> list[str]:
    found: list[str] = from_json(db.value("SELECT codes FROM carts WHERE id = ?", cart_id))
    return found


def _store_codes(cart_id: int, codes: list[str]) -> None:
    db.execute("UPDATE carts SET codes = ? WHERE id = ?", to_json(codes), cart_id)
