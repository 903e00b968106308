"""The list of products and the parts of one product's editor, each with a form of its own."""

from __future__ import annotations

from flask import Response, request, url_for

from core.catalogue.services import products, stock, stock_counts
from core.catalogue.services.drafts import PriceDraft, ProductDraft, VariantDraft
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.security import staff
from core.kernel.sites import current, state_of
from core.lib.errors import Refused, Unfit
from core.lib.money import NotMoney, parse_money
from core.panel.media.services import store_uploads
from core.panel.products import forms
from core.panel.products.services import editor, listing, saving
from core.panel.shell import actor, page, panel, shell, to
from core.panel.stock import services as stock_pages

Problems = list[tuple[str, str]]


@panel.get("/products", endpoint="products")
@staff("catalogue.view")
def show() -> Response:
    """The products that fit the address' filters."""
    query = _query()
    site_names = {place.id: place.name for place in shell().places}
    rows, further = listing.listed(current().site, i18n.language(), query, site_names)
    kept = {"q": query.text or None, "show": query.show or None, "category": query.category_id}
    following = url_for("panel.products", before=further, **kept) if further else ""
    first = url_for("panel.products", **kept) if query.before else ""
    named = [("", _("All")), ("on_sale", _("Listed here")), ("hidden", _("Hidden here")), ("low", _("Running low")), ("archived", _("Archived"))]
    views = [(title, url_for("panel.products", show=key or None), key == query.show, None) for key, title in named]
    return page("products.html", rows=rows, query=query, views=views, categories=listing.category_choices(i18n.language()), chips=_chips(query), next=following, first=first)


def _query() -> listing.Query:
    show = request.args.get("show", "")
    return listing.Query(
        text=request.args.get("q", "").strip()[:100], show=show if show in listing.SHOWS else "", category_id=request.args.get("category", type=int),
        before=request.args.get("before", type=int),
    )  # fmt: skip


def _chips(query: listing.Query) -> list[tuple[str, str, str]]:
    chips = []
    if query.text:
        chips.append((_("Search"), query.text, url_for("panel.products", show=query.show or None, category=query.category_id)))
    if query.category_id is not None:
        name = dict(listing.category_choices(i18n.language())).get(query.category_id, "").lstrip("– ")
        chips.append((_("Category"), name, url_for("panel.products", show=query.show or None, q=query.text or None)))
    return chips


# -- words ------------------------------------------------------------------------------------------------------------------


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
        prices = (PriceDraft(amount=parse_money(request.form["price"], site.currency)),) if request.form.get("price", "").strip() else ()
    except NotMoney as refusal:
        errors["price"] = i18n.say(refusal)
    problems = _text_problems(texts) + list(errors.items())
    if problems:
        return _words_page(None, texts, problems, errors=errors, status=422)
    try:
        product_id = saving.add(site, texts, _shared_draft(), VariantDraft(sku=sku, prices=prices), actor())
    except Refused as refusal:
        return _words_page(None, texts, _said(refusal), errors=errors, status=refusal.status)
    return to("panel.product_variants", say=_("The product is added. It is hidden until you switch it on."), product_id=product_id)


@panel.get("/products/<int:product_id>", endpoint="product")
@staff("catalogue.view")
def words(product_id: int) -> Response:
    """The words of a product, its categories and tax class."""
    site = current().site
    return _words_page(editor.head(site, product_id), editor.texts(site, product_id, own=not shell().may("products.edit")), [])


@panel.post("/products/<int:product_id>", endpoint="product_save")
@staff("texts.edit")
def save_words(product_id: int) -> Response:
    """Store the words: for all sites by those who may edit what is shared, else for this site alone."""
    site, shared = current().site, shell().may("products.edit")
    head, texts = editor.head(site, product_id), editor.texts(site, product_id, own=not shared)
    forms.read_texts(request.form, texts)
    problems = _text_problems(texts)
    if problems:
        return _words_page(head, texts, problems, status=422)
    try:
        saving.save_words(site, product_id, request.form.get("version", head.version, type=int), texts, actor(), shared=_shared_draft() if shared else None)
    except Refused as refusal:
        return _words_page(head, texts, _said(refusal), status=refusal.status)
    return to("panel.product", say=_("Saved."), product_id=product_id)


def _shared_draft() -> ProductDraft:
    return ProductDraft(
        vendor=request.form.get("vendor", "").strip()[:255], tax_class=request.form.get("tax_class", "").strip()[:40] or None,
        category_ids=tuple(request.form.getlist("categories", type=int)),
    )  # fmt: skip


def _text_problems(texts: list[editor.TextForm]) -> Problems:
    return [(f"{name}-{text.language}", f"{text.title}: {message}") for text in texts for name, message in text.errors.items()]


def _words_page(
    head: editor.Head | None, texts: list[editor.TextForm], problems: Problems, *, errors: dict[str, str] | None = None, status: int = 200
) -> Response:
    chosen = set(request.form.getlist("categories", type=int)) if request.method == "POST" else editor.category_ids(head.id) if head else set()
    return page(
        "product_words.html", status, product=head, texts=texts, problems=problems, facts=_facts(head), errors=errors or {}, chosen=chosen,
        categories=listing.category_choices(i18n.language()), tax_classes=editor.tax_classes(), shared=shell().may("products.edit"),
    )  # fmt: skip


