"""Mails that were written on this machine and went nowhere."""

from __future__ import annotations

import peewee

from core.api import InstantField, SiteTable


class Kept(SiteTable):
    """One mail as it would have been sent; `key` makes it one, whatever is retried.

    `attached` are the names of the files that would have gone along; the files are kept nowhere.
    """

    key = peewee.CharField(max_length=200)
    kind = peewee.CharField(max_length=60)
    address = peewee.CharField(max_length=200)
    subject = peewee.CharField(max_length=400)
    text = peewee.TextField()
    html = peewee.TextField(default="")
    attached = peewee.TextField(default="")
    language = peewee.CharField(max_length=20)
    at = InstantField()

    class Meta:
        table_name = "mail_kept"
        indexes = ((("site_id", "key"), True),)


TABLES = (Kept,)
