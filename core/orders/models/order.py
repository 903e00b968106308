"""An order, its lines with their event quantities, and what was promised with it. Its status is derived from them."""

from __future__ import annotations

import peewee
from peewee import Check

from core.kernel import tables


def _count() -> peewee.IntegerField:
    return peewee.IntegerField(default=0)


def _amount() -> peewee.BigIntegerField:
    """Minor units of the order's currency."""
    return peewee.BigIntegerField(default=0)


class Order(tables.SiteTable):
    """What was agreed when the order was placed. `version` rises with every act on it and is the lock of its verbs.

    `total` = `subtotal` - `discount` + `delivery` + `charges` (+ `tax` unless `prices_include_tax`). `given_back` are
    refunds that were owed when they were made, fixed when a later change asks for more. `advanced` is what goods that
    travel back count for, where others were sent instead of them already. `expires_at` is set while an
    order with something left to pay keeps its stock for a limited time: `days_to_pay` (0: without end) from the fact
    that opened the amount. `link` numbers the guest's links, of which the last one opens the
    order until `link_until`. `queued_at` is set where it waits for goods since before it was placed: it was split off.
    What goes to one place is sent to `address` by `carrier`; of an order that goes to several
    they are empty, and each place is an OrderDestination. `channel` is where it was placed if not here, under
    `channel_number`, once.
    """

    number = peewee.CharField(max_length=40)
    cart_id = peewee.IntegerField(unique=True)
    key_digest = peewee.CharField(max_length=64, unique=True)
    link = _count()
    link_until = tables.InstantField()
    shopper_id = peewee.IntegerField(null=True)
    email = peewee.CharField(max_length=254)
    phone = peewee.CharField(max_length=40, default="")
    name = peewee.CharField(max_length=200, default="")
    language = peewee.CharField(max_length=20)
    currency = peewee.CharField(max_length=3)
    placed_at = tables.InstantField()
    queued_at = tables.InstantField(null=True)
    subtotal = _amount()
    discount = _amount()
    delivery = _amount()
    tax = _amount()
    total = _amount()
    delivery_total = _amount()
    charges = _amount()
    given_back = _amount()
    advanced = peewee.BigIntegerField(default=0, constraints=[peewee.SQL("DEFAULT 0")])
    prices_include_tax = peewee.BooleanField()
    tax_note = peewee.TextField(default="")
    address = tables.JSONField(null=True)
    billing = tables.JSONField(null=True)
    carrier = peewee.CharField(max_length=60, default="")
    service = peewee.CharField(max_length=60, default="")
    carrier_plugin = peewee.CharField(max_length=60, default="")
    delivery_title = peewee.CharField(max_length=200, default="")
    rate = tables.JSONField(default=dict)
    gateway = peewee.CharField(max_length=60)
    payment_title = peewee.CharField(max_length=200, default="")
    note = peewee.TextField(default="")
    codes = tables.JSONField(default=list)
    extra = tables.JSONField(default=dict)
    trace = tables.JSONField(default=list)
    days_to_pay = peewee.IntegerField(default=0, constraints=[peewee.SQL("DEFAULT 0")])
    expires_at = tables.InstantField(null=True, index=True)
    version = peewee.IntegerField(default=1)
    channel = peewee.CharField(max_length=60, default="", constraints=[peewee.SQL("DEFAULT ''")])
    channel_number = peewee.CharField(max_length=60, null=True)
    state = peewee.CharField(max_length=60, default="", constraints=[peewee.SQL("DEFAULT ''")])
    country = peewee.CharField(max_length=2, default="", constraints=[peewee.SQL("DEFAULT ''")])
    words = peewee.CharField(max_length=500, default="", constraints=[peewee.SQL("DEFAULT ''")])
    spent = peewee.BigIntegerField(default=0, constraints=[peewee.SQL("DEFAULT 0")])

    class Meta:
        table_name = "orders"
        indexes = (
            (("site_id", "number"), True),
            (("site_id", "channel", "channel_number"), True),
            (("site_id", "channel", "placed_at", "id"), False),
            # What lists are narrowed by without an index of its own is read here, the newest first.
            (
                ("site_id", "placed_at", "id", "state", "currency", "total", "country", "carrier", "gateway", "words"),
                False,
            ),
            (("site_id", "state", "placed_at", "id"), False),
            (("site_id", "shopper_id", "placed_at", "id"), False),
            (("site_id", "email", "shopper_id"), False),
        )
        constraints = [
            Check("total >= 0 AND subtotal >= 0 AND discount >= 0 AND delivery >= 0 AND tax >= 0"),
        ]


# Orders are found by their mail address however it was written, where a query says LOWER(email).
Order.add_index(Order.index(Order.site_id, peewee.fn.LOWER(Order.email), name="order_mail"))


