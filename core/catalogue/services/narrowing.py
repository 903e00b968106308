"""What a list leaves: the conditions of a query, all of them or all but one, as SQL on `card_place p`."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct

from core.catalogue.services.shapes import ListingQuery, Sort
from core.kernel import db

_LONGEST_FILTER = 50
_LARGEST = 10**15
PRICE = ":price"  # Stands for the choice of a price; codes of facets have no colon.


class Where(NamedTuple):
    """Conditions joined by AND, and their parameters."""

    sql: str
    params: tuple[object, ...]


class Narrowing(Struct, frozen=True):
    """A query on a site, in a language (`fallback` is the site's own) and a currency.

    `product_ids` are a search's, best first.
    """

    site_id: int
    language: str
    fallback: str
    currency: str
    query: ListingQuery
    product_ids: tuple[int, ...] | None

    @property
    def category_id(self) -> int:
        """The category, 0 for everything."""
        return self.query.category_id or 0

    @property
    def place(self) -> tuple[int, int, str]:
        """What a kept counter is found by."""
        return self.site_id, self.category_id, self.currency

    @property
    def chosen(self) -> dict[str, tuple[str, ...]]:
        """The facets with values chosen.

        They come from an address, where anything can stand; no stored code has a NUL.
        """
        return {
            code: tuple(value for value in values if "\0" not in value)[:_LONGEST_FILTER]
            for code, values in list(self.query.filters.items())[:_LONGEST_FILTER]
            if values and "\0" not in code
        }

    @property
    def has_price(self) -> bool:
        """Whether a price was chosen."""
        return self.query.price_min is not None or self.query.price_max is not None

    def is_counted(self, without: str | None = None) -> bool:
        """Whether kept counters tell what the query leaves, one choice left out."""
        choices = {*self.chosen, *([PRICE] if self.has_price else [])}
        return self.product_ids is None and not choices - {without}

    def where(self, without: str | None = None, *, walking: bool = False) -> Where:
        """The conditions, without the choice of one facet (or PRICE).

        `walking`: the places are read in order (a search's in that of its ids, `r`) until a page is full, so each is
        probed for its values. Otherwise, among all products of a site, those that have the values are looked up;
        without statistics SQLite would choose badly.
        """
        parts = ["p.site_id = ? AND p.category_id = ? AND p.currency = ?"]
        params: list[object] = [*self.place]
        if self.product_ids is not None and walking:
            parts.append("p.product_id = r.value")
        elif self.product_ids is not None:
            # The plus keeps SQLite from reading the whole category for a search's few products.
            among = db.marks(self.product_ids)
            parts = [f"+p.site_id = ? AND +p.category_id = ? AND p.currency = ? AND p.product_id IN ({among})"]
            params += self.product_ids
        probing = walking or self.category_id != 0 or self.product_ids is not None
        for code, values in self.chosen.items():
            if code != without:
                parts.append(f"{_PROBE if probing else _LOOKUP} AND f.value IN ({db.marks(values)}))")
                params += [*([] if probing else [self.site_id]), code, *values]
        if without != PRICE:
            # The plus keeps SQLite from leaving the order that it walks in.
            price = "+p.price" if walking and self.query.sort not in {Sort.CHEAPEST, Sort.DEAREST} else "p.price"
            for sign, amount in ((">=", self.query.price_min), ("<=", self.query.price_max)):
                if amount is not None:
                    parts.append(f"{price} {sign} ?")
                    params.append(min(max(amount, -_LARGEST), _LARGEST))
        if self.query.in_stock:
            parts.append("p.available = ?")
            params.append(True)
        return Where(" AND ".join(parts), tuple(params))


_PROBE = "EXISTS (SELECT 1 FROM card_facet f WHERE f.product_id = p.product_id AND f.site_id = p.site_id AND f.code = ?"
_LOOKUP = "p.product_id IN (SELECT f.product_id FROM card_facet f WHERE f.site_id = ? AND f.code = ?"
