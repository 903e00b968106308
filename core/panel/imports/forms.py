"""What the pages of the import ask."""

from __future__ import annotations

from typing import Any

from flask import request
from wtforms import FileField, SelectField

from core.imports.services.formats import FORMATS
from core.imports.services.own import ATTRIBUTE, OPTION
from core.kernel.i18n import gettext as _
from core.kernel.i18n import language_name, lazy
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
