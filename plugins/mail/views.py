"""The section of an order's page that sends a mail once more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response

from core.api import (
    DoneBefore,
    NotFound,
    PanelSection,
    Refused,
    Site,
    Views,
    actor,
    current_site,
    order_view,
    panel_form_key,
    panel_section_refused,
    panel_to,
    request,
    say,
    staff,
)
from core.api import gettext as _
from plugins.mail.services import mails_of, mails_of_cases, send_again

RESEND = "mail.resend"
panel = Views()


def _values(site: Site, order_id: int) -> Mapping[str, Any]:
    order = order_view(order_id, site=site)
    if order is None:
        raise NotFound
    mails = [*mails_of(order), *mails_of_cases(site, order)]
    return {"mails": mails, "email": order.email, "chosen": "placed", "error": ""}


SECTION = PanelSection(
    place="order", title="Mails to the shopper", template="mail/section.html", values=_values, permission=RESEND
)


@panel.post("/orders/<int:order_id>")
@staff(RESEND)
def again(order_id: int) -> Response:
    """Send the chosen mail once more."""
    site, chosen = current_site(), request.form.get("mail", "")
    order = order_view(order_id, site=site)
    if order is None:
        raise NotFound
    try:
        send_again(site, order_id, chosen, key=panel_form_key(), actor=actor())
    except DoneBefore as error:
        return panel_to("panel.order", say=say(error), number=order.number)
    except Refused as error:
        return panel_section_refused(SECTION, order_id, [("mail-again", say(error))], chosen=chosen, error=say(error))
    return panel_to("panel.order", say=_("The mail is on its way."), number=order.number)
