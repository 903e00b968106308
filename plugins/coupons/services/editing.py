"""Making coupons and codes, changing them, switching them off."""

from __future__ import annotations

import secrets
from typing import Any

from core.api import (
    NotFound,
    Refused,
    Site,
    Unfit,
    claim_form,
    execute,
    marks,
    now,
    record_activity,
    rows,
    transaction,
    value,
)
from core.api import gettext as _
from plugins.coupons.forms import Wanted
from plugins.coupons.models import Coupon
from plugins.coupons.services.reading import find_coupon

# No letters or digits that people mistake for one another. Ten of them are 46 bits: beyond guessing at a limited rate.
_ALPHABET = "ACDEFGHJKLMNPQRTUVWXY34679"
_RANDOM_LENGTH = 10
_FIELDS = (
    "title", "kind", "basis_points", "amounts", "minimums", "starts", "ends", "total_limit", "customer_limit", "alone",
)  # fmt: skip


class CodeTaken(Refused):
    """Another coupon of this site has the code."""

    code = "code_taken"
    default_message = "Another coupon has this code."


def save_coupon(site: Site, wanted: Wanted, *, actor: str, coupon_id: int | None = None, key: str = "") -> int:
    """Add a coupon, or change one; answers its id. `wanted.code` becomes its common code.

    Raises Unfit for unknown SKUs, CodeTaken, NotFound, DoneBefore. Commits.
    """
    with transaction():
        claim_form(key)
        coupon = Coupon(site_id=site.id, created_at=now()) if coupon_id is None else find_coupon(site, coupon_id)
        before = _told(coupon) if coupon_id else {}
        for name in _FIELDS:
            setattr(coupon, name, getattr(wanted, name))
        coupon.product_ids, coupon.category_ids = _product_ids(wanted.skus), list(wanted.category_ids)
        coupon.save()
        _set_common_code(site, coupon, wanted.code)
        _record(site, coupon, actor, "coupons.saved", before, {**_told(coupon), "code": wanted.code})
    return int(coupon.id)


def _product_ids(skus: tuple[str, ...]) -> list[int]:
    if not skus:
        return []
    found: dict[str, int] = dict(
        rows(f"SELECT sku, product_id FROM variant WHERE sku IN ({marks(skus)}) AND deleted_at IS NULL", *skus)
    )
    if missing := [sku for sku in skus if sku not in found]:
        raise Unfit({"skus": _("There is no product with the SKU %(sku)s.", sku=missing[0])})
    return sorted(set(found.values()))


def _set_common_code(site: Site, coupon: Coupon, code: str) -> None:
    """Let `code` be the only one that works more than once; one-use codes stay."""
    execute(
        "DELETE FROM coupons_code WHERE site_id = ? AND coupon_id = ? AND once = ? AND code <> ?",
        site.id, coupon.id, False, code,
    )  # fmt: skip
    if code:
        _insert_code(site, coupon.id, code, once=False)
        owner = value("SELECT coupon_id FROM coupons_code WHERE site_id = ? AND code = ?", site.id, code)
        if owner != coupon.id:
            raise CodeTaken(field="code")


def _insert_code(site: Site, coupon_id: int, code: str, *, once: bool) -> int:
    """1 if the code is new on this site, else 0."""
    return execute(
        "INSERT INTO coupons_code (site_id, coupon_id, code, once) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (site_id, code) DO NOTHING",
        site.id, coupon_id, code, once,
    )  # fmt: skip


def make_codes(site: Site, coupon_id: int, count: int, prefix: str, *, actor: str, key: str = "") -> None:
    """Make `count` new codes that work once each. Commits.

    Raises NotFound, and DoneBefore where the form of this `key` has made its codes.
    """
    with transaction():
        claim_form(key)
        coupon = find_coupon(site, coupon_id)
        made = 0
        while made < count:
            made += _insert_code(site, coupon.id, _random_code(prefix), once=True)
        _record(site, coupon, actor, "coupons.codes_made", {}, {"count": count, "prefix": prefix})


def _random_code(prefix: str) -> str:
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_LENGTH))
    return f"{prefix}{letters[:5]}-{letters[5:]}"


def switch(site: Site, coupon_id: int, *, on: bool, actor: str) -> None:
    """Let its codes work, or not. Raises NotFound. Commits."""
    with transaction():
        if not execute("UPDATE coupons_coupon SET active = ? WHERE id = ? AND site_id = ?", on, coupon_id, site.id):
            raise NotFound
        coupon = find_coupon(site, coupon_id)
        _record(site, coupon, actor, "coupons.switched", {"active": not on}, {"active": on})


def _told(coupon: Coupon) -> dict[str, Any]:
    told = {name: getattr(coupon, name) for name in (*_FIELDS, "product_ids", "category_ids")}
    return {name: what.isoformat() if hasattr(what, "isoformat") else what for name, what in told.items()}


def _record(site: Site, coupon: Coupon, actor: str, verb: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    record_activity(actor, verb, f"coupon:{coupon.id}", before=before, after=after, site_id=site.id, title=coupon.title)
