"""Endpoints and their secrets, the events that were kept for them, and what became of each delivery."""

from __future__ import annotations

import peewee

from core.api import InstantField, JSONField, SiteTable, Table

WAITING, SENDING, SENT, DEAD = "waiting", "sending", "sent", "dead"
STATES = (WAITING, SENDING, SENT, DEAD)
BY_HAND, FAILURES, GONE = "hand", "failures", "gone"


class Endpoint(SiteTable):
    """An address that hears of events. `kinds` empty: of all. `failures` counts failed attempts since the last success.

    While `paused_at` is set its deliveries wait; `pause_reason` is hand, failures or gone.
    """

    title = peewee.CharField(max_length=120, default="")
    url = peewee.CharField(max_length=2000)
    kinds = JSONField(default=list)
    failures = peewee.IntegerField(default=0)
    paused_at = InstantField(null=True)
    pause_reason = peewee.CharField(max_length=10, default="")
    created_at = InstantField()
    deleted_at = InstantField(null=True)

    class Meta:
        table_name = "webhooks_endpoint"


class SigningSecret(SiteTable):
    """A secret of an endpoint, encrypted. Several sign at once while one replaces another, until `expires_at`."""

    endpoint = peewee.ForeignKeyField(Endpoint, on_delete="CASCADE")
    sealed = JSONField()
    created_at = InstantField()
    expires_at = InstantField(null=True)

    class Meta:
        table_name = "webhooks_secret"


class KeptEvent(SiteTable):
    """An event as it is sent: `body` are the very bytes of every try, so that their signatures can be compared."""

    uid = peewee.CharField(max_length=40)
    kind = peewee.CharField(max_length=60)
    body = peewee.TextField()
    at = InstantField(index=True)

    class Meta:
        table_name = "webhooks_event"
        indexes = ((("site_id", "uid"), True),)


class Sending(SiteTable):
    """One event for one endpoint: waiting until `due_at`, sending until `lease_until`, then sent or dead."""

    endpoint = peewee.ForeignKeyField(Endpoint, on_delete="CASCADE")
    event = peewee.ForeignKeyField(KeptEvent, on_delete="CASCADE")
    state = peewee.CharField(max_length=8, default=WAITING)
    attempts = peewee.IntegerField(default=0)
    due_at = InstantField()
    lease_until = InstantField(null=True)
    created_at = InstantField()
    ended_at = InstantField(null=True)

    class Meta:
        table_name = "webhooks_delivery"
        indexes = ((("endpoint", "event"), True), (("site_id", "state", "due_at"), False))


class Attempt(Table):
    """One try. `status` NULL: there was no answer, and `problem` says why; `answer` holds its first bytes as text."""

    sending = peewee.ForeignKeyField(Sending, on_delete="CASCADE", column_name="delivery_id")
    at = InstantField()
    status = peewee.IntegerField(null=True)
    duration_ms = peewee.IntegerField()
    problem = peewee.CharField(max_length=20, default="")
    answer = peewee.TextField(default="")

    class Meta:
        table_name = "webhooks_attempt"


TABLES = (Endpoint, SigningSecret, KeptEvent, Sending, Attempt)
