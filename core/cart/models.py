"""A cart and its lines. The shopper's cookie holds the token; the table holds its digest."""

from __future__ import annotations

import peewee

from core.kernel import tables


class Cart(tables.SiteTable):
    """What a shopper means to buy.

    `version` rises with every change; `ordered_at` is set once, by the order made of it. `address`, `carrier` and
    `service` are those of the first place; `places` are further ones, with what goes there instead.
    """

    token_digest = peewee.CharField(max_length=64, unique=True)
    currency = peewee.CharField(max_length=3)
    language = peewee.CharField(max_length=20)
    shopper_id = peewee.IntegerField(null=True, index=True)
    email = peewee.CharField(max_length=254, default="")
    codes = tables.JSONField(default=list)
    address = tables.JSONField(null=True)
    billing = tables.JSONField(null=True)
    carrier = peewee.CharField(max_length=60, default="")
    service = peewee.CharField(max_length=60, default="")
    places = tables.JSONField(default=list, constraints=[peewee.SQL("DEFAULT '[]'")])
    gateway = peewee.CharField(max_length=60, default="")
    extra = tables.JSONField(default=dict)
    note = peewee.TextField(default="")
    version = peewee.IntegerField(default=1)
    created_at = tables.InstantField()
    updated_at = tables.InstantField(index=True)
    ordered_at = tables.InstantField(null=True)

    class Meta:
        table_name = "carts"


class CartLine(tables.Table):
    """One variant in a cart. Prices are looked up whenever the cart is shown, never stored here."""

    cart = peewee.ForeignKeyField(Cart, on_delete="CASCADE")
    variant_id = peewee.IntegerField()
    quantity = peewee.IntegerField(constraints=[peewee.Check("quantity BETWEEN 1 AND 999")])

    class Meta:
        indexes = ((("cart", "variant_id"), True),)


TABLES = (Cart, CartLine)
