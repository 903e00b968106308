"""What must hold over all orders, payments, claims and stock, whatever happened."""

from __future__ import annotations

from core.catalogue.services import stock_proof
from core.kernel import db


def unbalanced() -> list[str]:
    """Everything that does not add up, in words; empty is right."""
    return [
        *(f"order {row[0]}: total {row[1]}, parts {row[2]}" for row in db.rows(_TOTALS, True) if row[1] != row[2]),
        *(f"order {row[0]}: lines {row[2]}, total {row[1]}" for row in db.rows(_LINES, True) if row[1] != row[2]),
        *(f"order {row[0]}: shares {row[2]}, discounts {row[1]}" for row in db.rows(_OFFERS) if row[1] != row[2]),
        *(f"order {row[0]}: charges {row[2]}, sum {row[1]}" for row in db.rows(_CHARGES) if row[1] != row[2]),
        *(f"order {row[0]}: deliveries {row[2:]}, sums {row[1]}" for row in db.rows(_PLACES) if not row[1]),
        *(f"order {row[0]}: line {row[1]} goes nowhere" for row in db.rows(_NOWHERE)),
        *(f"order {row[0]}: taxes {row[2]}, tax {row[1]}" for row in db.rows(_TAXES) if row[1] != row[2]),
        *(
            f"order {row[0]}: {row[1]} pieces promised, {row[2]} in stock"
            for row in db.rows(_PIECES)
            if row[1] != row[2]
        ),
        *(
            f"order {row[0]}: variant {row[1]}: {row[2]} came and were not looked at, {row[3]} in quality control"
            for row in db.rows(_LOOKED_AT)
            if row[2] != row[3]
        ),
        *(f"variant {row[0]}: {row[1]} held, {row[2]} in holds" for row in db.rows(_HOLDS) if row[1] != row[2]),
        *(
            f"claim {row[0]}: {row[1]} used, {row[2]} in live orders"
            for row in db.rows(_CLAIMS, False)
            if row[1] != row[2]
        ),
        *(f"claim {row[0]} is over its limit" for row in db.rows("SELECT key FROM claim WHERE used > limit_")),
        *(f"order {row[0]} has {row[1]} times the event {row[2]}" for row in db.rows(_EVENTS)),
        *(f"cart {row[0]}: ordered, but no order" for row in db.rows(_CARTS)),
        *(f"stock {row}" for row in stock_proof()),
    ]


_TOTALS = """SELECT id, total,
 subtotal - discount + delivery + charges + CASE WHEN prices_include_tax = ? THEN 0 ELSE tax END FROM orders"""
_LINES = """SELECT o.id, o.total - o.delivery_total - o.charges - CASE WHEN o.prices_include_tax = ? THEN 0 ELSE
 COALESCE((SELECT SUM(t.amount) FROM order_tax t WHERE t.order_id = o.id AND t.charge_id IS NOT NULL), 0) END,
 SUM(l.total) FROM orders o JOIN order_line l ON l.order_id = o.id
 GROUP BY o.id, o.total, o.delivery_total, o.charges, o.prices_include_tax"""
_OFFERS = """SELECT o.id, o.discount, COALESCE(
 (SELECT SUM(a.amount) FROM order_adjustment a WHERE a.order_id = o.id), 0) FROM orders o"""
_CHARGES = """SELECT o.id, o.charges, COALESCE((SELECT SUM(c.amount) FROM order_charge c WHERE c.order_id = o.id), 0)
 FROM orders o"""
_TAXES = (
    """SELECT o.id, o.tax, COALESCE((SELECT SUM(t.amount) FROM order_tax t WHERE t.order_id = o.id), 0) FROM orders o"""
)
_PLACES = """SELECT o.id, o.delivery = SUM(d.delivery) AND o.delivery_total = SUM(d.total) AND o.address IS NULL
 AND o.carrier = '' AND o.delivery_title = '', o.delivery, SUM(d.delivery), o.delivery_total, SUM(d.total)
 FROM orders o JOIN order_destination d ON d.order_id = o.id
 GROUP BY o.id, o.delivery, o.delivery_total, o.address, o.carrier, o.delivery_title"""
_NOWHERE = """SELECT l.order_id, l.id FROM order_line l WHERE
 (l.place > 0 OR EXISTS (SELECT 1 FROM order_destination d WHERE d.order_id = l.order_id))
 AND NOT EXISTS (SELECT 1 FROM order_destination d WHERE d.order_id = l.order_id AND d.position = l.place)"""
# Moves are summed for all orders at once: a database that has not counted them yet would read all of them per order.
_PIECES = """SELECT x.order_id, SUM(x.pieces), COALESCE(MAX(m.pieces), 0)
 FROM (SELECT l.order_id, l.allocated * COALESCE(p.quantity, 1) AS pieces, COALESCE(p.variant_id, l.variant_id) AS taken
   FROM order_line l LEFT JOIN order_line_part p ON p.line_id = l.id) x
 JOIN variant v ON v.id = x.taken
 LEFT JOIN (SELECT reference, SUM(allocated + preordered) AS pieces FROM stock_move GROUP BY reference) m
   ON m.reference = 'order:' || CAST(x.order_id AS VARCHAR(20))
 WHERE v.tracked GROUP BY x.order_id
 """
_LOOKED_AT = """SELECT x.order_id, x.taken, SUM(x.pieces), COALESCE(MAX(m.quality), 0)
 FROM (SELECT l.order_id, (c.received - c.sellable - c.damaged - c.discarded - c.to_supplier) * COALESCE(p.quantity, 1)
     AS pieces, COALESCE(p.variant_id, l.variant_id) AS taken
   FROM order_case_line c JOIN order_line l ON l.id = c.line_id LEFT JOIN order_line_part p ON p.line_id = l.id
   WHERE EXISTS (SELECT 1 FROM shipment_line s WHERE s.line_id = l.id AND s.location_id IS NOT NULL)) x
 JOIN variant v ON v.id = x.taken
 LEFT JOIN (SELECT reference, variant_id, SUM(quality) AS quality FROM stock_move GROUP BY reference, variant_id) m
   ON m.reference = 'order:' || CAST(x.order_id AS VARCHAR(20)) AND m.variant_id = x.taken
 WHERE v.tracked GROUP BY x.order_id, x.taken
 """
_HOLDS = """SELECT l.variant_id, SUM(l.held), COALESCE((SELECT SUM(h.pieces) FROM stock_hold h
 WHERE h.variant_id = l.variant_id), 0) + COALESCE((SELECT SUM(r.pieces) FROM stock_reserve r
 WHERE r.variant_id = l.variant_id), 0) FROM stock_level l GROUP BY l.variant_id"""
_CLAIMS = """SELECT c.key, c.used, COALESCE(
 (SELECT SUM(oc.amount) FROM order_claim oc JOIN orders o ON o.id = oc.order_id
 WHERE oc.key = c.key AND o.site_id = c.site_id AND oc.released = ?), 0) FROM claim c"""
_EVENTS = """SELECT order_id, count(*), kind FROM order_entry WHERE kind IN ('placed', 'paid') GROUP BY order_id, kind
HAVING count(*) > 1
"""
_CARTS = """SELECT c.id FROM carts c WHERE c.ordered_at IS NOT NULL
 AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.cart_id = c.id)"""
