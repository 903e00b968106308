"""What a site says to search engines, where its old addresses lead, and what was found wrong with its pages."""

from __future__ import annotations

import peewee

from core.api import InstantField, JSONField, SiteTable


class SeoSite(SiteTable):
    """What holds for a whole site.

    `words`: {kind: {language: [title, description]}}, kinds home, category and product; templates with variables.
    `shop` are facts of the organisation, `feeds` which files are made and with what.
    """

    site_id = peewee.IntegerField(unique=True)
    words = JSONField(default=dict)
    shop = JSONField(default=dict)
    feeds = JSONField(default=dict)


class SeoPage(SiteTable):
    """What one product or category says instead. `words`: {language: [title, description]}."""

    kind = peewee.CharField(max_length=10)
    object_id = peewee.IntegerField()
    words = JSONField(default=dict)
    noindex = peewee.BooleanField(default=False)

    class Meta:
        table_name = "seo_page"
        indexes = ((("site_id", "kind", "object_id"), True),)


class SeoRedirect(SiteTable):
    """Where an old address leads. `target` is empty for what is gone (410); `hits` were counted up to `hit_at`."""

    source = peewee.CharField(max_length=300)
    target = peewee.CharField(max_length=500, default="")
    created_at = InstantField()
    hits = peewee.BigIntegerField(default=0)
    hit_at = InstantField(null=True)

    class Meta:
        table_name = "seo_redirect"
        indexes = ((("site_id", "source"), True),)


class SeoMissed(SiteTable):
    """An address that was asked for and is not there."""

    path = peewee.CharField(max_length=300)
    hits = peewee.BigIntegerField(default=0)
    hit_at = InstantField()

    class Meta:
        table_name = "seo_missed"
        indexes = ((("site_id", "path"), True),)


class SeoFinding(SiteTable):
    """Something to mend. `about`: audit, google or meta; `code` says what; `kind` with `object_id` where."""

    about = peewee.CharField(max_length=10)
    code = peewee.CharField(max_length=30)
    kind = peewee.CharField(max_length=10)
    object_id = peewee.IntegerField()
    language = peewee.CharField(max_length=20)
    name = peewee.CharField(max_length=255)
    detail = peewee.CharField(max_length=500, default="")

    class Meta:
        table_name = "seo_finding"
        indexes = ((("site_id", "about", "code"), False),)


class SeoRun(SiteTable):
    """When something was last looked at: how many, and how often each code was found ({code: count})."""

    about = peewee.CharField(max_length=10)
    at = InstantField()
    seen = peewee.IntegerField(default=0)
    counts = JSONField(default=dict)

    class Meta:
        table_name = "seo_run"
        indexes = ((("site_id", "about"), True),)


TABLES = (SeoSite, SeoPage, SeoRedirect, SeoMissed, SeoFinding, SeoRun)
