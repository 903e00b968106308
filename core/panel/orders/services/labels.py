"""The label that goes with returned goods: its number, the code to scan, and where it goes."""

from __future__ import annotations

from typing import Any

from core.hookspecs.site import Site
from core.lib.qr import drawing
from core.orders.services.case_shapes import CaseView
from core.orders.services.return_labels import return_address, return_number


def labelled(site: Site, case: CaseView) -> dict[str, Any]:
    """What the label shows."""
    number = return_number(case)
    lines = return_address(site)
    return {
        "return_number": number,
        "code": drawing(number),
        "send_to": lines or [site.name],
        "has_address": bool(lines),
    }
