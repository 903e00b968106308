"""What shoppers read: pages shown at addresses of their own, hidden, removed and brought back."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from core.api import NotFound, Refused, Site, execute, labelled, now, say, touch, transaction
from plugins.pages.models import Page, PageAddress, PageRevision, PageText
from plugins.pages.services.panel.finding import find_page, note, texts_of, title_of
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


def go_live(site: Site, page: Page, text: PageText, actor: str, *, or_another: bool = False) -> None:
    """Let shoppers read the draft; what they read before stays as a revision. With `or_another` under any slug."""
    content = text.draft or text.live
    if content is None or not content["title"]:
        raise NoTitle
    slug = content["slug"] or f"{page.kind}-{page.id}"
    content = {**content, "slug": claimed(site, page, text.language, slug, or_another=or_another)}
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


def claimed(site: Site, page: Page, language: str, slug: str, *, or_another: bool) -> str:
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


def must_be_free(site: Site, page: Page, language: str, slug: str) -> None:
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
                go_live(site, page, text, "system", or_another=True)
                note(site, page, "published", "system", text.title)
    return len(waiting)


def set_shown(site: Site, page_id: int, *, shown: bool, actor: str) -> None:
    """Hide a page from shoppers, or show it again with all its drafts. Raises NotFound, NoTitle, SlugTaken. Commits."""
    with transaction():
        page = find_page(site, page_id)
        texts = texts_of(site, page_id)
        if shown:
            for text in texts.values():
                if text.live is None and text.draft is not None and text.draft["title"]:
                    go_live(site, page, text, actor)
            if all(text.live is None for text in texts.values()):
                raise NoTitle
        page.published, page.updated_at = shown, now()
        page.publish_at = page.publish_at or (now() if shown else None)
        if shown and page.unpublish_at is not None and page.unpublish_at <= now():
            page.unpublish_at = None
        page.save()
        touch(tag(site))
        note(site, page, "published" if shown else "hidden", actor, title_of(site, texts))


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
        note(site, page, "removed", actor, title)


def restore(site: Site, page_id: int, *, actor: str) -> None:
    """Bring a page back, at its old address unless another has that by now. Raises NotFound. Commits."""
    with transaction():
        page = Page.bring_back(site, page_id)
        if page is None:
            raise NotFound
        texts = texts_of(site, page_id)
        for text in texts.values():
            if text.live is not None:
                slug = claimed(site, page, text.language, text.live["slug"], or_another=True)
                text.live = {**text.live, "slug": slug}
                text.save()
        touch(tag(site))
        note(site, page, "restored", actor, title_of(site, texts))


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
