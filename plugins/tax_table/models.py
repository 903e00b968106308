"""Tax rates of a site."""

from __future__ import annotations

import peewee
from peewee import Check

from core.api import SiteTable


class TaxRate(SiteTable):
    """One tax. `rate` is in hundredths of a percent (2000 is 20 %); `region` empty: all of the country."""

    tax_class = peewee.CharField(max_length=40)
    country = peewee.CharField(max_length=2)
    region = peewee.CharField(max_length=80, default="")
    name = peewee.CharField(max_length=60)
    rate = peewee.IntegerField(constraints=[Check("rate >= 0 AND rate <= 100000")])

    class Meta:
        table_name = "tax_table_rate"
        indexes = ((("site_id", "tax_class", "country", "region", "name"), True),)


TABLES = (TaxRate,)
