"""The blocks of this plugin, declared as any other plugin would declare its own."""

from __future__ import annotations

from core.api import Block, BlockField
from plugins.pages.services import pieces

_LONG, _LINE = 20_000, 200
_MARKUP = "**bold**, *italic*, [words](https://example.com), a line that begins with - is one of a list."
BLOCKS = (
    Block(
        kind="text",
        title="Text",
        icon="text",
        fields=(BlockField(name="text", label="Text", kind="rich", help=_MARKUP, most=_LONG),),
        show=pieces.text,
    ),
    Block(
        kind="heading",
        title="Heading",
        icon="note",
        fields=(
            BlockField(name="text", label="Heading", needed=True, most=_LINE),
            BlockField(name="level", label="Size", kind="choice", choices=(("2", "Large"), ("3", "Small"))),
        ),
        show=pieces.heading,
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
        show=pieces.picture,
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
        show=pieces.products,
    ),
    Block(
        kind="question",
        title="Question and answer",
        icon="help",
        fields=(
            BlockField(name="question", label="What is asked", needed=True, most=_LINE),
            BlockField(name="answer", label="What you answer", kind="rich", help=_MARKUP, most=_LONG),
        ),
        show=pieces.question,
        json_ld=pieces.asked,
    ),
    Block(
        kind="quote",
        title="Quotation",
        icon="quote",
        fields=(
            BlockField(name="text", label="What was said", kind="text", needed=True, most=2000),
            BlockField(name="who", label="By whom", most=_LINE),
        ),
        show=pieces.quote,
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
        show=pieces.table,
    ),
)
