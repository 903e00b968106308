"""Waiting for goods, and one mail when they can be bought again on that site."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Any

from msgspec import Struct

from core.api import (
    Message,
    NotFound,
    ProductPage,
    Refused,
    ShownVariant,
    Site,
    Slot,
    Unfit,
    cards_for,
    derived_secret,
    email_problem,
    enqueue_message,
    enumerated,
    execute,
    gettext,
    inline_css,
    link,
    mail_code,
    micros,
    named_products,
    now,
    one,
    open_rows,
    part,
    product_page,
    render_outside,
    rows,
    speaking,
    state_of,
    transaction,
    value,
)
from plugins.back_in_stock.forms import BackInStock

AT_ONCE = 500
UNCONFIRMED = timedelta(days=7)


class NotNeeded(Refused):
    """What somebody wants to wait for can be bought."""

    code = "not_needed"
    default_message = "You can buy it now, so there is nothing to wait for."


# -- waiting -----------------------------------------------------------------------------------------------------------


class Missing(Struct, frozen=True):
    """A variant that can be waited for, as the form names it."""

    id: int
    name: str


def missing(product: ProductPage) -> list[Missing]:
    """The variants of a product that are sold here and cannot be bought now."""
    return [
        Missing(variant.id, variant_name(product, variant))
        for variant in product.variants
        if variant.price is not None and not variant.can_be_bought
    ]


def variant_name(product: ProductPage, variant: ShownVariant) -> str:
    """Its values in words, such as `Red, L`; the product's name where there is nothing to choose."""
    names = {value.id: value.name for option in product.options for value in option.values}
    return enumerated(names[value_id] for value_id in variant.value_ids if value_id in names) or product.name


def subscribe(site: Site, product: ProductPage, variant_id: int, email: str, language: str, currency: str) -> bool:
    """Let an address wait for a variant; answers whether it counts at once, or a mail asks first. Commits.

    Whoever asks twice, or asked before, is answered alike. Raises Unfit, NotNeeded, NotFound.
    """
    address = email.strip().lower()
    if problem := email_problem(address):
        raise Unfit({"email": problem})
    variant = product.variant(variant_id)
    if variant is None:
        raise NotFound
    if variant.can_be_bought:
        raise NotNeeded
    counts = not BackInStock.of(site).confirm
    at = micros(now())
    with transaction():
        execute(_WAIT, site.id, product.id, variant_id, address, language, currency, at, at if counts else None)
        row = one(_KNOWN, site.id, variant_id, address)
    if row is not None and row[1] is None:
        message = _confirmation(site, row[0], row[2], address, language, product.name)
        with transaction():
            enqueue_message(site, message)
    return counts


# Whoever was told already waits anew; whoever confirmed once need not do so again.
_WAIT = """
INSERT INTO back_in_stock_subscription
  (site_id, product_id, variant_id, email, language, currency, created_at, confirmed_at, told_at)
VALUES (?, ?, ?, ?, ?, ?, ?, CAST(? AS BIGINT), NULL)
ON CONFLICT (site_id, variant_id, email) DO UPDATE SET language = excluded.language, currency = excluded.currency,
  told_at = NULL, created_at = excluded.created_at,
  confirmed_at = COALESCE(back_in_stock_subscription.confirmed_at, excluded.confirmed_at)
"""
_KNOWN = """
SELECT id, confirmed_at, created_at FROM back_in_stock_subscription WHERE site_id = ? AND variant_id = ? AND email = ?
"""


def wait_from_file(site: Site, path: str) -> tuple[int, list[str]]:
    """Let the addresses of a CSV file wait; answers how many, and the SKUs and addresses that mean nothing. Commits.

    Whoever brings the file knows that each wants it, so that none is asked again. Raises UnreadableFile, OSError.
    """
    taken, wrong = 0, []
    with open_rows(path) as found, transaction():
        for row in found:
            sku, address = row.cells.get("sku", "").strip(), row.cells.get("email", "").strip().lower()
            variant = one("SELECT id, product_id FROM variant WHERE sku = ? AND deleted_at IS NULL", sku)
            if variant is None or email_problem(address):
                wrong.append(f"Line {row.line}, {sku}, {address}")
                continue
            tag = row.cells.get("language", "").strip()
            spoken = tag if tag in site.languages else site.language
            at = micros(now())
            execute(_WAIT, site.id, variant[1], variant[0], address, spoken, site.currency, at, at)
            taken += 1
    return taken, wrong


def key_of(site: Site, subscription_id: int) -> str:
    """The secret of a subscription's links."""
    return derived_secret("back_in_stock.link", f"{site.id}:{subscription_id}")


