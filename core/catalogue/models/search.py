"""Where searches lead that the words of goods do not lead well."""

from __future__ import annotations

import peewee

from core.kernel.tables import SiteTable


class SearchLead(SiteTable):
    """What a search for exactly these words does on a site.

    `words` are folded, `typed` is how staff wrote them. One of three is said: `also` are words that are searched for as
    well, `category_id` the category that opens instead of results, `path` any other page of the site.
    """

    site_id = peewee.IntegerField()
    words = peewee.CharField(max_length=100)
    typed = peewee.CharField(max_length=100)
    also = peewee.CharField(max_length=100, default="")
    category_id = peewee.IntegerField(null=True)
    path = peewee.CharField(max_length=500, default="")

    class Meta:
        table_name = "search_lead"
        indexes = ((("site_id", "words"), True),)
