"""The panel's pages of this plugin, as its staff use them."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest

from core.api import AttributeDraft, Money, ParcelLine, ProductDraft, Site, ValueDraft, VariantDraft, save_product
from core.testing.panel import AtPanel
from plugins.table_rate import services
from plugins.table_rate.services.reading import goods_of


@pytest.fixture
def panel(at_panel: AtPanel, turn_on: Callable[..., None]) -> AtPanel:
    turn_on("table_rate")
    return at_panel


ZONE = {"name": "Germany", "areas": "DE\nDE: 10", "served": "1"}
METHOD = {
    "title_en": "Parcel",
    "title_zh-CN": "包裹",
    "basis": "weight",
    "from-EUR-0": "0",
    "to-EUR-0": "500",
    "price-EUR-0": "3.90",
    "from-EUR-1": "501",
    "to-EUR-1": "",
    "price-EUR-1": "5.90",
}
HEAD = "zone,areas,method,basis,currency,from,to,price\n"


@pytest.fixture
def table(panel: AtPanel, site: Site) -> services.Table:
    panel.post("/panel/table_rate/zones/new", **ZONE)
    (zone,) = services.table_of(site).zones
    panel.post(f"/panel/table_rate/zones/{zone.id}/methods/new", **METHOD)
    return services.table_of(site)


def test_an_empty_list_says_what_to_do(panel: AtPanel) -> None:
    assert "No zone yet" in panel.get("/panel/table_rate")
    assert "还没有区域" in panel.get("/zh-cn/panel/table_rate")


def test_a_zone_and_a_method_are_added_changed_and_removed(panel: AtPanel, site: Site, table: services.Table) -> None:
    (zone,) = table.zones
    (method,) = table.of(zone)
    page = panel.get("/panel/table_rate")
    assert "Germany" in page
    assert "Parcel" in page
    assert 'value="3.90"' in panel.get(f"/panel/table_rate/methods/{method.id}")
    panel.post(f"/panel/table_rate/methods/{method.id}", **{**METHOD, "price-EUR-0": "4.10"})
    assert services.find_method(site, method.id).brackets["EUR"][0] == [0, 500, 410]
    assert "DE: 10" in panel.get(f"/panel/table_rate/zones/{zone.id}")
    panel.post(f"/panel/table_rate/zones/{zone.id}", **{**ZONE, "name": "Home"})
    panel.post(f"/panel/table_rate/methods/{method.id}/remove")
    assert "No method yet" in panel.get("/panel/table_rate")
    panel.post(f"/panel/table_rate/zones/{zone.id}/remove")
    assert services.table_of(site).zones == []
    panel.post("/panel/table_rate/zones/new", **{**ZONE, "name": "Home"})
    assert "Another zone has this name." in panel.follow(f"/panel/table_rate/zones/{zone.id}/restore")
    (other,) = services.table_of(site).zones
    panel.post(f"/panel/table_rate/zones/{other.id}/remove")
    panel.post(f"/panel/table_rate/zones/{zone.id}/restore")
    panel.post(f"/panel/table_rate/methods/{method.id}/restore")
    assert services.table_of(site).of(zone) == [method]
    assert "saved the zone Home" in panel.get("/panel/activity")


def test_lines_are_added_dropped_and_pasted_without_a_script(panel: AtPanel, site: Site, table: services.Table) -> None:
    (zone,) = table.zones
    path = f"/panel/table_rate/zones/{zone.id}/methods/new"
    assert 'name="price-EUR-4"' in panel.post(path, 200, **METHOD, act="add-EUR")
    page = panel.post(path, 200, **METHOD, act="drop-EUR-0")
    assert 'value="3.90"' not in page
    assert 'value="5.90"' in page
    page = panel.post(path, 200, **METHOD, act="paste-EUR", **{"paste-EUR": "9000\t\t19.90"})
    assert 'value="19.90"' in page
    assert len(services.table_of(site).of(zone)) == 1


def test_a_gap_is_shown_after_saving(panel: AtPanel, table: services.Table) -> None:
    (method,) = table.of(table.zones[0])
    panel.post(f"/panel/table_rate/methods/{method.id}", **{**METHOD, "from-EUR-1": "601"})
    assert "Gap: no line holds 501 g to 600 g." in panel.get(f"/panel/table_rate/methods/{method.id}")
    assert "1 remark" in panel.get("/panel/table_rate")


def test_refusals_stand_beside_their_fields(panel: AtPanel, table: services.Table) -> None:
    (zone,) = table.zones
    page = panel.post("/panel/table_rate/zones/new", 422, **{**ZONE, "areas": "Atlantis"})
    assert "Line 1: ATLANTIS is no country code." in page
    assert "Another zone has this name." in panel.post("/panel/table_rate/zones/new", 422, **ZONE)
    page = panel.post(f"/panel/table_rate/zones/{zone.id}/methods/new", 422, **{**METHOD, "price-EUR-1": "cheap"})
    assert 'id="price-EUR-1-error"' in page
    assert 'value="cheap"' in page


def test_the_box_tells_the_price_and_the_way_to_it(panel: AtPanel, table: services.Table) -> None:
    page = panel.get("/panel/table_rate?country=DE&postcode=10115&weight=700&quantity=1&total=20")
    assert "Zone: Germany" in page
    assert "Weight 700 g: line from 501 g costs €5.90." in page
    assert "No zone holds this address." in panel.get("/panel/table_rate?country=FR&weight=700")
    assert "区域" in panel.get("/zh-cn/panel/table_rate?country=DE&weight=700")


def test_the_table_goes_out_and_comes_in_as_a_file(panel: AtPanel, site: Site, table: services.Table) -> None:
    text = panel.get("/panel/table_rate/table.csv")
    assert "Germany,DE | DE: 10,Parcel,weight,EUR,0,500,3.90" in text
    changed = text.replace("3.90", "2.50")
    panel.post("/panel/table_rate/import", file=(io.BytesIO(changed.encode()), "table.csv"))
    assert services.table_of(site).of(table.zones[0])[0].brackets["EUR"][0] == [0, 500, 250]
    broken = HEAD + "Germany,,Parcel,weight,EUR,a,,1\n"
    page = panel.post("/panel/table_rate/import", 422, file=(io.BytesIO(broken.encode()), "table.csv"))
    assert "Write whole grams." in page
    assert "Nothing has been changed." in page
    panel.post("/panel/table_rate/import", 422)


def test_nobody_else_sees_it(panel: AtPanel, table: services.Table) -> None:
    panel.post("/panel/logout")
    for path in ("", "/zones/new", "/zones/1", "/methods/1", "/table.csv", "/import"):
        panel.get(f"/panel/table_rate{path}", 303)
    panel.post("/panel/table_rate/zones/new", 303, **ZONE)


def test_what_is_not_there_is_not_found(panel: AtPanel) -> None:
    for path in ("/zones/99", "/zones/99/methods/new", "/methods/99"):
        panel.get(f"/panel/table_rate{path}", 404)
    for path in ("/zones/99/remove", "/methods/99/remove"):
        panel.post(f"/panel/table_rate{path}", 404)


def test_an_order_is_delivered_at_the_rate(
    panel: AtPanel, table: services.Table, sell: Callable[..., Any], order: Callable[..., Any]
) -> None:
    (method,) = table.of(table.zones[0])
    placed = order(sell("LAMP", 2000), carrier="table_rate", service=f"method-{method.id}")
    assert placed is not None


def test_products_say_how_large_they_are_and_what_they_hold(
    panel: AtPanel, site: Site, sell: Callable[..., Any]
) -> None:
    item = sell("LAMP", 2000, weight_g=300)
    sides = {"length_cm": 33.7, "width_cm": 20, "height_cm": 10}
    attributes = tuple(
        AttributeDraft(code=code, kind="number", values=(ValueDraft(names={"en": str(size)}, number=size),))
        for code, size in sides.items()
    )
    draft = ProductDraft(variants=(VariantDraft(sku="LAMP"),), attributes=attributes, whole=False)
    save_product(site, draft, "staff:1")
    line = ParcelLine(
        variant_id=item.variant_id, sku="LAMP", name="Lamp", quantity=2, weight_g=300, value=Money(4000, "EUR")
    )
    goods = goods_of([line], line.value, looks=True)
    # 33.7 cm count as 34: 34 * 20 * 10 = 6,800 cm³ each.
    assert (goods.volume_cm3, goods.weight_g) == (2 * 6800, 600)