def _found(site: Site, subscription_id: int, key: str) -> int:
    """The subscription behind a link; raises NotFound for one that is not ours, or gone."""
    known = value("SELECT id FROM back_in_stock_subscription WHERE id = ? AND site_id = ?", subscription_id, site.id)
    if known is None or not compare_digest(key.encode(), key_of(site, subscription_id).encode()):
        raise NotFound
    return subscription_id


def confirm(site: Site, subscription_id: int, key: str) -> None:
    """Let the address count from now on. Raises NotFound. Commits."""
    known = _found(site, subscription_id, key)
    with transaction():
        execute(
            "UPDATE back_in_stock_subscription SET confirmed_at = ? WHERE id = ? AND confirmed_at IS NULL",
            micros(now()),
            known,
        )
    tell(site, [int(value("SELECT product_id FROM back_in_stock_subscription WHERE id = ?", known))])


def stop(site: Site, subscription_id: int, key: str) -> None:
    """Wait no more: the address is forgotten. One that is forgotten already is no error. Commits."""
    with transaction():
        execute(
            "DELETE FROM back_in_stock_subscription WHERE id = ? AND site_id = ?",
            _known_or_gone(site, subscription_id, key),
            site.id,
        )


def _known_or_gone(site: Site, subscription_id: int, key: str) -> int:
    if not compare_digest(key.encode(), key_of(site, subscription_id).encode()):
        raise NotFound
    return subscription_id


# -- telling -----------------------------------------------------------------------------------------------------------

_WAITING = "told_at IS NULL AND confirmed_at IS NOT NULL"


def products_of(site: Site, variant_ids: Sequence[int]) -> list[int]:
    """The products of these variants for which somebody waits on this site. One statement."""
    marks = ", ".join("?" * len(variant_ids)) or "NULL"
    found = rows(
        f"SELECT DISTINCT product_id FROM back_in_stock_subscription WHERE site_id = ? AND {_WAITING}"
        f" AND variant_id IN ({marks})",
        site.id,
        *variant_ids,
    )
    return [row[0] for row in found]


def waited_for(site: Site, product_ids: Sequence[int] | None = None) -> list[int]:
    """The products (of these, or of all) for which somebody waits on this site. One statement."""
    among = "" if product_ids is None else f" AND product_id IN ({', '.join('?' * len(product_ids)) or 'NULL'})"
    found = rows(
        f"SELECT DISTINCT product_id FROM back_in_stock_subscription WHERE site_id = ? AND {_WAITING}{among}",
        site.id,
        *(product_ids or ()),
    )
    return [row[0] for row in found]


def tell(site: Site, product_ids: Iterable[int]) -> int:
    """Write to whoever waits for a variant of these that can be bought now; answers how many mails. Commits each.

    In a shop that is not open nothing can be bought: they wait until the hourly look finds it open.
    """
    if not state_of(site.id).open:
        return 0
    return sum(_tell_one(site, row) for product_id in sorted(set(product_ids)) for row in _waiting(site, product_id))


def _waiting(site: Site, product_id: int) -> list[tuple[Any, ...]]:
    return rows(
        "SELECT id, product_id, variant_id, email, language, currency, created_at FROM back_in_stock_subscription"
        f" WHERE site_id = ? AND product_id = ? AND {_WAITING} ORDER BY id LIMIT ?",
        site.id,
        product_id,
        AT_ONCE,
    )


def _tell_one(site: Site, row: tuple[Any, ...]) -> bool:
    """One mail per subscription, however often it is asked for: the row is claimed where the mail is stored."""
    subscription_id, product_id, variant_id, email, wanted, currency, created_at = row
    language = wanted if wanted in site.languages else site.language
    page = page_of(site, product_id, language, currency)
    variant = page.variant(variant_id) if page is not None else None
    if page is None or variant is None or not variant.can_be_bought:
        return False
    message = _news(site, subscription_id, created_at, email, language, page, variant)
    with transaction():
        claimed = execute(
            f"UPDATE back_in_stock_subscription SET told_at = ? WHERE id = ? AND {_WAITING}",
            micros(now()),
            subscription_id,
        )
        if claimed:
            enqueue_message(site, message)
    return bool(claimed)


def page_of(site: Site, product_id: int, language: str, currency: str) -> ProductPage | None:
    """The product's page as this site shows it now, if it does."""
    card = cards_for(site, language, currency, [product_id]).get(product_id)
    found = product_page(site, language, currency, card.path) if card is not None else None
    return found if isinstance(found, ProductPage) else None


def _news(
    site: Site,
    subscription_id: int,
    created_at: int,
    email: str,
    language: str,
    page: ProductPage,
    variant: ShownVariant,
) -> Message:
    return _message(
        site, "back", f"{subscription_id}:{created_at}", email, language,
        "%(name)s can be bought again", page.name,
        product=page, choice=variant_name(page, variant) if variant.value_ids else "", price=variant.price,
        url=link(site, "storefront.product", language=language, path=page.path, v=variant.sku),
        stop=_link(site, "back_in_stock.stop", subscription_id, language),
    )  # fmt: skip


