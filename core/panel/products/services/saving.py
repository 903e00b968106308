"""The editor's forms as verbs of the catalogue, whose refusals go through to the view."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import product as combinations

from msgspec import Struct
from msgspec.structs import replace

from core.catalogue.services import products
from core.catalogue.services.drafts import ListingDraft, OptionDraft, ProductDraft, ValueDraft, VariantDraft
from core.catalogue.services.saving_choices import Option, matching, options_of
from core.catalogue.services.writing import decoded
from core.hookspecs.site import Site
from core.kernel import db
from core.kernel.repeats import claim
from core.lib.errors import Refused
from core.lib.languages import named
from core.lib.text import slugify
from core.panel.products import forms


def save_words(
    site: Site,
    product_id: int,
    version: int,
    texts: Sequence[forms.TextForm],
    actor: str,
    *,
    shared: ProductDraft | None,
) -> products.Saved:
    """Store the words. With `shared` (facts of the whole installation) they are for all sites, else this site's own."""
    drafts = forms.text_drafts(texts)
    # Without a place on this site yet, the words alone must not put it on sale here.
    listed = db.value("SELECT 1 FROM listing WHERE site_id = ? AND product_id = ?", site.id, product_id)
    paths = {text.language: text.slug for text in texts if text.slug}
    listing = ListingDraft(visible=None if listed else False, paths=paths)
    if shared is None:
        draft = ProductDraft(id=product_id, version=version, site_texts=drafts, listing=listing, whole=False)
    else:
        draft = ProductDraft(
            id=product_id,
            version=version,
            texts=drafts,
            drop_languages=tuple(text.language for text in texts if text.is_dropped),
            listing=listing,
            vendor=shared.vendor,
            tax_class=shared.tax_class,
            returns=shared.returns,
            category_ids=shared.category_ids,
            attributes=shared.attributes,
            whole=False,
        )
    return products.update_product(site, product_id, draft, actor)


def add(
    site: Site,
    texts: Sequence[forms.TextForm],
    facts: ProductDraft,
    variant: VariantDraft,
    actor: str,
    *,
    pictures: Sequence[int] = (),
    visible: bool = False,
) -> int:
    """Make a product with one variant and its pictures, on sale here or hidden; answers its id."""
    draft = ProductDraft(
        texts=forms.text_drafts([text for text in texts if text.name]),
        vendor=facts.vendor,
        tax_class=facts.tax_class,
        returns=facts.returns,
        category_ids=facts.category_ids,
        variants=(variant,),
        media_ids=tuple(pictures) or None,
        listing=ListingDraft(visible=visible, paths={text.language: text.slug for text in texts if text.slug}),
    )
    return products.create_product(site, draft, actor).product_id


def save_variants(site: Site, product_id: int, drafts: Sequence[VariantDraft], reason: str, actor: str) -> None:
    """Store the grid, all of it or nothing; `reason` stands beside the moves of changed counts."""
    draft = ProductDraft(id=product_id, variants=tuple(drafts), whole=False, reason=reason)
    products.update_product(site, product_id, draft, actor)


class LeftOut(Struct, frozen=True, kw_only=True):
    """Options and values that a form names no more, in the reader's words, and the variants that would go with them."""

    names: tuple[str, ...]
    variants: tuple[forms.VariantFact, ...]


def left_out(
    product_id: int, options: tuple[OptionDraft, ...], variants: Sequence[forms.VariantFact], language: str
) -> LeftOut:
    """What is there and not among `options`.

    A variant goes if its value does, or if only an option that goes told it apart from one before it.
    """
    named_now = _codes(_meant(product_id, options))
    names = []
    for option in options_of(product_id):
        if option.code not in named_now:
            names.append(named(option.names, language))
        else:
            gone = [value for value in option.values if value.code not in named_now[option.code]]
            names += [named(value.names, language) for value in gone]
    staying = _staying(variants, named_now)
    return LeftOut(names=tuple(names), variants=tuple(one for one in variants if one.id not in staying))


def _meant(product_id: int, options: tuple[OptionDraft, ...]) -> tuple[OptionDraft, ...]:
    """The options with the codes of those that are there under these names."""
    known = options_of(product_id)
    return tuple(_with_codes(draft, matching(known, draft.code, draft.names)) for draft in options)


def _with_codes(draft: OptionDraft, option: Option | None) -> OptionDraft:
    if option is None:
        return draft
    found = [(value, matching(option.values, value.code, value.names)) for value in draft.values]
    values = tuple(replace(value, code=known.code) if known else value for value, known in found)
    return replace(draft, code=option.code, values=values)


