"""Products, what can be chosen of them, and what is known about them.

They belong to the installation, not to a site.
"""

from __future__ import annotations

import peewee

from core.kernel.tables import InstantField, JSONField, LastingId, Table


class Product(Table):
    """Something shown on one page. `version` counts edits; a `deleted_at` takes it off every site.

    `returns` is whether it can be sent back; see `services.returns`. `words` are what the panel looks for a text in;
    `services.product_words` copies them there from names and SKUs.
    """

    id = LastingId()
    returns = peewee.CharField(max_length=20, default="")
    vendor = peewee.CharField(max_length=255, default="")
    tax_class = peewee.CharField(max_length=40, default="standard")
    version = peewee.IntegerField(default=1)
    created_at = InstantField()
    updated_at = InstantField()
    deleted_at = InstantField(null=True)
    words = peewee.TextField(default="", constraints=[peewee.SQL("DEFAULT ''")])


Product.add_index(Product.index(Product.id, name="product_archived", where=peewee.SQL("deleted_at IS NOT NULL")))


class ProductText(Table):
    """The words of a product in one language: for all sites (`site_id` NULL), or one site's own instead."""

    product = peewee.ForeignKeyField(Product, on_delete="CASCADE")
    language = peewee.CharField(max_length=20)
    site_id = peewee.IntegerField(null=True)
    name = peewee.CharField(max_length=255)
    summary = peewee.TextField(default="")
    body_html = peewee.TextField(default="")
    seo_title = peewee.CharField(max_length=255, default="")
    seo_description = peewee.TextField(default="")


# NULL differs from NULL in a unique index, so the words for all sites need an index of their own.
ProductText.add_index(
    ProductText.index(ProductText.product, ProductText.language, unique=True, where=ProductText.site_id.is_null())
)
ProductText.add_index(ProductText.product, ProductText.language, ProductText.site_id, unique=True)


class ProductOption(Table):
    """A choice to make, such as the colour. `names` maps languages to words."""

    product = peewee.ForeignKeyField(Product, on_delete="CASCADE", index=False)
    position = peewee.IntegerField(default=0)
    code = peewee.CharField(max_length=80)
    names = JSONField(default=dict)

    class Meta:
        indexes = ((("product", "code"), True),)


class OptionValue(Table):
    """One of the values of an option. `swatch` is a CSS colour (#rrggbb) or empty."""

    option = peewee.ForeignKeyField(ProductOption, on_delete="CASCADE", index=False)
    position = peewee.IntegerField(default=0)
    code = peewee.CharField(max_length=80)
    names = JSONField(default=dict)
    swatch = peewee.CharField(max_length=20, default="")

    class Meta:
        indexes = ((("option", "code"), True),)


class Variant(Table):
    """What is bought. Its SKU is one in the whole installation, also after it was deleted.

    `promised_at`: from when on pieces that are ordered beyond the stock leave. `release_at`: until then it is sold
    ahead, within the cap of its levels. `kit_off`: a kit's price is its parts' less these hundredths of a percent
    (NULL: a price of its own).
    """

    id = LastingId()
    product = peewee.ForeignKeyField(Product, on_delete="CASCADE")
    sku = peewee.CharField(max_length=64, unique=True)
    barcode = peewee.CharField(max_length=64, default="")
    position = peewee.IntegerField(default=0)
    weight_g = peewee.IntegerField(default=0)
    tracked = peewee.BooleanField(default=False)
    needs_delivery = peewee.BooleanField(default=True)
    active = peewee.BooleanField(default=True)
    media_id = peewee.IntegerField(null=True)
    deleted_at = InstantField(null=True)
    promised_at = InstantField(null=True)
    release_at = InstantField(null=True)
    kit_off = peewee.IntegerField(null=True)


Variant.add_index(Variant.index(Variant.media_id, name="variant_media", where=peewee.SQL("media_id IS NOT NULL")))


class KitPart(Table):
    """So many pieces of `part` are in each kit. Kits are not counted themselves: their parts are."""

    kit = peewee.ForeignKeyField(Variant, on_delete="CASCADE", index=False)
    part = peewee.ForeignKeyField(Variant, on_delete="RESTRICT")
    quantity = peewee.IntegerField()

    class Meta:
        primary_key = peewee.CompositeKey("kit", "part")
        constraints = [peewee.Check("quantity BETWEEN 1 AND 999", name="kit_part_quantity")]


class VariantValue(Table):
    """Which value of an option a variant has."""

    variant = peewee.ForeignKeyField(Variant, on_delete="CASCADE", index=False)
    option = peewee.ForeignKeyField(ProductOption, on_delete="CASCADE")
    value = peewee.ForeignKeyField(OptionValue, on_delete="CASCADE")

    class Meta:
        primary_key = peewee.CompositeKey("variant", "option")


class Attribute(Table):
    """Something that can be said of products, such as the material. `kind`: text, number, flag or choice.

    A `filterable` one is a facet of lists. `plugin` names the plugin that declared it.
    """

    code = peewee.CharField(max_length=80, unique=True)
    kind = peewee.CharField(max_length=10, default="text")
    names = JSONField(default=dict)
    filterable = peewee.BooleanField(default=False)
    plugin = peewee.CharField(max_length=60, default="")
    position = peewee.IntegerField(default=0)


class ProductAttribute(Table):
    """One value of an attribute.

    `value` is its code, the same in every language; `number` its size if it is a number.
    """

    product = peewee.ForeignKeyField(Product, on_delete="CASCADE", index=False)
    attribute = peewee.ForeignKeyField(Attribute, on_delete="CASCADE")
    position = peewee.IntegerField(default=0)
    value = peewee.CharField(max_length=255)
    names = JSONField(default=dict)
    number = peewee.DoubleField(null=True)

    class Meta:
        indexes = ((("product", "attribute", "value"), True),)


class FacetName(Table):
    """The words for a value of an option or attribute, for filters; `value` empty: the words for the facet itself.

    Products name their own values; whichever was edited last gives the name that filters show.
    """

    code = peewee.CharField(max_length=80)
    value = peewee.CharField(max_length=255, default="")
    names = JSONField(default=dict)
    swatch = peewee.CharField(max_length=20, default="")
    position = peewee.IntegerField(default=0)

    class Meta:
        primary_key = peewee.CompositeKey("code", "value")
