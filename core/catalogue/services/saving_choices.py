"""Options and attributes of a product from its draft, and the words that filters show for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from core.catalogue.services.drafts import AttributeDraft, OptionDraft, ValueDraft
from core.catalogue.services.saving import Facet, Saving
from core.catalogue.services.words import code_of
from core.catalogue.services.writing import decoded, encoded, insert, insert_all, insert_rows, update
from core.kernel import db
from core.lib.errors import Unfit
from core.lib.text import fold

# -- options -----------------------------------------------------------------------------------------------------------


class Value(Struct):
    """A stored value of an option."""

    id: int
    code: str
    names: Mapping[str, str]
    swatch: str
    position: int


class Option(Struct):
    """A stored option with its values."""

    id: int
    code: str
    names: Mapping[str, str]
    position: int
    values: list[Value] = field(default_factory=list)

    def find(self, word: str) -> Value | None:
        """The value with this code, or else with this name in any language."""
        return next((value for value in self.values if value.code == word), None) or next(
            (value for value in self.values if fold(word) in map(fold, value.names.values())), None
        )


def options_of(product_id: int) -> list[Option]:
    """The options of a product with their values, in order."""
    options = [
        Option(row[0], row[1], decoded(row[2]), row[3])
        for row in db.rows(
            "SELECT id, code, names, position FROM product_option WHERE product_id = ? ORDER BY position, id",
            product_id,
        )
    ]
    by_id = {option.id: option for option in options}
    for option_id, *value, names, swatch, position in db.rows(
        "SELECT v.option_id, v.id, v.code, v.names, v.swatch, v.position FROM option_value v JOIN product_option o ON"
        " o.id = v.option_id"
        " WHERE o.product_id = ? ORDER BY v.position, v.id",
        product_id,
    ):
        by_id[option_id].values.append(Value(value[0], value[1], decoded(names), swatch, position))
    return options


def save_options(saving: Saving, drafts: tuple[OptionDraft, ...] | None) -> list[Option]:
    """Bring the product's options to their drafts.

    Answers them as stored. Those that a whole draft does not name go.
    """
    options = [] if saving.is_new else options_of(saving.product_id)
    if drafts is None:
        return options
    chosen = choices_of(saving.product_id) if saving.whole and options else {}
    kept: list[Option] = []
    for position, draft in enumerate(drafts):
        option = matching(options, draft.code, draft.names) or _new_option(saving, draft, position, options)
        _rename(saving, f"option {option.code}", "product_option", option, draft.names, {"position": position})
        _save_values(saving, option, draft.values)
        kept.append(option)
    for option in [option for option in options if option not in kept and saving.whole]:
        db.execute("DELETE FROM product_option WHERE id = ?", option.id)
        saving.note(f"option {option.code}", noted(option.names, option.position), None)
        for value in option.values:
            saving.note(_value_name(option, value.code), noted(value.names, value.position, value.swatch), None)
        options.remove(option)
    left = choices_of(saving.product_id) if chosen else {}
    for sku in [sku for sku in chosen if left.get(sku) != chosen[sku]]:
        saving.note(f"values {sku}", chosen[sku], left.get(sku, []))
    _name_facets(
        saving,
        [(option.code, "", option.names, "", 0) for option in kept]
        + [
            (option.code, value.code, value.names, value.swatch, value.position)
            for option in kept
            for value in option.values
        ],
    )
    return options


PLACE, SWATCH = "@place", "@swatch"


def noted(names: Mapping[str, str], place: int, swatch: str = "") -> dict[str, str]:
    """An option or a value that is deleted, as the log keeps it: its names, and what else brings it back."""
    return {**names, PLACE: str(place), **({SWATCH: swatch} if swatch else {})}


def told_choice(option_code: str, value_code: str) -> str:
    """A choice as the log keeps it: `colour:red`."""
    return f"{option_code}:{value_code}"


def choices_of(product_id: int) -> dict[str, list[str]]:
    """What each variant chose, by its SKU, as the log keeps it."""
    found: dict[str, list[str]] = {}
    for sku, option_code, value_code in db.rows(
        "SELECT v.sku, o.code, x.code FROM variant_value c JOIN variant v ON v.id = c.variant_id JOIN product_option o"
        " ON o.id = c.option_id JOIN option_value x ON x.id = c.value_id WHERE v.product_id = ? ORDER BY o.code",
        product_id,
    ):
        found.setdefault(sku, []).append(told_choice(option_code, value_code))
    return found


def _new_option(saving: Saving, draft: OptionDraft, position: int, options: list[Option]) -> Option:
    code = _unused(code_of(draft.names, draft.code), {option.code for option in options})
    row = {"product_id": saving.product_id, "position": position, "code": code, "names": encoded(dict(draft.names))}
    option = Option(insert("product_option", row), code, dict(draft.names), position)
    saving.note(f"option {code}", None, dict(draft.names))
    options.append(option)
    return option


def _save_values(saving: Saving, option: Option, drafts: tuple[ValueDraft, ...]) -> None:
    if saving.is_new:
        _new_values(saving, option, drafts)
        return
    kept: list[Value] = []
    start = 0 if saving.whole else len(option.values)
    for index, draft in enumerate(drafts, start):
        position = index if draft.place is None else draft.place
        value = matching(option.values, draft.code, draft.names)
        if value is None:
            value = _new_value(saving, option, draft, position)
        else:
            changes = {"position": position} if saving.whole or draft.place is not None else {}
            _rename(
                saving,
                _value_name(option, value.code),
                "option_value",
                value,
                draft.names,
                {**changes, **({"swatch": draft.swatch} if draft.swatch else {})},
            )
        kept.append(value)
    for gone in [value for value in option.values if value not in kept and saving.whole]:
        db.execute("DELETE FROM option_value WHERE id = ?", gone.id)
        saving.note(_value_name(option, gone.code), noted(gone.names, gone.position, gone.swatch), None)
        option.values.remove(gone)


def _new_values(saving: Saving, option: Option, drafts: tuple[ValueDraft, ...]) -> None:
    """All values of an option of a new product, by one statement."""
    values: list[Value] = []
    for draft in drafts:
        if matching([*option.values, *values], draft.code, draft.names) is None:
            code = _unused(code_of(draft.names, draft.code), {value.code for value in [*option.values, *values]})
            values.append(Value(0, code, dict(draft.names), draft.swatch, len(option.values) + len(values)))
    rows = [
        {
            "option_id": option.id,
            "position": value.position,
            "code": value.code,
            "names": encoded(dict(value.names)),
            "swatch": value.swatch,
        }
        for value in values
    ]
    ids = insert_all("option_value", "code", rows)
    for value in values:
        value.id = ids[value.code]
        saving.note(_value_name(option, value.code), None, dict(value.names))
    option.values += values


def _new_value(saving: Saving, option: Option, draft: ValueDraft, position: int) -> Value:
    code = _unused(code_of(draft.names, draft.code), {value.code for value in option.values})
    row = {
        "option_id": option.id,
        "position": position,
        "code": code,
        "names": encoded(dict(draft.names)),
        "swatch": draft.swatch,
    }
    value = Value(insert("option_value", row), code, dict(draft.names), draft.swatch, position)
    saving.note(_value_name(option, code), None, dict(draft.names))
    option.values.append(value)
    return value


def matching(known: Iterable[Any], code: str, names: Mapping[str, str]) -> Any:
    """What is meant by a draft: by its code, or without one by any of its names."""
    if code:
        return next((thing for thing in known if thing.code == code), None)
    wanted = {fold(name) for name in names.values()}
    return next((thing for thing in known if wanted & {fold(name) for name in thing.names.values()}), None)


def _unused(code: str, used: set[str]) -> str:
    """`code`, or its first numbered form that is free: "C", "C++" and "C#" have one slug."""
    number, free = 1, code
    while free in used:
        number += 1
        free = f"{code}-{number}"
    return free


def _value_name(option: Option, code: str) -> str:
    """A value in the log."""
    return f"value {option.code} {code}"


def _rename(
    saving: Saving,
    said: str,
    table: str,
    thing: Option | Value,
    names: Mapping[str, str],
    columns: Mapping[str, object],
) -> None:
    """Bring an option or a value to these names; `said` is its name in the log."""
    merged = {**thing.names, **names}
    changes = {name: value for name, value in columns.items() if getattr(thing, name) != value}
    if merged != thing.names:
        changes["names"] = encoded(merged)
    if changes:
        saving.note(said, dict(thing.names), merged)
        update(table, thing.id, changes)
        thing.names = merged
        for name, value in columns.items():
            setattr(thing, name, value)


# -- attributes --------------------------------------------------------------------------------------------------------


def save_attributes(saving: Saving, drafts: tuple[AttributeDraft, ...] | None) -> None:
    """What is said of the product. Attributes that a whole draft does not name are no longer said of it."""
    if drafts is None:
        return
    attributes = {draft.code: ensure_attribute(draft) for draft in drafts}
    wanted = [row for draft in drafts for row in _attribute_rows(attributes[draft.code], draft.values)]
    old = [
        tuple(row)
        for row in saving.stored(
            "SELECT attribute_id, position, value, names, number FROM product_attribute WHERE product_id = ? ORDER BY"
            " attribute_id, position",
            saving.product_id,
        )
    ]
    before = old if saving.whole else [row for row in old if row[0] in attributes.values()]
    if sorted(before) != sorted(wanted):
        gone = {row[0] for row in before}
        db.execute(
            f"DELETE FROM product_attribute WHERE product_id = ? AND attribute_id IN ({db.marks(tuple(gone))})",
            saving.product_id,
            *gone,
        )
        columns = ("product_id", "attribute_id", "position", "value", "names", "number")
        insert_rows("product_attribute", columns, [(saving.product_id, *row) for row in wanted])
        saving.note("attributes", [row[2] for row in before], [row[2] for row in wanted])
    _name_facets(
        saving,
        [
            (draft.code, code_of(value.names, value.code), value.names, value.swatch, 0)
            for draft in drafts
            for value in draft.values
        ],
    )


def _attribute_rows(attribute_id: int, values: tuple[ValueDraft, ...]) -> list[tuple[Any, ...]]:
    """One row per distinct value."""
    rows = {
        code_of(value.names, value.code): (
            attribute_id,
            position,
            code_of(value.names, value.code),
            encoded(dict(value.names)),
            value.number,
        )
        for position, value in enumerate(values)
    }
    return list(rows.values())


def ensure_attribute(draft: AttributeDraft, plugin: str = "") -> int:
    """Part of a verb: the id of the attribute, made if there is none of this code. Raises Unfit for a wrong kind."""
    found = db.value("SELECT id FROM attribute WHERE code = ?", draft.code)
    if found is not None:
        return int(found)
    plain = draft.code.replace("_", "-")  # A plugin may write its codes as names of Python.
    if draft.kind not in {"text", "number", "flag", "choice"} or plain != code_of({}, plain):
        raise Unfit({"attributes": "An attribute has a code of letters, digits and hyphens."})
    names = draft.names or {"en": draft.code}
    attribute_id = insert(
        "attribute",
        {
            "code": draft.code,
            "kind": draft.kind,
            "names": encoded(dict(names)),
            "filterable": draft.filterable,
            "plugin": plugin,
            "position": 0,
        },
    )
    name_facets([(draft.code, "", names, "", 0)])
    return attribute_id


# -- words for filters -------------------------------------------------------------------------------------------------


def _name_facets(saving: Saving, wanted: Sequence[Facet]) -> None:
    """At once, or with those of the other new products."""
    if saving.is_new:
        saving.facets += wanted
    else:
        name_facets(wanted)


def name_facets(wanted: Iterable[tuple[str, str, Mapping[str, str], str, int]]) -> None:
    """Remember the words for facets and their values; the product that was saved last gives them."""
    rows: dict[tuple[str, str], tuple[Mapping[str, str], str, int]] = {}
    for code, value, names, swatch, position in wanted:
        earlier = rows.get((code, value), ({}, "", 0))
        rows[code, value] = {**earlier[0], **names}, swatch or earlier[1], position
    codes = sorted({code for code, _ in rows})
    values = sorted({value for _, value in rows})
    known = {
        (row[0], row[1]): (decoded(row[2]), row[3])
        for row in db.rows(
            f"SELECT code, value, names, swatch FROM facet_name WHERE code IN ({db.marks(codes)}) AND value IN"
            f" ({db.marks(values)})",
            *codes,
            *values,
        )
    }
    changed = []
    for key, (names, swatch, position) in sorted(rows.items(), key=lambda item: item[0]):
        before, colour = known.get(key, ({}, ""))
        merged = {**before, **names}
        if key not in known or merged != before or (swatch and swatch != colour):
            changed.append((*key, encoded(merged), swatch or colour, position))
    insert_rows(
        "facet_name",
        ("code", "value", "names", "swatch", "position"),
        changed,
        "ON CONFLICT (code, value) DO UPDATE SET names = excluded.names, swatch = excluded.swatch, position ="
        " excluded.position",
    )
