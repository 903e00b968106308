"""Writing pages: drafts, and what is shown of them. Each verb is one transaction, and ends the pages it changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from core.api import NotFound, Refused, Site, claim_form, enqueue_job, micros, now, touch, transaction, value
from plugins.pages.forms import shapes
from plugins.pages.forms.shapes import PLUGIN, Content, Wanted
from plugins.pages.models import FOOTER, HEADER, Page, PageRevision, PageText
from plugins.pages.services import contents
from plugins.pages.services.panel.finding import find_page, note, texts_of, title_of
from plugins.pages.services.panel.publishing import go_live, must_be_free
from plugins.pages.services.reading import tag


class Planned(Refused):
    """A draft that is shown by itself at a time: nothing half-written goes into it."""

    status = 409
    code = "planned"
    default_message = "This draft is planned, so what you type is kept when you save it."


class Overtaken(Refused):
    """Somebody else saved the page since it was opened."""

    status = 409
    code = "overtaken"
    default_message = "Somebody else has saved this page since you opened it."


def create(site: Site, kind: str, language: str, title: str, slug: str, *, actor: str, key: str = "") -> int:
    """A new draft with a title; answers its id. Commits."""
    with transaction():
        claim_form(key)
        page = _new_page(site, kind)
        _new_text(site, page, language, {**shapes.blank(), "title": title, "slug": slug})
        note(site, page, "created", actor, title)
    return int(page.id)


def _new_page(site: Site, kind: str) -> Page:
    last = value("SELECT COALESCE(MAX(place), 0) FROM pages_page WHERE site_id = ?", site.id)
    made: Page = Page.create(
        site_id=site.id, kind=kind, place=int(last) + 1, created_at=now(), updated_at=now()
    )  # fmt: skip
    return made


def _new_text(site: Site, page: Page, language: str, content: Content) -> PageText:
    text: PageText = PageText.create(
        site_id=site.id, page_id=page.id, language=language, title=content["title"], draft=content, updated_at=now()
    )
    return text


class Whole(Struct, frozen=True, kw_only=True):
    """A page whose contents are written already, in several languages; `settings` are columns of the page."""

    kind: str
    texts: Mapping[str, Content]
    settings: Mapping[str, Any]


def create_whole(site: Site, pages: Sequence[Whole], *, actor: str, key: str = "", publish: bool = False) -> list[int]:
    """Pages as they come from a file; answers their ids. With `publish` shoppers see them. Commits, once for all."""
    made: list[int] = []
    with transaction():
        claim_form(key)
        for one in pages:
            page = _new_page(site, one.kind)
            for name, said in one.settings.items():
                setattr(page, name, said)
            page.save()
            for spoken, content in one.texts.items():
                text = _new_text(site, page, spoken, {**content, "blocks": contents.written(content["blocks"], site)})
                if publish:
                    go_live(site, page, text, actor)
            title = next(iter(one.texts.values()))["title"]
            note(site, page, "published" if publish else "created", actor, title)
            made.append(page.id)
    return made


Windows = tuple[str, ...]


def save(
    site: Site, page_id: int, language: str, wanted: Wanted, version: int, *, actor: str, windows: Windows = ("",)
) -> None:
    """Keep a draft, and what holds at once in all languages. Raises NotFound, Overtaken, SlugTaken. Commits.

    `windows` are the forms whose words this one had before it.
    """
    with transaction():
        page, text = _written(site, page_id, language, wanted, version, windows)
        if text.draft is not None and wanted.draft_at is not None:
            enqueue_job(
                f"{PLUGIN}.due", {}, site_id=site.id, plugin=PLUGIN, at=wanted.draft_at,
                key=f"{PLUGIN}.due:{text.id}:{micros(wanted.draft_at)}",
            )  # fmt: skip
        note(site, page, "saved", actor, text.title)


def keep(site: Site, page_id: int, language: str, content: Content, version: int, windows: Windows) -> datetime:
    """Keep what is being typed as the draft, and nothing else; answers when. Raises NotFound, Planned, Overtaken.

    Commits. The version stays, so that the form can go on; the first of `windows` is that form.
    """
    with transaction():
        page, at = find_page(site, page_id), now()
        content = {**content, "blocks": contents.written(content["blocks"], site)}
        text: PageText | None = (
            PageText.for_site(site).where(PageText.page_id == page_id, PageText.language == language).first()
        )
        if text is None and version == 0:
            text = _new_text(site, page, language, content)
            PageText.update(version=0).where(PageText.site_id == site.id, PageText.id == text.id).execute()
        if text is None:
            raise Overtaken
        if text.draft_at is not None:
            raise Planned
        words = {"draft": None if content == text.live else content, "title": content["title"] or text.title}
        if not _fresh(site, text, version, windows, {**words, "window": windows[0], "updated_at": at}):
            raise Overtaken
    return at


def _fresh(site: Site, text: PageText, version: int, windows: Windows, columns: Mapping[str, Any]) -> bool:
    """Write these columns unless somebody has changed the text, or another window has kept its words since."""
    fresh = PageText.update(**columns).where(
        PageText.site_id == site.id, PageText.id == text.id, PageText.version == version, PageText.window.in_(windows)
    )
    return bool(fresh.execute())


def publish(
    site: Site, page_id: int, language: str, wanted: Wanted, version: int, *, actor: str, windows: Windows = ("",)
) -> None:
    """Keep what the form says and show it. Raises NotFound, Overtaken, SlugTaken, NoTitle. Commits."""
    with transaction():
        page, text = _written(site, page_id, language, wanted, version, windows)
        go_live(site, page, text, actor)
        note(site, page, "published", actor, text.title)


def may_withdraw(site: Site, texts: Mapping[str, PageText], language: str) -> bool:
    """Whether shoppers read a page in this language and in another one; the site's first language stays."""
    live = {tag for tag, text in texts.items() if text.live is not None}
    return language in live and len(live) > 1 and language != site.language


