"""Variants of a product from its draft: rows, values, prices and stock."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from core.catalogue.services.drafts import PriceDraft, VariantDraft
from core.catalogue.services.saving import Saving
from core.catalogue.services.saving_choices import Option, told_choice
from core.catalogue.services.stock import apply_moves, ensure_level
from core.catalogue.services.stock_counts import change_backorder_limit, count_moves, first_location
from core.catalogue.services.stock_kits import reprice_kits
from core.catalogue.services.writing import insert, insert_all, insert_rows, update
from core.kernel import db
from core.lib import clock
from core.lib.errors import Refused, Unfit


class SkuTaken(Refused):
    """Another product has this SKU, or had it."""

    code = "sku_taken"
    default_message = "Another product has the SKU %(sku)s."

    def __init__(self, sku: str) -> None:
        super().__init__(field="sku", sku=sku)
        self.sku = sku


class KnownVariant(NamedTuple):
    """A stored variant, deleted ones included."""

    id: int
    product_id: int
    sku: str
    barcode: str
    position: int
    weight_g: int
    tracked: bool
    needs_delivery: bool
    active: bool
    media_id: int | None
    deleted_at: int | None


_DEFAULTS: Mapping[str, object] = {
    "barcode": "",
    "weight_g": 0,
    "tracked": False,
    "needs_delivery": True,
    "active": True,
    "media_id": None,
}
_SELECT = f"SELECT {', '.join(KnownVariant._fields)} FROM variant"


def known_variants(drafts: Sequence[VariantDraft]) -> list[KnownVariant]:
    """The stored variants that drafts mean, by id or SKU."""
    skus, ids = [draft.sku for draft in drafts], [draft.id for draft in drafts if draft.id is not None]
    return _known(f"{_SELECT} WHERE sku IN ({db.marks(skus)}) OR id IN ({db.marks(ids)})", *skus, *ids)


def _known(sql: str, *params: object) -> list[KnownVariant]:
    found = (KnownVariant(*row) for row in db.rows(sql, *params))
    # SQLite answers booleans as numbers.
    return [
        old._replace(tracked=bool(old.tracked), needs_delivery=bool(old.needs_delivery), active=bool(old.active))
        for old in found
    ]


def save_variants(saving: Saving, drafts: tuple[VariantDraft, ...] | None, options: Sequence[Option]) -> None:
    """Bring the variants to their drafts. Those that a whole draft does not name are deleted; their SKUs stay taken."""
    if drafts is None:
        return
    _check(drafts)
    known = (
        {}
        if saving.is_new
        else {v.id: v for v in _known(f"{_SELECT} WHERE product_id = ? ORDER BY position, id", saving.product_id)}
    )
    by_sku = {variant.sku: variant for variant in known.values()}
    _free_skus(drafts, known)
    ids: dict[int, VariantDraft] = {}
    new = _new_rows(saving, drafts) if saving.is_new else {}
    ids |= {new[draft.sku]: draft for draft in drafts if new}
    for index, draft in enumerate(() if saving.is_new else drafts):
        old = known.get(draft.id) if draft.id is not None else by_sku.get(draft.sku)
        ids[_save_row(saving, draft, old, index if saving.whole else len(known) + index)] = draft
    for gone in [
        variant for variant in known.values() if variant.id not in ids and saving.whole and variant.deleted_at is None
    ]:
        update("variant", gone.id, {"deleted_at": clock.now_us()})
        saving.note(f"variant {gone.sku}", gone.sku, None)
    _save_values(saving, ids, options)
    _save_prices(saving, ids)
    _save_stock(saving, ids)


def _check(drafts: Sequence[VariantDraft]) -> None:
    skus = [draft.sku for draft in drafts]
    if any(not sku.strip() for sku in skus):
        raise Unfit({"sku": "Every variant needs an SKU."})
    if len(set(skus)) < len(skus):
        raise Unfit({"sku": "Two variants have the same SKU."})


def _free_skus(drafts: Sequence[VariantDraft], known: Mapping[int, KnownVariant]) -> None:
    """Let variants exchange their SKUs: those that are passed on are set aside first. Raises SkuTaken.

    An SKU of the product's own that is not given up, be it a deleted variant's, stays taken.
    """
    renamed = {
        draft.id: draft.sku
        for draft in drafts
        if draft.id is not None and draft.id in known and known[draft.id].sku != draft.sku
    }
    owners = {variant.sku: variant.id for variant in known.values()}
    for sku in renamed.values():
        owner = owners.get(sku)
        if owner is not None and owner not in renamed:
            raise SkuTaken(sku)
        if owner is not None:
            update("variant", owner, {"sku": f"\x7f{owner}"})


def _new_rows(saving: Saving, drafts: Sequence[VariantDraft]) -> dict[str, int]:
    """All variants of a new product, by one statement; answers their ids by SKU."""
    for draft in drafts:
        saving.note(f"variant {draft.sku}", None, draft.sku)
    return insert_all("variant", "sku", [_new_row(saving, draft, place) for place, draft in enumerate(drafts)])


def _new_row(saving: Saving, draft: VariantDraft, position: int) -> dict[str, object]:
    wanted = {name: getattr(draft, name) for name in _DEFAULTS}
    if draft.stock is not None and draft.tracked is None:
        wanted["tracked"] = True
    columns = {name: default if wanted[name] is None else wanted[name] for name, default in _DEFAULTS.items()}
    return {"product_id": saving.product_id, "sku": draft.sku, "position": position, **columns}


def _save_row(saving: Saving, draft: VariantDraft, old: KnownVariant | None, position: int) -> int:
    if old is None:
        saving.note(f"variant {draft.sku}", None, draft.sku)
        return insert("variant", _new_row(saving, draft, position))
    wanted = {name: getattr(draft, name) for name in _DEFAULTS}
    if draft.stock is not None and draft.tracked is None:
        wanted["tracked"] = True
    changes = {name: value for name, value in wanted.items() if value is not None and value != getattr(old, name)}
    if draft.sku != old.sku:
        changes["sku"] = draft.sku
    if saving.whole and position != old.position:
        changes["position"] = position
    if old.deleted_at is not None:
        changes["deleted_at"] = None
    if changes:
        update("variant", old.id, changes)
        for name, value in changes.items():
            if name == "deleted_at":
                saving.note(f"variant {old.sku}", None, old.sku)
            else:
                saving.note(f"{name} {old.sku}", getattr(old, name), value)
    return old.id


def _save_values(saving: Saving, ids: Mapping[int, VariantDraft], options: Sequence[Option]) -> None:
    wanted = {
        variant_id: _values(draft.values, options) for variant_id, draft in ids.items() if draft.values is not None
    }
    old: dict[int, dict[int, int]] = {variant_id: {} for variant_id in wanted}
    if not saving.is_new:
        for variant_id, option_id, value_id in db.rows(
            f"SELECT variant_id, option_id, value_id FROM variant_value WHERE variant_id IN"
            f" ({db.marks(tuple(wanted))})",
            *wanted,
        ):
            old[variant_id][option_id] = value_id
    changed = [variant_id for variant_id in wanted if wanted[variant_id] != old[variant_id]]
    for variant_id in changed:
        if old[variant_id]:
            db.execute("DELETE FROM variant_value WHERE variant_id = ?", variant_id)
    codes = {value.id: told_choice(option.code, value.code) for option in options for value in option.values}
    for variant_id in changed:
        before, after = ([codes[value_id] for value_id in side[variant_id].values()] for side in (old, wanted))
        saving.note(f"values {ids[variant_id].sku}", sorted(before), sorted(after))
    rows = [
        (variant_id, option_id, value_id)
        for variant_id in changed
        for option_id, value_id in wanted[variant_id].items()
    ]
    saving.put("variant_value", ("variant_id", "option_id", "value_id"), rows)


def _values(values: Mapping[str, str], options: Sequence[Option]) -> dict[int, int]:
    """Option and value ids of codes or names. Raises Unfit for one that the product does not have."""
    found: dict[int, int] = {}
    for option_word, value_word in values.items():
        option = next((o for o in options if option_word == o.code or option_word in o.names.values()), None)
        value = option.find(value_word) if option else None
        if option is None or value is None:
            raise Unfit({"values": "A variant has a value that is not among the options."})
        found[option.id] = value.id
    return found


# -- prices ------------------------------------------------------------------------------------------------------------

_PRICE = ("currency", "from_qty", "starts", "ends", "amount", "was")


def _save_prices(saving: Saving, ids: Mapping[int, VariantDraft]) -> None:
    wanted = {variant_id: draft.prices for variant_id, draft in ids.items() if draft.prices is not None}
    whole = {variant_id for variant_id in wanted if ids[variant_id].every_currency}
    found = replace_prices(saving.site.id, wanted, fresh=saving.is_new, whole=whole, put=saving.put)
    for variant_id, (before, after) in found.items():
        saving.note(f"prices {ids[variant_id].sku}", before, after)


def replace_prices(
    site_id: int,
    wanted: Mapping[int, tuple[PriceDraft, ...]],
    *,
    fresh: bool = False,
    whole: Collection[int] = (),
    put: Callable[[str, tuple[str, ...], list[tuple[object, ...]]], None] = insert_rows,
) -> dict[int, tuple[list[object], list[object]]]:
    """Part of a verb: these public prices instead of those there are in their currencies; none: take all away.

    Of the variants in `whole` those in other currencies go too. Answers (before, after) of the variants where something
    differed. Raises Unfit. `fresh`: there are none before. `put` takes the new rows.
    """
    rows = {variant_id: [price_row(price) for price in prices] for variant_id, prices in wanted.items()}
    old: dict[int, list[tuple[object, ...]]] = {variant_id: [] for variant_id in rows}
    if not fresh:
        for variant_id, *price in db.rows(
            f"SELECT variant_id, {', '.join(_PRICE)} FROM price WHERE site_id = ? AND list IS NULL AND variant_id IN"
            f" ({db.marks(tuple(rows))})",
            site_id,
            *rows,
        ):
            old[variant_id].append(tuple(price))
    changed: dict[int, tuple[list[object], list[object]]] = {}
    fresh_rows: list[tuple[object, ...]] = []
    for variant_id, new in rows.items():
        currencies = {row[0] for row in new}
        replaced = [row for row in old[variant_id] if row[0] in currencies or not new or variant_id in whole]
        if sorted(map(repr, replaced)) == sorted(map(repr, new)):
            continue
        for currency in {row[0] for row in replaced}:
            db.execute(
                "DELETE FROM price WHERE site_id = ? AND variant_id = ? AND currency = ? AND list IS NULL",
                site_id,
                variant_id,
                currency,
            )
        fresh_rows += [(site_id, variant_id, None, *row) for row in new]
        changed[variant_id] = (list(replaced), list(new))
    put("price", ("site_id", "variant_id", "list", *_PRICE), fresh_rows)
    if not fresh:
        reprice_kits(changed)
    return changed


def price_row(price: PriceDraft) -> tuple[object, ...]:
    """The columns of a price. Raises Unfit if it cannot be one."""
    amount, was = price.amount, price.was
    if amount.amount < 0 or price.from_qty < 1:
        raise Unfit({"price": "A price is 0 or more, for 1 piece or more."})
    if was is not None and was <= amount:
        raise Unfit({"was": "The price before must be higher than the price."})
    if price.starts is not None and price.ends is not None and price.starts >= price.ends:
        raise Unfit({"ends": "The price ends before it starts."})
    starts, ends = (None if at is None else clock.micros(at) for at in (price.starts, price.ends))
    return amount.currency, price.from_qty, starts, ends, amount.amount, None if was is None else was.amount


# -- stock -------------------------------------------------------------------------------------------------------------


def _save_stock(saving: Saving, ids: Mapping[int, VariantDraft]) -> None:
    counted = {variant_id: draft.stock for variant_id, draft in ids.items() if draft.stock is not None}
    limits = {
        variant_id: draft.backorder_limit for variant_id, draft in ids.items() if draft.backorder_limit is not None
    }
    tracked = {variant_id for variant_id, draft in ids.items() if draft.tracked}
    if not counted and not limits and not tracked:
        return
    location_id = first_location()
    # A higher limit makes room for what a lower count still owes.
    for variant_id, limit in sorted(limits.items()):
        if change_backorder_limit(variant_id, location_id, limit):
            saving.note(f"backorders {ids[variant_id].sku}", None, limit)
    moves = count_moves(counted, location_id, fresh=saving.is_new, reference=saving.reference)
    apply_moves(moves, saving.actor, saving.reason)
    _make_levels({*counted, *tracked} - {move.variant_id for move in moves}, location_id)
    for move in moves:
        saving.note(
            f"stock {ids[move.variant_id].sku}", counted[move.variant_id] - move.on_hand, counted[move.variant_id]
        )


def _make_levels(variant_ids: Collection[int], location_id: int) -> None:
    """A counted variant has a level, be it an empty one: what runs low is looked for among levels."""
    if not variant_ids:
        return
    for (variant_id,) in db.rows(
        f"SELECT v.id FROM variant v WHERE v.id IN ({db.marks(tuple(variant_ids))}) AND v.tracked"
        " AND NOT EXISTS (SELECT 1 FROM stock_level s WHERE s.variant_id = v.id) ORDER BY v.id",
        *variant_ids,
    ):
        ensure_level(variant_id, location_id)