def _codes(options: tuple[OptionDraft, ...]) -> dict[str, list[str]]:
    return {_code(option): [_code(value) for value in option.values] for option in options}


def _staying(
    variants: Sequence[forms.VariantFact], named_now: Mapping[str, Collection[str]]
) -> dict[int, dict[str, str]]:
    """The variants that stay, with what they chose of what stays."""
    chosen, staying = _choices_of([variant.id for variant in variants]), dict[int, dict[str, str]]()
    for variant in variants:
        whole = chosen.get(variant.id, {})
        choice = {option: value for option, value in whole.items() if option in named_now}
        is_there = all(value in named_now[option] for option, value in choice.items())
        if is_there and (choice == whole or choice not in staying.values()):
            staying[variant.id] = choice
    return staying


def save_options(
    site: Site,
    product_id: int,
    options: tuple[OptionDraft, ...],
    variants: Sequence[forms.VariantFact],
    actor: str,
    *,
    version: int | None = None,
) -> None:
    """Store options and make a variant for every combination that has none; variants that stay keep their choices.

    With the `version` that was looked at, what is not named any more is deleted, with the variants of `left_out`; the
    history of the product brings it back. A single variant without choices becomes the first combination. New ones
    have no price yet, so nobody can buy them. Raises Stale.
    """
    options = _meant(product_id, options)
    present = _staying(variants, _codes(options))
    variants = [variant for variant in variants if variant.id in present]
    free = [choice for choice in _combinations(options) if choice not in present.values()]
    without = [variant for variant in variants if not present[variant.id]]
    chosen = present | {variant.id: choice for variant, choice in zip(without, free, strict=False)}
    drafts = [VariantDraft(sku=variant.sku, id=variant.id, values=chosen[variant.id]) for variant in variants]
    base = variants[0].sku if variants else f"P{product_id}"
    drafts += [
        VariantDraft(sku="-".join([base, *choice.values()])[:64].upper(), values=choice, prices=())
        for choice in free[len(without) :]
    ]
    whole = version is not None
    draft = ProductDraft(id=product_id, version=version, options=options, variants=tuple(drafts), whole=whole)
    products.update_product(site, product_id, draft, actor)


def _combinations(options: tuple[OptionDraft, ...]) -> list[dict[str, str]]:
    """Every choice of one value per option, as codes; none without options."""
    codes = _codes(options)
    return [dict(zip(codes, choice, strict=True)) for choice in combinations(*codes.values())] if codes else []


def _code(draft: OptionDraft | ValueDraft) -> str:
    return draft.code or slugify(next(iter(draft.names.values())))


def _choices_of(variant_ids: list[int]) -> dict[int, dict[str, str]]:
    found = db.rows(
        "SELECT v.variant_id, o.code, x.code FROM variant_value v JOIN product_option o ON o.id = v.option_id JOIN"
        " option_value x ON x.id = v.value_id"
        f" WHERE v.variant_id IN ({db.marks(variant_ids)})",
        *variant_ids,
    )
    choices: dict[int, dict[str, str]] = {}
    for variant_id, option, value in found:
        choices.setdefault(variant_id, {})[option] = value
    return choices


def set_pictures(site: Site, product_id: int, media_ids: Sequence[int], actor: str, *, key: str = "") -> None:
    """Store which pictures a product has, in order. Raises DoneBefore."""

    @contextmanager
    def claimed(results: list[products.Saved | Refused]) -> Iterator[None]:
        yield
        if not any(isinstance(one, Refused) for one in results):
            claim(key)

    draft = ProductDraft(id=product_id, media_ids=tuple(media_ids), whole=False)
    (saved,) = products.save_products(site, [draft], actor, around=claimed)
    if isinstance(saved, Refused):
        raise saved


def option_words(product_id: int, language: str) -> list[tuple[str, str]]:
    """(name, values line by line) of each option in the reader's language, for the form."""
    rows = db.rows(
        "SELECT o.id, o.names, v.names FROM product_option o LEFT JOIN option_value v ON v.option_id = o.id WHERE"
        " o.product_id = ? ORDER BY o.position, o.id, v.position, v.id",
        product_id,
    )
    shown: dict[int, tuple[str, list[str]]] = {}
    for option_id, names, values in rows:
        entry = shown.setdefault(option_id, (_said(names, language), []))
        if values is not None:
            entry[1].append(_said(values, language))
    return [(name, "\n".join(values)) for name, values in shown.values()]


def _said(names: str, language: str) -> str:
    known = decoded(names) or {}
    return str(known.get(language) or next(iter(known.values()), ""))
