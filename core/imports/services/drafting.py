"""From what a file says and what the shop has to the draft of a product, or the remark why there can be none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from core.catalogue.services.drafts import (
    AttributeDraft,
    ListingDraft,
    OptionDraft,
    PriceDraft,
    ProductDraft,
    TextDraft,
    ValueDraft,
    VariantDraft,
)
from core.catalogue.services.stock import UNLIMITED
from core.hookspecs.site import Site
from core.imports.services import remarks
from core.imports.services.known import Known, KnownOption, stated_prices
from core.imports.services.rows import PriceRow, Problem, ProductRow, Said, TextRow, VariantRow
from core.kernel.i18n import gettext, speaking
from core.lib import ids
from core.lib.text import fold, slugify

TAGS = "tags"
_CODE_LIMIT = 60
_LONGEST_CHOICE = 60
CategoryIds = Mapping[tuple[str, ...], int]


class CannotBeDrafted(Exception):
    """The file and the shop contradict each other about this product."""

    def __init__(self, row: ProductRow, said: Said, line: int = 0, **params: object) -> None:
        super().__init__(said)
        self.problem = Problem(line=line or row.line, column="SKU", said=said, params=params)


def draft(site: Site, row: ProductRow, known: Known, category_ids: CategoryIds) -> ProductDraft:
    """The draft to save; raises CannotBeDrafted. `category_ids` holds the paths that there are."""
    product_id = _product_id(row, known)
    attributes = _Attributes(site, known, product_id)
    return ProductDraft(
        id=product_id,
        vendor=row.vendor,
        tax_class=row.tax_class,
        returns=row.returns,
        texts={text.language: _text(text) for text in row.texts},
        options=_options(site, row, known.options.get(product_id or 0, ())),
        variants=tuple(_variant(variant, known) for variant in row.variants),
        attributes=attributes.draft(row),
        category_ids=_categories(row, known, category_ids, product_id),
        listing=_listing(site, row, known, product_id),
        whole=False,
    )


def _product_id(row: ProductRow, known: Known) -> int | None:
    """The one product of the shop that the row's SKUs name; None for a new one."""
    for variant in row.variants:
        if variant.sku in known.variants and known.variants[variant.sku].archived:
            raise CannotBeDrafted(row, remarks.SKU_ARCHIVED, variant.line, sku=variant.sku)
    found = known.products_of(row)
    if len(found) > 1:
        raise CannotBeDrafted(row, remarks.TWO_PRODUCTS, skus=", ".join(variant.sku for variant in row.variants))
    if not found and not any(text.name for text in row.texts):
        raise CannotBeDrafted(row, remarks.NO_NAME)
    return next(iter(found), None)


def _text(text: TextRow) -> TextDraft:
    return TextDraft(
        name=text.name or None,
        summary=text.summary,
        body_html=text.body_html,
        seo_title=text.seo_title,
        seo_description=text.seo_description,
    )


# -- options and variants ----------------------------------------------------------------------------------------------


def _options(site: Site, row: ProductRow, known: Iterable[KnownOption]) -> tuple[OptionDraft, ...] | None:
    """The options with the values that the file uses; None where it says nothing of them."""
    if all(variant.options is None for variant in row.variants):
        return None
    found: dict[str, dict[str, None]] = {}
    for variant in row.variants:
        for name, value in variant.options or ():
            found.setdefault(name, {})[value] = None
    present = tuple(known)
    if present and not _are_the_same(found, present):
        raise CannotBeDrafted(row, remarks.OTHER_OPTIONS, options=", ".join(option.name for option in present))
    return tuple(
        OptionDraft(names={site.language: name}, values=tuple(_value(site, word) for word in values))
        for name, values in found.items()
    )


def _are_the_same(names: Iterable[str], present: tuple[KnownOption, ...]) -> bool:
    folded = set(map(fold, names))
    return len(folded) == len(present) and all(folded & option.words for option in present)


def _value(site: Site, word: str) -> ValueDraft:
    """The catalogue makes the code from the word; one of signs alone has none to make."""
    return ValueDraft(names={site.language: word}, code="" if slugify(word) else ids.digest(word)[:8])


