"""What is searched: prepared words per product, the vocabulary, and which sites are complete.

Two more things are no models: on SQLite the FTS5 table `search_sql_found` over the words, on PostgreSQL the column
`found` beside them.
"""

from __future__ import annotations

import peewee

from core.api import InstantField, SiteTable


class Scope(SiteTable):
    """A site in one of its languages. `since`: when the plugin was switched on for which it is complete; NULL: never.

    Its row is held while words are written, so that an older text never lands on a newer one.
    """

    site_id = peewee.IntegerField()
    language = peewee.CharField(max_length=20)
    since = InstantField(null=True)

    class Meta:
        table_name = "search_sql_scope"
        indexes = ((("site_id", "language"), True),)


class Words(SiteTable):
    """The prepared words of a product in a scope. Its id holds both, so that a range of ids is one scope.

    `name` is folded; `title` and `rest` are what is searched; `spelled` is what it adds to the vocabulary.
    """

    id = peewee.BigIntegerField(primary_key=True)
    site_id = peewee.IntegerField()
    name = peewee.TextField()
    title = peewee.TextField()
    rest = peewee.TextField()
    spelled = peewee.TextField()

    class Meta:
        table_name = "search_sql_words"


class Vocabulary(SiteTable):
    """A word of a scope, with the number of products that have it, and by what a misspelled one is found near it."""

    site_id = peewee.IntegerField()
    language = peewee.CharField(max_length=20)
    word = peewee.CharField(max_length=40)
    initial = peewee.CharField(max_length=1)
    final = peewee.CharField(max_length=2)
    length = peewee.SmallIntegerField()
    products = peewee.IntegerField()

    class Meta:
        table_name = "search_sql_vocabulary"
        primary_key = peewee.CompositeKey("site_id", "language", "word")
        indexes = (
            (("site_id", "language", "initial", "length"), False),
            (("site_id", "language", "final", "length"), False),
        )


TABLES = (Scope, Words, Vocabulary)
