"""The guides as an Atom feed (RFC 4287)."""

from __future__ import annotations

from html import escape

from core.api import Site, absolute, language, url_for
from core.api import gettext as _
from plugins.pages.services import reading, showing
from plugins.pages.services.reading import Entry

MOST = 30


def atom(site: Site) -> str:
    """The newest guides, in the reader's language."""
    chosen = reading.guides(site)[:MOST]
    here, page = absolute(address()), absolute(url_for("pages.guides"))
    # A feed without guides changed when the shop began, as far as its readers can tell.
    changed = max((_changed(site, entry) for entry in chosen), default="1970-01-01T00:00:00+00:00")
    title = escape(_("Guides of %(site)s", site=site.name))
    head = (
        f"<title>{title}</title><id>{escape(here)}</id><updated>{changed}</updated>"
        f'<link rel="self" href="{escape(here)}"/><link href="{escape(page)}"/>'
        f"<author><name>{escape(site.name)}</name></author>"
    )
    entries = "\n".join(_entry(site, entry) for entry in chosen)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{escape(language())}">{head}\n{entries}\n</feed>\n'
    )


def address() -> str:
    """The path of the feed."""
    return url_for("pages.feed_of_guides")


def _changed(site: Site, entry: Entry) -> str:
    return max(entry.words(site).changed, entry.publish_at).isoformat(timespec="seconds")


def _entry(site: Site, entry: Entry) -> str:
    said, where = entry.words(site), showing.canonical(site, entry)
    author = f"<author><name>{escape(entry.author)}</name></author>" if entry.author else ""
    return (
        f'<entry xml:lang="{escape(said.language)}"><title>{escape(said.title)}</title><id>{escape(where)}</id>'
        f"<updated>{_changed(site, entry)}</updated><published>{entry.publish_at.isoformat(timespec='seconds')}"
        f'</published><link href="{escape(where)}"/>{author}<summary>{escape(said.summary)}</summary></entry>'
    )
