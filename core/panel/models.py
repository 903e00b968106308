"""Tables of the panel itself: what staff keep for themselves."""

from __future__ import annotations

import peewee

from core.kernel import tables


class SavedView(tables.SiteTable):
    """A list as somebody narrowed it, under a name: `query` is the address's query without the place in the list."""

    staff_id = peewee.IntegerField(index=True)
    place = peewee.CharField(max_length=20)
    name = peewee.CharField(max_length=60)
    query = peewee.CharField(max_length=500)

    class Meta:
        indexes = ((("site_id", "staff_id", "place", "name"), True),)


class ListColumns(tables.Table):
    """Which columns somebody wants to see in a list, by their keys with spaces between; the same on every site."""

    staff_id = peewee.IntegerField()
    place = peewee.CharField(max_length=20)
    columns = peewee.CharField(max_length=300, default="")

    class Meta:
        indexes = ((("staff_id", "place"), True),)
