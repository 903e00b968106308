"""`./stoa plugin new`: a plugin that runs, with its settings, its words in Chinese, and tests that pass."""

from __future__ import annotations

from pathlib import Path

from core.kernel.config import ROOT
from core.kernel.installation import installation
from core.kernel.manifest import NAME
from core.lib.errors import Refused

KINDS = ("gateway", "carrier", "promotion", "content", "channel", "blank")
_TEMPLATES = Path(__file__).parent / "kinds"
_CATEGORY = {"gateway": "payment", "carrier": "delivery", "promotion": "promotion", "channel": "channel"}


class NotAName(Refused):
    """A plugin's name is also a folder, a module and the prefix of its tables."""

    code = "not_a_name"
    default_message = "A plugin's name is small letters, digits and underscores, such as gift_wrap."


class NameTaken(Refused):
    """A plugin of this name is there already."""

    code = "name_taken"
    default_message = "There is a plugin of this name already."


def make_plugin(name: str, kind: str, *, here: bool = False) -> Path:
    """Write a plugin folder from the templates of `kind`; answers the folder. Raises NotAName, NameTaken.

    It goes to the installation's own `plugins/`, with `here` to the project's.
    """
    if not NAME.match(name):
        raise NotAName
    folder = (ROOT / "plugins" if here else installation().config.plugins_path) / name
    if folder.exists() or name in installation().plugins.loaded:
        raise NameTaken
    words = {
        "NAME": name,
        "TITLE": name.replace("_", " ").capitalize(),
        "CLASS": "".join(part.capitalize() for part in name.split("_")),
        "CATEGORY": _CATEGORY.get(kind, "content"),
    }
    for source in (_TEMPLATES / "every", _TEMPLATES / kind):
        copy_filled(source, folder, words)
    return folder


def copy_filled(source: Path, folder: Path, words: dict[str, str]) -> None:
    """Copy the `.txt` files below `source` without that ending, with `@WORD@` filled in, in their names too."""
    for path in sorted(source.rglob("*.txt")):
        target = folder / _filled(str(path.relative_to(source).with_suffix("")), words)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_filled(path.read_text("utf-8"), words), "utf-8")


def _filled(text: str, words: dict[str, str]) -> str:
    for word, value in words.items():
        text = text.replace(f"@{word}@", value)
    return text
