"""Orders in the making: the list, the form with its quote, the pay link, and placing by hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from flask import Response, request, url_for
from msgspec import Struct

from core.cart.services import MOST_PLACES
from core.checkout.services.delivery import Delivery
from core.checkout.services.drafting import TOKEN, addresses_of, look_at_draft, place_draft, send_draft
from core.checkout.services.look import CheckoutView
from core.checkout.services.place_order import CannotBePlaced, PriceChanged
from core.hookspecs.site import Site
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.messages import sends_messages
from core.kernel.outside import link
from core.kernel.security import staff
from core.kernel.sites import current
from core.lib import addresses, ids
from core.lib.errors import Broken, Refused, Unfit
from core.orders.services import drafts
from core.orders.services.drafts import DraftView
from core.panel.orders import forms
from core.panel.orders.services import addressing, drafting, exporting, said, standing
from core.panel.products.services.editor import tax_classes
from core.panel.services import section_problems, shows_sections
from core.panel.shell import actor, panel, shell
from core.panel.shell.answers import address, page, table_file, to
from core.panel.shell.once import form_key, once

_MAY = "orders.create"
_VIEWS = {"open": True, "ended": False}


@panel.get("/drafts", endpoint="drafts")
@staff(_MAY)
def show() -> Response:
    """Orders in the making, newest first."""
    view, before = request.args.get("view", "open"), request.args.get("before", type=int)
    found = drafts.list_drafts(current().site, is_open=_VIEWS.get(view), before=before)
    named = (("open", _("Open")), ("ended", _("Ended")), ("all", _("All")))
    return page(
        "drafts.html",
        drafts=[(draft, drafting.status(draft)) for draft in found],
        views=[(title, address("panel.drafts", view=key), key == view, None) for key, title in named],
        next=address("panel.drafts", view=view, before=found[-1].id) if len(found) == drafts.PAGE else "",
        first=address("panel.drafts", view=view) if before else "",
        export=address("panel.drafts_export", view=view) if shell().may("orders.export") else "",
    )


@panel.get("/drafts/new", endpoint="draft_new")
@staff(_MAY)
def new() -> Response:
    """The empty form."""
    return _form(None)


@panel.post("/drafts/new", endpoint="draft_make")
@staff(_MAY)
def make() -> Response:
    """Keep a new draft, or search and show the form again."""
    if request.form.get("act") != "save":
        return _form(None)
    try:
        wish = drafting.wish_of(request.form, current().site)
        key = request.form.get("key", "")[:64] or ids.token()
        draft_id = drafts.make_draft(current().site, wish, key=key, actor=actor())
    except Refused as refusal:
        return _form(None, _problems(refusal), refusal.status)
    return to("panel.draft", say=_("The draft is kept."), draft_id=draft_id)


@panel.get("/drafts/<int:draft_id>", endpoint="draft")
@staff(_MAY)
def one(draft_id: int) -> Response:
    """A draft with what it costs now."""
    return _form(drafts.draft_view(current().site, draft_id))


@panel.post("/drafts/<int:draft_id>", endpoint="draft_save")
@staff(_MAY)
def save(draft_id: int) -> Response:
    """Write the draft anew, or search and show the form again."""
    draft = drafts.draft_view(current().site, draft_id)
    if draft.is_open and standing.has_moved(request.form, draft.version):
        return _moved(draft)
    if request.form.get("act") != "save":
        return _form(draft)
    try:
        wish = drafting.wish_of(request.form, current().site)
        version = request.form.get("version", type=int) or 0
        drafts.save_draft(current().site, draft_id, wish, version=version, actor=actor())
    except Refused as refusal:
        return _form(draft, _problems(refusal), refusal.status)
    return to("panel.draft", say=_("The draft is kept."), draft_id=draft_id)


def _moved(draft: DraftView) -> Response:
    """The draft as somebody else left it, with what was written here on top; to be looked at, then saved."""
    site = current().site
    form = standing.caught_up(request.form, drafting.standing(draft, site, drafting.stored_rows(site, draft)))
    told = _("Meanwhile this draft has changed. What you wrote is kept; the rest is as it is now.")
    return _form(draft, [("", told)], 409, form=form)


@panel.post("/drafts/<int:draft_id>/send", endpoint="draft_send")
@staff(_MAY)
@once("panel.draft", "draft_id")
def send(draft_id: int) -> Response:
    """Mail the pay link."""
    draft = drafts.draft_view(current().site, draft_id)
    days = max(1, min(request.form.get("days", type=int) or drafts.LINK_DAYS, 365))
    try:
        send_draft(current(), draft, link=_offer(draft, TOKEN), actor=actor(), days=days, key=form_key())
    except (Refused, Broken) as refusal:
        return _stored(draft, _problems(refusal), getattr(refusal, "status", 409))
    words = _("The pay link is on its way to %(email)s.", email=draft.wish.email)
    if not sends_messages(current()):
        words = _(
            "The pay link stands on this page. Send it to %(email)s yourself: this shop sends no mails.",
            email=draft.wish.email,
        )
    return to("panel.draft", say=words, draft_id=draft_id)


@panel.post("/drafts/<int:draft_id>/revoke", endpoint="draft_revoke")
@staff(_MAY)
def revoke(draft_id: int) -> Response:
    """Let the pay link open nothing any more."""
    drafts.revoke_link(current().site, draft_id, actor=actor())
    return to("panel.draft", say=_("The pay link opens nothing any more."), draft_id=draft_id)


@panel.post("/drafts/<int:draft_id>/keep", endpoint="draft_keep")
@staff(_MAY)
@once("panel.draft", "draft_id")
def keep(draft_id: int) -> Response:
    """Keep the goods until the end of a day, or let them go."""
    site, draft = current().site, drafts.draft_view(current().site, draft_id)
    version = request.form.get("version", type=int) or 0
    try:
        until = (
            None if request.form.get("act") == "let_go" else drafting.end_of(site, request.form.get("keep_until", ""))
        )
        drafts.keep_goods(site, draft_id, until, version=version, actor=actor(), key=form_key())
    except Refused as refusal:
        return _stored(draft, _problems(refusal), refusal.status)
    said = _("The goods are kept.") if until else _("The goods are not kept any more.")
    return to("panel.draft", say=said, draft_id=draft_id)


@panel.get("/drafts.csv", endpoint="drafts_export")
@staff("orders.export")
def export() -> Response:
    """The drafts that the same view shows, as a table."""
    site, is_open = current().site, _VIEWS.get(request.args.get("view", "open"))
    return table_file("drafts", lambda file: exporting.write_drafts(site, file, is_open=is_open))


@panel.post("/drafts/<int:draft_id>/drop", endpoint="draft_drop")
@staff(_MAY)
def drop(draft_id: int) -> Response:
    """Let the draft go."""
    drafts.drop_draft(current().site, draft_id, actor=actor())
    undo = url_for("panel.draft_restore", draft_id=draft_id)
    return to("panel.drafts", say=_("The draft is let go."), undo=undo)


@panel.post("/drafts/<int:draft_id>/restore", endpoint="draft_restore")
@staff(_MAY)
def restore(draft_id: int) -> Response:
    """Bring a draft back that was let go."""
    drafts.restore_draft(current().site, draft_id, actor=actor())
    return to("panel.draft", say=_("The draft is back. A pay link has to be sent anew."), draft_id=draft_id)


@panel.post("/drafts/<int:draft_id>/place", endpoint="draft_place")
@staff(_MAY)
def place(draft_id: int) -> Response:
    """Make the order now, to be paid by arrangement; one that is made already is led to."""
    draft = drafts.draft_view(current().site, draft_id)
    if draft.order_number:
        return to("panel.order", say=_("The order is placed."), number=draft.order_number)
    try:
        placed = place_draft(
            current(), draft, seen_total=request.form.get("seen", type=int), actor=actor(), by_arrangement=True
        )
    except (Refused, Broken) as refusal:
        return _stored(draft, _problems(refusal), getattr(refusal, "status", 409))
    return to("panel.order", say=_("The order is placed."), number=placed.number)


def _problems(refusal: Refused | Broken) -> forms.Problems:
    if isinstance(refusal, Unfit):
        known = {name: addressing.PREFIX + name if name in addresses.NAMES else name for name in refusal.errors}
        return [(known[name], _(text)) for name, text in refusal.errors.items()]
    if isinstance(refusal, CannotBePlaced):
        return [("", problem.message) for problem in refusal.problems]
    if isinstance(refusal, PriceChanged):
        return [("", _("Prices have moved: it now costs %(total)s.", total=i18n.money(refusal.view.total)))]
    return [("", i18n.say(refusal))]


def _stored(draft: DraftView, problems: forms.Problems, status: int) -> Response:
    """The page after an act beside the form, which says nothing about the fields but its own."""
    if draft.wish.address is None and any(name == f"{addressing.PREFIX}country" for name, _text in problems):
        problems = [(f"{addressing.PREFIX}name", _("Write where the goods go and save it first."))]
    return _form(draft, problems, status, form={}, keep_until=request.form.get("keep_until", ""))


def _form(
    draft: DraftView | None,
    problems: forms.Problems | None = None,
    status: int = 200,
    *,
    form: Mapping[str, str] | None = None,
    **more: str,
) -> Response:
    """The page with what is stored, or with what a `form` says: what was sent, unless another is given."""
    form = (request.form if request.method == "POST" else {}) if form is None else form
    site, sent = current().site, bool(form)
    fields = defaultdict(str, form.items() if sent else drafting.fields_of(draft, site) | more)
    stored = drafting.stored_rows(site, draft) if draft else []
    rows = drafting.typed_rows(form, site) if sent else stored
    own = drafting.typed_own(form) if sent else drafting.stored_own(draft) if draft else []
    language = fields["language"] if fields["language"] in site.languages else site.language
    currency = fields["currency"] if fields["currency"] in site.currencies else site.currency
    view = look_at_draft(current(), draft) if draft and draft.is_open else None
    country = fields[f"{addressing.PREFIX}country"] or site.country
    further = drafting.typed_places(form) if sent else len(draft.wish.places) if draft else 0
    return page(
        "draft.html",
        status,
        draft=draft,
        was=standing.kept(drafting.standing(draft, site, stored)) if draft else "",
        at=drafting.status(draft) if draft else None,
        fields=fields,
        rows=[*rows, *([drafting.Row()] * drafting.free_rows(form, "sku-", len(rows)))],
        own=[*own, *([drafting.OwnRow()] * drafting.free_rows(form, "own-", len(own)))],
        tax_classes=tax_classes(),
        found=drafting.search(site, fields["find"], language, currency) if sent else [],
        searched=sent and request.form.get("act") == "find",
        currencies=[(code, code) for code in site.currencies],
        languages=[(tag, i18n.language_name(tag)) for tag in site.languages],
        address=addressing.address_form(country),
        further=[_further(number, fields, site, view) for number in range(1, min(further + 2, MOST_PLACES))],
        filled=further,
        wrong_places={name.partition("_")[0] for name, _text in problems or []},
        billing=addressing.address_form(fields[f"{addressing.BILLING}country"] or site.country, addressing.BILLING),
        currency=currency,
        key=fields["key"] or ids.token(),
        problems=[*(problems or []), *section_problems()],
        errors=forms.by_field(problems or []),
        link=_link(draft) if draft else "",
        sends_mail=sends_messages(current()),
        kept=drafting.kept(draft) if draft else None,
        **_quoted(view),
    )


def _ways(delivery: Delivery) -> tuple[list[tuple[str, str, str]], str]:
    """The ways to one place, and the code of the chosen one."""
    rates = [(f"{rate.carrier}:{rate.service}", rate.full_title, i18n.money(rate.amount)) for rate in delivery.rates]
    return rates, f"{delivery.chosen.carrier}:{delivery.chosen.service}" if delivery.chosen else ""


class FurtherPlace(Struct, frozen=True, kw_only=True):
    """The fields of a further address, the ways there, and what the names of its fields begin with."""

    number: int
    prefix: str
    address: addressing.AddressForm
    rates: list[tuple[str, str, str]]
    chosen: str


def _further(number: int, fields: Mapping[str, str], site: Site, view: CheckoutView | None) -> FurtherPlace:
    prefix = addresses.place_prefix(number)
    there = next((one.delivery for one in view.places if one.number == number), None) if view else None
    rates, chosen = _ways(there) if there else ([], "")
    form = addressing.address_form(fields[f"{prefix}country"] or site.country, prefix)
    return FurtherPlace(number=number, prefix=prefix, address=form, rates=rates, chosen=chosen)


def _link(draft: DraftView) -> str:
    secret = drafts.present_link(current().site, draft)
    return _offer(draft, secret) if secret else ""


def _offer(draft: DraftView, secret: str) -> str:
    """The address of the page that the shopper opens, in their language."""
    return link(current().site, "storefront.offer", language=draft.wish.language, secret=secret)


def _quoted(view: CheckoutView | None) -> dict[str, object]:
    """The quote as the page shows it: lines, sums, the trace, ways of delivery, and what speaks against it."""
    if view is None or not view.lines:
        return {"quote": None, "trace": [], "rates": [], "chosen": "", "wrong": [], "whose": []}
    several = len(view.places) > 1
    whose = [one.whose if one else "" for one in addresses_of(view)]
    own = not view.places or view.places[0].number == 0
    rates, chosen = _ways(view.delivery) if own else ([], "")
    return {
        "quote": view.quote,
        "whose": whose if several else ["" for _one in whose],
        "trace": said.quote_trace(view.quote),
        "rates": rates,
        "chosen": chosen,
        "wrong": [problem.message for problem in view.problems],
    }


shows_sections("draft", one)
