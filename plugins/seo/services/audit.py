"""Looking after the pages: words that are missing, said twice or too long, and links that lead nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import unquote, urlsplit

from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from core.api import (
    CategoryPage,
    ProductPage,
    Site,
    category_page,
    labelled,
    plain,
    product_page,
    speaking,
    state_of,
    wordless_pictures,
)
from plugins.seo.forms.filling import DESCRIPTION_WIDTH, TITLE_WIDTH, width
from plugins.seo.services import finding, walking
from plugins.seo.services.finding import Findings, Found
from plugins.seo.services.heads import shown_kind, words
from plugins.seo.services.redirects import elsewhere_known
from plugins.seo.services.rules import Rules, read_rules

Subject = ProductPage | CategoryPage
CODES = (
    "broken_link",
    "no_words",
    "no_description",
    "no_picture",
    "no_alt",
    "same_title",
    "same_description",
    "long_title",
    "long_description",
)
_HREF = re.compile(r"""<a\b[^>]*?\shref\s*=\s*["']([^"'#]+)""", re.IGNORECASE)
_FILES = ("/media/", "/static/", "/panel")


def look(site: Site) -> Findings:
    """Look at every page in every language, and keep what was found. Commits once, at the end."""
    rules, findings = read_rules(site), Findings()
    links: dict[str, bool] = {}
    for tag in site.languages:
        with speaking(tag, site.timezone):
            titles: dict[str, str] = {}
            descriptions: dict[str, str] = {}
            for subject in _subjects(site, tag):
                findings.seen += 1
                _words(site, rules, tag, subject, (titles, descriptions), findings)
                for address in _broken(site, subject.body_html, links):
                    findings.add(_found("broken_link", subject, tag, address))
            for picture in wordless_pictures(site, tag):
                findings.add(
                    Found(
                        code="no_alt",
                        kind=finding.PICTURE,
                        object_id=picture.media_id,
                        language=tag,
                        name=picture.original,
                    )
                )
    finding.store(site, finding.AUDIT, findings)
    return findings


def _subjects(site: Site, tag: str) -> Iterator[Subject]:
    yield from walking.categories(site, tag)
    yield from walking.products(site, tag)


def _words(
    site: Site, rules: Rules, tag: str, subject: Subject, seen: tuple[dict[str, str], dict[str, str]], into: Findings
) -> None:
    kind = shown_kind(subject)
    own = rules.page(kind, subject.id)
    if own.noindex:
        return
    if subject.text_language != tag:
        into.add(_found("no_words", subject, tag, ""))
        return
    title, description = words(site, rules, own, kind, subject, tag)
    title = title or f"{subject.seo_title or subject.name} · {site.name}"
    description = description or subject.seo_description
    if isinstance(subject, ProductPage) and not subject.pictures:
        into.add(_found("no_picture", subject, tag, ""))
    if not (description or plain(subject.body_html).strip() or getattr(subject, "summary", "")):
        into.add(_found("no_description", subject, tag, ""))
    for text, name, most, known in (
        (title, "title", TITLE_WIDTH, seen[0]),
        (description, "description", DESCRIPTION_WIDTH, seen[1]),
    ):
        if not text:
            continue
        if width(text) > most:
            into.add(_found(f"long_{name}", subject, tag, labelled(width(text), text)))
        if text in known:
            into.add(_found(f"same_{name}", subject, tag, known[text]))
        else:
            known[text] = subject.name


def _found(code: str, subject: Subject, tag: str, detail: str) -> Found:
    return Found(
        code=code, kind=shown_kind(subject), object_id=subject.id, language=tag, name=subject.name, detail=detail
    )


# -- links -------------------------------------------------------------------------------------------------------------


def _broken(site: Site, html: str, known: dict[str, bool]) -> list[str]:
    """The links of a text that lead to a page of this site which is not there; `known` remembers what was tried."""
    broken = []
    for found in dict.fromkeys(_HREF.findall(html)):
        path = _own_path(site, unescape(found).strip())
        if path is None:
            continue
        if path not in known:
            known[path] = is_there(site, path)
        if not known[path]:
            broken.append(path)
    return broken


def _own_path(site: Site, address: str) -> str | None:
    """The path of a link that stays on this site; None for all others."""
    parts = urlsplit(address)
    if parts.netloc:
        if parts.netloc not in {site.host, urlsplit(site.origin).netloc} or parts.scheme not in {"http", "https", ""}:
            return None
    elif parts.scheme or not parts.path.startswith("/"):
        return None
    path = unquote(parts.path) or "/"
    return None if path.startswith(_FILES) else path


def is_there(site: Site, path: str) -> bool:
    """Whether a page of this site answers at this path, itself or by leading elsewhere."""
    tag, rest = _language_of(site, path)
    if rest.startswith("/p/"):
        found: object = product_page(site, tag, site.currency, rest.removeprefix("/p/"))
    elif rest.startswith("/c/"):
        found = category_page(site, tag, site.currency, rest.removeprefix("/c/"))
    else:
        found = _has_view(site, rest)
    return bool(found) or elsewhere_known(site, path)


def _language_of(site: Site, path: str) -> tuple[str, str]:
    first, slash, rest = path[1:].partition("/")
    for tag in site.languages[1:]:
        if first == tag.lower():
            return tag, f"/{rest}" if slash else "/"
    return site.language, path


def _has_view(site: Site, path: str) -> bool:
    adapter = state_of(site.id).runtime.url_map.bind(site.host)
    try:
        adapter.match(path)
    except RequestRedirect:
        return True
    except HTTPException:
        return False
    return True
