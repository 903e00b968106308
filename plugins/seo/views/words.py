"""Templates and facts of the whole site, and the card on the pages of products and categories."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.api import (
    NotFound,
    PanelSection,
    Site,
    Unfit,
    actor,
    current_site,
    panel_section_id,
    panel_section_refused,
    panel_to,
    render,
    request,
)
from core.api import gettext as _
from plugins.seo.forms import texts
from plugins.seo.forms.filling import CATEGORY, DESCRIPTION_WIDTH, KINDS, PRODUCT, TITLE_WIDTH, VARIABLES
from plugins.seo.services import previews, rules
from plugins.seo.services.rules import PLUGIN
from plugins.seo.views.place import PERMISSION, may_edit, panel


def _section(place: str) -> PanelSection:
    return PanelSection(
        place=place,
        name="search",
        title="Search engines",
        template="seo/section.html",
        values=lambda site, object_id: previews.section(site, place, object_id),
        permission=PERMISSION,
    )


PRODUCT_CARD, CATEGORY_CARD = _section(PRODUCT), _section(CATEGORY)
SECTIONS = (PRODUCT_CARD, CATEGORY_CARD)


@panel.get("/words")
@may_edit
def templates() -> Any:
    """The templates, each with a page as an example, and the facts of the shop."""
    return _page(_stored(current_site()), {})


@panel.post("/words")
@may_edit
def save_templates() -> Any:
    """Keep the templates."""
    site = current_site()
    try:
        said = texts.read_templates(request.form, site.languages)
    except Unfit as refusal:
        return _page(request.form, refusal.errors, 422)
    rules.save_site(site, "words", said, actor=actor())
    return panel_to("seo.panel.templates", say=_("Saved. Pages follow at once, search engines as they come by."))


@panel.get("/shop")
@may_edit
def facts() -> Any:
    """What search engines are told of the organisation."""
    shop = rules.read_rules(current_site()).shop
    return _facts({**shop, "links": "\n".join(shop.get("links", ()))}, {})


@panel.post("/shop")
@may_edit
def save_facts() -> Any:
    """Keep them."""
    site = current_site()
    try:
        said = texts.read_shop(request.form)
    except Unfit as refusal:
        return _facts(request.form, refusal.errors, 422)
    rules.save_site(site, "shop", said, actor=actor())
    return panel_to("seo.panel.facts", say=_("Saved."))


def _facts(values: Mapping[str, Any], errors: Mapping[str, str], status: int = 200) -> Any:
    return render("seo/shop.html", status, values=values, errors=errors)


def _stored(site: Site) -> dict[str, str]:
    """The stored templates as a form sends them."""
    said = rules.read_rules(site).words
    return {
        f"{kind}-{part}-{tag}": pair[at]
        for (kind, tag), pair in said.items()
        for at, (part, _most) in enumerate(texts.PARTS)
    }


def _page(values: Mapping[str, Any], errors: Mapping[str, str], status: int = 200) -> Any:
    site = current_site()
    return render(
        "seo/words.html",
        status,
        values=values,
        errors=errors,
        kinds=KINDS,
        variables=VARIABLES,
        samples=previews.samples(site, rules.read_rules(site)),
        most={"title": TITLE_WIDTH, "description": DESCRIPTION_WIDTH},
    )


# -- one page ----------------------------------------------------------------------------------------------------------


@panel.get("/products/<int:product_id>")
@may_edit
def show_product(product_id: int) -> Any:
    """How a product stands among results."""
    return _results(PRODUCT, product_id)


@panel.get("/categories/<int:category_id>")
@may_edit
def show_category(category_id: int) -> Any:
    """How a category stands among results."""
    return _results(CATEGORY, category_id)


def _results(kind: str, object_id: int) -> Any:
    site = current_site()
    name = previews.name_of(site, kind, object_id)
    if name is None:
        raise NotFound
    return render(
        "seo/results.html",
        name=name,
        kind=kind,
        object_id=object_id,
        results=previews.results(site, kind, object_id),
        most={"title": TITLE_WIDTH, "description": DESCRIPTION_WIDTH},
    )


@panel.post("/products/<int:product_id>")
@may_edit
def save_product(product_id: int) -> Any:
    """Keep what a product says of its own."""
    return _save(PRODUCT_CARD, product_id)


@panel.post("/categories/<int:category_id>")
@may_edit
def save_category(category_id: int) -> Any:
    """Keep what a category says of its own."""
    return _save(CATEGORY_CARD, category_id)


def _save(card: PanelSection, object_id: int) -> Any:
    site, kind = current_site(), card.place
    name = previews.name_of(site, kind, object_id)
    if name is None:
        raise NotFound
    errors: dict[str, str] = {}
    said = {tag: texts.read_words(request.form, kind, tag, errors, prefix="seo-") for tag in site.languages}
    noindex = bool(request.form.get("noindex"))
    if errors:
        return panel_section_refused(card, object_id, list(errors.items()), texts=said, noindex=noindex, errors=errors)
    rules.save_page(site, kind, object_id, said, noindex=noindex, title=name, actor=actor())
    where: dict[str, Any] = {"product_id": object_id} if kind == PRODUCT else {"category_id": object_id}
    return panel_to(f"panel.{kind}", say=_("Saved."), **where, _anchor=panel_section_id(PLUGIN, card))
