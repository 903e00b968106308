"""An attribute that a plugin declares is an attribute like any other: form, import, facet and search."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from core.catalogue.services import listing, save_product
from core.catalogue.services.drafts import AttributeDraft, ProductDraft, ValueDraft
from core.catalogue.services.saving_choices import ensure_attribute
from core.catalogue.services.search_texts import search_texts
from core.catalogue.services.shapes import ListingQuery
from core.hookspecs.site import Site
from core.imports.services.import_products import import_products
from core.kernel import db, jobs
from core.kernel.manifest import Attribute, LoadError, Plugin
from core.kernel.switch import switch_off, switch_on
from core.testing.shop import Item

PLUGIN = """
from core.api import Attribute, Plugin
PLUGIN = Plugin(name="laundry", version="1.0.0", title="Laundry", attributes=(
    Attribute(code="care", title="Care", filterable={filterable}),
    Attribute(code="machine", title="Machine washable", kind="flag"),
))
"""
WORDS = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "Care"\nmsgstr "洗护"\n'


@pytest.fixture
def laundry(instance: Path, site: Site) -> Callable[..., None]:
    """`laundry()` drops the plugin into the installation and switches it on."""

    def drop(*, filterable: bool = True) -> None:
        folder = instance / "plugins" / "laundry"
        words = folder / "locale" / "zh_CN" / "LC_MESSAGES"
        words.mkdir(parents=True, exist_ok=True)
        (words / "messages.po").write_text(WORDS, "utf-8")
        (folder / "__init__.py").touch()
        (folder / "plugin.py").write_text(PLUGIN.format(filterable=filterable), "utf-8")
        switch_on(site.id, "laundry", "system")

    return drop


def care(word: str) -> tuple[AttributeDraft, ...]:
    return (AttributeDraft(code="care", values=(ValueDraft(names={"en": word}),)),)


def test_it_is_made_when_the_plugin_is_switched_on_in_all_languages_and_once(
    site: Site, laundry: Callable[..., None]
) -> None:
    laundry()
    switch_off(site.id, "laundry", "system")
    switch_on(site.id, "laundry", "system")
    assert db.rows("SELECT code, kind, filterable, plugin FROM attribute ORDER BY code") == [
        ("care", "text", True, "laundry"),
        ("machine", "flag", False, "laundry"),
    ]
    assert "洗护" in str(db.value("SELECT names FROM attribute WHERE code = 'care'"))


def test_lists_are_narrowed_and_found_by_it(
    site: Site, laundry: Callable[..., None], sell: Callable[..., Item]
) -> None:
    laundry()
    shirt, _lamp = sell("SHIRT", 3900), sell("LAMP", 8900)
    save_product(site, ProductDraft(id=shirt.product_id, attributes=care("Wool wash"), whole=False), "system")
    (facet,) = listing(site, "zh-CN", "EUR", ListingQuery()).facets
    assert (facet.name, facet.values[0].name, facet.values[0].count) == ("洗护", "Wool wash", 1)
    found = listing(site, "en", "EUR", ListingQuery(filters={"care": ("wool-wash",)}))
    assert [card.product_id for card in found.cards] == [shirt.product_id]
    (text,) = search_texts(site, "en", [shirt.product_id])
    assert text.attributes == ("Wool wash",)


def test_a_file_fills_it(site: Site, laundry: Callable[..., None], tmp_path: Path) -> None:
    laundry()
    file = tmp_path / "goods.csv"
    file.write_text("product,sku,name,price,attribute:care\nshirt,SHIRT,Shirt,39.00,Hand wash\n", "utf-8")
    import_products(site, file)
    assert db.rows("SELECT a.plugin, p.value FROM product_attribute p JOIN attribute a ON a.id = p.attribute_id") == [
        ("laundry", "hand-wash")
    ]


def test_what_was_said_stays_when_the_plugin_goes(
    site: Site, laundry: Callable[..., None], sell: Callable[..., Item]
) -> None:
    laundry()
    shirt = sell("SHIRT", 3900)
    save_product(site, ProductDraft(id=shirt.product_id, attributes=care("Wool wash"), whole=False), "system")
    switch_off(site.id, "laundry", "system")
    assert db.value("SELECT value FROM product_attribute") == "wool-wash"


def test_one_that_the_merchant_made_stays_the_merchants(site: Site, laundry: Callable[..., None]) -> None:
    with db.transaction():
        ensure_attribute(AttributeDraft(code="care", values=(), names={"en": "Washing"}))
    laundry()
    plugin, names = db.one("SELECT plugin, names FROM attribute WHERE code = 'care'")
    assert (plugin, json.loads(names)) == ("", {"en": "Washing"})


def test_a_new_version_that_makes_it_a_facet_reaches_the_lists(
    site: Site, laundry: Callable[..., None], sell: Callable[..., Item]
) -> None:
    laundry()
    with db.transaction():
        db.execute("UPDATE attribute SET filterable = ?", False)
    shirt = sell("SHIRT", 3900)
    save_product(site, ProductDraft(id=shirt.product_id, attributes=care("Wool wash"), whole=False), "system")
    assert listing(site, "en", "EUR", ListingQuery()).facets == ()
    switch_on(site.id, "laundry", "system")
    jobs.run_due()
    assert [facet.code for facet in listing(site, "en", "EUR", ListingQuery()).facets] == ["care"]


@pytest.mark.parametrize(
    "wrong", [{"code": "Care!"}, {"code": "care", "kind": "colour"}, {"code": "care", "on": "order"}]
)
def test_a_wrong_declaration_is_refused_at_load(wrong: dict[str, str]) -> None:
    with pytest.raises(LoadError):
        Plugin(name="laundry", version="1", title="Laundry", attributes=(Attribute(title="Care", **wrong),))
