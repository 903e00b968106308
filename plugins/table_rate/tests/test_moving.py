"""An order that goes abroad after all: by the shopper from its own page, and by staff, without scripts."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from core.api import Site, order_view
from core.testing.panel import AtPanel
from plugins.table_rate import forms, services

WIEN = {"name": "Mira K.", "line1": "Ring 1", "postcode": "1010", "city": "Wien"}


@pytest.fixture
def lamp(at_panel: AtPanel, site: Site, turn_on: Callable[..., None], sell: Callable[..., Any]) -> Any:
    """A lamp at €89.00. A parcel is €4.90 in Germany with 19 % tax, €14.90 to Austria with 20 %; nowhere else."""
    turn_on("table_rate")
    turn_on("tax_table")
    for areas, price in (("DE", "4.90"), ("AT", "14.90")):
        zone = services.save_zone(site, forms.parse_zone({"name": areas, "areas": areas}, site), actor="staff:1")
        line = {"from-EUR-0": "0", "to-EUR-0": "", "price-EUR-0": price}
        wanted = forms.parse_method({"title_en": "Parcel", "basis": "weight", **line}, site)
        services.save_method(site, zone, wanted, actor="staff:1")
    rows: dict[str, str] = {}
    taxed = [(tax_class, *of) for of in (("DE", "19"), ("AT", "20")) for tax_class in ("standard", "delivery")]
    for place, (tax_class, country, rate) in enumerate(taxed):
        rows |= {
            f"tax_class-{place}": tax_class, f"country-{place}": country, f"region-{place}": "",
            f"name-{place}": "VAT", f"rate-{place}": rate,
        }  # fmt: skip
    at_panel.post("/panel/tax_table", **rows)
    return sell("LAMP", 8900, stock=5)


def words(page: str) -> str:
    """What a reader sees."""
    return " ".join(re.sub(r"<[^>]+>", "", page.replace("<", " <")).split())


def hidden(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))


def test_a_shopper_moves_it_abroad(
    lamp: Any, site: Site, order: Callable[..., Any], browse: Callable[..., Any]
) -> None:
    placed = order(lamp)
    path = f"/order/{placed.secret}/change"
    fields = browse(site, path, data={**WIEN, "country": "IS", "fields": "1"}).text
    assert re.search(r'<option value="IS" selected', fields)
    assert 'value="Ring 1"' in fields
    refused = browse(site, path, data={**WIEN, "country": "IS", "postcode": "101"})
    assert refused.status_code == 422
    assert re.search(r'id="country"[^>]*aria-invalid="true"', refused.text)
    assert "We do not deliver to Iceland." in words(refused.text)

    shown = browse(site, path, data={**WIEN, "country": "AT"}).text
    said = words(shown)
    assert "Delivery to this address: Parcel" in said
    assert "It costs then €103.90" in said
    assert "Of the difference, for the delivery €10.00" in said
    # 20 % within 89.00 and 14.90 are 14.83 and 2.48; 19 % within 89.00 and 4.90 were 14.21 and 0.78.
    assert "Difference in taxes €2.32" in said
    browse(site, f"{path}/confirm", data=hidden(shown))
    moved = order_view(placed.id)
    assert moved is not None
    assert moved.address is not None
    assert (moved.address.country, moved.due.amount, moved.delivery_total.amount) == ("AT", 10390, 1490)


def test_staff_move_it_abroad(lamp: Any, order: Callable[..., Any], at_panel: AtPanel) -> None:
    placed = order(lamp)
    path = f"/panel/orders/{placed.number}/change"
    to = {f"a_{name}": text for name, text in WIEN.items()}
    fields = at_panel.post(path, 200, **to, a_country="US", act="fields")
    assert re.search(r'<select class="input" id="a_region".*<option value="CA">California', fields, re.DOTALL)
    assert re.search(r'type="tel" id="a_phone"', fields)
    wrong = at_panel.post(path, 422, **to, a_country="US", act="preview")
    assert re.search(r'id="a_postcode"[^>]*aria-invalid="true"', wrong)
    refused = at_panel.post(path, 422, **{**to, "a_postcode": "101"}, a_country="IS", act="preview")
    assert re.search(r'id="a_country-error">.*We do not deliver to Iceland', refused, re.DOTALL)

    shown = at_panel.post(path, 200, **to, a_country="AT", a_phone="+43 1 5122500", act="preview", key="k")
    assert "€4.90 €14.90 €10.00" in words(shown)
    seen = re.search(r'name="seen" value="(\d+)"', shown)
    assert seen is not None
    more = {"act": "confirm", "key": "k", "seen": seen[1]}
    at_panel.post(path, **to, a_country="AT", a_phone="+43 1 5122500", **more)
    moved = order_view(placed.id)
    assert moved is not None
    assert moved.address is not None
    assert (moved.address.country, moved.phone, moved.due.amount) == ("AT", "+43 1 5122500", 10390)
