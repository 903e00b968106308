"""Contents: the JSON of one page in one language, and what can be told from it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from core.api import Site, clean_html, is_cjk, plain, plugin_blocks
from plugins.pages.forms.shapes import Content, blank

_WORDS_A_MINUTE, _LETTERS_A_MINUTE = 220, 400
_FOUND_IN = 6000


def rich(text: str) -> str:
    """The small markup of a text as HTML that is safe to show. No HTML of a writer passes."""
    from markdown_it import MarkdownIt  # noqa: PLC0415 -- only where somebody writes, never where pages are shown

    reader = MarkdownIt("zero", {"html": False, "breaks": True}).enable(
        ["emphasis", "link", "autolink", "list", "newline", "escape", "blockquote", "hr", "entity", "backticks"]
    )
    return clean_html(reader.render(text))


def written(blocks: list[dict[str, Any]], site: Site) -> list[dict[str, Any]]:
    """The blocks as they are stored: beside each rich text stands what it shows."""
    known = plugin_blocks(site)
    for one in blocks:
        kind = known.get(one["kind"])
        for field in kind.fields if kind else ():
            if field.kind == "rich":
                one["values"][f"{field.name}_html"] = rich(one["values"].get(field.name, ""))
    return blocks


def words_of(content: Content) -> str:
    """What the page says in plain words, for searching and counting; no more than is needed for both."""
    return " ".join([content["title"], content["summary"], *_said(content)])


def _said(content: Content) -> Iterator[str]:
    for one in content["blocks"]:
        for name, value in one["values"].items():
            if isinstance(value, str) and f"{name}_html" not in one["values"] and name not in {"level", "who"}:
                yield plain(value) if name.endswith("_html") else value


def found_in(content: Content) -> str:
    """The part of the words that the search looks into."""
    return words_of(content)[:_FOUND_IN]


def minutes(content: Content) -> int:
    """How long it takes to read, at least one minute."""
    text = words_of(content)
    letters = sum(map(is_cjk, text))
    others = len(text.split()) if letters < len(text) // 4 else 0
    return max(1, round(letters / _LETTERS_A_MINUTE + others / _WORDS_A_MINUTE))


def pictures_in(content: Content | None, site: Site) -> set[int]:
    """The ids of the pictures that its blocks show."""
    known = plugin_blocks(site)
    return {
        one["values"][field.name]
        for one in (content or blank())["blocks"]
        if one["kind"] in known
        for field in known[one["kind"]].fields
        if field.kind == "picture" and one["values"].get(field.name)
    }
