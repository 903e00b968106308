"""What can be done to many products, each act for one of them: on the version that was looked at, and back again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from core.catalogue.services import products
from core.catalogue.services.drafts import PriceDraft, ProductDraft, VariantDraft
from core.hookspecs.site import Site
from core.kernel import db, i18n
from core.kernel.i18n import gettext as _
from core.kernel.i18n import lazy
from core.lib import clock
from core.lib.errors import Refused
from core.lib.money import Money, exponent

Choice = Mapping[str, Any]


class Subject(Struct, frozen=True, kw_only=True):
    """One product on one site, at the version that was looked at, and who acts."""

    site: Site
    product_id: int
    version: int
    actor: str


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of it in words. `before` is what an undo brings back; None: it was so already, nothing was stored."""

    text: str
    before: Any = None
    version: int = 0


class Act(Struct, frozen=True, kw_only=True):
    """An act with the permission it needs, what it does, and how it is taken back.

    `look` says what it would do to many products now, in words for each; it asks the database once. `end` takes it
    back where it ends by itself, also if something else of the product was changed since; it answers what it did.
    """

    title: Any
    permission: str
    do: Callable[[Subject, Choice], Outcome]
    undo: Callable[[Subject, Any], object]
    look: Callable[[Site, Sequence[int], Choice], Mapping[int, str]] | None = None
    end: Callable[[Subject, Any, Choice], str] | None = None


# -- on this site ------------------------------------------------------------------------------------------------------


def _publish(subject: Subject, _choice: Choice) -> Outcome:
    """List it now: a beginning that is still to come and an end that has passed are let go of."""
    now = clock.now_us()
    found = _listing(subject)
    _visible, position, publish_at, withdraw_at = found or (False, 0, None, None)
    begin = None if publish_at is None or publish_at > now else publish_at
    end = None if withdraw_at is None or withdraw_at <= now else withdraw_at
    return _place(subject, found, (True, position, begin, end), _("Listed on %(site)s.", site=subject.site.name))


def _hide(subject: Subject, _choice: Choice) -> Outcome:
    found = _listing(subject)
    wanted = (False, *(found or (False, 0, None, None))[1:])
    return _place(subject, found or wanted, wanted, _("Hidden on %(site)s.", site=subject.site.name))


def _schedule(subject: Subject, choice: Choice) -> Outcome:
    """List it from and until the chosen instants; one that was left out stays as it is."""
    found = _listing(subject)
    _visible, position, publish_at, withdraw_at = found or (False, 0, None, None)
    begin, end = choice["begin"] or publish_at, choice["end"] or withdraw_at
    if begin is not None and end is not None and end <= begin:
        raise Refused(_("It would end before it begins."))
    told = []
    if begin is not None:
        told.append(_("Listed from %(when)s.", when=i18n.when(clock.instant(begin), "short")))
    if end is not None:
        told.append(_("Hidden from %(when)s.", when=i18n.when(clock.instant(end), "short")))
    return _place(subject, found, (True, position, begin, end), " ".join(told))


def _place(subject: Subject, found: tuple[Any, ...] | None, wanted: tuple[Any, ...], text: str) -> Outcome:
    if found == wanted:
        return Outcome(text=_("It was so already."))
    return Outcome(text=text, before=found or [False, 0, None, None], version=_put(subject, wanted))


def _put(subject: Subject, place: Any) -> int:
    visible, position, publish_at, withdraw_at = place
    return products.set_listing(
        subject.site,
        subject.product_id,
        visible=bool(visible),
        position=position,
        publish_at=None if publish_at is None else clock.instant(publish_at),
        withdraw_at=None if withdraw_at is None else clock.instant(withdraw_at),
        actor=subject.actor,
        version=subject.version,
    )


def _listing(subject: Subject) -> tuple[Any, ...] | None:
    row = db.one(
        "SELECT visible, position, publish_at, withdraw_at FROM listing WHERE site_id = ? AND product_id = ?",
        subject.site.id,
        subject.product_id,
    )
    return (bool(row[0]), *row[1:]) if row else None


# -- prices ------------------------------------------------------------------------------------------------------------


def _reprice(subject: Subject, choice: Choice) -> Outcome:
    """Raise or lower every public price here; an amount counts in the site's own currency alone."""
    found = public_prices(subject.site, subject.product_id)
    after = _after(subject.site, found, choice)
    if after == found:
        return Outcome(text=_("It was so already."))
    return Outcome(text=_told(found, after), before=found, version=_set_prices(subject, after))


