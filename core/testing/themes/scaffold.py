"""`./stoa theme new`: a child of a theme, with tokens, a setting, a template of its own and its words in Chinese."""

from __future__ import annotations

from pathlib import Path

from core.kernel.catalogues import PANEL
from core.kernel.config import ROOT
from core.kernel.installation import installation
from core.kernel.manifest import NAME
from core.lib.errors import Refused
from core.testing.scaffold import copy_filled

_TEMPLATES = Path(__file__).parent / "new"


class NotAName(Refused):
    """A theme's name is also a folder and a part of addresses."""

    code = "not_a_name"
    default_message = "A theme's name is small letters, digits and underscores, such as harbour."


class NameTaken(Refused):
    """A theme of this name is there already."""

    code = "name_taken"
    default_message = "There is a theme of this name already."


def make_theme(name: str, parent: str, *, here: bool = False) -> Path:
    """Write a theme's folder; answers it. Raises NotAName, NameTaken, Refused without such a parent.

    It goes to the installation's own `themes/`, with `here` to the project's.
    """
    themes = installation().themes
    if not NAME.match(name):
        raise NotAName
    if not themes.has(parent):
        raise Refused(f"there is no theme {parent}; there are {', '.join(themes.all())}")
    folder = (ROOT if here else installation().config.instance) / "themes" / name
    if name == PANEL or folder.exists() or themes.has(name):
        raise NameTaken
    copy_filled(_TEMPLATES, folder, {"NAME": name, "TITLE": name.replace("_", " ").capitalize(), "PARENT": parent})
    return folder
