"""The words of a product, its categories and tax class; a new product; taking one away."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response, request, url_for
from werkzeug.datastructures import MultiDict

from core.catalogue.services import products
from core.catalogue.services.drafts import AttributeDraft, PriceDraft, ProductDraft, VariantDraft
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.security import staff
from core.kernel.sites import current
from core.lib.errors import Refused
from core.lib.money import NotMoney, parse_money
from core.panel.activity import services as log
from core.panel.media.services import store_uploads
from core.panel.products import forms
from core.panel.products.services import edit_drafts, editor, facts, history, listing, returns, saving, seo
from core.panel.products.views.drafts import owner
from core.panel.products.views.refusals import Problems, said
from core.panel.services import section_problems, shows_sections
from core.panel.shell import actor, panel, shell
from core.panel.shell.answers import page, to

Typed = MultiDict[str, str]
_OWN_FORMS = {"panel.product_new_save", "panel.product_save", "panel.product_own_save"}


@panel.get("/products/new", endpoint="product_new")
@staff("products.edit")
def ask_new() -> Response:
    """The form for a new product."""
    return _words_page(None, editor.texts(current().site, None, own=False), [])


@panel.post("/products/new", endpoint="product_new_save")
@staff("products.edit")
def add() -> Response:
    """Make a product with its first variant."""
    site, texts, errors = current().site, editor.texts(current().site, None, own=False), {}
    forms.read_texts(request.form, texts)
    if not any(text.name for text in texts):
        texts[0].errors["name"] = _("Fill this in.")
    sku = request.form.get("sku", "").strip()
    if not sku:
        errors["sku"] = _("Fill this in.")
    prices: tuple[PriceDraft, ...] = ()
    try:
        prices = (
            (PriceDraft(amount=parse_money(request.form["price"], site.currency)),)
            if request.form.get("price", "").strip()
            else ()
        )
    except NotMoney as refusal:
        errors["price"] = i18n.say(refusal)
    stock = request.form.get("stock", "").strip() if shell().may("stock.edit") else ""
    if stock and not (stock.isdecimal() and int(stock) <= _MOST_PIECES):
        errors["stock"] = _("Write a whole number such as 12.")
    titles = {
        "sku": _("SKU"), "price": _("Price in %(currency)s", currency=site.currency), "stock": _("Pieces there now"),
    }  # fmt: skip
    problems = _text_problems(texts)
    problems += [(name, i18n.labelled(titles[name], message)) for name, message in errors.items()]
    if problems:
        if any(file.filename for file in request.files.getlist("files")):
            problems.append(("files", _("Choose the pictures once more: a browser forgets them with every answer.")))
        return _words_page(None, texts, problems, errors=errors, status=422)
    pictures, wrong = _pictures(texts)
    if wrong:
        return _words_page(None, texts, wrong, errors=errors, status=422)
    visible = "visible" in request.form and shell().may("listings.edit")
    variant = VariantDraft(sku=sku, prices=prices, stock=int(stock) if stock else None)
    try:
        product_id = saving.add(site, texts, _shared_draft(), variant, actor(), pictures=pictures, visible=visible)
    except Refused as refusal:
        return _words_page(None, texts, said(refusal), errors=errors, status=refusal.status)
    edit_drafts.close(owner("words", None), 0)
    shown = _("The product is added, and shoppers can see it.")
    hidden = _("The product is added. It is hidden until you switch it on.")
    return to("panel.product_variants", say=shown if visible else hidden, product_id=product_id)


_MOST_PIECES = 1_000_000


def _pictures(texts: list[forms.TextForm]) -> tuple[list[int], Problems]:
    """The pictures that came with a new product; without words of their own they are called like the product."""
    files = [file for file in request.files.getlist("files") if file.filename]
    names = {f"alt-{text.language}": text.name for text in texts if text.name}
    return store_uploads(files, names, [text.language for text in texts], actor()) if files else ([], [])


@panel.get("/products/<int:product_id>", endpoint="product")
@staff("catalogue.view")
def words(product_id: int) -> Response:
    """The words of a product, its categories and tax class."""
    site, own = current().site, not shell().may("products.edit")
    return _words_page(
        editor.head(site, product_id), editor.texts(site, product_id, own=own), list(section_problems()), own=own
    )


shows_sections("product", words)


@panel.get("/products/<int:product_id>/own", endpoint="product_own")
@staff("catalogue.view")
def own_words(product_id: int) -> Response:
    """The words that this site has instead of those of all sites."""
    site = current().site
    return _words_page(editor.head(site, product_id), editor.texts(site, product_id, own=True), [], own=True)


@panel.post("/products/<int:product_id>", endpoint="product_save")
@staff("texts.edit")
def save_words(product_id: int) -> Response:
    """Store the words: for all sites by those who may edit what is shared, else for this site alone."""
    return _save(product_id, own=not shell().may("products.edit"))


@panel.post("/products/<int:product_id>/own", endpoint="product_own_save")
@staff("texts.edit")
def save_own_words(product_id: int) -> Response:
    """Store the words that this site has instead of those of all sites; what is left empty follows those again."""
    return _save(product_id, own=True)


def _save(product_id: int, *, own: bool) -> Response:
    site = current().site
    head, texts = editor.head(site, product_id), editor.texts(site, product_id, own=own)
    forms.read_texts(request.form, texts, keep_names=not own)
    forms.reset(request.form.get("reset", ""), texts)
    about = [] if own else facts.facts(product_id, i18n.language())
    changed = facts.read(request.form, about, i18n.language())
    problems = [*_text_problems(texts), *((f"fact-{fact.id}", fact.error) for fact in about if fact.error)]
    if problems:
        return _words_page(head, texts, problems, about=about, status=422, own=own)
    last = history.latest(product_id)
    try:
        saved = saving.save_words(
            site,
            product_id,
            request.form.get("version", head.version, type=int),
            texts,
            actor(),
            shared=None if own else _shared_draft(changed),
        )
    except products.Stale:
        return _words_page(head, texts, [("", _meanwhile(product_id))], about=about, status=409, own=own)
    except Refused as refusal:
        return _words_page(head, texts, said(refusal), about=about, status=refusal.status, own=own)
    edit_drafts.close(owner(_part(own=own), product_id), saved.version)
    say, undo = _("Saved."), ""
    if dropped := [text.title for text in texts if text.is_dropped]:
        say = _("Saved. There are no words in %(languages)s any more.", languages=i18n.enumerated(dropped))
        undo = url_for("panel.product_then_restore", product_id=product_id, entry_id=last, version=saved.version)
    return to(str(request.endpoint).removesuffix("_save"), say=say, undo=undo, product_id=product_id)


def _part(*, own: bool) -> str:
    """The name of the form's draft; who may only write this site's own words does so on either page."""
    return "own" if own else "words"


def _meanwhile(product_id: int) -> str:
    """What was changed last, by whom."""
    return log.meanwhile("0", f"product:{product_id}") or i18n.say(products.Stale())


def _shared_draft(attributes: tuple[AttributeDraft, ...] = ()) -> ProductDraft:
    return ProductDraft(
        attributes=attributes or None,
        vendor=request.form.get("vendor", "").strip()[:255],
        tax_class=request.form.get("tax_class", "").strip()[:40] or None,
        returns=returns.read(request.form),
        category_ids=tuple(request.form.getlist("categories", type=int)),
    )


def _text_problems(texts: list[forms.TextForm]) -> Problems:
    titles = {
        "name": _("Name"),
        "summary": _("In one sentence"),
        "slug": _("Address on this site"),
        "seo_title": _("Title"),
    }
    return [
        (
            f"{name}-{text.language}",
            i18n.labelled(i18n.enumerated((text.title, titles.get(name, _("Description")))), message),
        )
        for text in texts
        for name, message in text.errors.items()
    ]


def _words_page(
    head: editor.Head | None,
    texts: list[forms.TextForm],
    problems: Problems,
    *,
    errors: dict[str, str] | None = None,
    about: list[facts.FactForm] | None = None,
    status: int = 200,
    own: bool = False,
) -> Response:
    site, shared = current().site, not own
    # A section of a plugin that is refused shows this page too; then nothing was typed into this form.
    typed: Typed = request.form if request.endpoint in _OWN_FORMS else MultiDict()
    part = _part(own=own)
    draft = None if typed else edit_drafts.draft_of(owner(part, head.id if head else None))
    if draft is not None:
        typed = draft.fields
        forms.read_texts(typed, texts)
    if about is None:
        about = facts.facts(head.id, i18n.language()) if head and shared else []
        facts.show(typed, about)
    in_categories = editor.category_ids(head.id) if head and not typed else set(typed.getlist("categories", type=int))
    return page(
        "product_words.html",
        status,
        product=head,
        part=part,
        texts=texts,
        problems=problems,
        draft=draft,
        version=head.version if head and draft is None else draft.version if draft else 0,
        overtaken=_meanwhile(head.id) if head and draft and draft.version < head.version else "",
        previews=seo.previews(site, texts),
        widths=(seo.TITLE, seo.DESCRIPTION),
        facts=_facts(head, typed),
        attributes=about,
        errors={**{name: text for name, text in problems if name.startswith("returns")}, **(errors or {})},
        on_sale="visible" in typed or not typed,
        chosen=in_categories,
        categories=listing.category_choices(i18n.language()),
        tax_classes=editor.tax_classes(),
        returns=returns.choices(),
        shared=shared,
        may_share=shell().may("products.edit"),
        may_save=shell().may("texts.edit"),
    )


def _facts(head: editor.Head | None, typed: Mapping[str, str]) -> dict[str, str]:
    """The facts beside the words: as typed, else as stored."""
    stored = {
        "vendor": head.vendor if head else "",
        "tax_class": head.tax_class if head else "standard",
        **returns.shown(head.returns if head else ""),
        "sku": "",
        "price": "",
        "stock": "",
        "fact-name": "",
        "fact-words": "",
    }
    return {name: typed.get(name, value) for name, value in stored.items()}


@panel.post("/products/<int:product_id>/delete", endpoint="product_delete")
@staff("products.edit")
def archive(product_id: int) -> Response:
    """Take a product off every site; it can be brought back."""
    products.archive_product(product_id, actor())
    return to(
        "panel.products",
        say=_("The product is archived. Shoppers no longer see it."),
        undo=url_for("panel.product_restore", product_id=product_id),
    )


@panel.post("/products/<int:product_id>/restore", endpoint="product_restore")
@staff("products.edit")
def restore(product_id: int) -> Response:
    """Bring an archived product back."""
    products.restore_product(product_id, actor())
    return to("panel.product", say=_("The product is back."), product_id=product_id)
