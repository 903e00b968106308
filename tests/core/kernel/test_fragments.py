"""A piece of a page is the same text each time it is shown, however long it is."""

from __future__ import annotations

import pytest

PLUGIN = """
from markupsafe import Markup

from core.api import *
from core.kernel.fragments import kept_piece

VIEWS = Views("/pieces")
MADE = []

@VIEWS.get("/<int:times>")
@public
def show(times):
    def make():
        MADE.append(times)
        return Markup("<p>" + "Grüße · 你好 " * times + "</p>")

    shown = {str(kept_piece(("greeting", times), "EUR", make)) for _ in range(3)}
    return f"{len(MADE)} {' '.join(shown)}"

PLUGIN = Plugin(name="pieces", version="1", title="Pieces", shop=VIEWS)
"""


@pytest.mark.parametrize("times", [1, 1000])
def test_it_is_made_once_and_shown_as_it_was(write_plugin, turn_on, sites, browse, times: int) -> None:
    write_plugin("pieces", PLUGIN)
    turn_on("pieces")
    assert browse(sites[0], f"/pieces/{times}").text == f"1 <p>{'Grüße · 你好 ' * times}</p>"
    assert browse(sites[0], f"/pieces/{times}").text == f"1 <p>{'Grüße · 你好 ' * times}</p>"
