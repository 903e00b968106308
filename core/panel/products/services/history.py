"""What was changed of a product, by whom, in words: the entries of the activity log about it and its variants."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from difflib import SequenceMatcher
from typing import Any

from msgspec import Struct

from core.catalogue.services.saving_choices import told_choice
from core.kernel import db, i18n
from core.kernel.i18n import gettext as _
from core.kernel.i18n import lazy
from core.lib import clock
from core.lib.languages import named
from core.lib.money import Money
from core.lib.text import initials
from core.panel.activity import services as log
from core.panel.activity.services.recorded import Recorded
from core.panel.activity.services.words import sentence

PAGE = 30
_LAST = 2**62
_LONG = 80
_FLAGS = {"active", "tracked", "needs_delivery"}
_MOST_WORDS = 1500
# The entries about a product: its own, and those of its variants.
ABOUT = "(a.object = ? OR a.object IN (SELECT 'variant:' || v.id FROM variant v WHERE v.product_id = ?))"
NAMES: dict[str, Any] = {
    "name": lazy("Name"),
    "summary": lazy("In one sentence"),
    "body_html": lazy("Description"),
    "seo_title": lazy("Title"),
    "seo_description": lazy("Description for search engines"),
    "path": lazy("Address on this site"),
    "returns": lazy("Sending back"),
    "vendor": lazy("Maker or supplier"),
    "tax_class": lazy("Tax class"),
    "categories": lazy("Categories"),
    "pictures": lazy("Pictures"),
    "listing": lazy("Where it is sold"),
    "attributes": lazy("Facts"),
    "prices": lazy("Prices"),
    "sku": lazy("SKU"),
    "barcode": lazy("Barcode"),
    "weight_g": lazy("Weight g"),
    "active": lazy("For sale"),
    "tracked": lazy("Counted"),
    "needs_delivery": lazy("Needs delivery"),
    "variant": lazy("Variant"),
    "values": lazy("Choices"),
    "value": lazy("Choice"),
    "option": lazy("Option"),
    "stock": lazy("Stock"),
    "on_hand": lazy("Stock"),
    "reason": lazy("Reason"),
    "backorders": lazy("Ordered ahead at most"),
    "backorder_limit": lazy("Ordered ahead at most"),
    "deleted_at": lazy("Deleted"),
    "media_id": lazy("Pictures"),
}


class Part(Struct, frozen=True, kw_only=True):
    """A run of words of a text before and after: `kind` is same, del or ins."""

    kind: str
    text: str


class Change(Struct, frozen=True, kw_only=True):
    """One value that changed: its name, and what it was and is, in words. Long texts have `parts` instead."""

    name: str
    before: str = ""
    after: str = ""
    parts: Sequence[Part] = ()


class Entry(Struct, frozen=True, kw_only=True):
    """One act as people read it. `can_be_restored`: the product was changed since, and can be brought back to here."""

    id: int
    at: datetime
    actor: str
    initials: str
    is_machine: bool
    sentence: str
    place: str
    changes: list[Change]
    can_be_restored: bool


def entries(
    product_id: int, site_ids: Sequence[int] | None, before: int | None = None
) -> tuple[list[Entry], int | None]:
    """The latest acts on a product, newest first, and the id to go on from. Four statements.

    Of `site_ids` (None: of all sites) and of no site in particular.
    """
    here = "" if site_ids is None else f" AND (a.site_id IS NULL OR a.site_id IN ({db.marks(site_ids)}))"
    found = db.rows(
        "SELECT a.id, a.at, a.actor, a.verb, a.object, a.title, a.before, a.after, s.name FROM activity a LEFT JOIN"
        f" site s ON s.id = a.site_id WHERE {ABOUT} AND a.id < ?{here} ORDER BY a.id DESC LIMIT ?",
        f"product:{product_id}",
        product_id,
        before or _LAST,
        *(site_ids or ()),
        PAGE + 1,
    )
    rows = [(*row[:6], json.loads(row[6] or "{}"), json.loads(row[7] or "{}"), row[8]) for row in found[:PAGE]]
    people, told = _people({row[2] for row in rows}), Told(rows, product_id)
    shown = [
        Entry(
            id=row[0],
            at=clock.instant(row[1]),
            actor=(name := people.get(row[2]) or log.who(row[2])),
            initials=initials(name),
            is_machine=not row[2].startswith("staff:"),
            sentence=sentence(row[3], row[5] or row[4]),
            place=row[8] or "",
            changes=told.changes(row[6], row[7], row[3]),
            can_be_restored=(before is not None or place > 0) and row[3].startswith(("product.", "price.", "listing.")),
        )
        for place, row in enumerate(rows)
    ]
    return shown, found[PAGE - 1][0] if len(found) > PAGE else None


def latest(product_id: int) -> int:
    """The last entry about a product: what undoes an act brings back how it was after this one. 0: there is none."""
    return int(db.value(f"SELECT MAX(a.id) FROM activity a WHERE {ABOUT}", f"product:{product_id}", product_id) or 0)


def _people(actors: set[str]) -> dict[str, str]:
    ids = [int(actor[6:]) for actor in actors if actor.startswith("staff:") and actor[6:].isdecimal()]
    if not ids:
        return {}
    found = db.rows(f"SELECT id, name, email FROM staff WHERE id IN ({db.marks(ids)})", *ids)
    return {f"staff:{row[0]}": row[1] or row[2] for row in found}


class Told:
    """Says values in words; the names of all categories and pictures that occur are read by one statement each.

    The values of a plugin's acts it says itself.
    """

    def __init__(self, rows: Sequence[Sequence[Any]], product_id: int) -> None:
        sides = [side for row in rows for side in (row[6], row[7])]
        self._categories = _category_names(_ids(sides, "categories"))
        self._pictures = _picture_names(_ids(sides, "pictures"))
        self._choices = _choice_names(sides, product_id)
        self._plugins = Recorded((row[3] or "", row[6], row[7]) for row in rows)

    def changes(self, before: Mapping[str, Any], after: Mapping[str, Any], verb: str = "") -> list[Change]:
        """What differs, value by value; `verb` is the act that it was."""
        names = dict.fromkeys([*before, *after])
        every = [self.change(name, before.get(name), after.get(name), verb) for name in names]
        return [one for one in every if one.parts or one.before != one.after or len(every) == 1]

    def change(self, name: str, before: Any, after: Any, verb: str = "") -> Change:
        """One value before and after."""
        kind, title = kind_of(name), self._plugins.title(verb, name) or title_of(name)
        was, now = (
            self._said(kind, value) if words is None else words
            for value in (before, after)
            for words in [self._plugins.words(verb, name, value)]
        )
        if max(len(was), len(now)) > _LONG and was and now:
            return Change(name=title, parts=parts(was, now))
        return Change(name=title, before=was, after=now)

    def _said(self, kind: str, value: Any) -> str:
        if value is None or value == "":
            return ""
        if isinstance(value, bool) or kind in _FLAGS:
            return _("yes") if value else _("no")
        if isinstance(value, dict):
            return named(names_in(value), i18n.language())
        if not isinstance(value, list):
            return str(value)
        if kind == "listing":
            return _listing_words(value)
        return i18n.enumerated(self._each(kind, value)) or _("none")

    def _each(self, kind: str, values: Sequence[Any]) -> list[str]:
        if kind == "prices":
            return [price_words(row) for row in values]
        every: Mapping[str, Mapping[Any, str]] = {
            "categories": self._categories,
            "pictures": self._pictures,
            "values": self._choices,
        }
        known = every.get(kind, {})
        return [known.get(value) or (f"#{value}" if isinstance(value, int) else str(value)) for value in values]


def kind_of(name: str) -> str:
    """What kind of value the log's name is of: `prices` of `prices LAMP-1`."""
    return name.partition(" ")[0]


