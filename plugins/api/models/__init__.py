"""Keys, and what an Idempotency-Key has made."""

from __future__ import annotations

import peewee

from core.api import InstantField, JSONField, SiteTable


class ApiKey(SiteTable):
    """A key of a program. Its digest alone is stored; `hint` are its last letters, by which people tell keys apart."""

    title = peewee.CharField(max_length=120)
    scopes = JSONField(default=list)
    digest = peewee.CharField(max_length=64, unique=True)
    hint = peewee.CharField(max_length=8)
    created_at = InstantField()
    created_by = peewee.CharField(max_length=80)
    expires_at = InstantField(null=True)
    revoked_at = InstantField(null=True)
    last_used_at = InstantField(null=True)

    class Meta:
        table_name = "api_key"


class OnceKey(SiteTable):
    """A request that is carried out once. `made_id` NULL: it is under way, or its process died."""

    key_id = peewee.IntegerField()
    name_digest = peewee.CharField(max_length=64)
    request_digest = peewee.CharField(max_length=64)
    made_id = peewee.IntegerField(null=True)
    created_at = InstantField(index=True)

    class Meta:
        table_name = "api_once"
        indexes = ((("site_id", "key_id", "name_digest"), True),)


TABLES = (ApiKey, OnceKey)
