"""What the form of a page says: one language's content with its blocks, and what holds in all languages."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct, field

from core.api import Block, BlockField, Site, form_words, now, products_by_sku, slugify
from core.api import gettext as _
from plugins.pages.forms import shapes
from plugins.pages.forms.shapes import Content, Wanted
from plugins.pages.models import KINDS, PAGE

LIMITS = {"title": 200, "slug": 80, "summary": 400, "seo_title": 255, "seo_description": 500}
AUTHOR = 80
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_LAST_ID = 2**31
Form = Any


class Read(Struct, kw_only=True):
    """What was sent: as it would be stored, what is wrong with it by field, and the fields as they were typed.

    `window` is the form itself, `seen` the one that had kept the draft which it showed.
    """

    wanted: Wanted
    errors: dict[str, str]
    typed: Mapping[str, str]
    version: int
    window: str
    seen: str


def read_form(form: Form, site: Site, stored: Content | None, kinds: Mapping[str, Block], *, whole: bool) -> Read:
    """The whole form. `stored` keeps the blocks of plugins that are off as they were; a draft need not be `whole`."""
    errors: dict[str, str] = {}
    content: Content = {name: one_line(form.get(name, "")) for name in LIMITS}
    content["slug"] = slugify(content["slug"] or content["title"], LIMITS["slug"])
    for name, most in LIMITS.items():
        if len(content[name]) > most:
            errors[name] = _too_long(most)
    content["blocks"] = _blocks(form, stored, kinds, errors)
    if whole:
        _check_whole(content, kinds, errors)
    return Read(
        wanted=_settings(form, site, content, errors),
        errors=errors,
        typed={name: form.get(name, "") for name in form},
        version=_number(form.get("version", "")),
        window=one_line(form.get("window", ""))[:40],
        seen=one_line(form.get("seen", ""))[:40],
    )


def _settings(form: Form, site: Site, content: Content, errors: dict[str, str]) -> Wanted:
    author = one_line(form.get("author", ""))
    if len(author) > AUTHOR:
        errors["author"] = _too_long(AUTHOR)
    times = {name: _instant(form, name, site, errors) for name in ("publish_at", "unpublish_at", "draft_at")}
    start, end = times["publish_at"], times["unpublish_at"]
    if end is not None and (end <= now() or (start is not None and end <= start)):
        errors.setdefault("unpublish_at", _("This is over before it begins. Choose a later moment, or none."))
    if times["draft_at"] is not None and times["draft_at"] <= now():
        errors.setdefault("draft_at", _("This moment has passed. Publish at once, or choose a later one."))
    return Wanted(
        content=content,
        kind=form.get("kind", PAGE) if form.get("kind") in KINDS else PAGE,
        author=author,
        media_id=_number(form.get("media_id", "")) or None,
        header=bool(form.get("header")),
        footer=bool(form.get("footer")),
        **times,
    )


def _instant(form: Form, name: str, site: Site, errors: dict[str, str]) -> datetime | None:
    """A `datetime-local` of the site's time zone; an hour that clocks leap over is none."""
    text = form.get(name, "").strip()
    if not text:
        return None
    try:
        local = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(site.timezone))
        at = local.astimezone(UTC)
        if at.astimezone(local.tzinfo).replace(tzinfo=None) == local.replace(tzinfo=None):
            return at
    except (ValueError, OverflowError):
        pass
    errors[name] = _("Write a day and a time that there is in %(zone)s.", zone=site.timezone)
    return None


def local(at: datetime | None, site: Site) -> str:
    """An instant as a field for day and time shows it."""
    return at.astimezone(ZoneInfo(site.timezone)).strftime("%Y-%m-%dT%H:%M") if at is not None else ""


# -- blocks ------------------------------------------------------------------------------------------------------------


def field_id(block_id: str, name: str) -> str:
    """The id and the name of a block's field in the form."""
    return f"b-{block_id}-{name}"


def _blocks(
    form: Form, stored: Content | None, kinds: Mapping[str, Block], errors: dict[str, str]
) -> list[dict[str, Any]]:
    kept = {one["id"]: one for one in (stored or shapes.blank())["blocks"]}
    blocks: list[dict[str, Any]] = []
    seen: set[str] = set()
    for said in form.getlist("block")[: shapes.MOST_BLOCKS]:
        block_id, _colon, name = said.partition(":")
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,20}", block_id) or block_id in seen:
            continue
        seen.add(block_id)
        if name in kinds:
            values = {one.name: _value(form, field_id(block_id, one.name), one, errors) for one in kinds[name].fields}
            blocks.append({"id": block_id, "kind": name, "values": values})
        elif block_id in kept:
            blocks.append(kept[block_id])
    return blocks


def _value(form: Form, name: str, about: BlockField, errors: dict[str, str]) -> Any:
    text = form.get(name, "")
    if about.kind == "picture":
        return _number(text)
    if about.kind == "products":
        return _products(name, text, about.most, errors)
    if about.kind == "choice":
        known = [value for value, _label in about.choices]
        return text if text in known else next(iter(known), "")
    clean = one_line(text) if about.kind == "line" else lines(text)
    if about.most and len(clean) > about.most:
        errors[name] = _too_long(about.most)
    return clean


def _check_whole(content: Content, kinds: Mapping[str, Block], errors: dict[str, str]) -> None:
    if not content["title"]:
        errors.setdefault("title", _("A page needs a title before shoppers can find it."))
    for one in content["blocks"]:
        for about in kinds[one["kind"]].fields if one["kind"] in kinds else ():
            if about.needed and not one["values"].get(about.name):
                name = field_id(one["id"], about.name)
                errors.setdefault(name, _("Fill this in, or take the block away."))


