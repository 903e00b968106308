"""Drafts of orders: kept with what was agreed, sent as a pay link, let go. No stock is promised before the order.

Goods may be kept for it meanwhile: see `draft_keeping`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct, field

from core.hookspecs.checkout import Address
from core.hookspecs.site import Site
from core.kernel import activity, db, secrets
from core.kernel.repeats import claim
from core.lib import clock, ids
from core.lib.errors import NotFound, Refused, Unfit
from core.lib.jsons import json_or_null
from core.orders.services.addresses import address_of
from core.orders.services.draft_keeping import keep_anew, let_go

PAGE = 50
LINK_DAYS = 14
_MOST_LINES = 200
_LONGEST_DAYS = 365


class DraftMoved(Refused):
    """Somebody else has changed the draft, or it has become an order."""

    code = "draft_moved"
    default_message = "This draft has changed in the meantime. Look at it again."


class DraftTooLong(Refused):
    """More lines than a cart takes."""

    status = 422
    code = "draft_too_long"
    default_message = "A draft takes at most %(lines)s different products."

    def __init__(self) -> None:
        super().__init__(lines=_MOST_LINES)


class DraftLine(Struct, frozen=True, kw_only=True):
    """Units of a variant; `agreed` is the price of one in minor units, None for today's price.

    Without a variant it is a line of the shop's own words: its `title`, an agreed price, and how it is taxed.
    """

    variant_id: int
    quantity: int
    agreed: int | None = None
    reason: str = ""
    title: str = ""
    tax_class: str = "standard"


class DraftPlace(Struct, frozen=True, kw_only=True):
    """A further address, the way there, and what goes there: units by variant. The rest goes to the draft's own."""

    address: Address | None = None
    carrier: str = ""
    service: str = ""
    units: Mapping[int, int] = field(default_factory=dict)


class DraftWish(Struct, frozen=True, kw_only=True):
    """All that staff say about an order in the making. `discount` is off all goods together, in minor units."""

    email: str
    language: str
    currency: str
    lines: tuple[DraftLine, ...]
    shopper_id: int | None = None
    address: Address | None = None
    billing: Address | None = None
    carrier: str = ""
    service: str = ""
    note: str = ""
    discount: int = 0
    discount_reason: str = ""
    places: tuple[DraftPlace, ...] = ()


class DraftView(Struct, frozen=True, kw_only=True):
    """A stored draft. `link_until` is set while a pay link is valid; `order_number` once it became an order."""

    id: int
    site_id: int
    version: int
    wish: DraftWish
    actor: str
    links: int
    link_until: datetime | None
    order_id: int | None
    order_number: str
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None
    keep_until: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.ended_at is None

    @property
    def state(self) -> str:
        """draft, sent, expired (its link), placed or dropped: from its facts alone."""
        if self.ended_at is not None:
            return "placed" if self.order_id is not None else "dropped"
        if self.link_until is None:
            return "draft"
        return "sent" if self.link_until > clock.now() else "expired"


# -- writing -----------------------------------------------------------------------------------------------------------


def make_draft(site: Site, wish: DraftWish, *, key: str, actor: str) -> int:
    """Keep a new draft; answers its id, the same for a repeated `key`. Raises DraftTooLong. Commits."""
    now = clock.now_us()
    with db.transaction():
        made = db.value(
            "INSERT INTO order_draft (site_id, key, language, currency, email, carrier, service, places, note,"
            " discount, discount_reason, actor, version, links, created_at, updated_at)"
            " VALUES (?, ?, ?, ?, '', '', '', '[]', '', 0, '', ?, 0, 0, ?, ?) ON CONFLICT (site_id, key) DO NOTHING"
            " RETURNING id",
            site.id, key[:64], wish.language, wish.currency, actor, now, now,
        )  # fmt: skip
        if made is None:
            return int(db.value("SELECT id FROM order_draft WHERE site_id = ? AND key = ?", site.id, key[:64]))
        _write(site, int(made), 0, wish, actor)
    return int(made)


def save_draft(site: Site, draft_id: int, wish: DraftWish, *, version: int, actor: str) -> None:
    """Write a draft anew. A pay link that was sent stands for the old version, so it opens nothing any more. Commits.

    Raises NotFound, DraftTooLong, and DraftMoved if it is not in `version` any more.
    """
    with db.transaction():
        _write(site, draft_id, version, wish, actor)


