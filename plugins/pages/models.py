"""Pages of text and guides: what is shown, what is being written beside it, what stood there before."""

from __future__ import annotations

from typing import Any

import peewee
from peewee import Check

from core.api import InstantField, JSONField, RemovableTable, SiteTable

PAGE, GUIDE = "page", "guide"
KINDS = (PAGE, GUIDE)
HEADER, FOOTER = "header", "footer"


class Page(RemovableTable):
    """A page in all its languages, and what holds in each of them.

    It is shown if it is `published`, from `publish_at` (set when it is first published) until `unpublish_at`. `header`
    and `footer` are its places in those menus; NULL: not there. A page stands below `parent_id` at `place`.
    """

    kind = peewee.CharField(max_length=10)
    published = peewee.BooleanField(default=False)
    publish_at = InstantField(null=True)
    unpublish_at = InstantField(null=True)
    media_id = peewee.IntegerField(null=True)
    author = peewee.CharField(max_length=80, default="")
    header = peewee.IntegerField(null=True)
    footer = peewee.IntegerField(null=True)
    parent_id = peewee.IntegerField(null=True)
    place = peewee.IntegerField(default=0)
    created_at = InstantField()
    updated_at = InstantField()

    class Meta:
        table_name = "pages_page"
        constraints = [Check("kind IN ('page', 'guide')")]
        indexes = ((("site_id", "kind", "id"), False),)


class PageText(SiteTable):
    """A page in one language. `live` is what shoppers read, `draft` what is being written: whole contents, as JSON.

    A content has title, slug, summary, seo_title, seo_description, and blocks: a list of {id, kind, values}. `draft`
    becomes `live` at `draft_at`, if that is set. `version` counts changes, so that nobody overwrites another's; what a
    form keeps while somebody types leaves it alone, and `window` says which form that was.
    """

    page = peewee.ForeignKeyField(Page, on_delete="CASCADE", index=False)
    page_id: Any
    language = peewee.CharField(max_length=20)
    title = peewee.CharField(max_length=200, default="")
    live = JSONField(null=True)
    draft = JSONField(null=True)
    draft_at = InstantField(null=True)
    version = peewee.IntegerField(default=1)
    window = peewee.CharField(max_length=40, default="")
    live_at = InstantField(null=True)
    updated_at = InstantField()

    class Meta:
        table_name = "pages_text"
        indexes = ((("page", "language"), True), (("site_id", "language"), False))


class PageAddress(SiteTable):
    """A slug that a page has in a language (`is_current`), or had: then it leads on to the current one."""

    page = peewee.ForeignKeyField(Page, on_delete="CASCADE")
    page_id: Any
    language = peewee.CharField(max_length=20)
    slug = peewee.CharField(max_length=100)
    is_current = peewee.BooleanField(default=True)

    class Meta:
        table_name = "pages_address"
        indexes = ((("site_id", "language", "slug"), True),)


class PageRevision(SiteTable):
    """What a page said in a language from `created_at` on: one for each publication."""

    text = peewee.ForeignKeyField(PageText, on_delete="CASCADE")
    text_id: Any
    content = JSONField()
    actor = peewee.CharField(max_length=60)
    created_at = InstantField()

    class Meta:
        table_name = "pages_revision"


TABLES = (Page, PageText, PageAddress, PageRevision)