def withdraw(
    site: Site, page_id: int, language: str, wanted: Wanted, version: int, *, actor: str, windows: Windows = ("",)
) -> int:
    """Take a language off a page, whose readers get another one; answers the revision that brings its words back.

    What `wanted` says of all languages holds. Raises NotFound, Overtaken. Commits.
    """
    with transaction():
        page, texts, at = find_page(site, page_id), texts_of(site, page_id), now()
        if not may_withdraw(site, texts, language):
            raise NotFound
        _settle(site, page, wanted)
        text = texts[language]
        kept = PageRevision.create(site_id=site.id, text_id=text.id, content=text.live, actor=actor, created_at=at)
        empty = {"live": None, "live_at": None, "draft": None, "draft_at": None, "title": ""}
        columns = {**empty, "version": PageText.version + 1, "window": "", "updated_at": at}
        if not _fresh(site, text, version, windows, columns):
            raise Overtaken
        note(site, page, "withdrawn", actor, title_of(site, texts))
    return int(kept.id)


def give_back(site: Site, page_id: int, revision_id: int, *, actor: str) -> str:
    """Undo `withdraw`; answers the language. What is there again stays. Raises NotFound, Overtaken, SlugTaken. Commits.

    Overtaken: somebody writes in the language anew.
    """
    with transaction():
        page = find_page(site, page_id)
        text, revision = _revised(site, page_id, revision_id)
        if text.live is None:
            if text.draft is not None:
                raise Overtaken
            was_shown, text.draft = page.published, revision.content
            go_live(site, page, text, actor, or_another=True)
            if not was_shown:
                page.published = False
                page.save()
            note(site, page, "published", actor, text.title)
    return str(text.language)


def _revised(site: Site, page_id: int, revision_id: int) -> tuple[PageText, PageRevision]:
    """A revision of a page with the text that it is of. Raises NotFound."""
    revision = PageRevision.for_site(site).where(PageRevision.id == revision_id).first()
    texts = {text.id: text for text in texts_of(site, page_id).values()}
    text = texts.get(revision.text_id) if revision is not None else None
    if revision is None or text is None:
        raise NotFound
    return text, revision


def _written(
    site: Site, page_id: int, language: str, wanted: Wanted, version: int, windows: Windows
) -> tuple[Page, PageText]:
    page = find_page(site, page_id)
    _settle(site, page, wanted)
    text: PageText | None = (
        PageText.for_site(site).where(PageText.page_id == page_id, PageText.language == language).first()
    )
    content = {**wanted.content, "blocks": contents.written(wanted.content["blocks"], site)}
    if text is None and version != 0:
        raise Overtaken
    if text is None:
        text, version = _new_text(site, page, language, content), 1
    draft = None if content == text.live else content
    columns = {
        "draft": draft,
        "draft_at": wanted.draft_at if draft is not None and text.live is not None else None,
        "title": content["title"] or text.title,
        "version": PageText.version + 1,
        "window": "",
        "updated_at": now(),
    }
    if not _fresh(site, text, version, windows, columns):
        raise Overtaken
    if content["slug"]:
        must_be_free(site, page, language, content["slug"])
    found: PageText = PageText.for_site(site).where(PageText.id == text.id).get()
    return page, found


def _settle(site: Site, page: Page, wanted: Wanted) -> None:
    """What holds in all languages. A page that is shown keeps the moment from which it is, if none is said."""
    page.kind, page.author, page.media_id = wanted.kind, wanted.author, wanted.media_id
    page.publish_at = wanted.publish_at or (page.publish_at if page.published else None)
    page.unpublish_at = wanted.unpublish_at
    for menu, is_there in ((HEADER, wanted.header), (FOOTER, wanted.footer)):
        if not is_there:
            setattr(page, menu, None)
        elif getattr(page, menu) is None:
            setattr(page, menu, _last_place(site, menu) + 1)
    page.updated_at = now()
    page.save()
    touch(tag(site))


def _last_place(site: Site, menu: str) -> int:
    column = "header" if menu == HEADER else "footer"
    return int(value(f"SELECT COALESCE(MAX({column}), 0) FROM pages_page WHERE site_id = ?", site.id))


def discard(site: Site, page_id: int, language: str, *, actor: str) -> int:
    """Let a draft go where something is shown; answers the revision that brings it back. Raises NotFound. Commits."""
    with transaction():
        page, text = find_page(site, page_id), texts_of(site, page_id).get(language)
        if text is None or text.draft is None or text.live is None:
            raise NotFound
        kept = PageRevision.create(
            site_id=site.id, text_id=text.id, content=text.draft, actor=actor, created_at=now()
        )  # fmt: skip
        text.draft, text.draft_at, text.title = None, None, text.live["title"]
        text.version += 1
        text.save()
        note(site, page, "discarded", actor, text.title)
    return int(kept.id)


def bring_back(site: Site, page_id: int, revision_id: int, *, actor: str) -> str:
    """Make what a page said once its draft; answers the language. Raises NotFound. Commits."""
    with transaction():
        page = find_page(site, page_id)
        text, revision = _revised(site, page_id, revision_id)
        text.draft = None if revision.content == text.live else revision.content
        text.draft_at, text.title, text.updated_at = None, revision.content["title"], now()
        text.version += 1
        text.save()
        note(site, page, "brought_back", actor, text.title)
    return str(text.language)