def title_of(name: str) -> str:
    """The name of a value in words: `name (en, own)`, `prices LAMP-1`."""
    kind, _space, rest = name.partition(" ")
    title = str(NAMES.get(kind, kind.replace("_", " ")))
    if rest.startswith("(") and rest.endswith(")"):
        tag, _comma, own = rest[1:-1].partition(", ")
        rest = i18n.phrases([i18n.language_name(tag), *([_("own here")] if own else [])])
    return i18n.phrases((title, rest)) if rest else title


def price_words(row: Sequence[Any]) -> str:
    """A price of the log: [currency, from_qty, starts, ends, amount, was]."""
    currency, from_qty, starts, ends, amount, was = row
    words = [i18n.money(Money(amount, currency))]
    if was is not None:
        words.append(_("was %(price)s", price=i18n.money(Money(was, currency))))
    if from_qty != 1:
        words.append(_("from %(count)s pieces", count=from_qty))
    return " ".join([*words, *_span(starts, ends)])


def _listing_words(value: Sequence[Any]) -> str:
    visible, position, publish_at, withdraw_at = value
    words = [_("listed") if visible else _("hidden"), *_span(publish_at, withdraw_at)]
    return i18n.enumerated([*words, _("position %(number)s", number=position)] if position else words)


def _span(starts: int | None, ends: int | None) -> list[str]:
    words = []
    if starts is not None:
        words.append(_("from %(when)s", when=i18n.when(clock.instant(starts), "short")))
    if ends is not None:
        words.append(_("until %(when)s", when=i18n.when(clock.instant(ends), "short")))
    return words


