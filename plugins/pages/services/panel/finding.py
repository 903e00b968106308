"""A page and its texts, what they are called, and noting what was done with them."""

from __future__ import annotations

from collections.abc import Mapping

from core.api import NotFound, Site, record_activity
from core.api import gettext as _
from plugins.pages.forms.shapes import PLUGIN
from plugins.pages.models import GUIDE, Page, PageText


def find_page(site: Site, page_id: int) -> Page:
    """Raises NotFound."""
    page: Page | None = Page.for_site(site).where(Page.id == page_id).first()
    if page is None:
        raise NotFound
    return page


def texts_of(site: Site, page_id: int) -> dict[str, PageText]:
    """The texts of a page by language."""
    return {text.language: text for text in PageText.for_site(site).where(PageText.page_id == page_id)}


def title_of(site: Site, texts: Mapping[str, PageText]) -> str:
    """What a page is called in the panel."""
    said = texts.get(site.language) or next(iter(texts.values()), None)
    return (said.title if said is not None else "") or _("Without a title")


def kind_words(kind: str) -> str:
    """What a kind is called."""
    return _("Guide") if kind == GUIDE else _("Page")


def note(site: Site, page: Page, verb: str, actor: str, title: str) -> None:
    record_activity(actor, f"{PLUGIN}.{verb}", f"page:{page.id}", site_id=site.id, title=title)
