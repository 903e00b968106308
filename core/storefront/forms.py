"""What shoppers may send: filters in an address, and the forms of cart, checkout, tracking and account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from core.catalogue.services.shapes import ListingQuery, Sort
from core.lib.addresses import one_line
from core.lib.money import NotMoney, parse_money

_MOST_VALUES, _LONGEST = 60, 300


def listing_query(
    asked: Iterable[tuple[str, str]], currency: str, *, category_id: int | None = None, default: Sort = Sort.FEATURED
) -> ListingQuery:
    """The query of a list from a query string: `f.<facet>` (any number), `min`, `max`, `stock`, `sort`, `after`.

    Whatever cannot be read is as if it were not there: an address is never an error.
    """
    pairs = [(name, value[:_LONGEST]) for name, value in asked if value][:_MOST_VALUES]
    single = dict(pairs)
    filters: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        if name.startswith("f.") and name != "f.":
            filters[name[2:]] = (*filters.get(name[2:], ()), value)
    return ListingQuery(
        category_id=category_id,
        filters=filters,
        price_min=typed_amount(single.get("min", ""), currency),
        price_max=typed_amount(single.get("max", ""), currency),
        in_stock=single.get("stock") == "1",
        sort=sort_of(single.get("sort", ""), default),
        after=single.get("after", ""),
    )


def sort_of(text: str, default: Sort) -> Sort:
    """The order named `text`, else `default`."""
    return Sort(text) if text in set(Sort) else default


def typed_amount(text: str, currency: str) -> int | None:
    """An amount as typed, in minor units; None for what is none."""
    try:
        amount = parse_money(text, currency).amount if text else None
    except NotMoney:
        return None
    return amount if amount is None or amount >= 0 else None


def words(text: str) -> str:
    """What a shopper searches for, on one line and not endless."""
    return one_line(text, 100)


def quantity(text: str, default: int = 1) -> int:
    """A number of units as typed; `default` for anything that is no number."""
    cleaned = text.strip()
    return int(cleaned) if cleaned.isdecimal() and len(cleaned) <= 6 else default


def stepped(sent: Mapping[str, str]) -> int:
    """The wanted number of a cart line: what stands in the box, one more or one fewer."""
    step = {"1": 1, "-1": -1}.get(sent.get("step", ""), 0)
    return max(0, quantity(sent.get("quantity", "")) + step)


def picked_values(sent: Mapping[str, str]) -> dict[str, str]:
    """The value code that was sent for each option: `o.<option>=<value>`."""
    return {name[2:]: value[:_LONGEST] for name, value in sent.items() if name.startswith("o.")}


class Added(Struct, frozen=True, kw_only=True):
    """What the product page sends.

    `is_as_shown`: the choices are those of `variant_id`; without a script they may not be.
    """

    path: str
    variant_id: int
    picked: Mapping[str, str]
    quantity: int
    is_as_shown: bool


def added(sent: Mapping[str, str]) -> Added:
    """The form of the product page."""
    picked = picked_values(sent)
    return Added(
        path=sent.get("product", ""),
        variant_id=quantity(sent.get("variant", ""), 0),
        picked=picked,
        quantity=quantity(sent.get("quantity", "")),
        is_as_shown=sent.get("shown", "") == "&".join(f"{code}={value}" for code, value in picked.items()),
    )
