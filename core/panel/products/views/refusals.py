"""What the catalogue refused, for the summary above a form."""

from __future__ import annotations

from core.catalogue.services.returns import UnknownReturns
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.lib.errors import Refused, Unfit

Problems = list[tuple[str, str]]


def said(refusal: Refused) -> Problems:
    """What the catalogue refused, for the summary."""
    if isinstance(refusal, Unfit):
        return [("", _(message)) for message in refusal.errors.values()]
    at = refusal.field if isinstance(refusal, UnknownReturns) else None
    return [(at or "", i18n.say(refusal))]
