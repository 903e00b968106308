"""One variant's stock as its page shows it: every state at every location, its terms, and the kits it is in."""

from __future__ import annotations

from msgspec import Struct

from core.catalogue.services import stock, stock_kits, stock_reserves, stock_terms
from core.catalogue.services.carts import cart_variants
from core.catalogue.services.stock_terms import StockTerms
from core.hookspecs.site import Site
from core.kernel import db, i18n
from core.kernel.i18n import gettext as _
from core.kernel.installation import installation
from core.lib.errors import NotFound
from core.lib.languages import named
from core.panel.stock.services import STATES, Place, locations


class LevelOf(Struct, frozen=True, kw_only=True):
    """A location with its pieces in every state, in the order of STATES, and what may be promised beyond them."""

    place: Place
    pieces: tuple[int, ...]


class KeptFor(Struct, frozen=True, kw_only=True):
    """Pieces that nobody else can be promised; of another site they are shown, and changed there."""

    whose: str
    channel: str
    pieces: int
    is_here: bool


def kept_words(site_id: int, channel: str) -> str:
    """For whom something is kept, as its list says it."""
    known = {state.site.id: state.site.name for state in installation().sites.all()}
    site = known.get(site_id, str(site_id))
    return f"{channel} · {site}" if channel else site


class VariantStock(Struct, frozen=True, kw_only=True):
    """A variant with all that is known of its stock; `sellable` is how many of a kit the site can sell now."""

    id: int
    product_id: int
    sku: str
    name: str
    is_counted: bool
    kit_off: int | None
    levels: tuple[LevelOf, ...]
    terms: StockTerms
    parts: tuple[tuple[str, int], ...]
    sellable: int | None
    kits: tuple[tuple[int, str], ...]
    reserves: tuple[KeptFor, ...]


def variant_stock(site: Site, variant_id: int) -> VariantStock:
    """All of one variant; raises NotFound. Eight statements, of a kit nine."""
    row = db.one("SELECT product_id, sku, tracked, kit_off FROM variant WHERE id = ?", variant_id)
    if row is None:
        raise NotFound
    names: dict[str, str] = dict(
        db.rows("SELECT language, name FROM product_text WHERE product_id = ? AND site_id IS NULL ORDER BY id", row[0])
    )
    found = {
        at: tuple(int(number) for number in pieces)
        for at, *pieces in db.rows(
            f"SELECT location_id, {', '.join(stock.STATES)} FROM stock_level WHERE variant_id = ?", variant_id
        )
    }
    none = (0,) * len(stock.STATES)
    parts = stock_kits.kits_of([variant_id]).get(variant_id, {})
    skus: dict[int, str] = dict(
        db.rows(f"SELECT id, sku FROM variant WHERE id IN ({db.marks(tuple(parts))})", *parts)
    )  # fmt: skip
    return VariantStock(
        id=variant_id,
        product_id=row[0],
        sku=row[1],
        name=named(names, i18n.language()),
        is_counted=bool(row[2]),
        kit_off=row[3],
        levels=tuple(LevelOf(place=place, pieces=found.get(place.id, none)) for place in locations()),
        terms=stock_terms.stock_terms(site, [variant_id])[variant_id],
        parts=tuple((skus[part_id], pieces) for part_id, pieces in parts.items()),
        sellable=cart_variants(site, site.language, site.currency, [variant_id])[variant_id].left if parts else None,
        kits=tuple(
            (kit_id, sku)
            for kit_id, sku in db.rows(
                "SELECT v.id, v.sku FROM kit_part k JOIN variant v ON v.id = k.kit_id WHERE k.part_id = ?"
                " ORDER BY v.sku",
                variant_id,
            )
        ),
        reserves=tuple(
            KeptFor(
                whose=kept_words(one.site_id, one.channel),
                channel=one.channel,
                pieces=one.pieces,
                is_here=one.site_id == site.id,
            )
            for one in stock_reserves.reserves_of(variant_id)
        ),
    )


def states() -> list[tuple[str, str]]:
    """Every state of pieces with its words."""
    return [(state, str(STATES[state])) for state in stock.STATES]


def sku_of(variant_id: int) -> str:
    """What a variant is called on shelves."""
    return str(db.value("SELECT sku FROM variant WHERE id = ?", variant_id) or "")


def too_few(variant_id: int, location_id: int, state: str) -> str:
    """Why so many pieces cannot leave a state there: how many of them are free to. One statement."""
    taken = " - allocated - held" if state == "on_hand" else ""
    column = state if state in stock.STATES else "on_hand"
    sku, free = db.one(
        f"SELECT v.sku, COALESCE((SELECT {column}{taken} FROM stock_level l WHERE l.variant_id = v.id"
        " AND l.location_id = ?), 0) FROM variant v WHERE v.id = ?",
        location_id, variant_id,
    ) or ("", 0)  # fmt: skip
    if state == "on_hand":
        return _(
            "Only %(free)s of %(sku)s are free there. What is promised to orders and carts stays.",
            free=max(0, free), sku=sku,
        )  # fmt: skip
    words = str(STATES[column])
    return _("Only %(count)s of %(sku)s are there as “%(state)s”.", count=free, sku=sku, state=words)
