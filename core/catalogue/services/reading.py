"""What several pages read alike: cards and pictures from their rows."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from core.catalogue.services.card_data import rating_in
from core.catalogue.services.prices import instant_or_none
from core.catalogue.services.shapes import Picture, ShownCard, Swatch
from core.catalogue.services.words import spoken
from core.catalogue.services.writing import decoded
from core.lib import clock
from core.lib.money import Money

CARD_COLUMNS = (
    "c.product_id, c.name, c.path, c.summary, c.price, c.was, c.from_price, c.until, c.picture, c.swatches,"
    " c.available, c.low,"
    " c.variant_id, c.created_at, c.data"
)
_COLUMNS = CARD_COLUMNS.count(",") + 1


def shown_card(row: tuple[Any, ...], currency: str, on: tuple[str, ...]) -> ShownCard:
    """A card from a row that begins with CARD_COLUMNS, with what the plugins that are `on` say of it.

    Equal rows give the same card, so that what a page makes of it can be found again at once.
    """
    return _card(row[:_COLUMNS], currency, on)


@lru_cache(maxsize=2048)
def _card(row: tuple[Any, ...], currency: str, on: tuple[str, ...]) -> ShownCard:
    picture = decoded(row[8])
    data = {plugin: said for plugin, said in decoded(row[14]).items() if plugin in on}
    return ShownCard(
        product_id=row[0],
        name=row[1],
        path=row[2],
        summary=row[3],
        price=Money(row[4], currency),
        was=None if row[5] is None else Money(row[5], currency),
        from_price=bool(row[6]),
        until=instant_or_none(row[7]),
        picture=Picture(**picture) if picture else None,
        swatches=tuple(Swatch(**swatch) for swatch in decoded(row[9])),
        available=bool(row[10]),
        low=bool(row[11]),
        variant_id=row[12],
        created_at=clock.instant(row[13]),
        data=data,
        rating=rating_in(data) if data else None,
    )


def picture_of(row: tuple[Any, ...], language: str, fallback: str, name: str) -> Picture | None:
    """A picture from (id, name, mime, width, height, focal_x, focal_y, alt).

    None if there is none. `name` stands in for alt.
    """
    if row[0] is None:
        return None
    alt: Mapping[str, str] = decoded(row[7])
    return Picture(
        media_id=row[0],
        name=row[1],
        mime=row[2],
        width=row[3],
        height=row[4],
        focal_x=row[5],
        focal_y=row[6],
        alt=spoken(alt, language, fallback) or name,
    )