def _look_at_prices(site: Site, product_ids: Sequence[int], choice: Choice) -> dict[int, str]:
    """Every price before and after, or why there would be none."""
    known, said = prices_of(site, product_ids), {}
    for product_id in product_ids:
        found = known.get(product_id, [])
        try:
            after = _after(site, found, choice)
        except Refused as refusal:
            said[product_id] = i18n.say(refusal)
        else:
            said[product_id] = _("Stays as it is.") if after == found else i18n.clauses(_changes(found, after))
    return said


def _after(site: Site, found: list[list[Any]], choice: Choice) -> list[list[Any]]:
    """Public prices as they are after `choice`. Raises Refused."""
    if not found:
        raise Refused(_("It has no price here."))
    return [[*row[:6], *_new_price(site, row[2], row[6], row[7], choice)] for row in found]


def repriced(amount: int, currency: str, choice: Choice) -> int:
    """An amount in minor units after `choice`: `by` percent (hundredths) or amount, and the `ending` that is wanted."""
    unit, value = int(10 ** exponent(currency)), int(choice["value"])
    raised = amount + value if choice["by"] == "amount" else (amount * (10_000 + value) * 2 + 10_000) // 20_000
    if choice.get("ending") and unit > 1 and raised > 0:
        whole = max((raised * 2 + unit) // (2 * unit) * unit, unit)
        return whole if choice["ending"] == "00" else whole - 1
    return raised


def _new_price(site: Site, currency: str, amount: int, was: int | None, choice: Choice) -> tuple[int, int | None]:
    if choice["by"] == "amount" and currency != site.currency:
        return amount, was
    new = repriced(amount, currency, choice)
    if new < 0:
        raise Refused(_("A price would fall below zero."))
    if choice.get("was") and new < amount:
        was = max(was or 0, amount)
    return new, was if was is not None and was > new else None


def public_prices(site: Site, product_id: int) -> list[list[Any]]:
    """[variant, SKU, currency, from_qty, starts, ends, amount, was] of every public price of a product on a site."""
    return prices_of(site, [product_id]).get(product_id, [])


def prices_of(site: Site, product_ids: Sequence[int]) -> dict[int, list[list[Any]]]:
    """The same of many products. One statement."""
    found: dict[int, list[list[Any]]] = {}
    for product_id, *row in db.rows(
        "SELECT v.product_id, v.id, v.sku, p.currency, p.from_qty, p.starts, p.ends, p.amount, p.was FROM price p"
        f" JOIN variant v ON v.id = p.variant_id WHERE v.product_id IN ({db.marks(product_ids)}) AND v.deleted_at IS"
        " NULL AND p.site_id = ? AND p.list IS NULL ORDER BY v.position, v.id, p.currency, p.id",
        *product_ids,
        site.id,
    ):
        found.setdefault(product_id, []).append(row)
    return found


def _end_prices(subject: Subject, before: list[list[Any]], choice: Choice) -> str:
    """Bring back `before` wherever a price is still what `choice` made of it. Raises Refused where none is, Stale."""
    made = {_price_key(row): row[6:] for row in _after(subject.site, before, choice)}
    was = {_price_key(row): row[6:] for row in before}
    for last in (False, False, True):
        version = db.value("SELECT version FROM product WHERE id = ?", subject.product_id) or 0
        found = public_prices(subject.site, subject.product_id)
        after = [[*row[:6], *_back(row, made, was)] for row in found]
        if after == found:
            break
        try:
            _set_prices(replace(subject, version=version), after)
        except products.Stale:
            if last:
                raise
            continue
        rest = any(was.get(_price_key(row), row[6:]) != row[6:] for row in after)
        return _told(found, after) + (f" {_('What was changed since stays.')}" if rest else "")
    if all(was.get(_price_key(row), row[6:]) == row[6:] for row in found):
        return _("It is as it was before.")
    raise Refused(_("Its prices were changed since, so they stay."))


def _price_key(row: Sequence[Any]) -> tuple[Any, ...]:
    """Which price of a product it is: variant, currency, from how many, and its own span."""
    return (row[0], *row[2:6])


def _back(row: Sequence[Any], made: Mapping[Any, Sequence[Any]], was: Mapping[Any, Sequence[Any]]) -> Sequence[Any]:
    key = _price_key(row)
    return was[key] if made.get(key) == row[6:] else row[6:]


def _set_prices(subject: Subject, rows: list[list[Any]]) -> int:
    variants = tuple(
        VariantDraft(id=key[0], sku=key[1], prices=tuple(_draft(row) for row in group), every_currency=True)
        for key, group in groupby(rows, key=lambda row: (row[0], row[1]))
    )
    return _save(subject, ProductDraft(id=subject.product_id, version=subject.version, variants=variants, whole=False))


def _draft(row: list[Any]) -> PriceDraft:
    currency, from_qty, starts, ends, amount, was = row[2:]
    return PriceDraft(
        amount=Money(amount, currency),
        was=None if was is None else Money(was, currency),
        from_qty=from_qty,
        starts=None if starts is None else clock.instant(starts),
        ends=None if ends is None else clock.instant(ends),
    )


def _told(before: list[list[Any]], after: list[list[Any]]) -> str:
    """The first change in full, and how many more there are."""
    first, *others = _changes(before, after)
    more = len(others)
    return (
        first if not more else i18n.ngettext("%(first)s and %(n)s more", "%(first)s and %(n)s more", more, first=first)
    )


def _changes(before: list[list[Any]], after: list[list[Any]]) -> list[str]:
    """Every change in words, the same one said once."""
    pairs = [(old[2], old[6], new[6]) for old, new in zip(before, after, strict=True) if old != new]
    return [
        f"{i18n.money(Money(old, currency))} → {i18n.money(Money(new, currency))}"
        for currency, old, new in dict.fromkeys(pairs)
    ]


# -- what all sites share ----------------------------------------------------------------------------------------------


def _into_category(subject: Subject, choice: Choice) -> Outcome:
    return _categories(subject, lambda now: now | {choice["category"]}, _("Added to the category."))


def _out_of_category(subject: Subject, choice: Choice) -> Outcome:
    return _categories(subject, lambda now: now - {choice["category"]}, _("Taken out of the category."))


def _categories(subject: Subject, change: Callable[[set[int]], set[int]], text: str) -> Outcome:
    found = db.rows("SELECT category_id FROM product_category WHERE product_id = ?", subject.product_id)
    before = {row[0] for row in found}
    wanted = change(before)
    if wanted == before:
        return Outcome(text=_("It was so already."))
    return Outcome(text=text, before=sorted(before), version=_set_categories(subject, sorted(wanted)))


def _set_categories(subject: Subject, ids: list[int]) -> int:
    draft = ProductDraft(id=subject.product_id, version=subject.version, category_ids=tuple(ids), whole=False)
    return _save(subject, draft)


def _save(subject: Subject, draft: ProductDraft) -> int:
    return products.update_product(subject.site, subject.product_id, draft, subject.actor).version


def _archive(subject: Subject, _choice: Choice) -> Outcome:
    if _archived(subject):
        return Outcome(text=_("It was so already."))
    version = products.archive_product(subject.product_id, subject.actor, subject.version)
    return Outcome(text=_("Archived."), before=True, version=version)


def _bring_back(subject: Subject, _choice: Choice) -> Outcome:
    if not _archived(subject):
        return Outcome(text=_("It was so already."))
    version = products.restore_product(subject.product_id, subject.actor, subject.version)
    return Outcome(text=_("Brought back."), before=True, version=version)


def _archived(subject: Subject) -> bool:
    return db.value("SELECT deleted_at FROM product WHERE id = ?", subject.product_id) is not None


ACTS: dict[str, Act] = {
    "publish": Act(title=lazy("List here"), permission="listings.edit", do=_publish, undo=_put),
    "hide": Act(title=lazy("Hide here"), permission="listings.edit", do=_hide, undo=_put),
    "schedule": Act(title=lazy("List or hide at a time"), permission="listings.edit", do=_schedule, undo=_put),
    "price": Act(
        title=lazy("Change prices"),
        permission="prices.edit",
        do=_reprice,
        undo=_set_prices,
        look=_look_at_prices,
        end=_end_prices,
    ),
    "add": Act(title=lazy("Add to a category"), permission="products.edit", do=_into_category, undo=_set_categories),
    "remove": Act(
        title=lazy("Take out of a category"), permission="products.edit", do=_out_of_category, undo=_set_categories
    ),
    "archive": Act(
        title=lazy("Archive"),
        permission="products.edit",
        do=_archive,
        undo=lambda subject, _before: products.restore_product(subject.product_id, subject.actor, subject.version),
    ),
    "back": Act(
        title=lazy("Bring back"),
        permission="products.edit",
        do=_bring_back,
        undo=lambda subject, _before: products.archive_product(subject.product_id, subject.actor, subject.version),
    ),
}