class OrderDestination(tables.Table):
    """One of several places that an order goes to; lines name it by its position. An order of one place has none.

    `delivery` less its share `discount` of the offers is what bringing it there costs, `total` that with its tax. The
    sums over all places are those of the order.
    """

    order = peewee.ForeignKeyField(Order, on_delete="CASCADE")
    position = peewee.IntegerField()
    address = tables.JSONField()
    carrier = peewee.CharField(max_length=60, default="")
    service = peewee.CharField(max_length=60, default="")
    carrier_plugin = peewee.CharField(max_length=60, default="")
    delivery_title = peewee.CharField(max_length=200, default="")
    rate = tables.JSONField(default=dict)
    delivery = _amount()
    discount = _amount()
    total = _amount()
    country = peewee.CharField(max_length=2, default="", constraints=[peewee.SQL("DEFAULT ''")])

    class Meta:
        indexes = ((("order", "position"), True), (("country", "order"), False), (("carrier", "order"), False))
        constraints = [
            Check("position >= 0 AND delivery >= 0 AND discount >= 0 AND discount <= delivery AND total >= 0"),
        ]


class OrderLine(tables.Table):
    """One line: what it was, what it costs, and how many units each event has touched.

    `total` is what the shopper pays for the line, after its share of offers and with tax. Amounts of a part of the
    units are cumulative shares of it, so that all parts together are exactly the line. `of_line_id` is the line whose
    further or repriced units these are, `change_id` the change that added them. `place` is the position of the
    destination it goes to. `promise` says what was agreed of units that were not there: `backorder` (they leave from
    `promised_at` on, if that was said) or `preorder` (from the release on).
    """

    order = peewee.ForeignKeyField(Order, on_delete="CASCADE")
    position = peewee.IntegerField()
    of_line_id = peewee.IntegerField(null=True)
    change_id = peewee.IntegerField(null=True)
    place = peewee.IntegerField(default=0, constraints=[peewee.SQL("DEFAULT 0")])
    variant_id = peewee.IntegerField(index=True)
    product_id = peewee.IntegerField()
    sku = peewee.CharField(max_length=120)
    name = peewee.TextField()
    picture = peewee.TextField(default="")
    unit_amount = _amount()
    list_amount = _amount()
    subtotal = _amount()
    discount = _amount()
    tax = _amount()
    total = _amount()
    tax_class = peewee.CharField(max_length=60, default="standard")
    weight_g = peewee.IntegerField(default=0)
    needs_delivery = peewee.BooleanField(default=True)
    returns = peewee.CharField(max_length=20, default="", constraints=[peewee.SQL("DEFAULT ''")])
    ordered = peewee.IntegerField()
    allocated = _count()
    picked = _count()
    shipped = _count()
    delivered = _count()
    cancelled = _count()
    return_requested = _count()
    received = _count()
    restocked = _count()
    written_off = _count()
    claimed = _count()
    claimed_amount = _amount()
    promise = peewee.CharField(max_length=10, default="", constraints=[peewee.SQL("DEFAULT ''")])
    promised_at = tables.InstantField(null=True)

    class Meta:
        indexes = ((("order", "position"), True), (("sku", "order"), False))
        constraints = [
            Check("ordered > 0 AND allocated >= 0 AND cancelled >= 0 AND shipped >= 0 AND received >= 0"),
            Check("allocated + shipped + cancelled <= ordered"),
            Check("picked >= 0 AND picked <= allocated + shipped AND delivered >= 0 AND delivered <= shipped"),
            # A unit that was claimed without coming back cannot come back for its money a second time.
            Check("claimed >= 0 AND received + claimed <= shipped"),
            Check("claimed_amount >= 0 AND claimed_amount <= total"),
            Check("received <= shipped AND return_requested >= 0 AND return_requested <= shipped"),
            Check("restocked >= 0 AND written_off >= 0 AND restocked + written_off <= received"),
            Check("subtotal >= 0 AND discount >= 0 AND discount <= subtotal AND tax >= 0 AND total >= 0"),
        ]


class OrderLinePart(tables.Table):
    """What is in each unit of a kit, as it was when the line was made: these pieces are taken from stock."""

    line = peewee.ForeignKeyField(OrderLine, on_delete="CASCADE")
    variant_id = peewee.IntegerField()
    sku = peewee.CharField(max_length=120)
    name = peewee.TextField()
    quantity = peewee.IntegerField(constraints=[Check("quantity > 0")])

    class Meta:
        indexes = ((("line", "variant_id"), True), (("variant_id",), False))


