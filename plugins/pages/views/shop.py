"""What shoppers read: pages, guides and their list, their feed, and drafts for whoever has the link."""

from __future__ import annotations

from typing import Any

from flask import Response, redirect

from core.api import NotFound, Refused, Views, absolute, cacheable, current_site, now, public, render, request, url_for
from core.api import gettext as _
from plugins.pages.models import GUIDE, PAGE
from plugins.pages.services import feed, previews, reading, showing

pages, guides = Views("/pages"), Views("/guides")
_MOST = 10_000


class LinkEnded(Refused):
    """A link to a draft that is older than a week."""

    status = 410
    code = "preview_ended"
    default_message = "This link has ended. Ask whoever gave it to you for a new one."


@pages.get("/<slug>")
@cacheable
@public
def show(slug: str) -> Any:
    """A page of text."""
    return _shown(PAGE, slug)


@guides.get("/<slug>")
@cacheable
@public
def guide(slug: str) -> Any:
    """A guide."""
    return _shown(GUIDE, slug)


def _shown(kind: str, slug: str) -> Any:
    site = current_site()
    entry = reading.found_at(site, slug)
    if entry is None:
        raise NotFound
    if entry.kind != kind or entry.words(site).slug != slug:
        return redirect(reading.url_of(site, entry), 301)
    page = showing.shown(site, entry)
    if page is None:
        raise NotFound
    address = showing.canonical(site, entry)
    return render(
        "pages/shop/page.html",
        shown=page,
        canonical=address,
        alternates=showing.alternates(site, entry),
        facts=showing.facts(site, page, address),
    )


@guides.get("", endpoint="guides")
@cacheable
@public
def listed() -> Any:
    """All guides, the newest first; `?start=` goes on."""
    site, said = current_site(), request.args.get("start", "")
    start = min(int(said), _MOST) if said.isdecimal() and said.isascii() and len(said) < 6 else 0
    addresses = {tag: absolute(f"{reading.prefix(site, tag)}/guides") for tag in site.languages}
    return render(
        "pages/shop/guides.html",
        shelf=showing.shelf(site, start),
        trail=showing.trail_of(site, PAGE, _("Guides")),
        canonical=absolute(url_for("pages.guides")),
        alternates=addresses if len(addresses) > 1 else {},
    )


@guides.get("/feed.atom")
@cacheable
@public
def feed_of_guides() -> Response:
    """The guides for readers of feeds."""
    return Response(feed.atom(current_site()), mimetype="application/atom+xml")


@pages.get("/preview/<token>")
@public
def preview(token: str) -> Any:
    """A draft, for whoever has the link, while it works. Search engines are told to keep out."""
    site, opened = current_site(), showing.previewed(token)
    if opened is None:
        raise NotFound
    text_id, until = opened
    if until <= now():
        raise LinkEnded
    page = previews.draft(site, text_id)
    answer = render(
        "pages/shop/page.html",
        shown=page,
        canonical="",
        alternates={},
        facts=None,
        noindex=True,
        preview=_("This is a draft. Shoppers do not see it."),
    )
    answer.headers["X-Robots-Tag"] = "noindex"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
