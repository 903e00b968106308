"""New goods that are written into the form of an order: rows of an SKU, pieces and a place, and one more to fill in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from core.catalogue.services.carts import cart_variants
from core.catalogue.services.skus import variants_by_sku
from core.hookspecs.site import Site
from core.kernel.i18n import gettext as _
from core.lib.money import Money
from core.orders.services.change_shapes import AddGoods
from core.orders.services.shapes import OrderView
from core.panel.orders.services.drafting import full_name

MOST_ROWS = 50
_LEAST_ROWS = 2
_MOST_UNITS = 9_999


class NewLine(Struct, frozen=True, kw_only=True):
    """A row as typed; its fields are called `add_sku`, `add_quantity` and `add_to`, with `end` behind them.

    `name` and `price` are those of the goods that its SKU is, if they are for sale here.
    """

    end: str
    sku: str = ""
    quantity: str = "1"
    to: str = ""
    variant_id: int = 0
    name: str = ""
    price: Money | None = None


def new_lines(form: Mapping[str, str], order: OrderView, site: Site) -> list[NewLine]:
    """The rows of a form, with at least one that is empty; `pick` is an SKU that the search brought.

    Three statements, if a row names something.
    """
    rows = _typed(form)
    if picked := form.get("pick", "").strip()[:120]:
        rows = _with(rows, picked)
    last = max((place for place, row in enumerate(rows) if row.sku), default=-1)
    more = len(rows) + 1 if form.get("act") == "row" else 0
    count = min(MOST_ROWS, max(_LEAST_ROWS, len(rows), last + 2, more))
    rows += [NewLine(end=_end(place)) for place in range(len(rows), count)]
    return _named(rows, order, site)


def _with(rows: list[NewLine], sku: str) -> list[NewLine]:
    """The rows with one more SKU in the first of them that is free."""
    free = next((place for place, row in enumerate(rows) if not row.sku), len(rows))
    return [*rows[:free], NewLine(end=_end(free), sku=sku), *rows[free + 1 :]]


def added(
    form: Mapping[str, str],
    order: OrderView,
    site: Site,
    place_of: Callable[[str], int],
    errors: dict[str, str],
) -> list[AddGoods]:
    """What the rows ask for; what is wrong with one goes into `errors`, under the name of its field."""
    found: dict[tuple[int, int], int] = {}
    for row in _named([row for row in _typed(form) if row.sku], order, site):
        units = int(row.quantity) if row.quantity.isascii() and row.quantity.isdecimal() else 0
        if not row.variant_id:
            errors[f"add_sku{row.end}"] = _("No variant has this SKU.")
        elif row.price is None:
            errors[f"add_sku{row.end}"] = _("This product is not for sale here at the moment.")
        if not 0 < units <= _MOST_UNITS:
            errors[f"add_quantity{row.end}"] = _("Write a whole number from 1.")
        key = row.variant_id, place_of(row.to)
        found[key] = found.get(key, 0) + units
    return [AddGoods(variant_id=variant, quantity=units, destination=to) for (variant, to), units in found.items()]


def field_of(variant_id: int, form: Mapping[str, str]) -> str:
    """The field that asks for pieces of these goods; empty where none does."""
    rows = [row for row in _typed(form) if row.sku]
    known = variants_by_sku([row.sku for row in rows])
    return next((f"add_quantity{row.end}" for row in rows if known.get(row.sku) == variant_id), "")


def _end(place: int) -> str:
    return f"-{place}" if place else ""


def _typed(form: Mapping[str, str]) -> list[NewLine]:
    """All rows that were sent, the empty ones too."""
    sent = max((place for place in range(MOST_ROWS) if f"add_sku{_end(place)}" in form), default=-1) + 1
    return [
        NewLine(
            end=_end(place), sku=form.get(f"add_sku{_end(place)}", "").strip()[:120],
            quantity=form.get(f"add_quantity{_end(place)}", "").strip() or "1",
            to=form.get(f"add_to{_end(place)}", ""),
        )
        for place in range(sent)
    ]  # fmt: skip


def _named(rows: Sequence[NewLine], order: OrderView, site: Site) -> list[NewLine]:
    known = variants_by_sku([row.sku for row in rows if row.sku])
    variants = cart_variants(site, order.language, order.currency, list(known.values())) if known else {}
    found = [(row, known.get(row.sku, 0)) for row in rows]
    return [
        replace(row, variant_id=variant_id, name=full_name(variant), price=variant.price)
        if (variant := variants.get(variant_id))
        else replace(row, variant_id=variant_id)
        for row, variant_id in found
    ]
