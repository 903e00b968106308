"""A cart and its lines. The shopper's cookie holds the token; the table holds its digest."""

from __future__ import annotations

import peewee

from core.kernel import db


class Cart(db.SiteTable):
    """What a shopper means to buy.

    `version` rises with every change; `ordered_at` is set once, by the order made of it. `address`, `carrier` and
    `service` are those of the first place; `places` are further ones, with what goes there instead.
    """

    token_digest = peewee.CharField(max_length=64, unique=True)
    currency = peewee.CharField(max_length=3)
    language = peewee.CharField(max_length=20)
    shopper_id = peewee.IntegerField(null=True, index=True)
    email = peewee.CharField(max_length=254, default="")
    codes = db.JSONField(default=list)
    address = db.JSONField(null=True)
    billing = db.JSONField(null=True)
    carrier = peewee.CharField(max_length=60, default="")
    service = peewee.CharField(max_length=60, default="")
    places = db.JSONField(default=list, constraints=[peewee.SQL("DEFAULT '[]'")])
    gateway = peewee.CharField(max_length=60, default="")
    extra = db.JSONField(default=dict)
    note = peewee.TextField(default="")
    version = peewee.IntegerField(default=1)
    created_at = db.InstantField()
    updated_at = db.InstantField(index=True)
    ordered_at = db.InstantField(null=True)

    class Meta:
        table_name = "carts"


class CartLine(db.Table):
    """One variant in a cart. Prices are looked up whenever the cart is shown, never stored here."""

    cart = peewee.ForeignKeyField(Cart, on_delete="CASCADE")
    variant_id = peewee.IntegerField()
    quantity = peewee.IntegerField(constraints=[peewee.Check("quantity BETWEEN 1 AND 999")])

    class Meta:
        indexes = ((("cart", "variant_id"), True),)


TABLES = (Cart, CartLine)
