"""The verbs of sales: price a batch, edit, import, preview, remember what prices were, and say so on pages."""

from __future__ import annotations

from plugins.sale_prices.services.editing import (
    Unreadable,
    duplicate,
    end_now,
    import_list,
    remove_sale,
    restore_sale,
    save_sale,
)
from plugins.sale_prices.services.history import forget_old, lowest_before, record, record_all
from plugins.sale_prices.services.preview import Preview, PreviewRow, preview_of, preview_of_wanted
from plugins.sale_prices.services.pricing import answers, reduced, winners
from plugins.sale_prices.services.reading import (
    Listed,
    categories,
    export_rows,
    filled,
    find_sale,
    first_skus,
    has_own_prices,
    listed,
    state_of,
)
from plugins.sale_prices.services.showing import below_price
from plugins.sale_prices.services.telling import tell

__all__ = [
    "Listed",
    "Preview",
    "PreviewRow",
    "Unreadable",
    "answers",
    "below_price",
    "categories",
    "duplicate",
    "end_now",
    "export_rows",
    "filled",
    "find_sale",
    "first_skus",
    "forget_old",
    "has_own_prices",
    "import_list",
    "listed",
    "lowest_before",
    "preview_of",
    "preview_of_wanted",
    "record",
    "record_all",
    "reduced",
    "remove_sale",
    "restore_sale",
    "save_sale",
    "state_of",
    "tell",
    "winners",
]
