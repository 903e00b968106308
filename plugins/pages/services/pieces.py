"""What each block of this plugin shows, and what it tells search engines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.api import (
    Site,
    Slot,
    cards_for,
    current_currency,
    is_open,
    language,
    part,
    plain,
    stored_pictures,
)

Values = Mapping[str, Any]


def _piece(name: str, **values: Any) -> Slot:
    return Slot(html=part(f"pages/{name}", **values))


def heading(site: Site, values: Values) -> Slot | None:
    """Words above what follows."""
    del site
    return _piece("heading", text=values["text"], level=values["level"]) if values["text"] else None


def text(site: Site, values: Values) -> Slot | None:
    """Paragraphs."""
    del site
    return _piece("text", html=values["text_html"]) if values.get("text_html") else None


def picture(site: Site, values: Values) -> Slot | None:
    """A picture with its caption."""
    found = stored_pictures(site, language(), [values["picture"]]) if values["picture"] else {}
    if not found:
        return None
    [picture] = found.values()
    return _piece("figure", picture=picture, alt=values["alt"] or picture.alt, caption=values["caption"])


def quote(site: Site, values: Values) -> Slot | None:
    """What somebody said."""
    del site
    return _piece("quote", text=values["text"], who=values["who"]) if values["text"] else None


def table(site: Site, values: Values) -> Slot | None:
    """Rows of cells; the first is the head."""
    del site
    lines = [line for line in values["cells"].splitlines() if line.strip()]
    cells = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
    width = max(map(len, cells), default=0)
    full = [row + [""] * (width - len(row)) for row in cells]
    return _piece("table", head=full[0], body=full[1:], caption=values["caption"]) if full else None


def products(site: Site, values: Values) -> Slot | None:
    """Cards as lists show them, so their prices and stock are those of now; none of a shop that is not open."""
    if not is_open():
        return None
    ids = values["products"]
    cards = cards_for(site, language(), current_currency(), ids) if ids else {}
    shown = [cards[one] for one in ids if one in cards]
    return Slot(
        html=part("pages/products", cards=shown, title=values["title"]),
        tags=tuple(f"product:{one}" for one in ids),
        until=min((card.until for card in shown if card.until is not None), default=None),
    )


def question(site: Site, values: Values) -> Slot | None:
    """A question that opens to its answer."""
    del site
    if not values["question"] or not values.get("answer_html"):
        return None
    return _piece("question", question=values["question"], html=values["answer_html"])


def asked(values: Values) -> tuple[Mapping[str, Any], ...]:
    """A question and its answer."""
    if not values["question"] or not values.get("answer_html"):
        return ()
    answer = {"@type": "Answer", "text": plain(values["answer_html"])}
    said = {"@type": "Question", "name": values["question"], "acceptedAnswer": answer}
    return ({"@type": "FAQPage", "mainEntity": [said]},)
