"""Putting goods into a cart, changing how many, taking them out."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct

from core.cart.services.holds import hold_cart
from core.catalogue.services.carts import cart_variants
from core.hookspecs.site import Site
from core.kernel import db
from core.lib import clock, ids
from core.lib.errors import NotFound, Refused

LINE_QUANTITY = 999
CART_LINES = 200


class CartGone(NotFound):
    """No open cart behind this token on this site: it expired, or became an order."""

    default_message = "This cart is empty now."


class NotForSale(Refused):
    """The variant is not sold on this site, in this currency, now."""

    code = "not_for_sale"
    default_message = "This product is not for sale here at the moment."


class CartFull(Refused):
    """More lines, or more units of one thing, than a cart takes."""

    code = "cart_full"
    default_message = "A cart takes at most %(lines)s different products, and %(units)s of each."

    def __init__(self) -> None:
        super().__init__(lines=CART_LINES, units=LINE_QUANTITY)


class Removed(Struct, frozen=True, kw_only=True):
    """What was taken out; `add_to_cart` with the same values undoes it."""

    variant_id: int
    quantity: int


def add_to_cart(
    site: Site,
    token: str | None,
    variant_id: int,
    quantity: int = 1,
    *,
    currency: str | None = None,
    language: str | None = None,
    shopper_id: int | None = None,
) -> str:
    """Put units of a variant into the cart, making the cart if there is none; answers the token for the cookie.

    Units of a variant that is already there add up, to at most 999. A cart found by its shopper alone gets a new token.
    The cart goes on in this currency and language, which are those that the shopper sees. Raises NotForSale, CartFull.
    Commits.
    """
    if not 1 <= quantity <= LINE_QUANTITY:
        raise CartFull
    currency, language = currency or site.currency, language or site.language
    if currency not in site.currencies or not _is_sold(site, language, currency, variant_id):
        raise NotForSale
    with db.transaction():
        opened = _open(site, token, shopper_id)
        cart_id, lines, token = opened or _make(site, currency, language, shopper_id)
        if opened is not None:
            _say(cart_id, currency, language)
        added = db.execute(
            "INSERT INTO cart_line (cart_id, variant_id, quantity) VALUES (?, ?, ?) ON CONFLICT (cart_id, variant_id)"
            " DO UPDATE SET quantity = CASE WHEN cart_line.quantity + excluded.quantity > ? THEN ? ELSE"
            " cart_line.quantity + excluded.quantity END",
            cart_id, variant_id, quantity, LINE_QUANTITY, LINE_QUANTITY,
        )  # fmt: skip
        if (
            lines >= CART_LINES
            and added
            and db.value("SELECT count(*) FROM cart_line WHERE cart_id = ?", cart_id) > CART_LINES
        ):
            raise CartFull
        hold_cart(site, cart_id)
    return token


def _is_sold(site: Site, language: str, currency: str, variant_id: int) -> bool:
    variant = cart_variants(site, language, currency, [variant_id]).get(variant_id)
    return variant is not None and variant.price is not None


def localise_cart(
    site: Site, token: str | None, *, currency: str, language: str, shopper_id: int | None = None
) -> None:
    """Let the cart go on in another currency and language; its prices are looked up anew. Commits.

    For the shopper who changes either. Raises CartGone, and NotForSale in a currency that this site does not sell in.
    """
    if currency not in site.currencies:
        raise NotForSale
    with db.transaction():
        _say(touch(site, token, shopper_id), currency, language)


def _say(cart_id: int, currency: str, language: str) -> None:
    db.execute("UPDATE carts SET currency = ?, language = ? WHERE id = ?", currency, language, cart_id)


def set_quantity(site: Site, token: str | None, line_id: int, quantity: int, *, shopper_id: int | None = None) -> int:
    """Make a line hold `quantity` units.

    0 takes it out. Answers how many it held before. Raises CartGone, CartFull, NotFound.
    """
    if not 0 <= quantity <= LINE_QUANTITY:
        raise CartFull
    if quantity == 0:
        return remove_line(site, token, line_id, shopper_id=shopper_id).quantity
    with db.transaction():
        cart_id = touch(site, token, shopper_id)
        before = db.value("SELECT quantity FROM cart_line WHERE id = ? AND cart_id = ?", line_id, cart_id)
        if before is None:
            raise NotFound
        db.execute("UPDATE cart_line SET quantity = ? WHERE id = ? AND cart_id = ?", quantity, line_id, cart_id)
        hold_cart(site, cart_id)
    return int(before)


def remove_line(site: Site, token: str | None, line_id: int, *, shopper_id: int | None = None) -> Removed:
    """Take a line out; answers what undo needs. Raises CartGone, NotFound. Commits."""
    with db.transaction():
        cart_id = touch(site, token, shopper_id)
        found = db.one(
            "DELETE FROM cart_line WHERE id = ? AND cart_id = ? RETURNING variant_id, quantity", line_id, cart_id
        )
        if found is None:
            raise NotFound
        hold_cart(site, cart_id)
    return Removed(variant_id=found[0], quantity=found[1])


def touch(
    site: Site, token: str | None, shopper_id: int | None, changes: Mapping[str, str | None] | None = None
) -> int:
    """Raise the version of the open cart, which locks it for this transaction; answers its id. Raises CartGone.

    `changes` are columns to set with it.
    """
    opened = _bump(site.id, "token_digest = ?", ids.digest(token), changes=changes or {}) if token else None
    if opened is None and shopper_id is not None:
        opened = _bump(site.id, _NEWEST, site.id, shopper_id, changes=changes or {})
    if opened is None:
        raise CartGone
    return int(opened[0])


_NEWEST = (
    "id = (SELECT id FROM carts WHERE site_id = ? AND shopper_id = ? AND ordered_at IS NULL"
    " ORDER BY updated_at DESC, id DESC LIMIT 1)"
)


def _bump(
    site_id: int, where: str, *params: object, changes: Mapping[str, str | None] = MappingProxyType({})
) -> db.Row | None:
    """One statement finds the cart, checks its site, locks it, changes it, and counts its lines."""
    db.require_transaction()
    # Safe in SQL: columns are named in this package, never by a request.
    also = "".join(f", {column} = ?" for column in changes)
    return db.one(
        f"UPDATE carts SET version = version + 1, updated_at = ?{also} WHERE {where} AND site_id = ?"
        " AND ordered_at IS NULL RETURNING id, (SELECT count(*) FROM cart_line WHERE cart_line.cart_id = carts.id)",
        clock.now_us(), *changes.values(), *params, site_id,
    )  # fmt: skip


def _open(site: Site, token: str | None, shopper_id: int | None) -> tuple[int, int, str] | None:
    """(cart id, lines, token) of the open cart, or None.

    A cart found by its shopper gets a new token, as the old one is not known.
    """
    if token and (found := _bump(site.id, "token_digest = ?", ids.digest(token))):
        return found[0], found[1], token
    if shopper_id is None or not (found := _bump(site.id, _NEWEST, site.id, shopper_id)):
        return None
    fresh = ids.token()
    db.execute("UPDATE carts SET token_digest = ? WHERE id = ?", ids.digest(fresh), found[0])
    return found[0], found[1], fresh


def _make(site: Site, currency: str, language: str, shopper_id: int | None) -> tuple[int, int, str]:
    """A new, empty cart under a new token, so that nobody can plant a token of his choice."""
    token, now = ids.token(), clock.now_us()
    made = db.one(
        "INSERT INTO carts (site_id, token_digest, currency, language, shopper_id, email, codes, carrier, service,"
        " gateway, extra, note, version, created_at, updated_at)"
        " VALUES (?, ?, ?, ?, ?, '', '[]', '', '', '', '{}', '', 1, ?, ?) RETURNING id",
        site.id, ids.digest(token), currency, language, shopper_id, now, now,
    )  # fmt: skip
    assert made is not None
    return made[0], 0, token
