"""Which columns of the list of products somebody wants to see: theirs, on every site and every device."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from core.kernel import db
from core.kernel.i18n import lazy
from core.panel.products.models import ListColumns

PRODUCTS: dict[str, Any] = {
    "status": lazy("On this site"),
    "stock": lazy("Stock"),
    "sites": lazy("Listed on"),
    "languages": lazy("Languages"),
    "price": lazy("Price"),
    "categories": lazy("Categories"),
    "vendor": lazy("Maker or supplier"),
    "tax": lazy("Tax class"),
    "changed": lazy("Changed"),
}
USUAL = ("status", "stock", "sites", "languages", "price")


def columns_of(staff_id: int, place: str = "products") -> list[str]:
    """The keys of the columns in their order; the usual ones until somebody chooses."""
    found = db.value("SELECT columns FROM list_columns WHERE staff_id = ? AND place = ?", staff_id, place)
    chosen = USUAL if found is None else found.split()
    return [key for key in PRODUCTS if key in chosen]


def choose_columns(staff_id: int, keys: Collection[str], place: str = "products") -> None:
    """Keep the choice. Commits."""
    chosen = " ".join(key for key in PRODUCTS if key in keys)
    with db.transaction():
        ListColumns.insert(staff_id=staff_id, place=place, columns=chosen).on_conflict(
            conflict_target=(ListColumns.staff_id, ListColumns.place), update={ListColumns.columns: chosen}
        ).execute()