def _products(name: str, text: str, most: int, errors: dict[str, str]) -> list[int]:
    written = list(dict.fromkeys(form_words(text)))
    known = products_by_sku(written) if written else {}
    if unknown := [sku for sku in written if sku not in known]:
        errors[name] = _("No product has the SKU %(sku)s.", sku=unknown[0])
    found = list(dict.fromkeys(known[sku] for sku in written if sku in known))
    if most and len(found) > most:
        errors[name] = _("At most %(count)s products.", count=most)
    return found


def _too_long(most: int) -> str:
    return _("At most %(count)s characters.", count=most)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 11 and int(text) < _LAST_ID else 0


def one_line(text: str) -> str:
    """`text` without line breaks and controls."""
    return " ".join(_CONTROLS.sub(" ", text).split())


def lines(text: str) -> str:
    """`text` with its line breaks, without controls."""
    clean = _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return "\n".join(line.rstrip() for line in clean.split("\n")).strip()


# -- what its buttons do -----------------------------------------------------------------------------------------------


class Moved(Struct, frozen=True):
    """The blocks after a button was pressed, and the one to look at."""

    blocks: list[dict[str, Any]]
    at: str


def pressed(act: str, blocks: Sequence[dict[str, Any]], kinds: Mapping[str, Block]) -> Moved | None:
    """Add a block (`add:<kind>`), or move or take one (`up:`, `down:`, `take:<id>`); None: no such button.

    `pick:<field>:<id>` puts a product behind those of a field.
    """
    name, _colon, what = act.partition(":")
    if name == "pick":
        return _picked(*what.rpartition(":")[::2], blocks, kinds)
    order = list(blocks)
    if name == "add":
        if what not in kinds or len(order) >= shapes.MOST_BLOCKS:
            return None
        empty: dict[str, Any] = {"picture": 0, "products": []}
        values = {one.name: one.choices[0][0] if one.choices else empty.get(one.kind, "") for one in kinds[what].fields}
        order.append(shapes.block(what, values))
        return Moved(order, order[-1]["id"])
    at = next((place for place, one in enumerate(order) if one["id"] == what), None)
    do: Callable[[int], None] | None = {"up": -1, "down": 1, "take": 0}.get(name)  # type: ignore[assignment]
    if at is None or do is None:
        return None
    one = order.pop(at)
    if name == "take":
        return Moved(order, order[min(at, len(order) - 1)]["id"] if order else "")
    order.insert(max(0, at + (-1 if name == "up" else 1)), one)
    return Moved(order, one["id"])


def _picked(
    field_name: str, product: str, blocks: Sequence[dict[str, Any]], kinds: Mapping[str, Block]
) -> Moved | None:
    for one in blocks:
        for about in kinds[one["kind"]].fields if one["kind"] in kinds else ():
            if about.kind == "products" and field_id(one["id"], about.name) == field_name and _number(product):
                chosen = one["values"].get(about.name) or []
                one["values"][about.name] = list(dict.fromkeys([*chosen, _number(product)]))
                return Moved(list(blocks), one["id"])
    return None


def sought(form: Form) -> tuple[str, str]:
    """(field, words) of the search for products that was filled in; empty where none was."""
    for name in form:
        if name.startswith("find-") and (words := one_line(form.get(name, ""))[:100]):
            return name.removeprefix("find-"), words
    return "", ""


# -- shown again -------------------------------------------------------------------------------------------------------


class ShownField(Struct, frozen=True, kw_only=True):
    """A field of a block, ready for the page. `names` are those of chosen products."""

    id: str
    about: BlockField
    value: Any
    error: str = ""
    names: Sequence[str] = field(default_factory=tuple)

    @property
    def find(self) -> str:
        """The id and the name of its search for products."""
        return f"find-{self.id}"


class ShownBlock(Struct, frozen=True, kw_only=True):
    """A block of the form. Without `kind` its plugin is off: it is kept, and cannot be changed."""

    id: str
    name: str
    kind: Block | None
    fields: Sequence[ShownField]


def shown_blocks(
    content: Content,
    kinds: Mapping[str, Block],
    products: Mapping[int, Any],
    errors: Mapping[str, str],
    typed: Mapping[str, str],
) -> list[ShownBlock]:
    """The blocks of a content; where something is wrong, as it was typed. `products` have sku and name by id."""
    return [
        ShownBlock(
            id=one["id"],
            name=one["kind"],
            kind=kinds.get(one["kind"]),
            fields=[
                _shown(field_id(one["id"], about.name), about, one["values"].get(about.name), products, errors, typed)
                for about in (kinds[one["kind"]].fields if one["kind"] in kinds else ())
            ],
        )
        for one in content["blocks"]
    ]


def _shown(
    name: str,
    about: BlockField,
    value: Any,
    products: Mapping[int, Any],
    errors: Mapping[str, str],
    typed: Mapping[str, str],
) -> ShownField:
    names: list[str] = []
    if about.kind == "products":
        known = [products[one] for one in value or () if one in products]
        names = [one.name for one in known]
        value = "\n".join(one.sku for one in known if one.sku)
    error = errors.get(name, "")
    return ShownField(
        id=name, about=about, value=typed.get(name, value) if error else value or "", error=error, names=names
    )


def products_in(content: Content, kinds: Mapping[str, Block]) -> set[int]:
    """The ids of all products that blocks name."""
    return {
        product_id
        for one in content["blocks"]
        if one["kind"] in kinds
        for about in kinds[one["kind"]].fields
        if about.kind == "products"
        for product_id in one["values"].get(about.name) or ()
    }
