"""Cards made anew: all of them by one command, and those that are due by a job."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import timedelta
from typing import Any

from core.catalogue.services.availability import lock_all_cards
from core.catalogue.services.card_answers import ask_plugins
from core.catalogue.services.card_data import ASK_AGAIN
from core.catalogue.services.cards import refresh_cards, settle, tell_products_changed
from core.hookspecs.site import Site
from core.kernel import cache, db, jobs, site_verbs, switch
from core.kernel.installation import installation
from core.lib import clock

_AT_ONCE = 200


def rebuild_cards(site: Site | None = None, progress: Callable[[int, int], None] = lambda _done, _all: None) -> int:
    """Make all cards, places, facets and counters anew from the facts; answers how many products were looked at.

    With a `site`, the products listed there. `progress(done, all)` is called between short transactions, so that the
    shop
    goes on selling meanwhile.
    """
    total = int(db.value("SELECT COUNT(*) FROM product") or 0)
    done = 0
    for batch in _batches(None if site is None else site.id):
        ask_anew(batch)
        done += len(batch)
        progress(done, max(total, done))
    _recount()
    return done


def ask_anew(product_ids: Collection[int]) -> None:
    """Ask plugins about these products and make their cards anew, in a short transaction."""
    answers = ask_plugins(product_ids)
    with db.transaction():
        unasked = refresh_cards(product_ids, answers)
    settle(unasked)


def _batches(site_id: int | None) -> Iterator[list[int]]:
    """Ids of products that exist or still have a card."""
    last = 0
    where, params = ("", ()) if site_id is None else (" AND site_id = ?", (site_id,))
    source = (
        "SELECT id AS product_id FROM product WHERE id > ?"
        if site_id is None
        else f"SELECT product_id FROM listing WHERE product_id > ?{where}"
    )
    while True:
        found = db.rows(
            f"{source} UNION SELECT product_id FROM card_place WHERE product_id > ?{where} ORDER BY product_id LIMIT"
            f" {_AT_ONCE}",
            last,
            *params,
            last,
            *params,
        )
        if not found:
            return
        yield [row[0] for row in found]
        last = found[-1][0]


def _recount() -> None:
    """Count every category of every site, one short transaction each."""
    for site_id, category_id in db.rows(
        "SELECT DISTINCT site_id, category_id FROM card_place UNION SELECT DISTINCT site_id, category_id FROM"
        " card_count"
    ):
        with db.transaction():
            lock_all_cards()
            _recount_category(site_id, category_id)
            cache.touch(f"category:{category_id}")


def _recount_category(site_id: int, category_id: int) -> None:
    here = (site_id, category_id)
    columns = "INSERT INTO card_count (site_id, category_id, currency, code, value, total, available)"
    counts = "COUNT(*), SUM(CASE WHEN p.available THEN 1 ELSE 0 END)"
    db.execute("DELETE FROM card_count WHERE site_id = ? AND category_id = ?", *here)
    db.execute(
        f"{columns} SELECT p.site_id, p.category_id, p.currency, '', '', {counts} FROM card_place p"
        " WHERE p.site_id = ? AND p.category_id = ? GROUP BY p.site_id, p.category_id, p.currency",
        *here,
    )
    db.execute(
        f"{columns} SELECT p.site_id, p.category_id, p.currency, f.code, f.value, {counts} FROM card_place p"
        " JOIN card_facet f ON f.product_id = p.product_id AND f.site_id = p.site_id"
        " WHERE p.site_id = ? AND p.category_id = ? GROUP BY p.site_id, p.category_id, p.currency, f.code, f.value",
        *here,
    )


@jobs.job("cards.refresh_due", every=timedelta(minutes=5))
def refresh_due(running: jobs.Running) -> None:
    """Rewrite the cards whose price, promotion or listing has begun or ended."""
    del running
    while due := [
        row[0]
        for row in db.rows("SELECT DISTINCT product_id FROM card_due WHERE at <= ? LIMIT ?", clock.now_us(), _AT_ONCE)
    ]:
        answers = ask_plugins(due)
        with db.transaction():
            unasked = refresh_cards(due, answers)
            tell_products_changed(due)
        settle(unasked)


@jobs.job(ASK_AGAIN)
def _ask_again(running: jobs.Running) -> None:
    """A plugin's data about some products changed; see `product_data_changed`."""
    ask_anew(running.payload["product_ids"])


# -- a plugin begins or ends -------------------------------------------------------------------------------------------

_ON_CARDS = {"promote_prices", "site_data"}


@switch.on_switch
def _ask_site_soon(site: Site, plugin: str, on: bool) -> None:  # noqa: FBT001 -- the switch's signature
    """Cards hold what plugins answer, so those of a site are made anew when one that answers is switched."""
    del on
    loaded = installation().plugins.loaded.get(plugin)
    if loaded is not None and _ON_CARDS & {*loaded.hooks}:
        jobs.enqueue("cards.ask_site", site_id=site.id)


@site_verbs.on_edit
def _make_for_languages(site_id: int, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """There is a card in each language and currency of a site, so another one needs its own."""
    if any(before[name] != after[name] for name in ("language", "languages", "currency", "currencies")):
        jobs.enqueue("cards.ask_site", site_id=site_id)


@jobs.job("cards.ask_site")
def _ask_site(running: jobs.Running) -> None:
    """Make the cards of a site anew, some hundred at a time, so that sales go on."""
    total = int(db.value("SELECT COUNT(*) FROM listing WHERE site_id = ?", running.site_id) or 1)
    done = 0
    for batch in _batches(running.site_id):
        ask_anew(batch)
        done += len(batch)
        running.progress(min(99, 100 * done // total))
