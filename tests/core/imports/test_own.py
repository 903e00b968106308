"""Our own product CSV."""

from __future__ import annotations

from tests.core.imports.files import eur, one, read, remarks, table


def test_our_own_file_says_everything_about_a_product() -> None:
    columns = (
        *(
            "product",
            "sku",
            "name",
            "name:zh-CN",
            "summary",
            "body_html",
            "vendor",
            "tax_class",
            "categories",
            "tags",
            "path",
        ),
        *(
            "option1_name",
            "option1_value",
            "price",
            "was",
            "sale_price",
            "sale_starts",
            "sale_ends",
            "stock",
            "backorders",
        ),
        *(
            "weight_g",
            "barcode",
            "needs_delivery",
            "active",
            "pictures",
            "picture_alts",
            "published",
            "attribute:Material",
        ),
    )
    first = (
        *(
            "lamp",
            "L-S",
            "Lamp",
            "灯",
            "A lamp",
            "<p>Brass</p>",
            "Maker",
            "reduced",
            "Light > Lamps",
            "warm",
            "desk-lamp",
        ),
        *(
            "Size",
            "Small",
            "20",
            "25",
            "15",
            "2026-11-27T10:00+00:00",
            "",
            "7",
            "no",
            "900",
            "4006381333931",
            "yes",
            "yes",
        ),
        *("https://a.test/1.jpg\nhttps://a.test/2.jpg", "On a table|Lit", "yes", "Brass, Glass"),
    )
    second = ("lamp", "L-L", *[""] * 10, "Large", "30", *[""] * 4, "unlimited", *[""] * 9)
    product = one(table(columns, first, second))
    small, large = product.variants
    assert [(text.language, text.name) for text in product.texts] == [("en", "Lamp"), ("zh-CN", "灯")]
    assert (product.path, product.tax_class, product.attributes) == (
        "desk-lamp",
        "reduced",
        {"Material": ("Brass", "Glass")},
    )
    assert [(picture.url[-5], picture.alt) for picture in product.pictures or ()] == [("1", "On a table"), ("2", "Lit")]
    assert [(p.amount, p.was) for p in small.prices or ()] == [(eur(2000), eur(2500)), (eur(1500), eur(2000))]
    assert (small.stock, small.backorders, small.weight_g, small.needs_delivery) == (7, False, 900, True)
    assert (large.options, large.tracked, large.stock) == ((("Size", "Large"),), False, None)


def test_a_column_that_is_not_there_says_nothing() -> None:
    product = one(table(("sku", "price"), ("L-1", "12")))
    variant = product.variants[0]
    assert (product.texts, product.vendor, product.categories, product.tags, product.pictures) == (
        (),
        None,
        None,
        None,
        None,
    )
    assert (variant.options, variant.stock, variant.tracked, variant.weight_g, variant.barcode) == (None,) * 5


def test_columns_of_a_language_that_the_site_does_not_speak_are_refused() -> None:
    assert remarks(read(table(("sku", "name:fr"), ("L-1", "Lampe")))) == [
        (2, "name:fr", "This site does not speak “fr”.")
    ]
