"""German for shoppers: a language pack, which is words alone."""

from __future__ import annotations

from core.api import Plugin

PLUGIN = Plugin(
    name="german",
    version="1.0.0",
    title="German",
    summary=("German for shoppers: the pages of the shop, its mails and documents, and the plugins of the house."),
    category="language",
    author="Stoa contributors",
    languages=("de",),
)
