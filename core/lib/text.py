"""Words: slugs, folding for search, and HTML made safe."""

from __future__ import annotations

import re
import unicodedata
from html import unescape
from html.parser import HTMLParser

from markupsafe import Markup

LONGEST_TAG = 40
_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3040-\u30ff\uac00-\ud7af"
_WORD = re.compile(rf"[{_HAN}]+|[^\W_]+", re.UNICODE)
_RUN = re.compile(rf"[{_HAN}]+|[^\W_{_HAN}]+", re.UNICODE)
_CJK = re.compile(rf"[{_HAN}]")
_TAGS = {
    "a",
    "b",
    "blockquote",
    "br",
    "caption",
    "cite",
    "code",
    "dd",
    "del",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "h2",
    "h3",
    "h4",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "small",
    "span",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "u",
    "ul",
}
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "width", "height", "title"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "ol": {"start"},
    "*": {"lang", "dir"},
}


def normal_tag(text: str) -> str:
    """A tag as it is stored and compared: one line, without a hash, small letters."""
    return " ".join(text.replace("\0", "").split()).lstrip("#").strip().lower()[:LONGEST_TAG]


def fold(text: str) -> str:
    """One form for comparison: compatibility-normalised (full width becomes half), without accents, lower case."""
    decomposed = unicodedata.normalize("NFKD", text)
    return unicodedata.normalize("NFC", "".join(c for c in decomposed if not unicodedata.combining(c))).casefold()


def slugify(text: str, limit: int = 80) -> str:
    """A path segment: folded words joined by hyphens; Chinese and other letters stay readable. May be empty."""
    return "-".join(_WORD.findall(fold(text)))[:limit].strip("-")


def runs(text: str) -> list[str]:
    """The folded words of `text`; Chinese, Japanese and Korean letters are runs of their own, also in `LED台灯`."""
    return _RUN.findall(fold(text))


def words(text: str) -> list[str]:
    """The folded words of `text` in order; a run of Chinese, Japanese or Korean letters becomes its bigrams."""
    result: list[str] = []
    for run in runs(text):
        result.extend(bigrams(run) if _CJK.match(run) else [run])
    return result


def bigrams(run: str) -> list[str]:
    """`灯下集市` -> `灯下 下集 集市`; a single letter stands for itself."""
    return [run[i : i + 2] for i in range(len(run) - 1)] or [run]


def is_cjk(text: str) -> bool:
    """Whether any letter of `text` is Chinese, Japanese or Korean."""
    return bool(_CJK.search(text))


def clean_html(html: str) -> str:
    """Rich text without anything that can run: the one sanitiser for every rich text that people write or import."""
    import nh3  # noqa: PLC0415 -- most processes only show what was cleaned when it was stored

    return nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        clean_content_tags={"script", "style", "iframe", "object", "template"},
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener nofollow",
    ).strip()


class _Text(HTMLParser):
    _BREAKS = frozenset({"p", "div", "br", "li", "h1", "h2", "h3", "h4", "tr", "blockquote"})

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._BREAKS:
            self.parts.append("\n")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag in self._BREAKS:
            self.parts.append("\n")


def plain(html: str) -> str:
    """The words of an HTML text, paragraphs as lines."""
    parser = _Text()
    parser.feed(html)
    parser.close()
    lines = (re.sub(r"\s+", " ", line).strip() for line in unescape("".join(parser.parts)).split("\n"))
    return "\n".join(line for line in lines if line)


def words_of(html: str) -> str:
    """The words of an HTML text in one line: `plain()` for the heads of pages, which need no lines, only speed."""
    return Markup(html.replace("><", "> <").replace("<br", " <br")).striptags()  # noqa: S704 -- its words alone


def shorten(text: str, limit: int) -> str:
    """`text` in one line of at most `limit` characters, cut at a word and ended by an ellipsis."""
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    cut = line[: limit - 1]
    at = cut.rfind(" ")
    return (cut[:at] if at > limit // 2 else cut).rstrip(" ,.;:") + "…"


def initials(name: str) -> str:
    """Two letters for a person: of the first and last word, or the first Chinese letter."""
    parts = name.split("@", maxsplit=1)[0].replace(".", " ").split()
    if not parts:
        return "?"
    first, last = parts[0][0], parts[-1][0] if len(parts) > 1 else ""
    return first if ord(first) > 0x2E7F else (first + last).upper()
