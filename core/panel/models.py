"""Tables of the panel itself: what staff keep for themselves."""

from __future__ import annotations

import peewee

from core.kernel import db


class SavedView(db.SiteTable):
    """A list as somebody narrowed it, under a name: `query` is the address's query without the place in the list."""

    staff_id = peewee.IntegerField(index=True)
    place = peewee.CharField(max_length=20)
    name = peewee.CharField(max_length=60)
    query = peewee.CharField(max_length=500)

    class Meta:
        indexes = ((("site_id", "staff_id", "place", "name"), True),)


class SecondFactor(db.Table):
    """An authenticator app of a member of staff. Its secret is derived from `nonce` and the installation's key.

    `last_step` is the time step of the last code that was taken: none is taken twice. Until `confirmed_at` nobody is
    asked for it.
    """

    staff_id = peewee.IntegerField(unique=True)
    nonce = peewee.CharField(max_length=40)
    last_step = peewee.BigIntegerField(default=0)
    created_at = db.InstantField()
    confirmed_at = db.InstantField(null=True)


class RecoveryCode(db.Table):
    """A code for the day the app is lost: works once. Only its digest is kept."""

    staff_id = peewee.IntegerField(index=True)
    digest = peewee.CharField(max_length=64, unique=True)
    used_at = db.InstantField(null=True)
