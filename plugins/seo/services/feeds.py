"""Files of goods for markets: written by a job, item by item, and put in place when they are whole."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any, Protocol, TextIO

from msgspec import Struct

from core.api import Site, link, own_folder, speaking
from plugins.seo.services import finding, goods, walking
from plugins.seo.services.finding import GOOGLE, META, Findings
from plugins.seo.services.goods import Good
from plugins.seo.services.rules import read_rules

FILES = {GOOGLE: "google.xml", META: "meta.csv"}
TYPES = {GOOGLE: "application/xml", META: "text/csv; charset=utf-8"}
_NAMESPACE = 'xmlns:g="http://base.google.com/ns/1.0"'


class Feed(Struct, frozen=True, kw_only=True):
    """A file of goods in one language and currency; `made_at` None: it is not there yet."""

    market: str
    language: str
    currency: str
    address: str
    made_at: datetime | None


class _Writer(Protocol):
    def item(self, good: Good) -> None:
        """Write one item."""

    def end(self) -> None:
        """Write what stands behind all items."""


def path_of(site: Site, market: str, tag: str, currency: str = "") -> Path:
    """Where the file of a market lies, in the site's first currency or in a further one."""
    return own_folder("feeds") / f"{site.id}-{tag}-{currency or site.currency}-{FILES[market]}"


def wanted(feeds: Mapping[str, Any]) -> list[str]:
    """The markets that the merchant wants files for."""
    return [market for market in FILES if feeds.get(market)]


def listed(site: Site, feeds: Mapping[str, Any]) -> list[Feed]:
    """The files of a site in every language and currency, made or not."""
    return [
        Feed(
            market=market,
            language=tag,
            currency=currency,
            address=_address(site, market, tag, currency),
            made_at=_made_at(path_of(site, market, tag, currency)),
        )
        for market in wanted(feeds)
        for tag in site.languages
        for currency in site.currencies
    ]


def _address(site: Site, market: str, tag: str, currency: str) -> str:
    """The first currency's file has the short address."""
    if currency == site.currency:
        return link(site, f"seo.{market}", language=tag)
    return link(site, f"seo.{market}_in", language=tag, currency=currency.lower())


def _made_at(path: Path) -> datetime | None:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC) if path.exists() else None


def make(site: Site) -> None:
    """Write the files of every market, language and currency, and keep what a market would refuse.

    What is refused is asked of the first currency alone: goods without a price in another are not sold in it. Commits
    once per market.
    """
    feeds = read_rules(site).feeds
    markets = wanted(feeds)
    found = {market: Findings() for market in markets}
    for tag in site.languages if markets else ():
        with speaking(tag, site.timezone):
            for currency in site.currencies:
                noted = found if currency == site.currency else {market: Findings() for market in markets}
                _write(site, tag, currency, feeds, noted)
    for market, findings in found.items():
        finding.store(site, market, findings)


def _write(site: Site, tag: str, currency: str, feeds: Mapping[str, Any], found: Mapping[str, Findings]) -> None:
    """One pass over the products writes all files of a language and currency; each takes its place when it is whole."""
    paths = {market: path_of(site, market, tag, currency) for market in found}
    parts = {market: path.with_suffix(f"{path.suffix}.part") for market, path in paths.items()}
    with ExitStack() as stack:
        writers: dict[str, _Writer] = {}
        for market, part in parts.items():
            stream = stack.enter_context(part.open("w", encoding="utf-8", newline=""))
            writers[market] = _WRITERS[market](stream, site, feeds)
        for page in walking.products(site, tag, currency):
            for good in goods.goods(site, page, tag, currency):
                for market, writer in writers.items():
                    found[market].seen += 1
                    if goods.is_taken(good, market, found[market], page, tag):
                        writer.item(good)
        for writer in writers.values():
            writer.end()
    for market, part in parts.items():
        part.replace(paths[market])


class _Google:
    """RSS 2.0 with Google's own elements."""

    def __init__(self, stream: TextIO, site: Site, feeds: Mapping[str, Any]) -> None:
        self._stream, self._site, self._feeds = stream, site, feeds
        stream.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" {_NAMESPACE}>\n<channel>\n')
        stream.write(f"<title>{_text(site.name)}</title>\n<link>{_text(site.origin)}/</link>\n")
        stream.write(f"<description>{_text(site.name)}</description>\n")

    def item(self, good: Good) -> None:
        elements = goods.google(self._site, good, self._feeds)
        said = "".join(f"<g:{name}>{_text(text)}</g:{name}>" for name, text in elements)
        self._stream.write(f"<item>{said}</item>\n")

    def end(self) -> None:
        self._stream.write("</channel>\n</rss>\n")


class _Meta:
    """CSV with a header."""

    def __init__(self, stream: TextIO, site: Site, feeds: Mapping[str, Any]) -> None:
        self._site, self._feeds = site, feeds
        self._rows = csv.writer(stream, lineterminator="\n")
        self._rows.writerow(goods.META_COLUMNS)

    def item(self, good: Good) -> None:
        self._rows.writerow(goods.meta(self._site, good, self._feeds))

    def end(self) -> None:
        """A table ends with its last row."""


_WRITERS: Mapping[str, Any] = {GOOGLE: _Google, META: _Meta}


def _text(text: str) -> str:
    """Text for XML, without the signs that XML cannot hold."""
    return escape("".join(letter for letter in text if letter >= " " or letter in "\t\n"), quote=False)