def _facts(head: editor.Head | None) -> dict[str, str]:
    """The facts beside the words: as typed, else as stored."""
    stored = {"vendor": head.vendor if head else "", "tax_class": head.tax_class if head else "standard", "sku": "", "price": ""}
    return {name: request.form.get(name, value) for name, value in stored.items()}


@panel.post("/products/<int:product_id>/delete", endpoint="product_delete")
@staff("products.edit")
def archive(product_id: int) -> Response:
    """Take a product off every site; it can be brought back."""
    products.archive_product(product_id, actor())
    return to("panel.products", say=_("The product is archived. Shoppers no longer see it."), undo=url_for("panel.product_restore", product_id=product_id))


@panel.post("/products/<int:product_id>/restore", endpoint="product_restore")
@staff("products.edit")
def restore(product_id: int) -> Response:
    """Bring an archived product back."""
    products.restore_product(product_id, actor())
    return to("panel.product", say=_("The product is back."), product_id=product_id)


# -- variants and prices ------------------------------------------------------------------------------------------------------


@panel.get("/products/<int:product_id>/variants", endpoint="product_variants")
@staff("catalogue.view")
def variants(product_id: int) -> Response:
    """The grid of variants with this site's prices, and the options."""
    found = editor.variants(current().site, product_id)
    return _variants_page(product_id, forms.grid(current().site, found), [])


@panel.post("/products/<int:product_id>/variants", endpoint="product_variants_save")
@staff("prices.edit")
def save_variants(product_id: int) -> Response:
    """Store the grid; those who may not edit what is shared change prices alone."""
    site = current().site
    found = editor.variants(site, product_id)
    rows = forms.grid(site, found, request.form)
    drafts = [forms.variant_draft(site, variant, row) for variant, row in zip(found, rows, strict=True)]
    problems = forms.grid_problems(rows, forms.columns(site))
    if problems:
        return _variants_page(product_id, rows, problems, 422)
    try:
        saving.save_variants(site, product_id, found, drafts, actor(), prices_only=not shell().may("products.edit"))
    except Refused as refusal:
        return _variants_page(product_id, rows, _said(refusal), refusal.status)
    return to("panel.product_variants", say=_("Saved."), product_id=product_id)


@panel.post("/products/<int:product_id>/options", endpoint="product_options")
@staff("products.edit")
def save_options(product_id: int) -> Response:
    """Store the options, and add the variants that are missing."""
    site = current().site
    found = editor.variants(site, product_id)
    names, values = request.form.getlist("option"), request.form.getlist("values")
    drafts = forms.option_drafts(names, values, i18n.language())
    try:
        saving.save_options(site, product_id, drafts, found, actor())
    except Refused as refusal:
        return _variants_page(product_id, forms.grid(site, found), _said(refusal), refusal.status, list(zip(names, values, strict=False)))
    return to("panel.product_variants", say=_("Saved. Give new variants a price to sell them."), product_id=product_id)


def _variants_page(product_id: int, rows: list[forms.GridRow], problems: Problems, status: int = 200, typed: list[tuple[str, str]] | None = None) -> Response:
    site = current().site
    options = typed or saving.option_words(product_id, i18n.language())
    return page(
        "product_variants.html", status, product=editor.head(site, product_id), rows=rows, columns=forms.columns(site), problems=problems,
        options=[*options, *[("", "")] * max(1, 2 - len(options))],
    )  # fmt: skip


# -- stock --------------------------------------------------------------------------------------------------------------------


@panel.get("/products/<int:product_id>/stock", endpoint="product_stock")
@staff("catalogue.view")
def show_stock(product_id: int) -> Response:
    """Counts per variant and location, and the latest moves."""
    return _stock_page(product_id, {}, [])


@panel.post("/products/<int:product_id>/stock", endpoint="product_stock_save")
@staff("stock.edit")
def save_stock(product_id: int) -> Response:
    """Store counts: each changed one is a move with a reason."""
    found = editor.variants(current().site, product_id)
    changes, problems = stock_pages.changed_counts(request.form, [variant.id for variant in found])
    reason = request.form.get("reason", "").strip()[:200]
    if changes and not reason:
        problems.append(("reason", _("Say why the counts change.")))
    if problems:
        return _stock_page(product_id, request.form, problems, 422)
    try:
        for (variant_id, location_id), count in changes.items():
            stock_pages.set_count(variant_id, location_id, count, reason, actor())
    except (stock.StockPromised, Unfit) as refusal:
        return _stock_page(product_id, request.form, [("", i18n.say(refusal))], 422)
    return to("panel.product_stock", say=_("The counts are stored."), product_id=product_id)


