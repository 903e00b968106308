"""A list kept, changed and shown to others: in the account of a shopper, else in the cookie alone."""

from __future__ import annotations

from collections.abc import Sequence

from core.api import (
    NotFound,
    Refused,
    ShownCard,
    Site,
    cards_for,
    derived_secret,
    digest,
    execute,
    gettext,
    micros,
    now,
    one,
    products_by_sku,
    rows,
    shopper_ids,
    token,
    transaction,
    value,
)
from plugins.wishlist.models import SharedList, Wish
from plugins.wishlist.services.cookie import MOST, Entry, read, written


class ListFull(Refused):
    """There is room for so many, which keeps the cookie and the page small."""

    status = 422
    code = "wishlist_full"
    default_message = "Your wish list is full. Take something off first."


def entries(site: Site, shopper_id: int | None, cookie: str) -> list[Entry]:
    """The list, the newest first; one statement for a shopper, none for a visitor."""
    if shopper_id is None:
        return read(site, cookie)
    found = rows(
        "SELECT product_id, price, currency, available FROM wishlist_wish WHERE site_id = ? AND shopper_id = ?"
        " ORDER BY kept_at DESC, id DESC",
        site.id,
        shopper_id,
    )
    return [Entry(product_id=row[0], price=row[1], currency=row[2], available=bool(row[3])) for row in found]


def keep(
    site: Site, shopper_id: int | None, cookie: str, product_id: int, *, language: str, currency: str
) -> list[Entry]:
    """Put a product on the list, which is answered; one that is there stays as it was. Commits for a shopper.

    Raises NotFound for what the site does not show, ListFull.
    """
    known = entries(site, shopper_id, cookie)
    if any(entry.product_id == product_id for entry in known):
        return known
    card = cards_for(site, language, currency, [product_id]).get(product_id)
    if card is None:
        raise NotFound
    if len(known) >= MOST:
        raise ListFull
    new = _entry(card)
    if shopper_id is not None:
        with transaction():
            _store(site, shopper_id, [new], at=micros(now()))
    return [new, *known]


def drop(site: Site, shopper_id: int | None, cookie: str, product_id: int) -> list[Entry]:
    """Take a product off the list, which is answered. Commits for a shopper."""
    if shopper_id is not None:
        with transaction():
            Wish.delete().where(
                Wish.site_id == site.id, Wish.shopper_id == shopper_id, Wish.product_id == product_id
            ).execute()
    return [entry for entry in entries(site, shopper_id, cookie) if entry.product_id != product_id]


def find(site: Site, shopper_id: int | None, cookie: str, product_id: int) -> tuple[Entry, int] | None:
    """A product's entry and its place: when a shopper kept it, else how many stand above it. None: it is not there."""
    for place, entry in enumerate(entries(site, shopper_id, cookie)):
        if entry.product_id == product_id:
            return entry, place if shopper_id is None else int(value(_KEPT_AT, site.id, shopper_id, product_id) or 0)
    return None


_KEPT_AT = "SELECT kept_at FROM wishlist_wish WHERE site_id = ? AND shopper_id = ? AND product_id = ?"


def put_back(site: Site, shopper_id: int | None, cookie: str, entry: Entry, place: int) -> list[Entry]:
    """What `find` found is on the list as it was, which is answered. Commits for a shopper. Raises ListFull."""
    known = entries(site, shopper_id, cookie)
    if any(one.product_id == entry.product_id for one in known):
        return known
    if len(known) >= MOST:
        raise ListFull
    if shopper_id is None:
        return [*known[:place], entry, *known[place:]]
    with transaction():
        _store(site, shopper_id, [entry], at=min(place, micros(now())))
    return entries(site, shopper_id, cookie)


def take_over(site: Site, shopper_id: int, cookie: str) -> str:
    """What the visitor kept joins the shopper's list; what both kept stays as the shopper had it. Commits.

    Answers the cookie of the whole list.
    """
    theirs, mine = read(site, cookie), entries(site, shopper_id, "")
    known = {entry.product_id for entry in mine}
    new = [entry for entry in theirs if entry.product_id not in known][: max(0, MOST - len(mine))]
    if new:
        with transaction():
            _store(site, shopper_id, new, at=micros(now()))
    return written(site, [*new, *mine])


def keep_for(site: Site, email: str, skus: Sequence[str]) -> int:
    """Put products on the list of an account, such as one that comes from another shop; answers how many are new.

    The first SKU is kept last, and stands on top. Raises NotFound for an unknown account or SKU, ListFull. Commits.
    """
    shopper_id, products = shopper_ids(site, [email]).get(email), products_by_sku(skus)
    if shopper_id is None or len(products) < len({*skus}):
        raise NotFound
    before = len(entries(site, shopper_id, ""))
    for sku in reversed(skus):
        keep(site, shopper_id, "", products[sku], language=site.language, currency=site.currency)
    return len(entries(site, shopper_id, "")) - before


def _store(site: Site, shopper_id: int, new: Sequence[Entry], *, at: int) -> None:
    """Part of a verb. A second click at the same time finds the row there; the first of `new` is the newest."""
    for place, entry in enumerate(new):
        execute(
            "INSERT INTO wishlist_wish (site_id, shopper_id, product_id, price, currency, available, kept_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (site_id, shopper_id, product_id) DO NOTHING",
            site.id,
            shopper_id,
            entry.product_id,
            entry.price,
            entry.currency,
            entry.available,
            at - place,
        )


def _entry(card: ShownCard) -> Entry:
    return Entry(
        product_id=card.product_id,
        price=card.price.amount,
        currency=card.price.currency,
        available=card.available,
    )


# -- shown to others ---------------------------------------------------------------------------------------------------


def share(site: Site, shopper_id: int) -> None:
    """Make a link to the list; the one there is stays. Commits."""
    nonce = token()
    with transaction():
        execute(
            "INSERT INTO wishlist_shared (site_id, shopper_id, nonce, digest, made_at) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (site_id, shopper_id) DO NOTHING",
            site.id,
            shopper_id,
            nonce,
            digest(_key(site, shopper_id, nonce)),
            micros(now()),
        )


def unshare(site: Site, shopper_id: int) -> None:
    """Let the link lead nowhere, for good: a later one is another. Commits."""
    with transaction():
        SharedList.delete().where(SharedList.site_id == site.id, SharedList.shopper_id == shopper_id).execute()


def shared_key(site: Site, shopper_id: int) -> str:
    """What the link of this shopper's list ends with; empty if it is not shown to others."""
    row = one("SELECT nonce FROM wishlist_shared WHERE site_id = ? AND shopper_id = ?", site.id, shopper_id)
    return _key(site, shopper_id, row[0]) if row else ""


def shared_entries(site: Site, key: str) -> list[Entry]:
    """The list behind a link. Raises NotFound."""
    row = one("SELECT shopper_id FROM wishlist_shared WHERE site_id = ? AND digest = ?", site.id, digest(key))
    if row is None:
        raise NotFound(gettext("This list is no longer shown."))
    return entries(site, row[0], "")


def _key(site: Site, shopper_id: int, nonce: str) -> str:
    return derived_secret("wishlist link", f"{site.id}:{shopper_id}:{nonce}")


def forget(site: Site, shopper_id: int) -> None:
    """Everything of an account that was erased. Commits."""
    with transaction():
        for table in (Wish, SharedList):
            table.delete().where(table.site_id == site.id, table.shopper_id == shopper_id).execute()
