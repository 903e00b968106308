"""Size advice: a table per product, or per category for all goods below it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from core.api import (
    CategoryNode,
    NotFound,
    ProductPage,
    Site,
    Unfit,
    category_tree,
    depends,
    language,
    record_activity,
    touch,
    transaction,
)
from core.api import gettext as _
from plugins.product_content.forms import Unreadable, sizes, sizes_text
from plugins.product_content.models import Sizes
from plugins.product_content.services.keeping import LONGEST_NOTE, LanguageForm, must_exist
from plugins.product_content.services.reading import CATEGORY, PRODUCT, content_of


def form_values(site: Site, owner: str, owner_id: int) -> dict[str, Any]:
    """What the section shows: the table and the note in each language of the site."""
    kept = {row.language: row for row in _of(site, owner, [owner_id])}
    texts = [
        LanguageForm(language=tag, text=sizes_text(kept[tag].cells), note=kept[tag].note)
        if tag in kept
        else LanguageForm(language=tag)
        for tag in site.languages
    ]
    return {"texts": texts, "owner": owner}


def save_sizes(site: Site, owner: str, owner_id: int, typed: Mapping[str, tuple[str, str]], *, actor: str) -> None:
    """Keep (table, note) of each language. Raises Unfit with a message per language, and NotFound. Commits."""
    title = must_exist(site, owner_id) if owner == PRODUCT else _category(site, owner_id).name
    wanted, errors = {}, {}
    for tag in site.languages:
        text, note = typed.get(tag, ("", ""))
        try:
            wanted[tag] = (sizes(text), _note(note))
        except Unreadable as error:
            errors[tag] = str(error)
    if errors:
        raise Unfit(errors)
    with transaction():
        before = {row.language: row.cells for row in _of(site, owner, [owner_id])}
        Sizes.delete().where(Sizes.site_id == site.id, Sizes.owner == owner, Sizes.owner_id == owner_id).execute()
        for tag, (cells, note) in wanted.items():
            if cells or note:
                Sizes.create(site_id=site.id, owner=owner, owner_id=owner_id, language=tag, cells=cells, note=note)
        touch(_tag(site))
        record_activity(
            actor, "product_content.sizes", f"{owner}:{owner_id}", before={"sizes": before},
            after={"sizes": {tag: cells for tag, (cells, _note) in wanted.items()}}, site_id=site.id, title=title,
        )  # fmt: skip


def _note(text: str) -> str:
    if len(text) > LONGEST_NOTE:
        raise Unreadable(_("The note has at most %(count)s characters.", count=LONGEST_NOTE))
    return text.strip()


def _category(site: Site, category_id: int) -> CategoryNode:
    def search(nodes: Iterable[CategoryNode]) -> CategoryNode | None:
        return next((node for node in _flat(nodes) if node.id == category_id), None)

    found = search(category_tree(site, language(), site.currency))
    if found is None:
        raise NotFound
    return found


def _flat(nodes: Iterable[CategoryNode]) -> Iterable[CategoryNode]:
    for node in nodes:
        yield node
        yield from _flat(node.children)


def _of(site: Site, owner: str, owner_ids: Iterable[int]) -> list[Sizes]:
    return list(Sizes.for_site(site).where(Sizes.owner == owner, Sizes.owner_id.in_(list(owner_ids))))


def _tag(site: Site) -> str:
    """All size advice of a site: a category's reaches many products, and changes seldom."""
    return f"product_content:sizes:{site.id}"


def shown_sizes(site: Site, product: ProductPage) -> Sizes | None:
    """The product's own table, else that of the nearest category; in the page's language, else in the site's."""
    depends(_tag(site))
    nearest = [crumb.category_id for crumb in reversed(product.crumbs)]
    others = sorted(product.category_ids - {*nearest})
    found = content_of(site, product).sizes
    owners = [(PRODUCT, product.id), *((CATEGORY, category_id) for category_id in [*nearest, *others])]
    for owner in owners:
        for tag in dict.fromkeys((language(), site.language)):
            if (row := found.get((*owner, tag))) is not None:
                return row
    return None