def _write(site: Site, draft_id: int, version: int, wish: DraftWish, actor: str) -> None:
    if len(wish.lines) > _MOST_LINES:
        raise DraftTooLong
    written = db.execute(
        "UPDATE order_draft SET version = version + 1, shopper_id = ?, email = ?, language = ?, currency = ?,"
        " address = ?, billing = ?, carrier = ?, service = ?, places = ?, note = ?, discount = ?,"
        " discount_reason = ?, updated_at = ?, link_digest = NULL, link_until = NULL"
        " WHERE id = ? AND site_id = ? AND version = ? AND ended_at IS NULL",
        wish.shopper_id, wish.email[:254], wish.language, wish.currency, json_or_null(wish.address),
        json_or_null(wish.billing), wish.carrier[:60],
        wish.service[:60], msgspec.json.encode(wish.places).decode(), wish.note[:2000], wish.discount,
        wish.discount_reason[:200], clock.now_us(), draft_id,
        site.id, version,
    )  # fmt: skip
    if not written:
        _refuse(site, draft_id)
    db.execute("DELETE FROM order_draft_line WHERE draft_id = ?", draft_id)
    for position, line in enumerate(wish.lines):
        db.execute(
            "INSERT INTO order_draft_line (draft_id, position, variant_id, quantity, agreed, reason, title, tax_class)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            draft_id, position, line.variant_id, line.quantity, line.agreed, line.reason[:200], line.title[:200],
            line.tax_class[:60],
        )  # fmt: skip
    keep_anew(site, draft_id, actor)
    activity.record(
        actor, "draft", f"draft:{draft_id}", after={"version": version + 1, "lines": len(wish.lines)}, site_id=site.id,
        title=str(draft_id),
    )  # fmt: skip


def keep_goods(site: Site, draft_id: int, until: datetime | None, *, version: int, actor: str, key: str = "") -> None:
    """Keep the goods of an open draft until an instant, as many as can be had; None lets them go. Commits.

    Raises Unfit for an instant that is over or a year away, DraftMoved, NotFound, DoneBefore.
    """
    now = clock.now()
    if until is not None and not now < until <= now + timedelta(days=_LONGEST_DAYS + 1):
        raise Unfit({"keep_until": "Choose a day from today on, within a year."})
    with db.transaction():
        claim(key)
        if not db.execute(
            "UPDATE order_draft SET keep_until = ?, updated_at = ? WHERE id = ? AND site_id = ? AND version = ?"
            " AND ended_at IS NULL",
            None if until is None else clock.micros(until), clock.micros(now), draft_id, site.id, version,
        ):  # fmt: skip
            _refuse(site, draft_id)
        keep_anew(site, draft_id, actor)
        activity.record(
            actor, "keep draft", f"draft:{draft_id}", after={"until": until.isoformat() if until else None},
            site_id=site.id, title=str(draft_id),
        )  # fmt: skip


def _refuse(site: Site, draft_id: int) -> None:
    """Raise NotFound, or DraftMoved where another has changed or ended it."""
    if db.value("SELECT 1 FROM order_draft WHERE id = ? AND site_id = ?", draft_id, site.id) is None:
        raise NotFound
    raise DraftMoved


def make_link(site: Site, draft_id: int, *, version: int, actor: str, days: int = LINK_DAYS) -> str:
    """Make a pay link for the draft as it is; answers its secret. Earlier links open nothing any more.

    Inside a transaction, so that its mail goes out with it. Raises NotFound, DraftMoved.
    """
    db.require_transaction()
    row = db.one(
        "UPDATE order_draft SET links = links + 1, updated_at = ? WHERE id = ? AND site_id = ? AND version = ?"
        " AND ended_at IS NULL RETURNING links",
        clock.now_us(), draft_id, site.id, version,
    )  # fmt: skip
    if row is None:
        _refuse(site, draft_id)
    assert row is not None
    secret = secrets.derived("draft link", f"{site.id}:{draft_id}:{version}:{row[0]}")
    until = clock.now() + timedelta(days=days)
    db.execute(
        "UPDATE order_draft SET link_digest = ?, link_until = ? WHERE id = ? AND site_id = ?",
        ids.digest(secret), clock.micros(until), draft_id, site.id,
    )  # fmt: skip
    activity.record(
        actor, "send draft", f"draft:{draft_id}", after={"until": until.isoformat()}, site_id=site.id,
        title=str(draft_id),
    )  # fmt: skip
    return secret


def present_link(site: Site, draft: DraftView) -> str:
    """The secret of the link that is valid now; empty if none is."""
    if draft.state != "sent":
        return ""
    return secrets.derived("draft link", f"{site.id}:{draft.id}:{draft.version}:{draft.links}")


def revoke_link(site: Site, draft_id: int, *, actor: str) -> None:
    """Let the pay link open nothing any more; the draft stays. Raises NotFound. Commits."""
    with db.transaction():
        if not db.execute(
            "UPDATE order_draft SET link_digest = NULL, link_until = NULL WHERE id = ? AND site_id = ?",
            draft_id, site.id,
        ):  # fmt: skip
            raise NotFound
        activity.record(actor, "revoke link", f"draft:{draft_id}", site_id=site.id, title=str(draft_id))


def drop_draft(site: Site, draft_id: int, *, actor: str) -> None:
    """Let a draft go, with its link; one that is gone stays so. Raises NotFound, DraftMoved for an order. Commits."""
    with db.transaction():
        row = db.one("SELECT order_id, ended_at FROM order_draft WHERE id = ? AND site_id = ?", draft_id, site.id)
        if row is None:
            raise NotFound
        if row[0] is not None:
            raise DraftMoved
        db.execute(
            "UPDATE order_draft SET ended_at = ?, link_digest = NULL, link_until = NULL WHERE id = ? AND site_id = ?"
            " AND ended_at IS NULL",
            clock.now_us(), draft_id, site.id,
        )  # fmt: skip
        let_go(draft_id, actor)
        activity.record(actor, "drop draft", f"draft:{draft_id}", site_id=site.id, title=str(draft_id))


