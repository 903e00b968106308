"""A draft as it would be shown."""

from __future__ import annotations

from core.api import NotFound, Site, language, now, stored_pictures
from plugins.pages.forms import shapes
from plugins.pages.models import Page, PageText
from plugins.pages.services import contents, showing
from plugins.pages.services.showing import ShownPage


def draft(site: Site, text_id: int) -> ShownPage:
    """What is being written, else what is shown. Raises NotFound."""
    text = PageText.for_site(site).where(PageText.id == text_id).first()
    page = Page.for_site(site).where(Page.id == text.page_id).first() if text is not None else None
    if text is None or page is None:
        raise NotFound
    content = text.draft or text.live or shapes.blank()
    pictures = stored_pictures(site, language(), [page.media_id]) if page.media_id else {}
    return ShownPage(
        title=content["title"] or text.title,
        summary=content["summary"],
        seo_title=content["seo_title"],
        seo_description=content["seo_description"],
        language=text.language,
        kind=page.kind,
        author=page.author,
        at=page.publish_at or now(),
        changed=text.updated_at,
        minutes=contents.minutes(content),
        picture=pictures.get(page.media_id or 0),
        content=content,
        blocks=showing.shown_blocks(site, content),
        trail=showing.trail_of(site, page.kind, content["title"]),
    )