# Lines out of the ordinary are few among many: lists of what waits, was cancelled or comes back find them here.
for _name, _where in (
    ("order_line_waiting", peewee.SQL("ordered > shipped + cancelled")),
    ("order_line_cancelled", peewee.SQL("cancelled > 0")),
    ("order_line_returned", peewee.SQL("received > 0 OR return_requested > 0")),
):
    OrderLine.add_index(OrderLine.index(OrderLine.order, name=_name, where=_where))


OrderLine.add_index(
    OrderLine.index(OrderLine.variant_id, name="order_line_wanted", where=peewee.SQL("ordered > shipped + cancelled"))
)
OrderLine.add_index(
    OrderLine.index(
        OrderLine.promised_at,
        OrderLine.order,
        name="order_line_promised",
        where=peewee.SQL("promised_at IS NOT NULL AND ordered > shipped + cancelled"),
    )
)


class OrderShortage(tables.Table):
    """Pieces that an order was promised at a location and that are not on the shelf for it; see `services.shortages`.

    `ahead` of them were sold before a release that is still to come. Copied from the stock's moves, under the level's
    lock; what there is enough of has no row.
    """

    order = peewee.ForeignKeyField(Order, on_delete="CASCADE")
    variant_id = peewee.IntegerField()
    location_id = peewee.IntegerField()
    pieces = peewee.BigIntegerField(constraints=[Check("pieces > 0")])
    ahead = peewee.BigIntegerField(default=0)

    class Meta:
        indexes = ((("order", "variant_id", "location_id"), True), (("variant_id", "location_id"), False))
        constraints = [Check("ahead >= 0 AND ahead <= pieces", name="order_shortage_ahead")]


class OrderWait(tables.SiteTable):
    """An order that waits for goods: some of its units are not there, or none is (`stuck`). Copied for lists.

    No row: all that is to be delivered is on the shelf, or nothing of it waits to be sent.
    """

    order = peewee.ForeignKeyField(Order, primary_key=True, on_delete="CASCADE")
    stuck = peewee.BooleanField()

    class Meta:
        indexes = ((("site_id", "stuck", "order"), False),)


class OrderAdjustment(tables.Table):
    """An offer that was applied: `amount` is what it took off, `shares` the part of each line {line id: amount}."""

    order = peewee.ForeignKeyField(Order, on_delete="CASCADE")
    position = peewee.IntegerField()
    plugin = peewee.CharField(max_length=60)
    rule = peewee.CharField(max_length=200)
    title = peewee.TextField()
    code = peewee.CharField(max_length=64, default="")
    target = peewee.CharField(max_length=10)
    amount = _amount()
    shares = tables.JSONField(default=dict)

    class Meta:
        indexes = ((("order", "position"), True),)


class OrderTax(tables.Table):
    """One tax on one line, on the charge `charge_id`, or on the delivery to `place` where both are NULL.

    `rate` is in hundredths of a percent.
    """

    order = peewee.ForeignKeyField(Order, on_delete="CASCADE")
    line = peewee.ForeignKeyField(OrderLine, null=True, on_delete="CASCADE")
    charge_id = peewee.IntegerField(null=True)
    place = peewee.IntegerField(default=0, constraints=[peewee.SQL("DEFAULT 0")])
    name = peewee.CharField(max_length=120)
    rate = peewee.IntegerField()
    amount = _amount()


class OrderClaim(tables.Table):
    """What the order took from a limited counter; `released` once it was given back."""

    order = peewee.ForeignKeyField(Order, on_delete="CASCADE")
    key = peewee.CharField(max_length=300)
    amount = peewee.IntegerField()
    released = peewee.BooleanField(default=False)

    class Meta:
        indexes = ((("order", "key"), True),)


class OrderEntry(tables.Table):
    """The timeline: who did what when, with the figures before and after."""

    order = peewee.ForeignKeyField(Order, on_delete="CASCADE")
    at = tables.InstantField()
    actor = peewee.CharField(max_length=80)
    kind = peewee.CharField(max_length=40)
    data = tables.JSONField(default=dict)


class OrderEffect(tables.Table):
    """An effect that happens once per order (`paid`, `overpaid`): the row is inserted or it was already there."""

    order = peewee.ForeignKeyField(Order, on_delete="CASCADE")
    effect = peewee.CharField(max_length=80)
    at = tables.InstantField()

    class Meta:
        indexes = ((("order", "effect"), True),)


