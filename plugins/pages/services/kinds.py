"""The blocks of this plugin, declared as any other plugin would declare its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.api import (
    Block,
    BlockField,
    Site,
    Slot,
    cards_for,
    current_currency,
    language,
    part,
    plain,
    stored_pictures,
)

Values = Mapping[str, Any]
_LONG, _LINE = 20_000, 200


def _piece(name: str, **values: Any) -> Slot:
    return Slot(html=part(f"pages/{name}", **values))


def _heading(site: Site, values: Values) -> Slot | None:
    del site
    return _piece("heading", text=values["text"], level=values["level"]) if values["text"] else None


def _text(site: Site, values: Values) -> Slot | None:
    del site
    return _piece("text", html=values["text_html"]) if values.get("text_html") else None


def _picture(site: Site, values: Values) -> Slot | None:
    found = stored_pictures(site, language(), [values["picture"]]) if values["picture"] else {}
    if not found:
        return None
    [picture] = found.values()
    return _piece("figure", picture=picture, alt=values["alt"] or picture.alt, caption=values["caption"])


def _quote(site: Site, values: Values) -> Slot | None:
    del site
    return _piece("quote", text=values["text"], who=values["who"]) if values["text"] else None


def _table(site: Site, values: Values) -> Slot | None:
    del site
    lines = [line for line in values["cells"].splitlines() if line.strip()]
    cells = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
    width = max(map(len, cells), default=0)
    full = [row + [""] * (width - len(row)) for row in cells]
    return _piece("table", head=full[0], body=full[1:], caption=values["caption"]) if full else None


def _products(site: Site, values: Values) -> Slot | None:
    """Cards as lists show them, so their prices and stock are those of now."""
    ids = values["products"]
    cards = cards_for(site, language(), current_currency(), ids) if ids else {}
    shown = [cards[one] for one in ids if one in cards]
    return Slot(
        html=part("pages/products", cards=shown, title=values["title"]),
        tags=tuple(f"product:{one}" for one in ids),
        until=min((card.until for card in shown if card.until is not None), default=None),
    )


def _question(site: Site, values: Values) -> Slot | None:
    del site
    if not values["question"] or not values.get("answer_html"):
        return None
    return _piece("question", question=values["question"], html=values["answer_html"])


def _asked(values: Values) -> tuple[Mapping[str, Any], ...]:
    if not values["question"] or not values.get("answer_html"):
        return ()
    answer = {"@type": "Answer", "text": plain(values["answer_html"])}
    said = {"@type": "Question", "name": values["question"], "acceptedAnswer": answer}
    return ({"@type": "FAQPage", "mainEntity": [said]},)


_MARKUP = "**bold**, *italic*, [words](https://example.com), a line that begins with - is one of a list."
BLOCKS = (
    Block(
        kind="text",
        title="Text",
        icon="text",
        fields=(BlockField(name="text", label="Text", kind="rich", help=_MARKUP, most=_LONG),),
        show=_text,
    ),
    Block(
        kind="heading",
        title="Heading",
        icon="note",
        fields=(
            BlockField(name="text", label="Heading", needed=True, most=_LINE),
            BlockField(name="level", label="Size", kind="choice", choices=(("2", "Large"), ("3", "Small"))),
        ),
        show=_heading,
    ),
    Block(
        kind="picture",
        title="Picture",
        icon="image",
        fields=(
            BlockField(name="picture", label="Picture", kind="picture"),
            BlockField(
                name="alt",
                label="Words for people who cannot see it",
                help="Left empty: the words that the picture has in the library.",
                most=300,
            ),
            BlockField(name="caption", label="Caption", most=300),
        ),
        show=_picture,
    ),
    Block(
        kind="products",
        title="Products",
        icon="products",
        fields=(
            BlockField(name="title", label="Heading above them", most=_LINE),
            BlockField(
                name="products",
                label="Products by their SKUs",
                kind="products",
                help="One in each line. They are shown with the price and the stock of the moment.",
                most=24,
            ),
        ),
        show=_products,
    ),
    Block(
        kind="question",
        title="Question and answer",
        icon="help",
        fields=(
            BlockField(name="question", label="Question", needed=True, most=_LINE),
            BlockField(name="answer", label="Answer", kind="rich", help=_MARKUP, most=_LONG),
        ),
        show=_question,
        json_ld=_asked,
    ),
    Block(
        kind="quote",
        title="Quotation",
        icon="quote",
        fields=(
            BlockField(name="text", label="What was said", kind="text", needed=True, most=2000),
            BlockField(name="who", label="By whom", most=_LINE),
        ),
        show=_quote,
    ),
    Block(
        kind="table",
        title="Table",
        icon="grid",
        fields=(
            BlockField(name="caption", label="Caption", most=_LINE),
            BlockField(
                name="cells",
                label="Cells",
                kind="text",
                help="A line for each row, with | between the cells. The first line is the head.",
                most=_LONG,
            ),
        ),
        show=_table,
    ),
)
