"""Products as a whole: made, changed, put away and brought back; listed on a site."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import datetime

from msgspec import Struct

from core.catalogue.services.cards import Change, changing
from core.catalogue.services.drafts import ListingDraft, PriceDraft, ProductDraft
from core.catalogue.services.prices import Expected, PriceFact, current
from core.catalogue.services.saving import (
    Facet,
    Later,
    Saving,
    drop_texts,
    new_product,
    save_categories,
    save_columns,
    save_listing,
    save_media,
    save_texts,
    write_listing,
)
from core.catalogue.services.saving_choices import name_facets, save_attributes, save_options
from core.catalogue.services.saving_variants import (
    KnownVariant,
    SkuTaken,
    known_variants,
    price_row,
    replace_prices,
    save_variants,
)
from core.catalogue.services.writing import insert_rows, update
from core.hookspecs.site import Site
from core.kernel import activity, db
from core.lib import clock
from core.lib.errors import NotFound, Refused, Unfit
from core.lib.money import Money


class Stale(Refused):
    """Someone else saved the product since this edit began."""

    code = "stale"
    default_message = "Someone else has changed this meanwhile. Look at their changes, then save again."


class Saved(Struct, frozen=True, kw_only=True):
    """What a save did. Without a difference nothing was written and `version` is the old one."""

    product_id: int
    version: int
    created: bool
    changed: bool


# -- verbs -------------------------------------------------------------------------------------------------------------


def create_product(site: Site, draft: ProductDraft, actor: str) -> Saved:
    """Make a new product, listed on `site`. Raises SkuTaken, Unfit."""
    taken = known_variants(draft.variants or ())
    if draft.id is not None or taken:
        raise SkuTaken(taken[0].sku if taken else str(draft.id))
    return save_product(site, draft, actor)


def update_product(site: Site, product_id: int, draft: ProductDraft, actor: str) -> Saved:
    """Change the product with this id, also if it is archived.

    Raises NotFound, Stale, SkuTaken, StockPromised, Unfit.
    """
    if draft.id != product_id:
        raise ValueError("the draft names the product that it changes")
    return save_product(site, draft, actor)


def save_product(site: Site, draft: ProductDraft, actor: str) -> Saved:
    """Change the product that the draft means, or make it: its own transaction. Raises as `update_product`."""
    result = save_products(site, [draft], actor)[0]
    if isinstance(result, Refused):
        raise result
    return result


def save_products(
    site: Site,
    drafts: Sequence[ProductDraft],
    actor: str,
    *,
    reference: str = "",
    dry_run: bool = False,
    around: Callable[[list[Saved | Refused]], AbstractContextManager[object]] = nullcontext,
) -> list[Saved | Refused]:
    """Save many in one transaction, each all or not at all.

    A refused one is answered in its place and stops nobody else.

    For imports: some hundred at once, since others wait meanwhile. A `dry_run` answers the same and keeps nothing.
    `reference` is what the moves of stock are for. `around` is entered in the transaction before the first save and
    left behind the last one, with all results: what it writes is kept together with the products, or not at all.
    """
    known = known_variants([variant for draft in drafts for variant in draft.variants or ()])
    affected = {variant.product_id for variant in known} | {draft.id for draft in drafts if draft.id is not None}
    results: list[Saved | Refused] = []
    frame = changing(affected, _expected(site, drafts, known))
    with suppress(_TakenBack), frame as change, around(results):
        owners, waiting = _Owners(drafts), _Waiting()
        for draft in drafts:
            try:
                with db.db.atomic():
                    saved = _store(site, draft, actor, owners, waiting, reference)
            except Refused as refused:
                results.append(refused)
                continue
            results.append(saved)
            owners.learn(draft, saved)
            if saved.changed:
                change.products.add(saved.product_id)
        waiting.write()
        if dry_run:
            raise _TakenBack
    return results


class _Waiting:
    """Rows of the new products of a transaction, that are written together: a statement each would cost the most."""

    def __init__(self) -> None:
        self._rows: Later = {}
        self._facets: list[Facet] = []
        self._products: set[int] = set()

    def take(self, saving: Saving) -> None:
        """The rows of a product that was stored without a refusal."""
        for place, rows in saving.later.items():
            self._rows.setdefault(place, []).extend(rows)
        self._facets += saving.facets
        self._products.add(saving.product_id)

    def write_for(self, product_id: int | None) -> None:
        """Whoever changes a product that is new itself needs its rows."""
        if product_id in self._products:
            self.write()

    def write(self) -> None:
        """Write all, and wait for none any more."""
        for (table, columns, ending), rows in self._rows.items():
            insert_rows(table, columns, rows, ending)
        if self._facets:
            name_facets(self._facets)
        self.__init__()  # type: ignore[misc]


class _TakenBack(Exception):
    """Everything stored in the transaction is taken back."""


def _expected(site: Site, drafts: Sequence[ProductDraft], known: Sequence[KnownVariant]) -> Iterator[Expected]:
    """The prices that known variants will have, so that promotions are asked for before anything is stored."""
    by_id, by_sku = {variant.id: variant for variant in known}, {variant.sku: variant for variant in known}
    for draft in (variant for product in drafts for variant in product.variants or ()):
        variant = by_id.get(draft.id) if draft.id is not None else by_sku.get(draft.sku)
        if variant is not None:
            yield from _expected_of(site, variant.product_id, variant.id, draft.prices or ())


def _expected_of(site: Site, product_id: int, variant_id: int, prices: Sequence[PriceDraft]) -> Iterator[Expected]:
    now = clock.now_us()
    for currency in {price.amount.currency for price in prices}:
        facts = [PriceFact(*_fact(price)) for price in prices if price.amount.currency == currency]
        amount = current(facts, now).amount
        if amount is not None:
            yield Expected(site.id, product_id, variant_id, Money(amount, currency))


def _fact(price: PriceDraft) -> tuple[int, int | None, int | None, int, int | None]:
    starts, ends = (None if at is None else clock.micros(at) for at in (price.starts, price.ends))
    return price.from_qty, starts, ends, price.amount.amount, price.was.amount if price.was else None


def _store(site: Site, draft: ProductDraft, actor: str, owners: _Owners, waiting: _Waiting, reference: str) -> Saved:
    product_id = owners.find(draft)
    waiting.write_for(product_id)
    version = 0 if product_id is None else _check_version(product_id, draft.version)
    saving = Saving(
        site=site,
        actor=actor,
        product_id=new_product(draft) if product_id is None else product_id,
        is_new=product_id is None,
        whole=draft.whole,
        reason=draft.reason,
        reference=reference,
    )
    if product_id is not None:
        save_columns(saving, draft)
    save_texts(saving, draft.texts, None)
    drop_texts(saving, draft.drop_languages)
    save_texts(saving, draft.site_texts, site.id)
    save_variants(saving, draft.variants, save_options(saving, draft.options))
    save_attributes(saving, draft.attributes)
    save_categories(saving, draft.category_ids)
    save_media(saving, draft.media_ids)
    save_listing(saving, draft.listing)
    if saving.changed:
        _conclude(saving, version)
    waiting.take(saving)
    return Saved(
        product_id=saving.product_id, version=version + saving.changed, created=saving.is_new, changed=saving.changed
    )


class _Owners:
    """Which products have the SKUs of some drafts: read once in the transaction, and kept true while they are saved."""

    def __init__(self, drafts: Sequence[ProductDraft]) -> None:
        self._drafts = drafts
        self._read()

    def _read(self) -> None:
        known = known_variants([variant for draft in self._drafts for variant in draft.variants or ()])
        self._by_id = {variant.id: (variant.product_id, variant.sku) for variant in known}
        self._by_sku = {variant.sku: variant.product_id for variant in known}

    def find(self, draft: ProductDraft) -> int | None:
        """The product that is meant. Raises SkuTaken if the SKUs mean another one, or several."""
        owners: dict[int, str] = {}
        for variant in draft.variants or ():
            if variant.id in self._by_id:
                product_id, sku = self._by_id[variant.id]
                owners[product_id] = sku
            if variant.sku in self._by_sku:
                owners[self._by_sku[variant.sku]] = variant.sku
        if draft.id is not None:
            owners.pop(draft.id, None)
            if owners:
                raise SkuTaken(next(iter(owners.values())))
            return draft.id
        if len(owners) > 1:
            raise SkuTaken(list(owners.values())[-1])
        return next(iter(owners), None)

    def learn(self, draft: ProductDraft, saved: Saved) -> None:
        """What was saved belongs to its product from now on; a variant that was renamed may have set an SKU free."""
        for variant in draft.variants or ():
            if variant.id in self._by_id and self._by_id[variant.id][1] != variant.sku:
                self._read()
                return
            self._by_sku[variant.sku] = saved.product_id


def _check_version(product_id: int, edited: int | None) -> int:
    """The present version, its row held on PostgreSQL until the end. Raises NotFound, Stale."""
    lock = "" if db.is_sqlite() else " FOR UPDATE"
    version = db.value(f"SELECT version FROM product WHERE id = ?{lock}", product_id)
    if version is None:
        raise NotFound
    if edited is not None and edited != version:
        raise Stale
    return int(version)


def _conclude(saving: Saving, version: int) -> None:
    if not saving.is_new:
        update("product", saving.product_id, {"version": version + 1, "updated_at": clock.now_us()})
    activity.record(
        saving.actor,
        "product.created" if saving.is_new else "product.changed",
        f"product:{saving.product_id}",
        title=saving.names[0].name if saving.is_new and saving.names else _title(saving.product_id),
        site_id=saving.site.id,
        before=saving.before,
        after=saving.after,
    )


def _title(product_id: int) -> str:
    return str(db.value("SELECT name FROM product_text WHERE product_id = ? ORDER BY id LIMIT 1", product_id) or "")


# -- single facts ------------------------------------------------------------------------------------------------------


def set_prices(site: Site, variant_id: int, prices: tuple[PriceDraft, ...], actor: str) -> None:
    """All public prices of a variant on a site, in the currencies of `prices`.

    None takes all away. Raises NotFound, Unfit.
    """
    product_id = _product_of(variant_id)
    for price in prices:
        price_row(price)
    with changing([product_id], _expected_of(site, product_id, variant_id, prices)) as change:
        for before, after in replace_prices(site.id, {variant_id: prices}).values():
            sku = db.value("SELECT sku FROM variant WHERE id = ?", variant_id)
            activity.record(
                actor,
                "price.changed",
                f"variant:{variant_id}",
                title=sku,
                site_id=site.id,
                before={"prices": before},
                after={"prices": after},
            )
            _raise_version(product_id, change)


def _product_of(variant_id: int) -> int:
    product_id = db.value("SELECT product_id FROM variant WHERE id = ? AND deleted_at IS NULL", variant_id)
    if product_id is None:
        raise NotFound
    return int(product_id)


def set_listing(
    site: Site,
    product_id: int,
    *,
    visible: bool,
    actor: str,
    position: int = 0,
    publish_at: datetime | None = None,
    withdraw_at: datetime | None = None,
    version: int | None = None,
) -> int:
    """Whether, where and from when to when a product stands on a site. Answers its new version.

    `version` is the one that was looked at. Raises NotFound, Stale, Unfit.
    """
    if publish_at is not None and withdraw_at is not None and publish_at >= withdraw_at:
        raise Unfit({"withdraw_at": "The end comes before the beginning."})
    after = (visible, position, *(None if at is None else clock.micros(at) for at in (publish_at, withdraw_at)))
    with changing([product_id]) as change:
        old = db.one(
            "SELECT visible, position, publish_at, withdraw_at FROM listing WHERE site_id = ? AND product_id = ?",
            site.id,
            product_id,
        )
        raised = _raise_version(product_id, change, version)
        write_listing(site.id, product_id, after)
        saving = Saving(site=site, actor=actor, product_id=product_id, is_new=False, whole=True)
        save_listing(saving, ListingDraft())
        activity.record(
            actor,
            "listing.changed",
            f"product:{product_id}",
            title=_title(product_id),
            site_id=site.id,
            before={"listing": list(old) if old else None},
            after={"listing": list(after)},
        )
    return raised


def archive_product(product_id: int, actor: str, version: int | None = None) -> int:
    """Take a product off every site; `restore_product` brings it back as it was. Answers its new version.

    Raises NotFound, and Stale if it is no longer of this `version`.
    """
    return _set_deleted(product_id, clock.now_us(), "product.archived", actor, version)


def restore_product(product_id: int, actor: str, version: int | None = None) -> int:
    """Bring an archived product back. Answers its new version. Raises as `archive_product`."""
    return _set_deleted(product_id, None, "product.restored", actor, version)


def _set_deleted(product_id: int, at: int | None, verb: str, actor: str, version: int | None) -> int:
    with changing([product_id]) as change:
        raised = _raise_version(product_id, change, version)
        update("product", product_id, {"deleted_at": at})
        activity.record(actor, verb, f"product:{product_id}", title=_title(product_id))
    return raised


def _raise_version(product_id: int, change: Change, edited: int | None = None) -> int:
    version = _check_version(product_id, edited) + 1
    update("product", product_id, {"version": version, "updated_at": clock.now_us()})
    change.products.add(product_id)
    return version