class Shipment(tables.Table):
    """A parcel that left `location_id` (NULL: nothing in it is counted). `key` makes a repeated click one parcel.

    `taken` are the pieces that left the shelf with it: [variant, location, quantity]. `delivered` counts what of it has
    arrived, `undone_at` is set once it was taken back: it never left. Parts of kits that lay elsewhere than the first
    part leave in a parcel `with_id` that of the kits; its lines count no unit.
    `carrier` and `service` are codes of a plugin's carrier; empty where it went by another one, which `title` names.
    At `ask_at` its carrier is asked where it is, unless it speaks before (NULL: never); `scan` is the latest it told,
    a `ScanStatus`, at `scanned_at` in `scan_place`.
    """

    order = peewee.ForeignKeyField(Order, on_delete="CASCADE")
    key = peewee.CharField(max_length=64, unique=True)
    carrier = peewee.CharField(max_length=60, default="")
    service = peewee.CharField(max_length=60, default="")
    title = peewee.CharField(max_length=120, default="")
    tracking = peewee.CharField(max_length=120, default="")
    shipped_at = tables.InstantField()
    location_id = peewee.IntegerField(null=True)
    taken = tables.JSONField(default=list)
    delivered_at = tables.InstantField(null=True)
    undone_at = tables.InstantField(null=True)
    with_id = peewee.IntegerField(null=True, index=True)
    ask_at = tables.InstantField(null=True, index=True)
    scan = peewee.CharField(max_length=20, null=True)
    scanned_at = tables.InstantField(null=True)
    scan_place = peewee.CharField(max_length=120, null=True)


class ShipmentLine(tables.Table):
    """Units of an order line in a parcel, and where they were taken from (NULL: not counted in stock).

    No unit: parts of kits, whose units are counted in another parcel.
    """

    shipment = peewee.ForeignKeyField(Shipment, on_delete="CASCADE")
    line = peewee.ForeignKeyField(OrderLine, on_delete="CASCADE")
    location_id = peewee.IntegerField(null=True)
    quantity = peewee.IntegerField(constraints=[Check("quantity >= 0")])


class OrderLabel(tables.SiteTable):
    """A label that a carrier sells for a parcel: asked for under the `key` of a form, before anybody is asked.

    `asked_as` is the key under which the carrier knows it, the same for every attempt, and of no other shop.
    `state`: asked (perhaps sold, nobody knows yet), bought, void (given back), failed (the carrier refused).
    `manifest_id`: the manifest that it is on, or shall be.
    """

    order = peewee.ForeignKeyField(Order, on_delete="CASCADE")
    key = peewee.CharField(max_length=64)
    asked_as = peewee.CharField(max_length=40)
    shipment_id = peewee.IntegerField(null=True)
    carrier = peewee.CharField(max_length=60)
    service = peewee.CharField(max_length=60, default="")
    tracking = peewee.CharField(max_length=120, default="", constraints=[peewee.SQL("DEFAULT ''")])
    file = peewee.CharField(max_length=80, default="", constraints=[peewee.SQL("DEFAULT ''")])
    mime = peewee.CharField(max_length=40, default="", constraints=[peewee.SQL("DEFAULT ''")])
    cost = peewee.BigIntegerField(default=0, constraints=[peewee.SQL("DEFAULT 0")])
    currency = peewee.CharField(max_length=3, default="", constraints=[peewee.SQL("DEFAULT ''")])
    state = peewee.CharField(max_length=10)
    actor = peewee.CharField(max_length=80)
    at = tables.InstantField()
    manifest_id = peewee.IntegerField(null=True, index=True)

    class Meta:
        indexes = ((("order", "key"), True),)


class OrderManifest(tables.SiteTable):
    """Labels of a carrier that leave a place together: asked for before the carrier is, under a key of its own.

    `state`: asked, made, failed (the carrier refused, and says why). `papers` are [file, mime, labels on it].
    `location_id` NULL: where goods are that are not counted.
    """

    carrier = peewee.CharField(max_length=60)
    location_id = peewee.IntegerField(null=True)
    day = peewee.CharField(max_length=10)
    asked_as = peewee.CharField(max_length=40)
    state = peewee.CharField(max_length=10)
    reason = peewee.CharField(max_length=500)
    papers = tables.JSONField(default=list)
    labels = peewee.IntegerField()
    actor = peewee.CharField(max_length=80)
    at = tables.InstantField()


class OwnCarriers(tables.SiteTable):
    """Carriers that no plugin knows: [[name, tracking address]] in `data`; see `services.parcels`."""

    site_id = peewee.IntegerField(primary_key=True)
    data = tables.JSONField(default=list)


class OrderCounter(tables.Table):
    """The last order number given out on a site."""

    site_id = peewee.IntegerField(primary_key=True)
    last = peewee.IntegerField()


class ClaimCounter(tables.SiteTable):
    """How much of a limited thing is taken; written by one guarded UPDATE, given back on cancel or expiry."""

    key = peewee.CharField(max_length=300)
    used = peewee.IntegerField(default=0)
    limit_ = peewee.IntegerField()

    class Meta:
        table_name = "claim"
        indexes = ((("site_id", "key"), True),)
        constraints = [Check("used >= 0")]
