"""The pages in the menus of the shop, in the merchant's order."""

from __future__ import annotations

from core.api import NotFound, Site, now, record_activity, touch, transaction
from plugins.pages.models import FOOTER, HEADER, Page
from plugins.pages.services.reading import tag

MENUS = (HEADER, FOOTER)


def placed(site: Site, menu: str) -> list[int]:
    """The pages in a menu, by their ids, in order; also those that are not shown now."""
    column = Page.header if menu == HEADER else Page.footer
    return [page.id for page in Page.for_site(site).where(column.is_null(is_null=False)).order_by(column, Page.id)]


def arrange(site: Site, menu: str, act: str, page_id: int, *, actor: str) -> None:
    """Put a page into a menu (`add`), take it out (`take`), or move it `up` or `down`. Raises NotFound. Commits."""
    if menu not in MENUS or act not in {"add", "take", "up", "down"}:
        raise NotFound
    with transaction():
        before = placed(site, menu)
        after = [one for one in before if one != page_id]
        if act != "take":
            at = before.index(page_id) if page_id in before else len(after)
            after.insert(max(0, at + {"up": -1, "down": 1}.get(act, 0)), page_id)
        if act in {"up", "down"} and page_id not in before:
            raise NotFound
        if Page.for_site(site).where(Page.id == page_id).first() is None:
            raise NotFound
        _write(site, menu, after, gone=page_id if act == "take" else 0)
        touch(tag(site))
        record_activity(actor, "pages.menus", f"site:{site.id}", site_id=site.id, title=site.name)


def _write(site: Site, menu: str, order: list[int], *, gone: int) -> None:
    for place, page_id in enumerate([*order, *([gone] if gone else [])], start=1):
        said = None if page_id == gone else place
        change = {menu: said, "updated_at": now()}
        Page.update(**change).where(Page.site_id == site.id, Page.id == page_id).execute()
