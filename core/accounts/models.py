"""Tables of people. A shopper belongs to one site; staff belong to the installation and hold roles per site."""

from __future__ import annotations

from typing import Any

import peewee

from core.kernel import tables
from core.lib.text import fold

NAME, EMAIL, PHONE = 120, 200, 40


class Shopper(tables.SiteTable):
    """An account on one site. Without a password it can only be entered by a link sent to its address.

    `erase_at`: the owner asked that it be erased then. `words`, folded, are what staff look for a text in; an account
    that was erased has none.
    """

    email = peewee.CharField(max_length=EMAIL)
    email_folded = peewee.CharField(max_length=EMAIL)
    name = peewee.CharField(max_length=NAME, default="")
    phone = peewee.CharField(max_length=PHONE, default="")
    password_hash = peewee.CharField(max_length=200, null=True)
    language = peewee.CharField(max_length=20, default="en")
    created_at = tables.InstantField()
    confirmed_at = tables.InstantField(null=True)
    disabled_at = tables.InstantField(null=True)
    erase_at = tables.InstantField(null=True, index=True)
    words = peewee.CharField(max_length=800, default="", constraints=[peewee.SQL("DEFAULT ''")])

    class Meta:
        indexes = ((("site_id", "email_folded"), True),)

    def save(self, *args: Any, **options: Any) -> Any:
        """Also what it is found by."""
        self.words = shopper_words(self.name, self.email, self.phone)
        return super().save(*args, **options)


# Few of many: the accounts that are shut.
Shopper.add_index(Shopper.index(Shopper.site_id, name="shopper_blocked", where=peewee.SQL("disabled_at IS NOT NULL")))


class ShopperTag(tables.SiteTable):
    """A word on an account, to find it and its like again."""

    shopper = peewee.ForeignKeyField(Shopper, on_delete="CASCADE", index=False)
    tag = peewee.CharField(max_length=40)

    class Meta:
        indexes = ((("shopper", "tag"), True), (("site_id", "tag", "shopper"), False))


class ShopperNote(tables.SiteTable):
    """What staff keep in mind of a shopper."""

    shopper = peewee.ForeignKeyField(Shopper, on_delete="CASCADE")
    at = tables.InstantField()
    actor = peewee.CharField(max_length=80)
    text = peewee.TextField()


class ShopperAddress(tables.RemovableTable):
    """A kept address: `data` in the parts of `core.lib.addresses`, `country` and all.

    `main` is delivered to and `billing` gets the bills, unless the shopper says otherwise; without one, bills follow.
    One that was removed can be brought back for a day, as what it was, unless the shopper has chosen another since.
    """

    shopper = peewee.ForeignKeyField(Shopper, backref="addresses", on_delete="CASCADE")
    data = tables.JSONField(default=dict)
    main = peewee.BooleanField(default=False)
    billing = peewee.BooleanField(default=False)
    created_at = tables.InstantField()


class Staff(tables.Table):
    """Somebody who works in the panel. The owner may do everything everywhere."""

    email = peewee.CharField(max_length=EMAIL)
    email_folded = peewee.CharField(max_length=EMAIL, unique=True)
    name = peewee.CharField(max_length=NAME, default="")
    password_hash = peewee.CharField(max_length=200, null=True)
    language = peewee.CharField(max_length=20, default="en")
    is_owner = peewee.BooleanField(default=False)
    must_change_password = peewee.BooleanField(default=False)
    password_until = tables.InstantField(null=True)
    created_at = tables.InstantField()
    disabled_at = tables.InstantField(null=True)


class Role(tables.Table):
    """A named set of permissions. Built-in roles cannot be deleted."""

    code = peewee.CharField(max_length=60, unique=True)
    name = peewee.CharField(max_length=NAME)
    permissions = tables.JSONField(default=list)
    builtin = peewee.BooleanField(default=False)


class StaffRole(tables.Table):
    """Who holds which role where; without a site, on every site and for what the sites share."""

    staff = peewee.ForeignKeyField(Staff, backref="roles", on_delete="CASCADE")
    role = peewee.ForeignKeyField(Role, on_delete="CASCADE")
    site_id = peewee.IntegerField(null=True, index=True)


class ResetToken(tables.Table):
    """A link sent by mail: single use, short-lived, for one purpose of one account. Only its digest is kept.

    `data` holds what is done once the link is used: an account that waits for its owner to confirm the address.
    """

    digest = peewee.CharField(max_length=64, unique=True)
    purpose = peewee.CharField(max_length=20)
    site_id = peewee.IntegerField(null=True)
    shopper = peewee.ForeignKeyField(Shopper, null=True, on_delete="CASCADE")
    staff = peewee.ForeignKeyField(Staff, null=True, on_delete="CASCADE")
    data = tables.JSONField(default=dict)
    expires_at = tables.InstantField(index=True)
    used_at = tables.InstantField(null=True)


class SecondFactor(tables.Table):
    """An authenticator app of an `account` (`staff:7`, `shopper:12`): its secret is derived from `nonce` and our key.

    `last_step` is the time step of the last code that was taken: none is taken twice. Until `confirmed_at` nobody is
    asked for it.
    """

    account = peewee.CharField(max_length=40, unique=True)
    nonce = peewee.CharField(max_length=40)
    last_step = peewee.BigIntegerField(default=0)
    created_at = tables.InstantField()
    confirmed_at = tables.InstantField(null=True)


class RecoveryCode(tables.Table):
    """A code for the day the app is lost: works once. Only its digest is kept."""

    account = peewee.CharField(max_length=40, index=True)
    digest = peewee.CharField(max_length=64, unique=True)
    used_at = tables.InstantField(null=True)


class Passkey(tables.Table):
    """A key on a device of an `account`, which opens it on the host `place` and nowhere else (WebAuthn).

    `credential` (its id) and `public_key` stand in URL-safe Base64; `uses` is what its device counted at the last use.
    """

    account = peewee.CharField(max_length=40, index=True)
    place = peewee.CharField(max_length=200)
    credential = peewee.CharField(max_length=1400, unique=True)
    public_key = peewee.TextField()
    uses = peewee.BigIntegerField(default=0)
    name = peewee.CharField(max_length=60)
    created_at = tables.InstantField()
    used_at = tables.InstantField(null=True)


MODELS: tuple[type[Any], ...] = (
    Shopper,
    ShopperAddress,
    ShopperTag,
    ShopperNote,
    Staff,
    Role,
    StaffRole,
    ResetToken,
    SecondFactor,
    RecoveryCode,
    Passkey,
)


def shopper_words(name: str, email: str, phone: str) -> str:
    """What an account is found by, one thing per line; a number also without its spaces and signs."""
    digits = "".join(sign for sign in phone if sign.isdigit())
    return fold(f"{name}\n{email}\n{digits}").replace("\0", "")[:800]


def folded(email: str) -> str:
    """One spelling for comparison. Only case and width are folded: providers disagree on dots and plus signs."""
    return fold(email.strip()).replace("\0", "")[:EMAIL]
