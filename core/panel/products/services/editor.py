"""What the editor of one product shows: its head, words, variants with prices, stock, pictures and places."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from flask import url_for
from msgspec import Struct

from core.catalogue.services.saving_choices import Option, options_of
from core.catalogue.services.writing import decoded
from core.hookspecs.site import Site
from core.kernel import db, files, i18n
from core.kernel.kept import kept_still
from core.lib.errors import NotFound
from core.lib.languages import named
from core.panel.products.forms import PriceFact, TextForm, VariantFact
from core.panel.products.services import listing
from core.panel.shell.sites import every_site
from core.panel.shell.status import Status

TAX_CLASSES = ("standard", "reduced", "zero")


class Head(Struct, frozen=True, kw_only=True):
    """The head of every part of the editor. `shop_url` is empty while shoppers do not see the product."""

    id: int
    version: int
    name: str
    vendor: str
    tax_class: str
    returns: str
    status: Status
    shop_url: str
    archived: bool


class Picture(Struct, frozen=True, kw_only=True):
    """A picture of the product, in its order."""

    id: int
    name: str
    url: str
    alt: str


def head(site: Site, product_id: int) -> Head:
    """The product by its id, archived or not; raises NotFound."""
    row = db.one(
        "SELECT p.version, p.vendor, p.tax_class, p.deleted_at, p.returns, l.visible, l.publish_at, l.withdraw_at,"
        " (SELECT 1 FROM price c JOIN variant v ON v.id = c.variant_id WHERE c.site_id = ? AND c.currency = ? AND"
        " v.product_id = p.id LIMIT 1), (SELECT path FROM slug WHERE site_id = ? AND kind = 'product' AND ref = p.id"
        " AND language = ? AND current = ?) FROM product p LEFT JOIN listing l ON l.product_id = p.id AND l.site_id = ?"
        " WHERE p.id = ?",
        site.id,
        site.currency,
        site.id,
        i18n.language(),
        True,
        site.id,
        product_id,
    )
    if row is None:
        raise NotFound
    names: dict[str, str] = dict(
        db.rows(
            "SELECT language, name FROM product_text WHERE product_id = ? AND site_id IS NULL ORDER BY id", product_id
        )
    )
    *_facts, visible, publish_at, withdraw_at, sold, path = row
    place = None if visible is None else listing.ListingFact(bool(visible), publish_at, withdraw_at)
    state = listing.status(place, sold=sold is not None, archived=row[3] is not None)
    return Head(
        id=product_id,
        version=row[0],
        name=named(names, i18n.language()),
        vendor=row[1],
        tax_class=row[2],
        returns=row[4],
        status=state,
        shop_url=url_for("storefront.product", path=path) if path and state.glyph == "done" else "",
        archived=row[3] is not None,
    )


def texts(site: Site, product_id: int | None, *, own: bool) -> list[TextForm]:
    """The words in every language: those of all sites; with `own` those that this site has instead, else empty."""
    sites = every_site()
    forms = {
        tag: TextForm(language=tag, title=i18n.language_name(tag), slug="" if tag in site.languages else None)
        for tag in dict.fromkeys([*site.languages, *(tag for other in sites for tag in other.languages)])
    }
    if product_id is None:
        return list(forms.values())
    if not own:
        _name_first_languages(site, product_id, sites, forms)
    titles = {other.id: other.name for other in sites}
    own_words: dict[str, list[str]] = {}
    for tag, site_id, path, *words, _id in db.rows(
        "SELECT language, site_id, NULL AS path, name, summary, body_html, seo_title, seo_description, id FROM"
        " product_text WHERE product_id = ? UNION ALL SELECT language, NULL, path, '', '', '', '', '', 0 FROM slug"
        " WHERE site_id = ? AND kind = 'product' AND ref = ? AND current = ? ORDER BY 2, 9",
        product_id,
        site.id,
        product_id,
        True,
    ):
        if tag not in forms:
            continue
        form = forms[tag]
        if path is not None:
            form.slug = path
        elif site_id is None:
            (form.hold if own else form.fill)(words)
        elif own and site_id == site.id:
            own_words[tag] = words
        elif not own and site_id in titles:
            form.own_on.append(titles[site_id])
    for tag, words in own_words.items():
        common = forms[tag].shared.values()
        forms[tag].fill(word if word != other else "" for word, other in zip(words, common, strict=True))
    return list(forms.values())


def _name_first_languages(site: Site, product_id: int, sites: Iterable[Site], forms: Mapping[str, TextForm]) -> None:
    """Tell each language which of the sites that have the product, and of this one, speak it first."""
    having = {row[0] for row in db.rows("SELECT site_id FROM listing WHERE product_id = ?", product_id)} | {site.id}
    for other in sites:
        if other.id in having:
            forms[other.language].first_on.append(other.name)


def category_ids(product_id: int) -> set[int]:
    """The categories a product is in itself."""
    return {row[0] for row in db.rows("SELECT category_id FROM product_category WHERE product_id = ?", product_id)}


def tax_classes() -> list[tuple[str, str]]:
    """The classes that taxes are set for, and those that products have."""
    known = kept_still("tax_classes", lambda: [row[0] for row in db.rows("SELECT DISTINCT tax_class FROM product")])
    words = {"standard": i18n.gettext("Standard"), "reduced": i18n.gettext("Reduced"), "zero": i18n.gettext("Zero")}
    return [(code, words.get(code, code)) for code in dict.fromkeys([*TAX_CLASSES, *known])]


# -- variants --------------------------------------------------------------------------------------------------------


def variants(site: Site, product_id: int) -> list[VariantFact]:
    """The variants with their choices in words and their public prices on this site; four statements."""
    found = db.rows(
        "SELECT v.id, v.sku, v.barcode, v.weight_g, v.active, v.tracked, s.on_hand FROM variant v LEFT JOIN stock_level"
        " s ON s.variant_id = v.id AND s.location_id = (SELECT id FROM location WHERE closed_at IS NULL"
        " ORDER BY priority, id LIMIT 1)"
        " WHERE v.product_id = ? AND v.deleted_at IS NULL ORDER BY v.position, v.id",
        product_id,
    )
    ids = [row[0] for row in found]
    titles, prices = _titles(options_of(product_id), ids), _prices(site, ids)
    return [
        VariantFact(
            id=row[0],
            sku=row[1],
            barcode=row[2],
            weight_g=row[3],
            active=bool(row[4]),
            tracked=bool(row[5]),
            title=titles.get(row[0]) or row[1],
            prices=prices[row[0]],
            stock=int(row[6] or 0) if row[5] else None,
        )
        for row in found
    ]


def _titles(options: Iterable[Option], variant_ids: list[int]) -> dict[int, str]:
    names = {value.id: named(value.names, i18n.language()) for option in options for value in option.values}
    order = {option.id: place for place, option in enumerate(options)}
    parts: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for variant_id, option_id, value_id in db.rows(
        f"SELECT variant_id, option_id, value_id FROM variant_value WHERE variant_id IN ({db.marks(variant_ids)})",
        *variant_ids,
    ):
        parts[variant_id].append((order.get(option_id, 0), names.get(value_id, "")))
    return {variant_id: i18n.enumerated(name for _place, name in sorted(found)) for variant_id, found in parts.items()}


def _prices(site: Site, variant_ids: list[int]) -> dict[int, list[PriceFact]]:
    prices: dict[int, list[PriceFact]] = defaultdict(list)
    for variant_id, currency, amount, was, from_qty, starts, ends in db.rows(
        "SELECT variant_id, currency, amount, was, from_qty, starts, ends FROM price WHERE site_id = ? AND list IS"
        f" NULL AND variant_id IN ({db.marks(variant_ids)}) ORDER BY id",
        site.id,
        *variant_ids,
    ):
        prices[variant_id].append(
            PriceFact(currency=currency, amount=amount, was=was, from_qty=from_qty, starts=starts, ends=ends)
        )
    return prices


# -- pictures -------------------------------------------------------------------------------------------------------


def pictures(product_id: int) -> list[Picture]:
    """The pictures in order."""
    found = db.rows(
        "SELECT m.id, m.name, m.original, m.alt FROM product_media p JOIN media m ON m.id = p.media_id WHERE"
        " p.product_id = ? ORDER BY p.position, m.id",
        product_id,
    )
    return [
        Picture(
            id=row[0],
            name=row[2] or row[1],
            url=files.url(row[1], 480),
            alt=named(decoded(row[3]) or {}, i18n.language()),
        )
        for row in found
    ]


def wordless(product_id: int) -> int:
    """How many of a product's pictures have no words, its variants' among them."""
    return sum(
        not (decoded(row[0]) or {})
        for row in db.rows(
            "SELECT alt FROM media WHERE id IN (SELECT media_id FROM product_media WHERE product_id = ? UNION SELECT"
            " media_id FROM variant WHERE product_id = ? AND deleted_at IS NULL)",
            product_id,
            product_id,
        )
    )