def restore_draft(site: Site, draft_id: int, *, actor: str) -> None:
    """Bring a draft back that was let go, without its link. Raises NotFound. Commits."""
    with db.transaction():
        if not db.execute(
            "UPDATE order_draft SET ended_at = NULL, updated_at = ? WHERE id = ? AND site_id = ? AND order_id IS NULL"
            " AND ended_at IS NOT NULL",
            clock.now_us(), draft_id, site.id,
        ):  # fmt: skip
            raise NotFound
        activity.record(actor, "restore draft", f"draft:{draft_id}", site_id=site.id, title=str(draft_id))


def end_draft(site_id: int, draft_id: int, version: int, order_id: int) -> None:
    """The draft has become an order. Part of `place_order`'s transaction; raises DraftMoved, which undoes the order."""
    db.require_transaction()
    if not db.execute(
        "UPDATE order_draft SET order_id = ?, ended_at = ? WHERE id = ? AND site_id = ? AND version = ?"
        " AND ended_at IS NULL",
        order_id, clock.now_us(), draft_id, site_id, version,
    ):  # fmt: skip
        raise DraftMoved
    let_go(draft_id, "system")


# -- reading -----------------------------------------------------------------------------------------------------------

_DRAFT = (
    "d.id, d.site_id, d.version, d.email, d.language, d.currency, d.shopper_id, d.address, d.carrier, d.service,"
    " d.note, d.discount, d.discount_reason, d.actor, d.links, d.link_until, d.order_id, o.number, d.created_at,"
    " d.updated_at, d.ended_at, d.billing, d.keep_until, d.places"
)


_places = msgspec.json.Decoder(tuple[DraftPlace, ...])


def draft_view(site: Site, draft_id: int) -> DraftView:
    """A draft of this site; raises NotFound. Two statements."""
    found = _views(site, "d.id = ?", [draft_id])
    if not found:
        raise NotFound
    return found[0]


def draft_by_link(site: Site, secret: str) -> DraftView | None:
    """The draft behind a pay link: None for one that was never made, was revoked, or whose draft was edited since.

    An expired one is answered, so that its page can say so; look at `state`.
    """
    found = _views(site, "d.link_digest = ?", [ids.digest(secret)])
    return found[0] if found else None


def list_drafts(
    site: Site, *, is_open: bool | None = None, before: int | None = None, limit: int = PAGE
) -> list[DraftView]:
    """The drafts of a site, newest first, a page at a time (`before` is the id to go on from). Two statements."""
    where = {None: "1 = 1", True: "d.ended_at IS NULL", False: "d.ended_at IS NOT NULL"}[is_open]
    return _views(site, f"d.id < ? AND {where}", [before or 2**31 - 1], limit)


def _views(site: Site, where: str, params: Sequence[object], limit: int = PAGE) -> list[DraftView]:
    rows = db.rows(
        f"SELECT {_DRAFT} FROM order_draft d LEFT JOIN orders o ON o.id = d.order_id WHERE d.site_id = ? AND {where}"
        " ORDER BY d.id DESC LIMIT ?",
        site.id, *params, limit,
    )  # fmt: skip
    lines: dict[int, list[DraftLine]] = {}
    found = [row[0] for row in rows]
    for draft_id, variant_id, quantity, agreed, reason, title, tax_class in db.rows(
        "SELECT draft_id, variant_id, quantity, agreed, reason, title, tax_class FROM order_draft_line"
        f" WHERE draft_id IN ({db.marks(found)}) ORDER BY position",
        *found,
    ):
        lines.setdefault(draft_id, []).append(
            DraftLine(
                variant_id=variant_id, quantity=quantity, agreed=agreed, reason=reason, title=title, tax_class=tax_class
            )
        )
    return [_view(row, tuple(lines.get(row[0], ()))) for row in rows]


def _view(row: db.Row, lines: tuple[DraftLine, ...]) -> DraftView:
    return DraftView(
        id=row[0], site_id=row[1], version=row[2],
        wish=DraftWish(
            email=row[3], language=row[4], currency=row[5], shopper_id=row[6], address=address_of(row[7]),
            carrier=row[8], service=row[9], note=row[10], discount=row[11], discount_reason=row[12], lines=lines,
            billing=address_of(row[21]), places=() if row[23] == "[]" else _places.decode(row[23]),
        ),
        actor=row[13], links=row[14], link_until=None if row[15] is None else clock.instant(row[15]),
        order_id=row[16], order_number=row[17] or "", created_at=clock.instant(row[18]),
        updated_at=clock.instant(row[19]), ended_at=None if row[20] is None else clock.instant(row[20]),
        keep_until=None if row[22] is None else clock.instant(row[22]),
    )  # fmt: skip
