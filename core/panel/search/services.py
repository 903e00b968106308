"""A search that staff try: how its words are cut, who answers, and where the words stand in what is found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from core.catalogue.services.search import search_cards
from core.catalogue.services.search_asking import ask, found_ids
from core.catalogue.services.search_leads import Lead, lead_of
from core.catalogue.services.search_texts import SearchText, search_texts
from core.catalogue.services.shapes import ListingQuery
from core.hookspecs.site import SearchQuery
from core.kernel import i18n
from core.kernel.i18n import lazy
from core.kernel.installation import installation
from core.kernel.sites import SiteState
from core.lib.spelling import singular
from core.lib.text import fold, words

_SHOWN = 10
# The parts of a product that are searched, as people call them.
_PLACES: tuple[tuple[str, Any], ...] = (
    ("name", lazy("Name")),
    ("sounds", lazy("Sound of the name")),
    ("skus", lazy("SKU")),
    ("summary", lazy("In one sentence")),
    ("vendor", lazy("Maker or supplier")),
    ("categories", lazy("Categories")),
    ("attributes", lazy("Facts and options")),
    ("body", lazy("Description")),
)


class Hit(Struct, frozen=True, kw_only=True):
    """A product that was found. `why` are (piece, places where it stands); without places the engine knows why."""

    product_id: int
    name: str
    why: Sequence[tuple[str, Sequence[str]]]


class Trial(Struct, frozen=True, kw_only=True):
    """What a search does. `engine` is the plugin's title, empty for core's own search."""

    words: str
    language: str
    pieces: Sequence[str]
    engine: str
    total: int
    hits: Sequence[Hit]
    suggestion: str
    lead: Lead | None


def try_search(state: SiteState, language: str, text: str) -> Trial:
    """Search as a shopper does who reads `language`; nothing is counted."""
    site, query = state.site, SearchQuery(text=text, language=language)
    ranked, lead = ask(state, query), lead_of(site, text)
    listing = ListingQuery(limit=_SHOWN)
    found = search_cards(site, language, site.currency, text, listing, found_ids(state, query, ranked))
    pieces = list(dict.fromkeys(words(text))) if ranked is not None else fold(text).split()
    sought = list(dict.fromkeys([*pieces, *words(lead.also)])) if lead else pieces
    told = {one.product_id: one for one in search_texts(site, language, [card.product_id for card in found.cards])}
    return Trial(
        words=text,
        language=language,
        pieces=pieces,
        engine=_engine(state) if ranked is not None else "",
        total=found.total,
        hits=[
            Hit(
                product_id=card.product_id,
                name=card.name,
                why=[(piece, _places(piece, told[card.product_id])) for piece in sought if card.product_id in told],
            )
            for card in found.cards
        ],
        suggestion=ranked.suggestion if ranked is not None else "",
        lead=lead,
    )


def _engine(state: SiteState) -> str:
    name = next(iter(state.hooks.answering("site_search")), "")
    loaded = installation().plugins.loaded.get(name)
    return i18n.of_plugin(name, loaded.plugin.title) if loaded else name


def _places(piece: str, text: SearchText) -> list[str]:
    """Where a piece stands: as a word, in another form, or inside a longer one."""
    found = []
    for name, title in _PLACES:
        said = getattr(text, name)
        folded = fold(said if isinstance(said, str) else " ".join(said))
        if piece in folded or singular(piece) in map(singular, words(folded)):
            found.append(str(title))
    return found
