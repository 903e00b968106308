"""Where and when a product is sold."""

from __future__ import annotations

from flask import Response, request

from core.catalogue.services import products
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.security import staff
from core.kernel.sites import current, state_of
from core.lib.errors import Forbidden, Unfit
from core.panel.products import forms
from core.panel.products.services import editor
from core.panel.products.services.places import places as places_of
from core.panel.products.services.places import take_over_prices
from core.panel.products.views.refusals import Problems
from core.panel.shell import actor, panel, shell
from core.panel.shell.answers import page, to


@panel.get("/products/<int:product_id>/sites", endpoint="product_sites")
@staff("catalogue.view")
def places(product_id: int) -> Response:
    """Where and when the product is sold, on the sites that this person works on."""
    return _places_page(product_id, places_of(product_id, _my_sites()), [])


@panel.post("/products/<int:product_id>/sites", endpoint="product_sites_save")
@staff("listings.edit")
def save_places(product_id: int) -> Response:
    """Store where and when the product is sold."""
    found = places_of(product_id, _my_sites())
    stored = {place.id: place.said for place in found}
    problems = forms.read_places(request.form, found)
    if problems:
        return _places_page(product_id, found, problems, 422)
    for place in (place for place in found if place.said != stored[place.id]):
        try:
            products.set_listing(
                state_of(place.id).site,
                product_id,
                visible=place.visible,
                position=int(place.position),
                actor=actor(),
                publish_at=forms.instant(place.publish_at, place.timezone),
                withdraw_at=forms.instant(place.withdraw_at, place.timezone),
            )
        except Unfit as refusal:
            place.errors |= {name: _(message) for name, message in refusal.errors.items()}
            return _places_page(
                product_id, found, [(f"{name}-{place.id}", message) for name, message in place.errors.items()], 422
            )
    count = editor.wordless(product_id) if any(place.visible for place in found) else 0
    more = i18n.ngettext("%(n)s of its pictures needs words.", "%(n)s of its pictures need words.", count)
    said = i18n.sentences([_("Saved."), more if count else ""])
    return to("panel.product_sites", say=said, product_id=product_id)


@panel.post("/products/<int:product_id>/sites/<int:site_id>/prices", endpoint="product_prices_like")
@staff("catalogue.view")
def take_prices(product_id: int, site_id: int) -> Response:
    """Ask on a site what another one asks in the same currency."""
    model = request.form.get("model", 0, type=int)
    may = shell().visitor.may
    if not (may("prices.edit", site_id) and may("catalogue.view", model)):
        raise Forbidden
    site = state_of(site_id).site
    take_over_prices(site, model, product_id, actor())
    said = _("%(site)s has the prices of %(model)s now.", site=site.name, model=state_of(model).site.name)
    return to("panel.product_sites", say=said, product_id=product_id)


def _my_sites() -> list[int]:
    return [place.id for place in shell().places if shell().visitor.may("listings.edit", place.id)]


def _places_page(product_id: int, found: list[forms.PlaceForm], problems: Problems, status: int = 200) -> Response:
    return page(
        "product_sites.html",
        status,
        product=editor.head(current().site, product_id),
        places=found,
        problems=problems,
        wordless=editor.wordless(product_id),
    )