def _variant(variant: VariantRow, known: Known) -> VariantDraft:
    present = known.variants.get(variant.sku)
    # Where nothing is counted there is no stock to go beyond.
    backorders = None if variant.tracked is False else variant.backorders
    return VariantDraft(
        sku=variant.sku,
        id=present.id if present else None,
        values=None if variant.options is None else dict(variant.options),
        prices=_prices(variant.prices, known.prices.get(present.id, ()) if present else ()),
        tracked=variant.tracked,
        stock=variant.stock,
        backorder_limit=None if backorders is None else UNLIMITED if backorders else 0,
        weight_g=variant.weight_g,
        barcode=variant.barcode,
        needs_delivery=variant.needs_delivery,
        active=variant.active,
    )


def _prices(wanted: tuple[PriceRow, ...] | None, present: Iterable[PriceDraft]) -> tuple[PriceDraft, ...] | None:
    """None if the shop says the same. What a file cannot say, prices for quantities, stays beside what it says."""
    present = tuple(present)
    if wanted is None or wanted == stated_prices(present):
        return None
    new = [PriceDraft(amount=price.amount, was=price.was, starts=price.starts, ends=price.ends) for price in wanted]
    return tuple(new + [price for price in present if price.from_qty > 1 and wanted])


# -- attributes and listing --------------------------------------------------------------------------------------------


def _categories(
    row: ProductRow, known: Known, category_ids: CategoryIds, product_id: int | None
) -> tuple[int, ...] | None:
    if row.categories is None:
        return None
    said = [category_ids[path] for path in row.categories if path in category_ids]
    return tuple(dict.fromkeys([*said, *known.hidden_categories.get(product_id or 0, ())]))


class _Attributes:
    """What is said of a product, with the codes and translations that its values have already."""

    def __init__(self, site: Site, known: Known, product_id: int | None) -> None:
        self._site = site
        self._known = known
        self._product_id = product_id or 0

    def draft(self, row: ProductRow) -> tuple[AttributeDraft, ...] | None:
        drafts = {}
        for name, words in row.attributes.items():
            code = name if name in self._known.attributes else _code(name, ())
            drafts[code] = self._attribute(code, {self._site.language: name}, words)
        if row.tags is not None:
            drafts[TAGS] = self._attribute(TAGS, _tag_names(self._site), row.tags)
        return tuple(drafts.values()) or None

    def _attribute(self, code: str, names: Mapping[str, str], words: Iterable[str]) -> AttributeDraft:
        present = self._known.values.get((self._product_id, code), {})
        taken = {value.code for value in present.values()}
        values: list[ValueDraft] = []
        for word in words:
            value = present.get(word) or ValueDraft(code=_code(word, taken), names={self._site.language: word})
            taken.add(value.code)
            values.append(value)
        short = all(len(word) <= _LONGEST_CHOICE for word in words)
        kind = "choice" if short else "text"
        return AttributeDraft(code=code, names=names, values=tuple(values), kind=kind, filterable=short)


def _code(word: str, taken: Iterable[str]) -> str:
    """A code for a word: its slug, or with a mark where two words have one slug (`S`, `S+`) or none at all."""
    plain = slugify(word, _CODE_LIMIT)
    return plain if plain and plain not in taken else f"{plain}-{ids.digest(word)[:6]}".lstrip("-")


def _tag_names(site: Site) -> dict[str, str]:
    names = {}
    for language in site.languages:
        with speaking(language):
            names[language] = gettext("Tags")
    return names


def _listing(site: Site, row: ProductRow, known: Known, product_id: int | None) -> ListingDraft | None:
    """A product that is new here is shown unless the file says otherwise. An address once given is the merchant's."""
    if product_id in known.listed:
        return None if row.published is None else ListingDraft(visible=row.published)
    if product_id is not None and row.published is False:
        return None  # It is not shown here, and the file wants nothing else.
    visible = not row.hidden_if_new if row.published is None else row.published
    return ListingDraft(visible=visible, paths={site.language: row.path} if row.path else {})
