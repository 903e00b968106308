"""What an exchange sends instead of what comes back, and a claim once more: named and counted, with what it costs."""

from __future__ import annotations

from msgspec import Struct

from core.catalogue.services.carts import cart_variants
from core.hookspecs.site import Site
from core.kernel import db, i18n
from core.lib.money import Money
from core.orders.services.case_shapes import CaseView


class Instead(Struct, frozen=True, kw_only=True):
    """Names with their options and units; `price` is what they cost, None as long as they are not on the order."""

    goods: tuple[tuple[str, int], ...]
    price: Money | None = None


def sent_instead(site: Site, case: CaseView, language: str) -> Instead:
    """The new goods of a case: those its changes put on the order, else those its shopper asks for, in a `language`.

    Nothing for a return, and for a claim as long as none was decided to be sent again. One or two statements.
    """
    rows = db.rows(
        "SELECT l.name, l.ordered, l.total FROM order_line l JOIN order_change c ON c.id = l.change_id"
        " WHERE l.order_id = ? AND (c.id = ? OR c.key LIKE ?) ORDER BY l.position",
        case.order_id, case.sent_change_id or 0, f"case:{case.id}:%",
    )  # fmt: skip
    if rows:
        return Instead(
            goods=tuple((row[0], row[1]) for row in rows), price=Money(int(sum(row[2] for row in rows)), case.currency)
        )
    found = cart_variants(site, language, case.currency, sorted(case.wanted))
    with i18n.speaking(language):
        return Instead(goods=tuple((found[one].title, units) for one, units in case.wanted.items() if one in found))
