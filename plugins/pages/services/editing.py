"""Writing pages: drafts, publishing, hiding, removing. Each verb is one transaction, and ends the pages it changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from core.api import (
    NotFound,
    Refused,
    Site,
    claim_form,
    enqueue_job,
    execute,
    labelled,
    micros,
    now,
    record_activity,
    say,
    touch,
    transaction,
    value,
)
from core.api import gettext as _
from plugins.pages.forms import shapes
from plugins.pages.forms.shapes import PLUGIN, Content, Wanted
from plugins.pages.models import FOOTER, GUIDE, HEADER, Page, PageAddress, PageRevision, PageText
from plugins.pages.services import contents
from plugins.pages.services.reading import tag

MOST = 100
_KEPT_REVISIONS = 50


class SlugTaken(Refused):
    """Another page stands at this address."""

    status = 422
    code = "slug_taken"
    default_message = "Another page stands at this address already. Choose another one."


class NoTitle(Refused):
    """A page without a title cannot be published."""

    status = 422
    code = "no_title"
    default_message = "A page needs a title before shoppers can find it."


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
        _note(site, page, "created", actor, title)
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
                    _go_live(site, page, text, actor)
            title = next(iter(one.texts.values()))["title"]
            _note(site, page, "published" if publish else "created", actor, title)
            made.append(page.id)
    return made


def find_page(site: Site, page_id: int) -> Page:
    """Raises NotFound."""
    page: Page | None = Page.for_site(site).where(Page.id == page_id).first()
    if page is None:
        raise NotFound
    return page


def texts_of(site: Site, page_id: int) -> dict[str, PageText]:
    """The texts of a page by language."""
    return {text.language: text for text in PageText.for_site(site).where(PageText.page_id == page_id)}


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
        _note(site, page, "saved", actor, text.title)


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
        _go_live(site, page, text, actor)
        _note(site, page, "published", actor, text.title)


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
        _must_be_free(site, page, language, content["slug"])
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


# -- shown to shoppers -------------------------------------------------------------------------------------------------


def _go_live(site: Site, page: Page, text: PageText, actor: str, *, or_another: bool = False) -> None:
    """Let shoppers read the draft; what they read before stays as a revision. With `or_another` under any slug."""
    content = text.draft or text.live
    if content is None or not content["title"]:
        raise NoTitle
    slug = content["slug"] or f"{page.kind}-{page.id}"
    content = {**content, "slug": _claimed(site, page, text.language, slug, or_another=or_another)}
    at = now()
    text.live, text.draft, text.draft_at, text.live_at, text.title = content, None, None, at, content["title"]
    text.updated_at = at
    text.version += 1
    text.save()
    PageRevision.create(site_id=site.id, text_id=text.id, content=content, actor=actor, created_at=at)
    _forget_old(site, text)
    page.published, page.publish_at, page.updated_at = True, page.publish_at or at, at
    page.save()
    touch(tag(site))


def _forget_old(site: Site, text: PageText) -> None:
    execute(
        "DELETE FROM pages_revision WHERE site_id = ? AND text_id = ? AND id NOT IN (SELECT id FROM (SELECT id FROM"
        " pages_revision WHERE text_id = ? ORDER BY id DESC LIMIT ?) latest)",
        site.id, text.id, text.id, _KEPT_REVISIONS,
    )  # fmt: skip


def _claimed(site: Site, page: Page, language: str, slug: str, *, or_another: bool) -> str:
    """Give the page its address; the one it had leads on. Raises SlugTaken, or takes the next free one."""
    for number in range(1, MOST):
        tried = slug if number == 1 else f"{slug}-{number}"
        if _claim(site, page, language, tried):
            return tried
        if not or_another:
            break
    raise SlugTaken


def _claim(site: Site, page: Page, language: str, slug: str) -> bool:
    """Check and write in one statement: an address that another page only had is taken over, a current one is not."""
    taken = execute(
        "INSERT INTO pages_address (site_id, page_id, language, slug, is_current) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (site_id, language, slug) DO UPDATE SET page_id = excluded.page_id, is_current = ?"
        " WHERE pages_address.page_id = excluded.page_id OR NOT pages_address.is_current",
        site.id, page.id, language, slug, True, True,
    )  # fmt: skip
    if not taken:
        return False
    execute(
        "UPDATE pages_address SET is_current = ? WHERE site_id = ? AND page_id = ? AND language = ? AND slug <> ?",
        False, site.id, page.id, language, slug,
    )  # fmt: skip
    return True


def _must_be_free(site: Site, page: Page, language: str, slug: str) -> None:
    """Tell whoever writes early; what counts is asked again when the page is published."""
    of_other = PageAddress.for_site(site).where(
        PageAddress.language == language,
        PageAddress.slug == slug,
        PageAddress.is_current,
        PageAddress.page_id != page.id,
    )
    if of_other.first() is not None:
        raise SlugTaken


def show_due(site: Site) -> int:
    """Publish the drafts whose time has come; answers how many. A job. Commits, one by one."""
    due = PageText.for_site(site).where(PageText.draft_at <= now())
    waiting = [text.id for text in due]
    for text_id in waiting:
        with transaction():
            text = PageText.for_site(site).where(PageText.id == text_id, PageText.draft_at <= now()).first()
            page = Page.for_site(site).where(Page.id == text.page_id).first() if text is not None else None
            if text is not None and page is not None:
                _go_live(site, page, text, "system", or_another=True)
                _note(site, page, "published", "system", text.title)
    return len(waiting)


def set_shown(site: Site, page_id: int, *, shown: bool, actor: str) -> None:
    """Hide a page from shoppers, or show it again with all its drafts. Raises NotFound, NoTitle, SlugTaken. Commits."""
    with transaction():
        page = find_page(site, page_id)
        texts = texts_of(site, page_id)
        if shown:
            for text in texts.values():
                if text.live is None and text.draft is not None and text.draft["title"]:
                    _go_live(site, page, text, actor)
            if all(text.live is None for text in texts.values()):
                raise NoTitle
        page.published, page.updated_at = shown, now()
        page.publish_at = page.publish_at or (now() if shown else None)
        if shown and page.unpublish_at is not None and page.unpublish_at <= now():
            page.unpublish_at = None
        page.save()
        touch(tag(site))
        _note(site, page, "published" if shown else "hidden", actor, title_of(site, texts))


# -- taken away and brought back ---------------------------------------------------------------------------------------


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
        _note(site, page, "discarded", actor, text.title)
    return int(kept.id)


def bring_back(site: Site, page_id: int, revision_id: int, *, actor: str) -> str:
    """Make what a page said once its draft; answers the language. Raises NotFound. Commits."""
    with transaction():
        page = find_page(site, page_id)
        revision = PageRevision.for_site(site).where(PageRevision.id == revision_id).first()
        texts = {text.id: text for text in texts_of(site, page_id).values()}
        text = texts.get(revision.text_id) if revision is not None else None
        if revision is None or text is None:
            raise NotFound
        text.draft = None if revision.content == text.live else revision.content
        text.draft_at, text.title, text.updated_at = None, revision.content["title"], now()
        text.version += 1
        text.save()
        _note(site, page, "brought_back", actor, text.title)
    return str(text.language)


def remove(site: Site, page_id: int, *, actor: str) -> None:
    """Take a page away; for thirty days it can be brought back. Raises NotFound. Commits."""
    with transaction():
        page = find_page(site, page_id)
        title = title_of(site, texts_of(site, page_id))
        Page.put_away(site, page_id)
        PageAddress.update(is_current=False).where(
            PageAddress.site_id == site.id, PageAddress.page_id == page_id
        ).execute()
        touch(tag(site))
        _note(site, page, "removed", actor, title)


def restore(site: Site, page_id: int, *, actor: str) -> None:
    """Bring a page back, at its old address unless another has that by now. Raises NotFound. Commits."""
    with transaction():
        page = Page.bring_back(site, page_id)
        if page is None:
            raise NotFound
        texts = texts_of(site, page_id)
        for text in texts.values():
            if text.live is not None:
                slug = _claimed(site, page, text.language, text.live["slug"], or_another=True)
                text.live = {**text.live, "slug": slug}
                text.save()
        touch(tag(site))
        _note(site, page, "restored", actor, title_of(site, texts))


class Done(Struct, frozen=True, kw_only=True):
    """What became of many pages at once; `wrong` says why of those that were refused."""

    count: int
    wrong: list[str]


def bulk(site: Site, act: str, page_ids: Sequence[int], *, actor: str) -> Done:
    """Publish, hide or remove pages, each in its own transaction; those of other sites are passed over."""
    count, wrong = 0, list[str]()
    for page_id in list(dict.fromkeys(page_ids))[:MOST]:
        try:
            if act == "remove":
                remove(site, page_id, actor=actor)
            else:
                set_shown(site, page_id, shown=act == "publish", actor=actor)
        except NotFound:
            continue
        except Refused as refusal:
            wrong.append(labelled(title_of(site, texts_of(site, page_id)), say(refusal)))
        else:
            count += 1
    return Done(count=count, wrong=wrong)


def title_of(site: Site, texts: Mapping[str, PageText]) -> str:
    """What a page is called in the panel."""
    said = texts.get(site.language) or next(iter(texts.values()), None)
    return (said.title if said is not None else "") or _("Without a title")


def kind_words(kind: str) -> str:
    """What a kind is called."""
    return _("Guide") if kind == GUIDE else _("Page")


def _note(site: Site, page: Page, verb: str, actor: str, title: str) -> None:
    record_activity(actor, f"{PLUGIN}.{verb}", f"page:{page.id}", site_id=site.id, title=title)
