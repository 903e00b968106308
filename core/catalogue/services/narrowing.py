"""What a list leaves: the conditions of a query, all of them or all but one, as SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from core.catalogue.services.shapes import ListingQuery
from core.kernel import db

_LONGEST_FILTER = 50
_LARGEST = 10**15


class Sql(NamedTuple):
    """Tables joined, the conditions between and on them, and their parameters in the order of the text."""

    tables: str
    conditions: list[str]
    params: list[object]


@dataclass(frozen=True, slots=True)
class Narrowing:
    """A query on a site, in a language (`fallback` is the site's own) and a currency; `product_ids` are a search's, best first."""

    site_id: int
    language: str
    fallback: str
    currency: str
    query: ListingQuery
    product_ids: tuple[int, ...] | None

    @property
    def category_id(self) -> int:
        return self.query.category_id or 0

    @property
    def chosen(self) -> dict[str, tuple[str, ...]]:
        """The facets with values chosen. They come from an address, where anything can stand; no stored code has a NUL."""
        return {
            code: tuple(value for value in values if "\0" not in value)[:_LONGEST_FILTER]
            for code, values in list(self.query.filters.items())[:_LONGEST_FILTER]
            if values and "\0" not in code
        }

    @property
    def counts_are_kept(self) -> bool:
        return not self.query.is_narrowed and self.product_ids is None

    def source(self, table: str = "card_place", *, without: str | None = None) -> Sql:
        """What the query leaves, without the choice of one facet (or `:price`, `:available`).

        `p` walks `table`, `c` is the card; `r` has the rank (column1) and id (column2) of a search's products.
        """
        tables = f"{table} p JOIN card c ON c.product_id = p.product_id AND c.site_id = p.site_id"
        conditions = ["p.site_id = ?", "p.category_id = ?", "c.language = ?", "c.currency = ?"]
        params: list[object] = [self.site_id, self.category_id, self.language, self.currency]
        if table == "card_name":
            conditions.append("p.language = c.language")
        else:
            conditions.append("p.currency = ?")
            params.append(self.currency)
        if self.product_ids is not None:
            tables, ranks = self._ranked(tables)
            params = [*ranks, *params]
        for condition, values in self._choices(without):
            conditions.append(condition)
            params += values
        return Sql(tables, conditions, params)

    def _ranked(self, tables: str) -> tuple[str, list[object]]:
        ids = self.product_ids or (0,)
        pairs = ", ".join(["(?, ?)"] * len(ids))
        ranks: list[object] = [value for rank, product_id in enumerate(ids, 1) for value in (rank, product_id)]
        return f"(VALUES {pairs}) r JOIN {tables.replace(' p JOIN', ' p ON p.product_id = r.column2 JOIN', 1)}", ranks

    def _choices(self, without: str | None) -> list[tuple[str, list[object]]]:
        found: list[tuple[str, list[object]]] = []
        for code, values in self.chosen.items():
            if code != without:
                found.append(
                    (
                        "p.product_id IN (SELECT f.product_id FROM card_facet f"
                        f" WHERE f.site_id = ? AND f.code = ? AND f.value IN ({db.marks(values)}))",
                        [self.site_id, code, *values],
                    )
                )
        if without != ":price":
            if self.query.price_min is not None:
                found.append(("c.price >= ?", [_bounded(self.query.price_min)]))
            if self.query.price_max is not None:
                found.append(("c.price <= ?", [_bounded(self.query.price_max)]))
        if self.query.in_stock and without != ":available":
            found.append(("c.available = ?", [True]))
        return found


def _bounded(amount: int) -> int:
    """Within what the database can compare."""
    return min(max(amount, -_LARGEST), _LARGEST)
