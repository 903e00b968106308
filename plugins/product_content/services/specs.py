"""Specifications: a product's own rows in groups, mixed with its attributes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from core.api import ProductPage, Site, Unfit, enumerated, language, transaction
from plugins.product_content.forms import Unreadable, specs, specs_text
from plugins.product_content.models import Specs
from plugins.product_content.services.keeping import LanguageForm, changed, must_exist
from plugins.product_content.services.reading import content_of

_REFERENCE = re.compile(r"\[([a-z0-9][a-z0-9_-]*)\]")


def form_values(site: Site, product_id: int) -> dict[str, Any]:
    """What the section shows: the text in each language of the site."""
    kept = {row.language: row.groups for row in _of(site, product_id)}
    return {"texts": [LanguageForm(language=tag, text=specs_text(kept.get(tag, []))) for tag in site.languages]}


def save_specs(site: Site, product_id: int, typed: Mapping[str, str], *, actor: str) -> None:
    """Keep the rows of each language. Raises Unfit with a message per language, and NotFound. Commits."""
    title = must_exist(site, product_id)
    wanted, errors = {}, {}
    for tag in site.languages:
        try:
            wanted[tag] = specs(typed.get(tag, ""))
        except Unreadable as error:
            errors[tag] = str(error)
    if errors:
        raise Unfit(errors)
    with transaction():
        before = {row.language: row.groups for row in _of(site, product_id)}
        Specs.delete().where(Specs.site_id == site.id, Specs.product_id == product_id).execute()
        for tag, groups in wanted.items():
            if groups:
                Specs.create(site_id=site.id, product_id=product_id, language=tag, groups=groups)
        changed(site, product_id, "specs", actor, before, wanted, title)


def _of(site: Site, product_id: int) -> list[Specs]:
    return list(Specs.for_site(site).where(Specs.product_id == product_id))


def shown_specs(site: Site, product: ProductPage) -> tuple[str, list[dict[str, Any]]]:
    """The table of the product's page and its language: the page's, else the site's. Empty where nothing was written.

    A value such as `[material]` stands for that attribute of the product. Attributes that no row names come first.
    """
    kept = content_of(site, product).specs
    tag = language() if language() in kept else site.language
    return tag, _mixed(kept.get(tag, []), product)


def _mixed(groups: list[dict[str, Any]], product: ProductPage) -> list[dict[str, Any]]:
    if not groups:
        return []
    facts = {fact.code: fact for fact in product.facts}
    named: set[str] = set()
    shown = [{"title": group["title"], "rows": _filled(group["rows"], facts, named)} for group in groups]
    others = [(fact.name, enumerated(fact.values)) for code, fact in facts.items() if code not in named]
    return [group for group in [{"title": "", "rows": others}, *shown] if group["rows"]]


def _filled(rows: list[list[str]], facts: Mapping[str, Any], named: set[str]) -> list[tuple[str, str]]:
    filled = []
    for name, value in rows:
        reference = _REFERENCE.fullmatch(value)
        if reference is None:
            filled.append((name, value))
        elif (fact := facts.get(reference[1])) is not None:
            named.add(fact.code)
            filled.append((name or fact.name, enumerated(fact.values)))
    return filled
