"""Writing one page: its words in a language, its blocks, and what holds in all languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.api import (
    ListingQuery,
    Refused,
    Site,
    absolute,
    actor,
    add_picture,
    current_site,
    current_visitor,
    labelled,
    language,
    language_name,
    named_products,
    now,
    panel_to,
    plugin_blocks,
    recent_pictures,
    render,
    replace,
    request,
    say,
    search_cards,
    token,
    url_for,
    when,
)
from core.api import gettext as _
from plugins.pages.forms import panel as forms
from plugins.pages.forms import shapes
from plugins.pages.models import Page, PageText
from plugins.pages.services import reading, showing
from plugins.pages.services.panel import editing, finding, listing, publishing
from plugins.pages.views.panel.place import PUBLISH, may_edit, may_publish, panel

_PICTURES, _FOUND = 24, 8
# What holds at once in all languages, and is not kept while somebody types.
_OF_PAGE = {"author", "publish_at", "unpublish_at", "draft_at", "media_id"}


def _language(site: Site) -> str:
    """The language that is written in now."""
    said = str(request.values.get("language", "")) or language()
    return said if said in site.languages else site.language


@panel.get("/<int:page_id>")
@may_edit
def edit(page_id: int) -> Any:
    """A page with its words in one language."""
    return _editor(page_id, {}, None)


@panel.post("/<int:page_id>")
@may_edit
def save(page_id: int) -> Any:
    """Keep the draft, after the button that was pressed has added, moved or taken a block."""
    return _sent(page_id, is_published=False)


@panel.post("/<int:page_id>/publish")
@may_publish
def publish(page_id: int) -> Any:
    """Keep what the form says, and show it to shoppers."""
    return _sent(page_id, is_published=True)


def _sent(page_id: int, *, is_published: bool) -> Any:
    site, spoken = current_site(), _language(current_site())
    page, kinds = finding.find_page(site, page_id), plugin_blocks(site)
    text = finding.texts_of(site, page_id).get(spoken)
    form, problems = _with_uploads(kinds)
    stored = (text.draft or text.live) if text is not None else None
    read = forms.read_form(form, site, stored, kinds, whole=is_published)
    read.errors.update(problems)
    if not _may_publish(site):
        read.wanted = _allowed(page, read.wanted)
    moved = forms.pressed(form.get("act", ""), read.wanted.content["blocks"], kinds)
    if moved is not None:
        read.wanted.content["blocks"] = moved.blocks
        read.errors = {name: wrong for name, wrong in read.errors.items() if _stands(name, moved.blocks)}
    if is_published and moved is None and shapes.is_empty(read.wanted.content) and not read.errors.keys() - {"title"}:
        texts = finding.texts_of(site, page_id)
        if editing.may_withdraw(site, texts, spoken):
            return _withdrawn(page_id, spoken, read)
    if read.errors:
        return _editor(page_id, read.errors, read, 422)
    try:
        verb = editing.publish if is_published else editing.save
        verb(site, page_id, spoken, read.wanted, read.version, actor=actor(), windows=_windows(read))
    except publishing.SlugTaken as refusal:
        return _editor(page_id, {"slug": say(refusal)}, read, 422)
    except editing.Overtaken:
        return _overtaken(page_id, read)
    field, words = forms.sought(form)
    if words and not is_published and form.get("act", "") in {"", "find"}:  # The key Enter sends no button.
        return panel_to("pages.panel.edit", page_id=page_id, language=spoken, find=field, q=words, _anchor=field)
    return _after(page_id, spoken, read, moved, is_published=is_published)


def _overtaken(page_id: int, read: forms.Read) -> Any:
    said = _("Somebody else has saved this page meanwhile. Yours is below, not saved; saving it replaces theirs.")
    return _editor(page_id, {"": said}, read, 409)


def _withdrawn(page_id: int, spoken: str, read: forms.Read) -> Any:
    """All words of a language were emptied: its readers get the page in another one."""
    try:
        revision = editing.withdraw(
            current_site(), page_id, spoken, read.wanted, read.version, actor=actor(), windows=_windows(read)
        )
    except editing.Overtaken:
        return _overtaken(page_id, read)
    said = _("Published. There are no words in %(language)s any more.", language=language_name(spoken))
    undo = url_for("pages.panel.give_back", page_id=page_id, revision_id=revision)
    return panel_to("pages.panel.edit", say=said, undo=undo, page_id=page_id, language=spoken)


@panel.post("/<int:page_id>/words/<int:revision_id>")
@may_publish
def give_back(page_id: int, revision_id: int) -> Any:
    """Show the words of a language again that were emptied."""
    try:
        spoken = editing.give_back(current_site(), page_id, revision_id, actor=actor())
    except editing.Overtaken as refusal:
        return panel_to("pages.panel.edit", say=say(refusal), kind="bad", page_id=page_id)
    return panel_to("pages.panel.edit", say=_("The words are back."), page_id=page_id, language=spoken)


@panel.post("/<int:page_id>/keep")
@may_edit
def keep(page_id: int) -> Any:
    """Keep what is typed so far as the draft, and nothing of what holds at once; a script is told when, or why not."""
    site, spoken = current_site(), _language(current_site())
    text, kinds = finding.texts_of(site, page_id).get(spoken), plugin_blocks(site)
    stored = (text.draft or text.live) if text is not None else None
    read = forms.read_form(request.form, site, stored, kinds, whole=False)
    wrong = [said for name, said in read.errors.items() if name not in _OF_PAGE]
    if wrong:
        return {"said": _("Not kept yet: %(why)s", why=wrong[0])}, 422
    try:
        at = editing.keep(site, page_id, spoken, read.wanted.content, read.version, _windows(read))
    except (editing.Overtaken, editing.Planned) as refusal:
        return {"said": say(refusal)}, refusal.status
    return {"said": _("Kept as the draft (%(when)s).", when=when(at, "short"))}


def _windows(read: forms.Read) -> tuple[str, ...]:
    return read.window, read.seen


def _may_publish(site: Site) -> bool:
    return current_visitor().may(PUBLISH, site.id)


def _allowed(page: Page, wanted: shapes.Wanted) -> shapes.Wanted:
    """Who may not publish changes nothing that shoppers see, whatever their form says; a plan for the draft ends."""
    stored = _stored(page, None, wanted.content)
    if page.published:
        return stored
    return replace(stored, kind=wanted.kind, author=wanted.author, media_id=wanted.media_id)


def _after(page_id: int, spoken: str, read: forms.Read, moved: forms.Moved | None, *, is_published: bool) -> Any:
    where: dict[str, Any] = {"page_id": page_id, "language": spoken}
    if moved is not None:
        return panel_to("pages.panel.edit", **where, _anchor=f"block-{moved.at}" if moved.at else "blocks")
    if not is_published:
        planned = read.wanted.draft_at is not None
        return panel_to("pages.panel.edit", say=_("The draft is planned.") if planned else _("Saved."), **where)
    start = read.wanted.publish_at
    later = start is not None and start > now()
    said = _("Shoppers see it from the moment you chose.") if later else _("Published. Shoppers see it now.")
    return panel_to("pages.panel.edit", say=said, **where)


def _stands(name: str, blocks: list[dict[str, Any]]) -> bool:
    """Whether the field that is wrong is still in the form."""
    parts = name.split("-")
    return parts[0] != "b" or any(one["id"] == parts[1] for one in blocks)


def _with_uploads(kinds: Mapping[str, Any]) -> tuple[Any, dict[str, str]]:
    """The form with the pictures that came with it, stored; and what is wrong with those that are none."""
    form, problems = request.form.copy(), dict[str, str]()
    del kinds
    for name, upload in request.files.items():
        if not upload.filename or not name.endswith("-file"):
            continue
        field = name.removesuffix("-file")
        try:
            form[field] = str(add_picture(upload.read(), upload.filename, {}, actor()))
        except Refused as refusal:
            problems[field] = labelled(upload.filename, say(refusal))
    return form, problems


def _editor(page_id: int, errors: dict[str, str], read: forms.Read | None, status: int = 200) -> Any:
    site, spoken = current_site(), _language(current_site())
    page, texts = finding.find_page(site, page_id), finding.texts_of(site, page_id)
    text, kinds = texts.get(spoken), plugin_blocks(site)
    stored = (text.draft or text.live) if text is not None else None
    wanted = read.wanted if read is not None else _stored(page, text, stored or shapes.blank())
    content = wanted.content
    pictures = {wanted.media_id, *_pictures_in(content, kinds)} - {None, 0}
    products = named_products(site, spoken, sorted(forms.products_in(content, kinds)))
    return render(
        "pages/panel/edit.html",
        status,
        page=page,
        text=text,
        texts=texts,
        spoken=spoken,
        may_withdraw=_may_publish(site) and editing.may_withdraw(site, texts, spoken),
        state=_state(page, texts),
        values=_values(wanted, site, read),
        wanted=wanted,
        blocks=forms.shown_blocks(content, kinds, products, errors, read.typed if read is not None else {}),
        kinds=list(kinds.values()),
        pictures=recent_pictures(_PICTURES, sorted(one for one in pictures if one)),
        finding=_finding(site, spoken),
        errors=errors,
        problems=list(errors.items()),
        limits=forms.LIMITS,
        version=text.version if text is not None else 0,
        window=token(),
        seen=text.window if text is not None else "",
        preview=absolute(url_for("pages.preview", token=showing.preview_token(text.id))) if text is not None else "",
        shop_url=_shop_url(site, page, text),
        place=f"{site.host}/{'guides' if page.kind == 'guide' else 'pages'}/",
    )


def _finding(site: Site, spoken: str) -> Mapping[str, Any]:
    """What the words of a search for products find, and for which field."""
    field, words = request.args.get("find", ""), request.args.get("q", "").strip()[:100]
    if not field or not words:
        return {"field": "", "words": "", "found": []}
    ids = [
        card.product_id for card in search_cards(site, spoken, site.currency, words, ListingQuery(limit=_FOUND)).cards
    ]
    names = named_products(site, spoken, ids)
    return {"field": field, "words": words, "found": [names[one] for one in ids if one in names]}


def _stored(page: Page, text: PageText | None, content: shapes.Content) -> shapes.Wanted:
    return shapes.Wanted(
        content=content,
        kind=page.kind,
        author=page.author,
        media_id=page.media_id,
        publish_at=page.publish_at,
        unpublish_at=page.unpublish_at,
        draft_at=text.draft_at if text is not None else None,
        header=page.header is not None,
        footer=page.footer is not None,
    )


def _values(wanted: shapes.Wanted, site: Site, read: forms.Read | None) -> dict[str, str]:
    """The single fields as the form shows them: as they were typed, if they were."""
    times = {name: forms.local(getattr(wanted, name), site) for name in ("publish_at", "unpublish_at", "draft_at")}
    values = {**{name: wanted.content[name] for name in forms.LIMITS}, "author": wanted.author, **times}
    typed = read.typed if read is not None else {}
    return {name: typed.get(name, value) for name, value in values.items()}


def _pictures_in(content: shapes.Content, kinds: Mapping[str, Any]) -> set[int]:
    return {
        one["values"].get(field.name) or 0
        for one in content["blocks"]
        if one["kind"] in kinds
        for field in kinds[one["kind"]].fields
        if field.kind == "picture"
    }


def _state(page: Page, texts: Mapping[str, PageText]) -> str:
    return listing.state_of(
        published=page.published,
        publish_at=page.publish_at,
        unpublish_at=page.unpublish_at,
        was_live=any(text.live is not None for text in texts.values()),
    )


def _shop_url(site: Site, page: Page, text: PageText | None) -> str:
    """Where shoppers read it; empty while they do not."""
    entry = next((one for one in reading.entries(site) if one.id == page.id), None)
    if entry is None or text is None or text.language not in entry.texts:
        return ""
    return absolute(reading.path_in(site, entry, text.language))


# -- shown, hidden, taken away -----------------------------------------------------------------------------------------


@panel.post("/<int:page_id>/shown")
@may_publish
def shown(page_id: int) -> Any:
    """Hide a page, or show it again."""
    is_on = bool(request.form.get("on"))
    try:
        publishing.set_shown(current_site(), page_id, shown=is_on, actor=actor())
    except (publishing.NoTitle, publishing.SlugTaken) as refusal:
        return panel_to("pages.panel.edit", say=say(refusal), kind="bad", page_id=page_id)
    return panel_to("pages.panel.edit", say=_("It is shown.") if is_on else _("It is hidden."), page_id=page_id)


@panel.post("/<int:page_id>/discard")
@may_edit
def discard(page_id: int) -> Any:
    """Let a draft go; what shoppers read stays."""
    site, spoken = current_site(), _language(current_site())
    revision = editing.discard(site, page_id, spoken, actor=actor())
    undo = url_for("pages.panel.bring_back", page_id=page_id, revision_id=revision)
    return panel_to("pages.panel.edit", say=_("The draft is gone."), undo=undo, page_id=page_id, language=spoken)


@panel.post("/<int:page_id>/remove")
@may_publish
def remove(page_id: int) -> Any:
    """Take a page away."""
    publishing.remove(current_site(), page_id, actor=actor())
    undo = url_for("pages.panel.restore", page_id=page_id)
    return panel_to("pages.panel.show", say=_("The page is removed."), undo=undo)


@panel.post("/<int:page_id>/restore")
@may_publish
def restore(page_id: int) -> Any:
    """Bring a page back."""
    publishing.restore(current_site(), page_id, actor=actor())
    return panel_to("pages.panel.edit", say=_("The page is back."), page_id=page_id)
