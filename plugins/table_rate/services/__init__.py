"""The verbs of rate tables: find the zone, price a parcel, say why, edit, and carry tables in and out."""

from __future__ import annotations

from plugins.table_rate.services.carrier import TableRateCarrier
from plugins.table_rate.services.editing import (
    NameTaken,
    Unreadable,
    import_table,
    remove_method,
    remove_zone,
    restore_method,
    restore_zone,
    save_method,
    save_zone,
)
from plugins.table_rate.services.pricing import Goods, Priced, price
from plugins.table_rate.services.reading import (
    Table,
    Tried,
    TriedMethod,
    export_rows,
    find_method,
    find_zone,
    remarks_on,
    table_of,
    tried,
)
from plugins.table_rate.services.zones import Found, find_area

__all__ = [
    "Found",
    "Goods",
    "NameTaken",
    "Priced",
    "Table",
    "TableRateCarrier",
    "Tried",
    "TriedMethod",
    "Unreadable",
    "export_rows",
    "find_area",
    "find_method",
    "find_zone",
    "import_table",
    "price",
    "remarks_on",
    "remove_method",
    "remove_zone",
    "restore_method",
    "restore_zone",
    "save_method",
    "save_zone",
    "table_of",
    "tried",
]
