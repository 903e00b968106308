"""Past orders that come in from a file, in the words of the panel: what columns stand for, the first ones, the sums."""

from __future__ import annotations

from typing import Any

from core.kernel.i18n import gettext as _
from core.kernel.i18n import lazy
from core.lib.money import Money
from core.orders.services.history_columns import FIELDS
from core.orders.services.history_rows import ReadDocument
from core.orders.services.history_writing import Tally

_TARGETS: dict[str, Any] = {
    "number": lazy("Number of the order"),
    "date": lazy("Placed on"),
    "sku": lazy("SKU"),
    "name": lazy("Name of the goods"),
    "quantity": lazy("Pieces"),
    "price": lazy("Price of each"),
    "customer": lazy("Number of the customer"),
    "email": lazy("Mail address"),
    "country": lazy("Country or region"),
    "currency": lazy("Currency"),
}


def past_targets() -> list[tuple[str, str]]:
    """(field, words) of all that a column may stand for."""
    return [(name, str(_TARGETS[name])) for name in FIELDS]


def past_shown(one: ReadDocument) -> dict[str, object]:
    """A document of the preview in the words of the page."""
    found, said = one.document, list(dict.fromkeys(problem.what for problem in one.problems))
    if found is None:
        return {"line": one.line, "number": one.number, "said": said, "sound": False}
    total = sum(line.amount for line in found.lines)
    return {
        "line": one.line,
        "number": found.number,
        "who": f"{found.at:%Y-%m-%d} {found.email or found.customer}".strip(),
        "goods": [f"{line.quantity} × {line.sku}" for line in found.lines],
        "total": Money(total, found.currency),
        "paid": None,
        "said": said,
        "sound": True,
    }


def past_sums(sums: Tally) -> list[tuple[str, str | int | Money]]:
    """(what, how much) of all that came in, or would."""
    return [
        (_("Orders"), sums.orders),
        (_("Credits and returns"), sums.credits),
        (_("Lines"), sums.lines),
        (_("Sold nothing to anybody"), sums.empty),
        *((_("Sold"), Money(amount, code)) for code, amount in sorted(sums.sold.items())),
        *((_("Given back"), Money(amount, code)) for code, amount in sorted(sums.credited.items())),
        *(
            (_("What is left of it"), Money(sums.sold[code] - sums.credited[code], code))
            for code in sorted({*sums.sold, *sums.credited})
        ),
    ]
