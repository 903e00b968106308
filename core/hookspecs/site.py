"""Site: what a plugin adds to pages, search and the sitemap."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from markupsafe import Markup
from msgspec import Struct, field

from core.hookspecs.spec import asks


class Site(Struct, frozen=True, kw_only=True):
    """One shop site, as plugins see it.

    `origin` is scheme, host and port without a slash at the end; `languages` begins with `language`, `currencies` with
    `currency`; `country` is ISO 3166 alpha-2; `timezone` an IANA name that defines the site's day.
    `several_addresses`: shoppers may send one order to several.
    """

    id: int
    key: str
    name: str
    host: str
    origin: str
    theme: str
    language: str
    languages: tuple[str, ...]
    currency: str
    currencies: tuple[str, ...]
    country: str
    timezone: str
    email: str
    prices_include_tax: bool
    several_addresses: bool = False


class Slot(Struct, frozen=True, kw_only=True):
    """Markup for a named place. The page ends when `until` passes or the version of one of `tags` moves on."""

    html: Markup
    tags: tuple[str, ...] = ()
    until: datetime | None = None


class Data(Struct, frozen=True, kw_only=True):
    """Facts about one object for templates and feeds, with the tags and the end of their truth.

    `values` are JSON, short enough to be stored with a card: numbers, words and small lists.
    """

    values: Mapping[str, object]
    tags: tuple[str, ...] = ()
    until: datetime | None = None


class SearchQuery(Struct, frozen=True, kw_only=True):
    """What a shopper typed. `complete` asks for completions of the last word; `limit` caps the ids."""

    text: str
    language: str
    limit: int = 200
    complete: bool = False


class SearchResult(Struct, frozen=True, kw_only=True):
    """Product ids, best first; core re-checks what may be seen. `suggestion` is a spelling that finds more."""

    product_ids: tuple[int, ...]
    suggestion: str = ""
    completions: tuple[str, ...] = ()


class Url(Struct, frozen=True, kw_only=True):
    """A page for the sitemap and the cache warmer: a path of this site, when it changed, and its other languages.

    One that is not `listed` is left out of the sitemap, with its `alternates`, whoever else would list it.
    """

    path: str
    changed: datetime
    alternates: Mapping[str, str] = field(default_factory=dict)
    listed: bool = True


class Head(Struct, frozen=True, kw_only=True):
    """What a page tells machines of itself. Empty is what the plugin leaves to core or to the others.

    `title` is the whole title, the shop's name included if it shall stand there. `noindex` asks search engines not to
    list the page. Each of `json_ld` is a thing of schema.org with its `@type`. It holds until `until`, or until one of
    `tags` moves on.
    """

    title: str = ""
    description: str = ""
    noindex: bool = False
    json_ld: tuple[Mapping[str, object], ...] = ()
    tags: tuple[str, ...] = ()
    until: datetime | None = None


class Elsewhere(Struct, frozen=True, kw_only=True):
    """Where a page that is not there has gone: a path of this site, or a whole address. Empty: it is gone for good."""

    target: str
    permanent: bool = True


class SiteSpecs:
    """Hooks of the family `site`."""

    @asks(Slot, Markup, shape="one")
    def site_slot(self, site: Site, name: str, subject: object) -> Slot | Markup | None:
        """Markup for the place `name` of the page (or mail) now rendered; `subject` is what the page is about.

        Asked by themes through `slot(name, subject)`, within a GET: it never writes. All answers are shown, in the
        order
        of the plugins' names. An error leaves the place empty and is reported.
        """

    @asks(Data, shape="dict")
    def site_data(self, site: Site, kind: str, objects: Sequence[int]) -> Mapping[int, Data]:  # type: ignore[empty-body]
        """Facts about many objects of one `kind` ("product") at once, never one by one.

        Asked when cards are written, outside a request, and when a product's page is read. Answers are kept apart by
        plugin name: `card.data["reviews"]`, `product.data["reviews"]`. They are JSON. Core reads three names itself:
        `rating` (above 0, up to 5) with `rating_count`, shown as stars, sorted by and told to search engines; and
        `json_ld`, further properties of the page's one schema.org Product, which cards leave out. What stands on a card
        holds until `until`, or until the plugin says `product_data_changed(site, ids)` in the transaction that changes
        it; a product's page ends with the answer's tags too.

        The kind "picture" is asked by the panel's library, for ids of pictures: answer where you show each, as
        `uses`, a list of `{"title": ..., "url": ...}`. A picture that is used somewhere is not deleted.

        The kind "order" is asked by the queue of orders on hold: answer a `score`, a whole number from 0 on, the
        higher the stranger. The queue shows the highest of all plugins, and sorts by it.
        """

    @asks(Head, shape="one")
    def site_head(self, site: Site, kind: str, subject: object) -> Head | None:
        """What the head of a page says: its title and description, `noindex`, and further facts for search engines.

        Asked within a GET of the start page (`kind` "home", `subject` None), a category ("category", its CategoryPage)
        and a product ("product", its ProductPage), in the page's language. The first title and the first description
        win over core's; one `noindex` is enough. A thing in `json_ld` whose `@type` is on the page already adds to that
        thing what it lacks: nothing is said twice, and what core says stays.
        """

    @asks(Elsewhere, shape="one", first=True)
    def site_moved(self, site: Site, path: str) -> Elsewhere | None:
        """Where the page that stood at `path` has gone. Asked where a GET has found nothing, before the page says so.

        `path` is as the reader's browser shows it, with the language's prefix, decoded, without the query. The first
        answer wins. A page that is there is never asked about.
        """

    @asks(SearchResult, shape="one", first=True)
    def site_search(self, site: Site, query: SearchQuery) -> SearchResult | None:
        """Which products the query finds. The first plugin that answers wins; without one, core uses plain SQL."""

    @asks(Url, shape="list")
    def site_urls(self, site: Site, since: datetime | None) -> Iterable[Url]:  # type: ignore[empty-body]
        """Pages of this plugin that changed after `since` (all of them for None), for sitemaps and warming."""