def parts(before: str, after: str) -> list[Part]:
    """Two texts as one, with what went and what came; Chinese letter by letter, other words by words."""
    old, new = _pieces(before), _pieces(after)
    if max(len(old), len(new)) > _MOST_WORDS:
        return [Part(kind="del", text=before), Part(kind="ins", text=after)]
    found: list[Part] = []
    for act, from_old, to_old, from_new, to_new in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if act == "equal":
            found.append(Part(kind="same", text="".join(old[from_old:to_old])))
            continue
        if to_old > from_old:
            found.append(Part(kind="del", text="".join(old[from_old:to_old])))
        if to_new > from_new:
            found.append(Part(kind="ins", text="".join(new[from_new:to_new])))
    return found


def _pieces(text: str) -> list[str]:
    pieces: list[str] = []
    for letter in text:
        joins = pieces and letter.isalnum() and letter < "\u2e80" and pieces[-1][-1].isalnum() and pieces[-1] < "\u2e80"
        if joins:
            pieces[-1] += letter
        else:
            pieces.append(letter)
    return pieces


def _ids(sides: Sequence[Mapping[str, Any]], name: str) -> list[int]:
    return sorted({key for side in sides if isinstance(side.get(name), list) for key in side[name]})


def names_in(value: Mapping[str, Any]) -> dict[str, str]:
    """The names of an option or a value in the log, without what else it keeps of it."""
    return {key: str(word) for key, word in value.items() if not key.startswith("@")}


def _choice_names(sides: Sequence[Mapping[str, Any]], product_id: int) -> dict[str, str]:
    """What choices (`colour:red`) are called: as now, or as they were when they were deleted."""
    said = {name: value for side in sides for name, value in side.items()}
    if not any(kind_of(name) == "values" for name in said):
        return {}
    language = i18n.language()
    gone = {
        told_choice(*name.split(" ")[1:]): named(names_in(value), language)
        for name, value in said.items()
        if kind_of(name) == "value" and value
    }
    found = db.rows(
        "SELECT o.code, v.code, v.names FROM option_value v JOIN product_option o ON o.id = v.option_id"
        " WHERE o.product_id = ?",
        product_id,
    )
    return gone | {told_choice(row[0], row[1]): named(json.loads(row[2]), language) for row in found}


def _category_names(ids: Sequence[int]) -> dict[int, str]:
    texts: dict[int, dict[str, str]] = {}
    if ids:
        for category_id, tag, name in db.rows(
            "SELECT category_id, language, name FROM category_text WHERE site_id IS NULL AND category_id IN"
            f" ({db.marks(ids)}) ORDER BY id",
            *ids,
        ):
            texts.setdefault(category_id, {})[tag] = name
    return {category_id: named(names, i18n.language()) for category_id, names in texts.items()}


def _picture_names(ids: Sequence[int]) -> dict[int, str]:
    if not ids:
        return {}
    found = db.rows(f"SELECT id, original, name FROM media WHERE id IN ({db.marks(ids)})", *ids)
    return {row[0]: row[1] or row[2] for row in found}
