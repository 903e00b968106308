"""Tags on orders: words of the team's own, put on, taken off, and found again."""

from __future__ import annotations

from collections.abc import Sequence

from core.hookspecs.site import Site
from core.kernel import db
from core.lib.errors import NotFound, Refused
from core.lib.text import normal_tag
from core.orders.services.timeline import note

MOST = 20


class NoTag(Refused):
    """Nothing was written."""

    status = 422
    code = "no_tag"
    default_message = "Write a tag."


class TooManyTags(Refused):
    """An order wears a handful of tags."""

    code = "too_many_tags"
    default_message = "An order wears at most %(count)s tags."


def tag_order(site: Site, order_id: int, tag: str, *, actor: str) -> bool:
    """Put a tag on an order; whether it is new there. Raises NotFound, NoTag, TooManyTags. Commits."""
    word = _word(tag)
    with db.transaction():
        _check(site, order_id)
        worn = db.value("SELECT count(*) FROM order_tag WHERE order_id = ? AND site_id = ?", order_id, site.id)
        if int(worn) >= MOST:
            raise TooManyTags(count=MOST)
        is_new = db.execute(
            "INSERT INTO order_tag (site_id, order_id, tag) VALUES (?, ?, ?) ON CONFLICT (order_id, tag) DO NOTHING",
            site.id, order_id, word,
        )  # fmt: skip
        if is_new:
            note(order_id, actor, "tagged", tag=word)
    return bool(is_new)


def untag_order(site: Site, order_id: int, tag: str, *, actor: str) -> bool:
    """Take a tag off an order; whether it was there. Raises NotFound, NoTag. Commits."""
    word = _word(tag)
    with db.transaction():
        _check(site, order_id)
        gone = db.execute(
            "DELETE FROM order_tag WHERE site_id = ? AND order_id = ? AND tag = ?", site.id, order_id, word
        )
        if gone:
            note(order_id, actor, "untagged", tag=word)
    return bool(gone)


def _word(tag: str) -> str:
    word = normal_tag(tag)
    if not word:
        raise NoTag(field="tag")
    return word


def _check(site: Site, order_id: int) -> None:
    if db.value("SELECT 1 FROM orders WHERE id = ? AND site_id = ?", order_id, site.id) is None:
        raise NotFound


def tags_of(order_ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """The tags of orders that were looked up on their site before; those without are missing. One statement."""
    found: dict[int, tuple[str, ...]] = {}
    if not order_ids:
        return found
    for order_id, tag in db.rows(
        f"SELECT order_id, tag FROM order_tag WHERE order_id IN ({db.marks(order_ids)}) ORDER BY tag", *order_ids
    ):
        found[order_id] = (*found.get(order_id, ()), tag)
    return found


def known_tags(site: Site) -> list[tuple[str, str]]:
    """(tag, tag with its count) of a site, the most used first, at most a hundred. One statement."""
    return [
        (tag, f"{tag} ({count})")
        for tag, count in db.rows(
            "SELECT tag, count(*) AS worn FROM order_tag WHERE site_id = ? GROUP BY tag ORDER BY worn DESC, tag"
            " LIMIT 100",
            site.id,
        )
    ]
