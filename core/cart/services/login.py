"""At login the carts of a shopper become one."""

from __future__ import annotations

from core.cart.services.holds import hold_cart
from core.cart.services.lines import CART_LINES, LINE_QUANTITY
from core.catalogue.services import stock
from core.hookspecs.site import Site
from core.kernel import db
from core.lib import clock, ids


def claim_cart(site: Site, token: str | None, shopper_id: int) -> str | None:
    """Give the visitor's cart to the shopper who has just logged in, and put the goods of earlier open carts into it.

    Answers the token for the cookie: the same, a new one where only an earlier cart exists, None where there is none.
    Call it at login and registration; at logout drop the cookie. Commits.
    """
    with db.transaction():
        mine = _open_cart(site.id, token) if token else None
        older = [row[0] for row in db.rows(_OLDER, site.id, shopper_id)]
        target = mine if mine is not None else older[0] if older else None
        if target is None:
            return None
        for cart_id in (cart_id for cart_id in older if cart_id != target):
            _pour(cart_id, target)
            stock.unhold(stock.cart_reference(cart_id), "system")
        if mine is None:
            token = ids.token()
            db.execute("UPDATE carts SET token_digest = ? WHERE id = ?", ids.digest(token), target)
        db.execute(
            "UPDATE carts SET shopper_id = ?, version = version + 1, updated_at = ? WHERE id = ?",
            shopper_id,
            clock.now_us(),
            target,
        )
        hold_cart(site, target)
    return token


_OLDER = (
    "SELECT id FROM carts WHERE site_id = ? AND shopper_id = ? AND ordered_at IS NULL ORDER BY updated_at DESC, id DESC"
)


def _open_cart(site_id: int, token: str) -> int | None:
    found: int | None = db.value(
        "UPDATE carts SET version = version + 1 WHERE token_digest = ? AND site_id = ? AND ordered_at IS NULL"
        " RETURNING id",
        ids.digest(token),
        site_id,
    )
    return found


def _pour(source: int, target: int) -> None:
    """Move the lines of one cart into another as far as they fit, and delete the empty cart; the larger quantity wins.

    A shopper who put the same thing into two carts on two devices means it once.
    """
    room = CART_LINES - int(db.value("SELECT count(*) FROM cart_line WHERE cart_id = ?", target))
    known = {row[0] for row in db.rows("SELECT variant_id FROM cart_line WHERE cart_id = ?", target)}
    for variant_id, quantity in db.rows(
        "SELECT variant_id, quantity FROM cart_line WHERE cart_id = ? ORDER BY id", source
    ):
        if variant_id not in known and room <= 0:
            continue
        room -= variant_id not in known
        db.execute(
            "INSERT INTO cart_line (cart_id, variant_id, quantity) VALUES (?, ?, ?) ON CONFLICT (cart_id, variant_id)"
            " DO UPDATE SET quantity = CASE WHEN excluded.quantity > cart_line.quantity THEN excluded.quantity ELSE"
            " cart_line.quantity END",
            target, variant_id, min(quantity, LINE_QUANTITY),
        )  # fmt: skip
    db.execute("DELETE FROM carts WHERE id = ?", source)
