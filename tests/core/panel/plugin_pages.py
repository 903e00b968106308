"""What makes the panel pages of plugins worth seeing: one of everything that they keep, made by their own forms."""

from __future__ import annotations

from core.kernel import db
from tests.core.panel.conftest import Panel

ROWS = {
    "coupon_id": "SELECT MIN(id) FROM coupons_coupon",
    "endpoint_id": "SELECT MIN(id) FROM webhooks_endpoint",
    "point_id": "SELECT MIN(id) FROM pickup_point",
    "sale_id": "SELECT MIN(id) FROM sale_prices_sale",
    "rate_id": "SELECT MIN(id) FROM flat_rate_rate",
    "zone_id": "SELECT MIN(id) FROM table_rate_zone",
    "method_id": "SELECT MIN(id) FROM table_rate_method",
    "rule_id": "SELECT MIN(id) FROM ship_rules_rule",
    "mail_id": "SELECT MIN(id) FROM mail_kept",
}
# Forms of what is there already: by default a browser sees those of what is new, which differ in their values alone.
LIKE_NEW = {
    *("panel.category", "panel.role_edit", "panel.site_edit", "panel.stock_location", "panel.plugin_default"),
    *("coupons.panel.edit", "flat_rate.panel.edit", "pickup.panel.edit", "sale_prices.panel.edit"),
    *("ship_rules.panel.edit", "table_rate.panel.edit_method", "table_rate.panel.edit_zone", "webhooks.panel.edit"),
}
# It is shown in a frame of another page and has no menu.
FRAMED = {"mail.panel.letter_page"}
_FORMS = {
    "coupons/new": {
        "title": "Winter sale", "kind": "percent", "percent": "10", "code": "winter10", "ends": "2099-12-31",
    },
    "webhooks/new": {"url": "https://hooks.example.com/stoa", "title": "Warehouse", "which": "all"},
    "pickup/new": {"name": "Canal Street", "address": "12 Canal Street", "hours_en": "Mon-Sat 9-18", "days_to": "1"},
    "sale_prices/new": {
        "name": "Spring", "kind": "percent", "percent": "20", "scope": "everything", "for": "everybody",
        "active": "1", "starts": "2026-03-11T09:00", "ends": "2026-03-12T09:00",
    },
    "flat_rate/new": {"title_en": "Standard", "price_EUR": "4.90", "countries": "DE"},
    "table_rate/zones/new": {"name": "Germany", "areas": "DE", "served": "1"},
    "table_rate/zones/{zone_id}/methods/new": {
        "title_en": "Parcel", "basis": "weight", "from-EUR-0": "0", "to-EUR-0": "", "price-EUR-0": "3.90",
    },
    "ship_rules/new": {"places": "main\nnorth", "criteria-1": "few"},
}  # fmt: skip


def furnish_plugins(panel: Panel) -> None:
    """Send each form once, as its own page would; the mails of the shop come into its mailbox."""
    for path, form in _FORMS.items():
        at = path.format(zone_id=db.value(ROWS["zone_id"]) or 0)
        answer = panel.post(f"/panel/{at}", form)
        assert answer.status_code in {200, 303}, f"{at}: {answer.status_code}\n{answer.text}"
