"""The section of an order's page that sends a mail once more, and the mailbox of a shop on this machine."""

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
    render,
    request,
    say,
    staff,
    url_for,
)
from core.api import gettext as _
from plugins.mail.services import kept_mail, list_mails, mails_of, mails_of_cases, send_again, stays_here
from plugins.mail.services.mailbox import PAGE

RESEND, READ = "mail.resend", "mail.mailbox"
# A letter is a page of its own without scripts, forms or an origin; its links open beside the panel.
_LETTER = (
    "default-src 'none'; img-src {origin} data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)
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


# -- the mailbox -------------------------------------------------------------------------------------------------------


def _here() -> Site:
    """The site, if its mails stay on this machine. Raises NotFound."""
    site = current_site()
    if not stays_here(site):
        raise NotFound
    return site


@panel.get("/")
@staff(READ)
def mailbox() -> Any:
    """The mails that were kept, newest first."""
    site, text = _here(), request.args.get("q", "").strip()[:100]
    before = request.args.get("before", "")
    found = list_mails(
        site, text, int(before) if before.isascii() and before.isdecimal() and len(before) < 10 else None, PAGE + 1
    )  # fmt: skip
    mails = found[:PAGE]
    here: dict[str, Any] = {"q": text} if text else {}
    following = url_for("mail.panel.mailbox", before=mails[-1].id, **here) if len(found) > len(mails) else ""
    return render(
        "mail/mailbox.html", mails=mails, text=text, next=following,
        first=url_for("mail.panel.mailbox", **here) if before else "",
    )  # fmt: skip


@panel.get("/<int:mail_id>")
@staff(READ)
def letter(mail_id: int) -> Any:
    """One mail: as programs show it, and as text."""
    return render("mail/letter.html", mail=kept_mail(_here(), mail_id))


@panel.get("/<int:mail_id>/letter")
@staff(READ)
def letter_page(mail_id: int) -> Response:
    """The mail's own page, which the panel frames."""
    site = _here()
    html = kept_mail(site, mail_id).html
    if not html:
        raise NotFound
    answer = Response(html.replace("<head>", '<head><base target="_blank">', 1))
    answer.headers["Content-Security-Policy"] = _LETTER.format(origin=site.origin)
    return answer
