"""What the decision about a case holds beside the goods: its fees, and what was granted as goodwill."""

from __future__ import annotations

import msgspec

from core.hookspecs.site import Site
from core.kernel import db
from core.lib.money import Money
from core.orders.services.case_shapes import CaseView
from core.orders.services.change_shapes import Action, AddCharge
from core.orders.services.read import charge_title

_actions: msgspec.json.Decoder[Action] = msgspec.json.Decoder(Action)


def decided_charges(site: Site, case: CaseView) -> tuple[tuple[str, Money], ...]:
    """Fees, below zero, and goodwill as (title, amount) within what is granted, with their taxes. One statement."""
    rows = db.rows(
        "SELECT a.data FROM order_change_action a JOIN order_change c ON c.id = a.change_id"
        " WHERE c.site_id = ? AND c.order_id = ? AND c.state = 'confirmed' AND c.key LIKE ? ORDER BY c.id, a.position",
        site.id, case.order_id, f"case:{case.id}:%",
    )  # fmt: skip
    found = (_actions.decode(data) for (data,) in rows)
    return tuple(
        (charge_title(one.charge), Money(one.amount if one.charge == "goodwill" else -one.amount, case.currency))
        for one in found
        if isinstance(one, AddCharge) and one.charge != "claim"
    )
