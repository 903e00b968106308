"""Stock: how much there is, and every move that made it so."""

from __future__ import annotations

import peewee

from core.catalogue.models.product import Variant
from core.kernel.tables import InstantField, SiteTable, Table


def _pieces() -> peewee.BigIntegerField:
    """A count of pieces that plain INSERTs may leave out."""
    return peewee.BigIntegerField(default=0, constraints=[peewee.SQL("DEFAULT 0")])


class Location(Table):
    """A place that ships. Orders take from the lowest `priority` first; a closed one has no levels, only its moves.

    Of places in one country, that whose `postcode` has more of its beginning in common with the shopper's is nearer.
    """

    code = peewee.CharField(max_length=40, unique=True)
    name = peewee.CharField(max_length=120)
    priority = peewee.IntegerField(default=0)
    country = peewee.CharField(max_length=2, default="")
    postcode = peewee.CharField(max_length=20, default="", constraints=[peewee.SQL("DEFAULT ''")])
    closed_at = InstantField(null=True)


class StockLevel(Table):
    """Pieces of a variant at a location: there, promised to orders, and held for carts.

    Beside what can be sold: `damaged`, being looked at (`quality`), and on order with a supplier (`incoming`).
    `backorder_limit` says how many more than are there may be promised. `preordered` are promised before the release,
    at most `preorder_cap` of them, apart from the others. Written by `services.stock` alone, by guarded UPDATEs; the
    CHECKs stand behind them.
    """

    variant = peewee.ForeignKeyField(Variant, on_delete="CASCADE", index=False)
    location = peewee.ForeignKeyField(Location, on_delete="RESTRICT")
    on_hand = peewee.BigIntegerField(default=0)
    allocated = peewee.BigIntegerField(default=0)
    held = peewee.BigIntegerField(default=0)
    damaged = _pieces()
    quality = _pieces()
    incoming = _pieces()
    preordered = _pieces()
    backorder_limit = peewee.BigIntegerField(default=0)
    preorder_cap = _pieces()

    class Meta:
        primary_key = peewee.CompositeKey("variant", "location")
        constraints = [
            peewee.Check("on_hand >= 0", name="stock_on_hand"),
            peewee.Check("allocated >= 0", name="stock_allocated"),
            peewee.Check("held >= 0", name="stock_held"),
            peewee.Check("damaged >= 0 AND quality >= 0 AND incoming >= 0", name="stock_beside"),
            peewee.Check("backorder_limit >= 0", name="stock_backorder_limit"),
            peewee.Check("allocated + held <= on_hand + backorder_limit", name="stock_promised"),
            peewee.Check("preordered >= 0 AND preordered <= preorder_cap", name="stock_preordered"),
        ]


# Few of many: what runs low is found here (`services.stock_low`).
StockLevel.add_index(
    StockLevel.index(
        StockLevel.variant, name="stock_level_low", where=peewee.SQL("on_hand - allocated - held - preordered <= 5")
    )
)


class StockMove(Table):
    """One change of a level: its differences, why, by whom and for what (`reference`, such as `order:12`).

    `kind`: allocate, release, ship, unship, receive, restock, inspect (of what came back), adjust, count, hold, unhold,
    keep and unkeep (for a site or channel), sort (from one state to another), expect (incoming), transfer (to another
    location), discard, supplier (back to them), remove (with its variant), repair (a level that was put right, noted
    with its reason).

    The database refuses to change or delete a row. So `variant_id` is no foreign key: moves outlive a variant that goes
    for good (`FormerVariant`), whose id is never given again.
    """

    variant_id = peewee.IntegerField()
    location = peewee.ForeignKeyField(Location, on_delete="RESTRICT", index=False)
    kind = peewee.CharField(max_length=10)
    on_hand = peewee.BigIntegerField(default=0)
    allocated = peewee.BigIntegerField(default=0)
    held = peewee.BigIntegerField(default=0)
    damaged = _pieces()
    quality = _pieces()
    incoming = _pieces()
    preordered = _pieces()
    reason = peewee.CharField(max_length=200, default="")
    actor = peewee.CharField(max_length=80)
    reference = peewee.CharField(max_length=80, default="")
    at = InstantField()

    class Meta:
        indexes = ((("variant_id", "location"), False), (("reference",), False))


class FormerVariant(Table):
    """What the moves of a variant that is gone for good were about."""

    variant_id = peewee.IntegerField(primary_key=True)
    sku = peewee.CharField(max_length=64)
    gone_at = InstantField()


class StockHold(Table):
    """Pieces of a level that are held for `reference` (such as `cart:12`) until an instant; then they are free again.

    With the reserves they are the level's `held`. Whoever deletes a row gives its pieces back, in the same transaction.
    """

    reference = peewee.CharField(max_length=80, index=True)
    variant = peewee.ForeignKeyField(Variant, on_delete="CASCADE")
    location = peewee.ForeignKeyField(Location, on_delete="RESTRICT", index=False)
    pieces = peewee.BigIntegerField()
    until = InstantField(index=True)

    class Meta:
        constraints = [peewee.Check("pieces > 0", name="stock_hold_pieces")]


class StockReserve(SiteTable):
    """Pieces of a level that are kept for the orders of one site, or of one channel of it (such as `eBay`).

    They are part of the level's `held`, so nobody else can be promised them; orders that they are kept for take them
    with the statement that promises. What comes back of such orders is free for all.
    """

    channel = peewee.CharField(max_length=60, default="")
    variant = peewee.ForeignKeyField(Variant, on_delete="CASCADE")
    location = peewee.ForeignKeyField(Location, on_delete="RESTRICT", index=False)
    pieces = peewee.BigIntegerField()

    class Meta:
        indexes = ((("site_id", "channel", "variant", "location"), True),)
        constraints = [peewee.Check("pieces > 0", name="stock_reserve_pieces")]


class StockTransfer(Table):
    """Pieces that go from one location to another; `came` of them arrived.

    Without `received_at` they are on their way, and incoming where they go. Its moves are for `transfer:<id>`.
    """

    variant = peewee.ForeignKeyField(Variant, on_delete="CASCADE")
    source = peewee.ForeignKeyField(Location, on_delete="RESTRICT", index=False)
    target = peewee.ForeignKeyField(Location, on_delete="RESTRICT", index=False)
    pieces = peewee.BigIntegerField()
    came = _pieces()
    reason = peewee.CharField(max_length=200, default="")
    actor = peewee.CharField(max_length=80)
    sent_at = InstantField()
    received_at = InstantField(null=True, index=True)
    undone_at = InstantField(null=True)

    class Meta:
        constraints = [
            peewee.Check("pieces > 0 AND came >= 0 AND came <= pieces", name="stock_transfer_pieces"),
            peewee.Check("source_id <> target_id", name="stock_transfer_places"),
        ]


class StockSafety(SiteTable):
    """Pieces of a variant that this site does not sell, so that others can."""

    site_id = peewee.IntegerField()
    variant = peewee.ForeignKeyField(Variant, on_delete="CASCADE")
    pieces = peewee.BigIntegerField()

    class Meta:
        primary_key = peewee.CompositeKey("site_id", "variant")
        constraints = [peewee.Check("pieces > 0", name="stock_safety_pieces")]
