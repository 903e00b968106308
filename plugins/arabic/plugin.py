"""Arabic for shoppers: a language pack, which is words alone."""

from __future__ import annotations

from core.api import Plugin

PLUGIN = Plugin(
    name="arabic",
    version="1.0.0",
    title="Arabic",
    summary=("Arabic for shoppers, right to left: the pages of the shop and its mails, and the plugins of the house."),
    category="language",
    author="Stoa contributors",
    languages=("ar",),
)
