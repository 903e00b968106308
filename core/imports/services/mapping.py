"""What the columns of a file may mean: guessed by their names, chosen by the merchant, kept for the next file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from msgspec import Struct

from core.hookspecs.site import Site
from core.imports.models import PRODUCTS, ColumnMapping
from core.imports.services.formats import FORMATS, Header
from core.imports.services.kept_files import kept_file
from core.imports.services.own import ATTRIBUTE, FIELDS, OPTION, TEXTS
from core.imports.services.read_products import ReadProduct, open_products
from core.imports.services.reports import find_run
from core.imports.services.sources import open_table
from core.kernel import db
from core.kernel.i18n import enumerated
from core.lib import clock
from core.lib.errors import Refused, Unfit
from core.lib.text import fold

OWN = "stoa"
SAMPLES, PREVIEW, LOOKED_AT = 3, 5, 200
_NAME_LIMIT = 80

# Words that people write above their columns, without spaces, signs and accents.
_WORDS: Mapping[str, str] = {
    "product": "productid parent parentid parentsku group groupid handle spu 商品组 父商品 款号",
    "sku": "sku variantsku articlenumber articleno itemnumber itemno itemcode productcode partnumber code artikelnummer"
    " artnr bestellnummer reference referencia referenz ref codigo 货号 商品编号 商品编码 编码 编号 商家编码",
    "name": "name title productname producttitle articlename itemname bezeichnung titel produktname artikelname nom"
    " titre libelle nombre titulo 名称 商品名称 品名 标题 商品标题 产品名称",
    "summary": "summary shortdescription excerpt teaser subtitle kurzbeschreibung resume resumen 简介 摘要 副标题 卖点",
    "body_html": "body bodyhtml description longdescription details html beschreibung text descripcion 描述 详情"
    " 商品描述 商品详情 详细描述",
    "seo_title": "seotitle metatitle pagetitle",
    "seo_description": "seodescription metadescription",
    "path": "path slug urlkey url permalink",
    "vendor": "vendor brand manufacturer maker marke hersteller marque fabricant marca 品牌 厂商 制造商 供应商",
    "returns": "returns returnable returnpolicy returndays ruckgabe retours 退货 退换货 退货政策",
    "tax_class": "taxclass taxcategory vatclass steuerklasse 税类",
    "categories": "category categories collection collections department section kategorie kategorien warengruppe"
    " categorie categoria 分类 类目 商品分类 类别",
    "tags": "tags keywords labels schlagworte 标签 关键词",
    "published": "published visible online enabled status veroffentlicht 上架 是否上架 发布",
    "pictures": "pictures picture images image imageurl imageurls imagesrc photo photos mainimage bild bilder bildurl"
    " 图片 主图 图片地址 商品图片",
    "picture_alts": "alt alts imagealt imagealttext",
    "price": "price unitprice retailprice sellingprice listprice amount preis verkaufspreis vkpreis prix precio 价格"
    " 售价 单价 销售价 零售价",
    "was": "was compareat compareatprice formerprice rrp msrp uvp streichpreis 原价 市场价 划线价",
    "sale_price": "saleprice specialprice offerprice discountprice aktionspreis 促销价 特价 活动价",
    "sale_starts": "salestarts salefrom specialpricefrom 促销开始",
    "sale_ends": "saleends saleto specialpriceto 促销结束",
    "stock": "stock quantity qty onhand inventory stockquantity available bestand lagerbestand menge stockonhand"
    " cantidad quantite 库存 数量 库存数量",
    "backorders": "backorders allowbackorders",
    "weight_g": "weightg weightgrams grams gramm gewichtg 重量 重量克 克重",
    "barcode": "barcode ean ean13 gtin upc isbn 条码 条形码 商品条码",
    "needs_delivery": "needsdelivery requiresshipping 需要配送",
    "active": "active aktiv 启用",
    "variant_picture": "variantpicture variantimage 规格图片",
    "option:": "size colour color farbe grosse taille couleur talla flavour flavor 尺码 颜色 规格 尺寸 口味",
    "attribute:": "material fabric composition style pattern gender season material matiere 材质 面料 风格 款式 产地",
}
_SYNONYMS = {word: target for target, words in _WORDS.items() for word in words.split()}
_OWN_PARTS = re.compile(r"option\d+_(?:name|value)")


class Column(Struct, frozen=True, kw_only=True):
    """A column of a file: what is in its first rows, and what it is taken for (empty: left out)."""

    name: str
    samples: tuple[str, ...]
    target: str


class Look(Struct, frozen=True, kw_only=True):
    """An opened file as the merchant sees it: its columns, and its first products as they would come in.

    `products` and `refused` count those among the first rows; there are none as long as there is a `problem`.
    """

    columns: tuple[Column, ...]
    first: tuple[ReadProduct, ...] = ()
    products: int = 0
    refused: int = 0
    problem: Refused | None = None


class CannotBeMapped(Refused):
    """Two columns for one thing, or none for what a product needs."""

    status = 422
    code = "cannot_be_mapped"
    default_message = "Choose one column for the SKU, and every other target once at most: %(columns)s."


# -- guessing ----------------------------------------------------------------------------------------------------------


def targets(site: Site, column: str) -> list[str]:
    """What a column can stand for: the fields of our own format, texts in further languages, an option or attribute."""
    further = [language for language in site.languages if language != site.language]
    texts = [f"{text}:{language}" for language in further for text in TEXTS]
    return [*FIELDS, *texts, *_of_its_name(column), *([column] if _OWN_PARTS.fullmatch(column.casefold()) else [])]


def _of_its_name(column: str) -> tuple[str, str]:
    """A column called "Colour" may be the option of that name, or an attribute."""
    own = column.casefold()
    for prefix in (OPTION, ATTRIBUTE):
        own = own.removeprefix(prefix)
    return OPTION + own, ATTRIBUTE + own


def guess(site: Site, columns: Sequence[str]) -> dict[str, str]:
    """A target per column, each once, empty where the name says nothing."""
    taken: set[str] = set()
    found: dict[str, str] = {}
    # What is named exactly comes before what only sounds like it.
    for column in sorted(columns, key=lambda column: column.casefold() not in targets(site, column)):
        target = _guessed(site, column)
        found[column] = "" if target in taken else target
        taken.add(target)
    return {column: found[column] for column in columns}


def _guessed(site: Site, column: str) -> str:
    known = {target.casefold(): target for target in targets(site, column)}
    if column.casefold() in known:
        return known[column.casefold()]
    target = _SYNONYMS.get(re.sub(r"[\W_]+", "", fold(column)), "")
    return {OPTION: _of_its_name(column)[0], ATTRIBUTE: _of_its_name(column)[1]}.get(target, target)


def best_mapping(site: Site, columns: Sequence[str]) -> tuple[str, dict[str, str], str, str]:
    """(format, mapping, where pictures are, order of days) for a file nobody has looked at yet.

    A kept mapping that fits, or else the file of another shop system, or else what the names suggest.
    """
    for kept in kept_mappings(site):
        if kept.mapping and set(kept.mapping) == set(columns):
            return OWN, dict(kept.mapping), kept.pictures, kept.dates
    names = frozenset(Header(columns).shown)
    for known in FORMATS:
        if known.name != OWN and not known.missing(names):
            return known.name, {}, "", ""
    return OWN, guess(site, columns), "", ""


def check(mapping: Mapping[str, str]) -> None:
    """Raises CannotBeMapped, naming the targets that are missing or chosen twice."""
    counted = Counter(filter(None, mapping.values()))
    wrong = [target for target, times in counted.items() if times > 1] + (["sku"] if "sku" not in counted else [])
    if wrong:
        raise CannotBeMapped(columns=enumerated(wrong))


# -- looking -----------------------------------------------------------------------------------------------------------


def look(site: Site, run_id: int) -> Look:
    """The columns of an opened file and its first products. Reads no more than its first rows. Raises NotFound."""
    run = find_run(site, run_id)
    path = kept_file(run.file)
    columns = seen_columns(path, run.mapping)
    try:
        with open_products(
            site, path, run.format, run.mapping, pictures=run.pictures, dates=run.dates, most=LOOKED_AT
        ) as file:
            read = list(file.products())
    except Refused as problem:
        return Look(columns=columns, problem=problem)
    refused = sum(one.product is None for one in read)
    return Look(columns=columns, first=tuple(read[:PREVIEW]), products=len(read), refused=refused)


def seen_columns(path: Path, mapping: Mapping[str, str]) -> tuple[Column, ...]:
    """The columns of a kept file, what stands in its first rows, and what each is taken for. Raises UnreadableFile."""
    with open_table(path) as rows:
        first = list(islice(rows, LOOKED_AT))
        return tuple(
            Column(name=name, samples=_samples(row.cells.get(name, "") for row in first), target=mapping.get(name, ""))
            for name in rows.columns
        )


def _samples(cells: Iterator[str]) -> tuple[str, ...]:
    """The first different things that stand in a column, shortened."""
    found: dict[str, None] = {}
    for cell in cells:
        text = " ".join(cell.split())
        if text:
            found[text if len(text) <= 40 else text[:39] + "…"] = None
        if len(found) == SAMPLES:
            break
    return tuple(found)


# -- kept for the next file --------------------------------------------------------------------------------------------


def kept_mappings(site: Site, kind: str = PRODUCTS) -> list[ColumnMapping]:
    """All that were kept, by name."""
    return list(ColumnMapping.for_site(site).where(ColumnMapping.kind == kind).order_by(ColumnMapping.name))


def keep_mapping(site: Site, name: str, mapping: Mapping[str, str], pictures: str, dates: str = "") -> None:
    """Keep a mapping under a name; one of the same name is replaced. Raises Unfit without a name, CannotBeMapped."""
    check(mapping)
    store_mapping(site, name, mapping, pictures, dates=dates)


def store_mapping(
    site: Site, name: str, mapping: Mapping[str, str], pictures: str = "", kind: str = PRODUCTS, dates: str = ""
) -> None:
    """`keep_mapping` of columns that were checked elsewhere. Raises Unfit without a name."""
    name = " ".join(name.split())[:_NAME_LIMIT]
    if not name:
        raise Unfit({"keep_name": "Give it a name."})
    row = {"mapping": dict(mapping), "pictures": pictures[:500], "dates": dates, "created_at": clock.now()}
    with db.transaction():
        ColumnMapping.insert(site_id=site.id, kind=kind, name=name, **row).on_conflict(
            conflict_target=[ColumnMapping.site_id, ColumnMapping.kind, ColumnMapping.name], preserve=list(row)
        ).execute()


def forget_mapping(site: Site, mapping_id: int, kind: str = PRODUCTS) -> None:
    """A kept mapping is no longer offered; nothing if it is gone already."""
    with db.transaction():
        ColumnMapping.delete().where(
            ColumnMapping.site_id == site.id, ColumnMapping.kind == kind, ColumnMapping.id == mapping_id
        ).execute()
