"""A product as it was: found by walking the log back from now, and brought back by one save."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import groupby
from typing import Any

from msgspec import Struct, field

from core.catalogue.services import products
from core.catalogue.services.drafts import (
    ListingDraft,
    PriceDraft,
    ProductDraft,
    TextDraft,
    VariantDraft,
)
from core.hookspecs.site import Site
from core.kernel import db
from core.kernel.i18n import gettext as _
from core.lib import clock
from core.lib.errors import NotFound, Refused
from core.lib.money import Money
from core.panel.products.services import history
from core.panel.products.services.bulk_acts import public_prices
from core.panel.products.services.restoring_choices import leave_impossible, option_drafts

_MOST = 1000
_TEXT = ("name", "summary", "body_html", "seo_title", "seo_description")
_PLAIN = ("returns", "vendor", "tax_class")
_THINGS = ("option", "value", "variant")
_OF_VARIANTS = ("sku", "barcode", "weight_g", "active", "tracked", "needs_delivery", "media_id")
Price = tuple[int, str]


class Then(Struct):
    """What a product would be again. `changes` are (name in the log, now, then); `stays` cannot be brought back.

    `choices` are what variants chose (option to value, as codes) by their ids, where it differed; `elsewhere` are other
    sites that had something of their own changed. `added` are the SKUs of variants that came since: they stay, too,
    unless somebody wants them off sale (`newcomers`, those of them that are on sale now, by their ids).
    """

    product_id: int
    version: int
    changes: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    variants: dict[int, dict[str, Any]] = field(default_factory=dict)
    prices: dict[Price, list[list[Any]]] = field(default_factory=dict)
    skus: dict[int, str] = field(default_factory=dict)
    choices: dict[int, dict[str, str]] = field(default_factory=dict)
    stays: set[str] = field(default_factory=set)
    elsewhere: set[int] = field(default_factory=set)
    added: set[str] = field(default_factory=set)
    newcomers: dict[int, str] = field(default_factory=dict)

    def told(self) -> list[history.Change]:
        """The changes in words."""
        values = [{name: value[side] for name, value in self.changes.items()} for side in (0, 1)]
        say = history.Told([(*[None] * 6, *values)], self.product_id)
        return say.changes(values[0], values[1])


def then(site: Site, product_id: int, entry_id: int, *, may: Mapping[str, bool]) -> Then:
    """The product as it was right after an entry of its log. Raises NotFound, and Refused if that is too long ago.

    `may` says whether this person may change `shared` facts, `prices` and the `listing`; what they may not stays.
    """
    rows = db.rows(
        f"SELECT a.id, a.site_id, a.object, a.before, a.after FROM activity a WHERE {history.ABOUT} AND a.id >= ? ORDER"
        " BY a.id DESC LIMIT ?",
        f"product:{product_id}",
        product_id,
        entry_id,
        _MOST + 1,
    )
    if len(rows) > _MOST:
        raise Refused(_("Too much was changed since."))
    version = db.value("SELECT version FROM product WHERE id = ?", product_id)
    if not rows or rows[-1][0] != entry_id or version is None:
        raise NotFound
    known = db.rows("SELECT id, sku, active AND deleted_at IS NULL FROM variant WHERE product_id = ?", product_id)
    found = Then(
        product_id=product_id, version=int(version), skus={variant_id: sku for variant_id, sku, _on_sale in known}
    )
    walk = _Walk(found, {sku: variant_id for variant_id, sku, _on_sale in known}, may)
    for _id, site_id, thing, before, after in rows[:-1]:
        walk.step(thing, json.loads(before or "{}"), json.loads(after or "{}"), site_id if site_id != site.id else None)
    found.changes = {name: value for name, value in found.changes.items() if value[0] != value[1]}
    _leave_what_came(found)
    leave_impossible(found)
    found.newcomers = {variant_id: sku for variant_id, sku, on_sale in known if on_sale and sku in found.added}
    return found


def _leave_what_came(found: Then) -> None:
    """What was not there then stays: variants that were added, and options, since variants stand by them."""
    came = [name for name, value in found.changes.items() if value[1] is None and history.kind_of(name) in _THINGS]
    for name in came:
        del found.changes[name]
        if history.kind_of(name) == "variant":
            found.added.add(name.partition(" ")[2])
        else:
            found.stays.add(name)


class _Walk(Struct):
    """Goes back entry by entry. `ids` are the variants by the SKUs that they had then."""

    found: Then
    ids: dict[str, int]
    may: Mapping[str, bool]

    def step(self, thing: str, before: dict[str, Any], after: dict[str, Any], other: int | None) -> None:
        """One entry back; `other` is the site that made it, where it was not this one."""
        old_names = {after[name]: name[4:] for name in after if name.startswith("sku ")}
        for name in dict.fromkeys([*before, *after]):
            self._value(name, thing, before.get(name), after.get(name), old_names, other)
        moved = {old: self.ids.get(new, 0) for new, old in old_names.items()}
        self.ids = {sku: variant_id for sku, variant_id in self.ids.items() if sku not in old_names} | moved

    def _value(
        self, name: str, thing: str, old: Any, new: Any, old_names: Mapping[str, str], other: int | None
    ) -> None:
        kind, _space, rest = name.partition(" ")
        is_own = rest.endswith(", own)")
        local = kind in {"prices", "listing", "path"} or is_own
        area = {"prices": "prices", "listing": "listing"}.get(kind, "shared")
        if local and other is not None:
            self.found.elsewhere.add(other)
            return
        if not self.may[area]:
            self.found.stays.add(name)
        elif kind in {*_TEXT, *_PLAIN, "path", "categories", "pictures", "listing", "option", "value"}:
            self._note(name, old, new)
        elif kind in {*_OF_VARIANTS, "prices", "variant", "values"}:
            self._of_variant(kind, rest, thing, old, new, old_names)
        else:
            self.found.stays.add(name)

    def _of_variant(self, kind: str, sku: str, thing: str, old: Any, new: Any, old_names: Mapping[str, str]) -> None:
        if kind not in {
            "prices",
            "values",
        }:  # Which the log names by the SKU after the entry, all else by that before it.
            sku = next((after for after, before in old_names.items() if before == sku), sku)
        variant_id = int(thing[8:]) if thing.startswith("variant:") else self.ids.get(sku, 0)
        name = f"{kind} {self.found.skus.get(variant_id, sku)}"
        if variant_id not in self.found.skus and (kind, old) != ("variant", None):
            self.found.stays.add(name)
            return
        self._note(name, old, new)
        if kind == "prices":
            for currency in {row[0] for row in [*(old or ()), *(new or ())]}:
                self.found.prices[variant_id, currency] = [row for row in old or () if row[0] == currency]
        elif kind == "values":
            self.found.choices[variant_id] = dict(choice.split(":", 1) for choice in old or ())
        elif kind == "variant":
            if old is not None:
                self.found.variants.setdefault(variant_id, {})
        else:
            self.found.variants.setdefault(variant_id, {})[kind] = old

    def _note(self, name: str, old: Any, new: Any) -> None:
        present = self.found.changes[name][0] if name in self.found.changes else new
        self.found.changes[name] = (present, old)


def restore(
    site: Site, product_id: int, wanted: Then, version: int | None, actor: str, *, retire: bool = False
) -> products.Saved:
    """Bring a product back, all of it or nothing; with `retire` what was added since goes off sale with the same save.

    Raises as `update_product`. Commits.
    """
    gone = wanted.newcomers if retire else {}
    target = {name: value[1] for name, value in wanted.changes.items()}
    draft = ProductDraft(
        id=product_id,
        version=version,
        **{name: target[name] for name in _PLAIN if target.get(name) is not None},
        texts=_texts(target, own=False),
        drop_languages=tuple(_unnamed(target)),
        site_texts=_texts(target, own=True),
        options=option_drafts(product_id, target),
        category_ids=_present("category", target.get("categories")),
        media_ids=_present("media", target.get("pictures")),
        listing=_listing(target),
        variants=_variants(site, product_id, wanted, gone) or None,
        whole=False,
    )
    return products.update_product(site, product_id, draft, actor)


def _unnamed(target: Mapping[str, Any]) -> set[str]:
    """The languages in which nothing was said then."""
    named = (name[6:-1] for name, value in target.items() if value is None and name.startswith("name ("))
    return {language for language in named if not language.endswith(", own")}


def _texts(target: Mapping[str, Any], *, own: bool) -> dict[str, TextDraft]:
    words: dict[str, dict[str, str]] = {}
    for name, value in target.items():
        kind, _space, rest = name.partition(" ")
        if kind in _TEXT and rest.endswith(", own)") == own:
            words.setdefault(rest[1:-1].removesuffix(", own"), {})[kind] = value or ""
    gone = set() if own else _unnamed(target)
    return {tag: TextDraft(**said) for tag, said in words.items() if tag not in gone}


def _present(table: str, ids: list[int] | None) -> tuple[int, ...] | None:
    """Those that are still there, in their order; None: leave it as it is."""
    if ids is None:
        return None
    # Safe in SQL: the table is one of two words of this module.
    known = {row[0] for row in db.rows(f"SELECT id FROM {table} WHERE id IN ({db.marks(ids)})", *ids)}
    return tuple(one for one in ids if one in known)


def _listing(target: Mapping[str, Any]) -> ListingDraft | None:
    paths = {name[6:-1]: value for name, value in target.items() if name.startswith("path (") and value}
    place = target.get("listing")
    if place is None:
        return ListingDraft(paths=paths) if paths else None
    begin, end = (None if at is None else clock.instant(at) for at in place[2:])
    return ListingDraft(
        visible=bool(place[0]), position=place[1], publish_at=begin, withdraw_at=end, bounds=True, paths=paths
    )


def _variants(site: Site, product_id: int, wanted: Then, gone: Mapping[int, str]) -> tuple[VariantDraft, ...]:
    """The variants that change; of prices those in the currencies that changed, beside the others as they are.

    Those that are `gone` go off sale.
    """
    priced = {variant_id for variant_id, _currency in wanted.prices}
    present = {
        variant_id: [row[2:] for row in rows if (variant_id, row[2]) not in wanted.prices]
        for variant_id, rows in groupby(public_prices(site, product_id), key=lambda row: row[0])
        if variant_id in priced
    }
    drafts = []
    for variant_id in sorted({*wanted.variants, *wanted.choices, *priced, *gone}):
        facts = {**wanted.variants.get(variant_id, {}), **({"active": False} if variant_id in gone else {})}
        rows = [row for (owner, _currency), rows in wanted.prices.items() if owner == variant_id for row in rows]
        prices = tuple(price_draft(row) for row in [*present.get(variant_id, []), *rows])
        drafts.append(
            VariantDraft(
                sku=facts.pop("sku", None) or wanted.skus[variant_id],
                id=variant_id,
                prices=prices if variant_id in priced else None,
                every_currency=variant_id in priced,
                values=wanted.choices.get(variant_id),
                **facts,
            )
        )
    return tuple(drafts)


def price_draft(row: list[Any]) -> PriceDraft:
    """A price of the log: [currency, from_qty, starts, ends, amount, was]."""
    currency, from_qty, starts, ends, amount, was = row
    return PriceDraft(
        amount=Money(amount, currency),
        was=None if was is None else Money(was, currency),
        from_qty=from_qty,
        starts=None if starts is None else clock.instant(starts),
        ends=None if ends is None else clock.instant(ends),
    )
