"""`./stoa theme new` makes a theme that passes the check and is shown as it stands."""

from __future__ import annotations

import pytest

from core.kernel.installation import installation
from core.kernel.site_verbs import add_site
from core.lib.errors import Refused
from core.testing.themes import check_theme
from core.testing.themes.scaffold import NameTaken, NotAName, make_theme


@pytest.mark.parametrize("parent", ["plain", "lantern"])
def test_a_new_theme_is_whole_and_shown(app, instance, parent):
    folder = make_theme("north_pier", parent)
    assert folder == instance / "themes" / "north_pier"
    themes = installation().themes
    themes.forget()
    assert themes.get("north_pier").parent.name == parent
    assert check_theme(themes, "north_pier") == []
    texts = [path.read_text("utf-8") for path in folder.rglob("*.*") if path.is_file()]
    assert not any("@NAME@" in text or "@TITLE@" in text or "@PARENT@" in text for text in texts)
    site = add_site(host="pier.test", name="Pier", theme="north_pier", currency="EUR", country="DE")
    assert app.test_client().get("/", base_url=site.origin).status_code == 200


def test_a_name_is_a_folder_and_nobody_elses(app):
    for name in ("", "North", "../x", "9lives"):
        with pytest.raises(NotAName):
            make_theme(name, "plain")
    for name in ("plain", "panel"):
        with pytest.raises(NameTaken):
            make_theme(name, "plain")
    with pytest.raises(Refused, match="plain"):
        make_theme("north_pier", "gone")