def _confirmation(site: Site, subscription_id: int, created_at: int, email: str, language: str, name: str) -> Message:
    return _message(
        site, "confirm", f"{subscription_id}:{created_at}", email, language, "Shall we write when it is back?", name,
        url=_link(site, "back_in_stock.confirm", subscription_id, language),
    )  # fmt: skip


def _link(site: Site, endpoint: str, subscription_id: int, language: str) -> str:
    return link(site, endpoint, language=language, number=subscription_id, key=key_of(site, subscription_id))


def _message(
    site: Site, kind: str, about: str, email: str, language: str, subject: str, name: str, **values: Any
) -> Message:
    with speaking(language, site.timezone):
        said = gettext(subject, name=name)
    known = {"tongue": language, "subject": said, "name": name, **values}
    return Message(
        key=f"back_in_stock:{kind}:{about}",
        kind=f"back_in_stock.{kind}",
        to=email,
        subject=said,
        text=render_outside(site, f"back_in_stock/mail/{kind}.txt", language, **known),
        html=inline_css(render_outside(site, f"back_in_stock/mail/{kind}.html", language, **known)),
        language=language,
        unsubscribe_url=values.get("stop", ""),
    )


def look(payload: Mapping[str, Any], site: Site) -> None:
    """An hourly job: what became sellable without an event (a release, a date, a hold that ended) is told, too."""
    del payload
    tell(site, waited_for(site))


def purge(payload: Mapping[str, Any], site: Site) -> None:
    """A daily job: addresses that were told long ago, and those that were never confirmed, are forgotten. Commits."""
    del payload
    told = micros(now() - timedelta(days=BackInStock.of(site).keep_days))
    with transaction():
        execute(
            "DELETE FROM back_in_stock_subscription WHERE site_id = ? AND (told_at < ?"
            " OR (confirmed_at IS NULL AND created_at < ?))",
            site.id, told, micros(now() - UNCONFIRMED),
        )  # fmt: skip


def erase(site: Site, email: str) -> int:
    """Forget an address; answers how many subscriptions it had. Commits."""
    with transaction():
        return execute(
            "DELETE FROM back_in_stock_subscription WHERE site_id = ? AND email = ?", site.id, email.strip().lower()
        )


def forget(site: Site, codes: Collection[str], at: datetime) -> None:
    """Forget the addresses with these codes that waited before `at`: who comes back later may wait anew. Commits."""
    found = rows(
        "SELECT DISTINCT email FROM back_in_stock_subscription WHERE site_id = ? AND created_at <= ?",
        site.id, micros(at),
    )  # fmt: skip
    theirs = [email for (email,) in found if mail_code(site.id, email) in codes]
    with transaction():
        for email in theirs:
            execute(
                "DELETE FROM back_in_stock_subscription WHERE site_id = ? AND email = ? AND created_at <= ?",
                site.id, email, micros(at),
            )  # fmt: skip


# -- showing -----------------------------------------------------------------------------------------------------------


def section(product: ProductPage) -> Slot | None:
    """The form below the buy button, while something is sold out. No statement."""
    gone = missing(product)
    if not gone:
        return None
    return Slot(html=part("back_in_stock/form", product=product, missing=gone, typed={}, errors={}, shown="slot"))


class Count(Struct, frozen=True):
    """How many wait for a variant, and how many were told."""

    product_id: int
    name: str
    sku: str
    waiting: int
    told: int


def counts(site: Site, language: str, product_id: int | None = None) -> list[Count]:
    """Per variant, those that most people wait for first. Four statements."""
    among, params = ("", []) if product_id is None else (" AND b.product_id = ?", [product_id])
    found = rows(
        "SELECT b.product_id, v.sku, SUM(CASE WHEN b.told_at IS NULL AND b.confirmed_at IS NOT NULL THEN 1 ELSE 0 END)"
        " AS waiting, SUM(CASE WHEN b.told_at IS NOT NULL THEN 1 ELSE 0 END) FROM back_in_stock_subscription b"
        f" JOIN variant v ON v.id = b.variant_id WHERE b.site_id = ?{among}"
        " GROUP BY b.product_id, b.variant_id, v.sku ORDER BY waiting DESC, v.sku LIMIT 200",
        site.id,
        *params,
    )
    names = named_products(site, language, {row[0] for row in found})
    return [
        Count(row[0], names[row[0]].name if row[0] in names else "", row[1], int(row[2]), int(row[3])) for row in found
    ]
