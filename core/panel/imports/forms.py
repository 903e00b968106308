"""What the pages of the import ask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import request
from msgspec import Struct
from wtforms import FileField, SelectField

from core.imports.models import ImportRun
from core.imports.services.days import FIELD
from core.imports.services.formats import FORMATS
from core.imports.services.mapping import Column
from core.imports.services.own import ATTRIBUTE, OPTION
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.i18n import language_name, lazy
from core.lib.days import DAY_FIRST, MONTH_FIRST, YEAR_FIRST, fitting, read_day
from core.panel.forms import PanelForm


class UploadForm(PanelForm):
    """A file, and its format where the first line does not tell."""

    file = FileField(lazy("A CSV or JSON file from your device"))
    format = SelectField(lazy("Format"), default="")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.format.choices = [("", lazy("Find out by its columns"))] + [(known.name, known.title) for known in FORMATS]

    def refusal(self) -> str:
        """What is missing, as a message; empty if all is there."""
        upload = request.files.get("file")
        return "" if upload and upload.filename else _("Choose a file.")


_TARGETS = {
    "sku": lazy("SKU"),
    "product": lazy("What the variants of a product share"),
    "name": lazy("Name"),
    "summary": lazy("Short description"),
    "body_html": lazy("Description"),
    "price": lazy("Price"),
    "was": lazy("Former price"),
    "sale_price": lazy("Sale price"),
    "sale_starts": lazy("Sale begins"),
    "sale_ends": lazy("Sale ends"),
    "stock": lazy("Stock"),
    "backorders": lazy("May be ordered beyond the stock"),
    "categories": lazy("Categories"),
    "tags": lazy("Tags"),
    "vendor": lazy("Maker"),
    "pictures": lazy("Pictures"),
    "picture_alts": lazy("What the pictures show"),
    "variant_picture": lazy("Picture of the variant"),
    "barcode": lazy("Barcode"),
    "weight_g": lazy("Weight in grams"),
    "tax_class": lazy("Tax class"),
    "returns": lazy("Sending back"),
    "needs_delivery": lazy("Needs delivery"),
    "published": lazy("Published"),
    "active": lazy("Offered"),
    "path": lazy("Address of the page"),
    "seo_title": lazy("Title for search engines"),
    "seo_description": lazy("Description for search engines"),
}


def target_name(target: str, column: str) -> str:
    """What a column may stand for, as people say it."""
    field, _colon, more = target.partition(":")
    if target.startswith(OPTION):
        return _("Option “%(column)s”", column=column)
    if target.startswith(ATTRIBUTE):
        return _("Attribute “%(column)s”", column=column)
    if field not in _TARGETS:
        return target
    return f"{_TARGETS[field]} ({language_name(more)})" if more else str(_TARGETS[field])


_ORDERS = {
    YEAR_FIRST: lazy("Year, month, day"),
    DAY_FIRST: lazy("Day, month, year"),
    MONTH_FIRST: lazy("Month, day, year"),
}


class DayOrderField(Struct, frozen=True, kw_only=True):
    """The choice of the order in which a file has day, month and year: (order, words, what a cell is then)."""

    items: Sequence[tuple[str, str, str]]
    chosen: str
    help: str


def day_order(run: ImportRun, columns: Sequence[Column], problems: Sequence[tuple[str, str]]) -> DayOrderField | None:
    """The field beside these columns, or None where none of them says when."""
    samples = [sample for column in columns for sample in column.samples if fitting(sample)]
    if not samples and not run.dates and FIELD not in dict(problems):
        return None
    telling = next((one for one in samples if read_day(one) is None), next(iter(samples), ""))
    chosen = request.form.get(FIELD, run.dates)
    about = _("The file leaves it open, so say it here.") if not run.dates else ""
    if run.dates_line and chosen == run.dates:
        about = _("Line %(line)s of the file allows no other.", line=i18n.number(run.dates_line))
    return DayOrderField(
        items=[(order, str(words), _then(telling, order)) for order, words in _ORDERS.items()],
        chosen=chosen,
        help=about,
    )


def _then(text: str, order: str) -> str:
    """What a cell of the file is, read in that order."""
    found = read_day(text, order) if text else None
    if not text:
        return ""
    if found is None:
        return _("“%(text)s” cannot be meant so.", text=text)
    return _("“%(text)s” is then %(day)s.", text=text, day=i18n.day(found.at.date(), "long"))
