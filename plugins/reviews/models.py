"""What buyers say of products, who found it helpful, and whom we asked by mail."""

from __future__ import annotations

from typing import Any

import peewee
from peewee import Check

from core.api import InstantField, JSONField, SiteTable

PENDING, PUBLISHED, REJECTED, REMOVED = "pending", "published", "rejected", "removed"
STATES = (PENDING, PUBLISHED, REJECTED, REMOVED)
LINKS, STAFF, EDITED, PHOTOS = "links", "staff", "edited", "photos"


class Review(SiteTable):
    """What one author says of one product. All texts are plain.

    `author` is a key: `shopper:9`, `mail:<code of the address>`, `import:<digest>` or `erased:<random>`. `held` says
    why it waits: links, new photos, edited after a refusal, or as all do (staff). `looked_at` is NULL until staff have
    decided. `photos` are {name, small, alt, digest}; `folded` is what a word is looked for in.
    """

    product_id = peewee.IntegerField()
    author = peewee.CharField(max_length=60)
    shopper_id = peewee.IntegerField(null=True)
    order_id = peewee.IntegerField(null=True)
    stars = peewee.IntegerField(constraints=[Check("stars >= 1 AND stars <= 5")])
    title = peewee.CharField(max_length=120, default="")
    text = peewee.TextField(default="")
    name = peewee.CharField(max_length=60, default="")
    language = peewee.CharField(max_length=20)
    verified = peewee.BooleanField(default=False)
    state = peewee.CharField(max_length=10, default=PENDING)
    held = peewee.CharField(max_length=10, default="")
    reason = peewee.CharField(max_length=500, default="")
    reply = peewee.TextField(default="")
    replied_at = InstantField(null=True)
    helpful = peewee.IntegerField(default=0)
    photos = JSONField(default=list)
    folded = peewee.TextField(default="")
    created_at = InstantField()
    updated_at = InstantField()
    looked_at = InstantField(null=True)

    class Meta:
        table_name = "reviews_review"
        constraints = [Check("state IN ('pending', 'published', 'rejected', 'removed')")]
        indexes = (
            (("site_id", "product_id", "author"), True),
            (("site_id", "product_id", "state", "created_at", "id"), False),
            (("site_id", "author"), False),
            (("site_id", "state", "id"), False),
        )


class Translation(SiteTable):
    """A review's words in another `language`, entered by the shop.

    `digest` is that of the words it was made from: when their author changes them it is shown no more. `folded` is what
    a word is looked for in.
    """

    review = peewee.ForeignKeyField(Review, on_delete="CASCADE", index=False)
    review_id: Any
    language = peewee.CharField(max_length=20)
    title = peewee.CharField(max_length=120, default="")
    text = peewee.TextField(default="")
    digest = peewee.CharField(max_length=64)
    folded = peewee.TextField(default="")
    updated_at = InstantField()

    class Meta:
        table_name = "reviews_translation"
        indexes = ((("review", "language"), True), (("site_id", "language"), False))


class Vote(SiteTable):
    """A visitor or shopper (`voter`, a digest) found a review helpful: once."""

    review = peewee.ForeignKeyField(Review, on_delete="CASCADE", index=False)
    review_id: Any
    voter = peewee.CharField(max_length=64)
    created_at = InstantField()

    class Meta:
        table_name = "reviews_vote"
        indexes = ((("review", "voter"), True),)


class Invitation(SiteTable):
    """An order whose buyer was asked for reviews, or looked at and left alone (`sent` False). One per order."""

    order_id = peewee.IntegerField()
    sent = peewee.BooleanField()
    created_at = InstantField()

    class Meta:
        table_name = "reviews_invitation"
        indexes = ((("site_id", "order_id"), True),)


class NoMail(SiteTable):
    """An address (`person`, a code of it) that wants no more invitations."""

    person = peewee.CharField(max_length=60)
    created_at = InstantField()

    class Meta:
        table_name = "reviews_no_mail"
        indexes = ((("site_id", "person"), True),)


TABLES = (Review, Translation, Vote, Invitation, NoMail)
