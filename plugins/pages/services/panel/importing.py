"""Pages from a file: TOML with a text for each language, whose bodies are lines that become blocks.

`## words` is a heading, `### words` a small one, `? words` a question that the paragraphs below it answer,
`> words -- who` a quotation, `| a | b |` a row of a table, `[products SKU SKU: words]` goods under a heading, and
`[picture file: words]` a picture that lies beside the file. Everything else is text with the small markup.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from core.api import Refused, Site, add_picture, now, products_by_sku, slugify
from plugins.pages.forms import shapes
from plugins.pages.forms.shapes import PLUGIN, Content
from plugins.pages.models import FOOTER, HEADER, KINDS
from plugins.pages.services.panel import editing

_COMMAND = re.compile(r"\[(products|picture) ([^:\]]+)(?:: ?([^\]]*))?\]\Z")
_TABLE = re.compile(r"\|.*\|\Z")
Picture = Callable[[str, str], int]


class WrongPages(Refused):
    """A file of pages that cannot be taken."""

    status = 422
    code = "wrong_pages"
    default_message = "The file cannot be taken: %(why)s."


def import_file(site: Site, path: Path, *, publish: bool, actor: str) -> int:
    """Make the pages of a file; answers how many. Raises WrongPages. Stores pictures, then commits."""
    try:
        read = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WrongPages(why=str(error)) from error
    pages = [_page(site, one, path.parent, actor) for one in read.get("page", [])]
    return len(editing.create_whole(site, pages, actor=actor, publish=publish))


def _page(site: Site, said: Mapping[str, Any], folder: Path, actor: str) -> editing.Whole:
    kind = said.get("kind", "page")
    if kind not in KINDS or not isinstance(said.get("text"), dict):
        raise WrongPages(why="each page has a kind (page or guide) and texts by language")
    texts = {
        tag: content_of(words, _pictures(folder, tag, actor))
        for tag, words in said["text"].items()
        if tag in site.languages
    }
    if not texts:
        raise WrongPages(why="a page has no text in a language of this site")
    settings: dict[str, Any] = {"author": str(said.get("author", ""))[:80]}
    if said.get("picture"):
        settings["media_id"] = _picture(folder, str(said["picture"]), said.get("alt", {}), actor)
    if isinstance(said.get("days_ago"), int):
        settings["publish_at"] = now() - timedelta(days=said["days_ago"])
    settings |= {menu: int(said[menu]) for menu in (HEADER, FOOTER) if said.get(menu)}
    return editing.Whole(kind=kind, texts=texts, settings=settings)


def _pictures(folder: Path, tag: str, actor: str) -> Picture:
    return lambda name, words: _picture(folder, name, {tag: words} if words else {}, actor)


def _picture(folder: Path, name: str, words: Mapping[str, str], actor: str) -> int:
    file = folder / name.strip()
    if not file.is_file():
        raise WrongPages(why=f"there is no picture {name}")
    return add_picture(file.read_bytes(), file.name, dict(words), actor)


def content_of(words: Mapping[str, Any], picture: Picture) -> Content:
    """One language of a page, from its title, slug, summary and body."""
    title = str(words.get("title", "")).strip()[:200]
    if not title:
        raise WrongPages(why="a text has no title")
    return {
        **shapes.blank(),
        "title": title,
        "slug": slugify(str(words.get("slug") or title)),
        "summary": " ".join(str(words.get("summary", "")).split())[:400],
        "blocks": list(blocks_of(str(words.get("body", "")), picture)),
    }


def blocks_of(body: str, picture: Picture) -> Iterator[dict[str, Any]]:
    """The blocks that the lines of a body make."""
    question, waiting = "", list[str]()
    for chunk in [chunk.strip() for chunk in re.split(r"\n\s*\n", body) if chunk.strip()]:
        if (alone := _alone(chunk, picture)) is None and not chunk.startswith("? "):
            waiting.append(chunk)
            continue
        yield from _text(question, waiting)
        question, waiting = "", []
        if alone is not None:
            yield alone
        else:
            head, _line, rest = chunk.partition("\n")
            question, waiting = head[2:].strip(), [rest] if rest.strip() else []
    yield from _text(question, waiting)


def _text(question: str, chunks: list[str]) -> Iterator[dict[str, Any]]:
    text = "\n\n".join(chunks)
    if question:
        yield shapes.block(f"{PLUGIN}.question", {"question": question, "answer": text})
    elif text:
        yield shapes.block(f"{PLUGIN}.text", {"text": text})


def _alone(chunk: str, picture: Picture) -> dict[str, Any] | None:
    """A chunk that is a block by itself."""
    if chunk.startswith(("## ", "### ")):
        marks, _space, words = chunk.partition(" ")
        return shapes.block(f"{PLUGIN}.heading", {"text": words.strip(), "level": str(len(marks))})
    if chunk.startswith("> "):
        words, _dashes, who = " ".join(line.lstrip("> ") for line in chunk.splitlines()).partition(" -- ")
        return shapes.block(f"{PLUGIN}.quote", {"text": words.strip(), "who": who.strip()})
    if all(_TABLE.match(line.strip()) for line in chunk.splitlines()):
        return shapes.block(f"{PLUGIN}.table", {"caption": "", "cells": chunk})
    command = _COMMAND.match(chunk)
    if command is None:
        return None
    name, what, words = command[1], command[2], (command[3] or "").strip()
    if name == "picture":
        values = {"picture": picture(what, words), "alt": words, "caption": ""}
        return shapes.block(f"{PLUGIN}.picture", values)
    skus = what.split()
    known = products_by_sku(skus)
    if missing := [sku for sku in skus if sku not in known]:
        raise WrongPages(why=f"no product has the SKU {missing[0]}")
    ids = list(dict.fromkeys(known[sku] for sku in skus))
    return shapes.block(f"{PLUGIN}.products", {"title": words, "products": ids})
