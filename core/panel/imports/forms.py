"""What the first page of the import asks."""

from __future__ import annotations

from typing import Any

from flask import request
from wtforms import FileField, SelectField

from core.imports.services.formats import FORMATS
from core.kernel.i18n import gettext as _
from core.kernel.i18n import lazy
from core.panel.forms import PanelForm


class UploadForm(PanelForm):
    """A file, and its format where the first line does not tell."""

    file = FileField(lazy("A CSV file from your device"))
    format = SelectField(lazy("Format"), default="")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.format.choices = [("", lazy("Find out by the first line"))] + [
            (known.name, known.title) for known in FORMATS
        ]

    def refusal(self) -> str:
        """What is missing, as a message; empty if all is there."""
        upload = request.files.get("file")
        return "" if upload and upload.filename else _("Choose a file.")
