"""What all parts share: whose page changes, and what is told of it."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct

from core.api import NotFound, Site, language, named_products, record_activity, touch

PLUGIN = "product_content"
LONGEST_NOTE = 500


class LanguageForm(Struct, kw_only=True):
    """A text in one language as its form shows it; `note` only where the form has one."""

    language: str
    text: str = ""
    note: str = ""
    error: str = ""


def must_exist(site: Site, product_id: int) -> str:
    """The product's name. Raises NotFound for one that is not there."""
    found = named_products(site, language(), [product_id]).get(product_id)
    if found is None:
        raise NotFound
    return found.name


def changed(site: Site, product_id: int, verb: str, actor: str, before: object, after: object, title: str) -> None:
    """Part of a verb: end the product's kept pages, and note who changed what."""
    end_pages([product_id])
    record_activity(
        actor, f"{PLUGIN}.{verb}", f"product:{product_id}", before={verb: before}, after={verb: after},
        site_id=site.id, title=title,
    )  # fmt: skip


def end_pages(product_ids: Collection[int]) -> None:
    """Part of a verb: the pages of these products are rendered anew."""
    if product_ids:
        touch(*(f"product:{product_id}" for product_id in product_ids))