def _stock_page(product_id: int, typed: object, problems: Problems, status: int = 200) -> Response:
    site = current().site
    found = editor.variants(site, product_id)
    wrong = dict(problems)
    return page(
        "product_stock.html", status, product=editor.head(site, product_id), problems=problems, locations=stock_pages.locations(),
        rows=stock_pages.grid([(variant.id, variant.title, variant.sku) for variant in found], typed, wrong), reason=request.form.get("reason", ""),
        errors={"reason": wrong.get("reason", "")}, moves=stock_pages.moves([variant.id for variant in found]), first=stock_counts.first_location(),
    )  # fmt: skip


# -- pictures -----------------------------------------------------------------------------------------------------------------


@panel.get("/products/<int:product_id>/pictures", endpoint="product_pictures")
@staff("catalogue.view")
def pictures(product_id: int) -> Response:
    """The pictures in their order."""
    return _pictures_page(product_id, [])


@panel.post("/products/<int:product_id>/pictures", endpoint="product_picture_add")
@staff("products.edit")
def add_pictures(product_id: int) -> Response:
    """Upload pictures behind those that are there."""
    site = current().site
    added, problems = store_uploads(request.files.getlist("files"), request.form, editor.languages(site), actor())
    if added:
        saving.set_pictures(site, product_id, [*(picture.id for picture in editor.pictures(product_id)), *added], actor())
    if problems:
        return _pictures_page(product_id, problems, 422)
    return to("panel.product_pictures", say=i18n.ngettext("%(n)s picture is added.", "%(n)s pictures are added.", len(added)), product_id=product_id)


@panel.post("/products/<int:product_id>/pictures/<int:media_id>/<any(earlier, later):way>", endpoint="product_picture_move")
@staff("products.edit")
def move_picture(product_id: int, media_id: int, way: str) -> Response:
    """Move a picture one place."""
    ids = [picture.id for picture in editor.pictures(product_id)]
    if media_id in ids:
        place = ids.index(media_id)
        ids.insert(max(0, place + (-1 if way == "earlier" else 1)), ids.pop(place))
        saving.set_pictures(current().site, product_id, ids, actor())
    return to("panel.product_pictures", product_id=product_id)


@panel.post("/products/<int:product_id>/pictures/<int:media_id>/remove", endpoint="product_picture_remove")
@staff("products.edit")
def remove_picture(product_id: int, media_id: int) -> Response:
    """Take a picture off a product; it stays among the pictures."""
    ids = [picture.id for picture in editor.pictures(product_id) if picture.id != media_id]
    saving.set_pictures(current().site, product_id, ids, actor())
    undo = url_for("panel.product_picture_back", product_id=product_id, media_id=media_id)
    return to("panel.product_pictures", say=_("The picture is taken off this product."), undo=undo, product_id=product_id)


@panel.post("/products/<int:product_id>/pictures/<int:media_id>/back", endpoint="product_picture_back")
@staff("products.edit")
def put_picture_back(product_id: int, media_id: int) -> Response:
    """Undo taking a picture off."""
    ids = [*(picture.id for picture in editor.pictures(product_id)), media_id]
    saving.set_pictures(current().site, product_id, ids, actor())
    return to("panel.product_pictures", product_id=product_id)


def _pictures_page(product_id: int, problems: Problems, status: int = 200) -> Response:
    site = current().site
    named = [(tag, i18n.language_name(tag)) for tag in editor.languages(site)]
    return page("product_pictures.html", status, product=editor.head(site, product_id), pictures=editor.pictures(product_id), languages=named, problems=problems)


# -- places -------------------------------------------------------------------------------------------------------------------


@panel.get("/products/<int:product_id>/sites", endpoint="product_sites")
@staff("catalogue.view")
def places(product_id: int) -> Response:
    """Where and when the product is sold, on the sites that this person works on."""
    return _places_page(product_id, editor.places(product_id, _my_sites()), [])


@panel.post("/products/<int:product_id>/sites", endpoint="product_sites_save")
@staff("listings.edit")
def save_places(product_id: int) -> Response:
    """Store where and when the product is sold."""
    found = editor.places(product_id, _my_sites())
    problems = forms.read_places(request.form, found)
    if problems:
        return _places_page(product_id, found, problems, 422)
    for place in found:
        try:
            products.set_listing(
                state_of(place.id).site, product_id, visible=place.visible, position=int(place.position), actor=actor(),
                publish_at=forms.instant(place.publish_at, place.timezone), withdraw_at=forms.instant(place.withdraw_at, place.timezone),
            )  # fmt: skip
        except Unfit as refusal:
            place.errors |= {name: _(message) for name, message in refusal.errors.items()}
            return _places_page(product_id, found, [(f"{name}-{place.id}", message) for name, message in place.errors.items()], 422)
    return to("panel.product_sites", say=_("Saved."), product_id=product_id)


def _my_sites() -> list[int]:
    return [place.id for place in shell().places if shell().visitor.may("listings.edit", place.id)]


def _places_page(product_id: int, found: list[editor.PlaceForm], problems: Problems, status: int = 200) -> Response:
    return page("product_sites.html", status, product=editor.head(current().site, product_id), places=found, problems=problems)


def _said(refusal: Refused) -> Problems:
    """What the catalogue refused, for the summary."""
    if isinstance(refusal, Unfit):
        return [("", _(message)) for message in refusal.errors.values()]
    return [("", i18n.say(refusal))]
