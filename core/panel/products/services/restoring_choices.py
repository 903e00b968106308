"""Options, their values, and what variants chose of them: what of it can be as it was, and the drafts that say so.

An option that was deleted comes back with its values, in their places, if every variant that there will be has a choice
of it; a variant comes back if its choice can, and no other one has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from core.catalogue.services.drafts import OptionDraft, ValueDraft
from core.catalogue.services.saving_choices import PLACE, SWATCH, options_of
from core.kernel import db
from core.panel.products.services.history import kind_of, names_in

if TYPE_CHECKING:
    from core.panel.products.services.restoring import Then

Choice = Mapping[str, str]
_KINDS = ("option", "value")


def leave_impossible(found: Then) -> None:
    """Let stay what cannot be as it was."""
    gone = _unknown(found)
    present, back = _present(found.product_id), _coming_back(found)
    while True:
        options = _options_then(found, gone)
        live = {key: found.choices.get(key, present.get(key, {})) for key in {*present, *back}}
        wrong = [key for key in found.choices if not _fits(key, found.choices[key], options, live)]
        if not wrong:
            bare = {code for code in _brought_back(found, gone) if any(code not in one for one in live.values())}
            if not bare:
                break
            gone |= {name for name in found.changes if kind_of(name) in _KINDS and name.split(" ")[1] in bare}
        for key in wrong:
            del found.choices[key]
            gone.add(f"values {found.skus[key]}")
            if key in back:
                back.discard(key)
                del found.variants[key]
                gone.add(f"variant {found.skus[key]}")
    found.stays |= gone & set(found.changes)
    found.changes = {name: value for name, value in found.changes.items() if name not in gone}


def _fits(key: int, choice: Choice, options: Mapping[str, set[str]], live: Mapping[int, Choice]) -> bool:
    """Whether a variant may choose so: one value of every option, and what no other variant has."""
    if choice.keys() != options.keys() or any(value not in options[code] for code, value in choice.items()):
        return False
    return not any(other == choice for one, other in live.items() if one != key)


def _unknown(found: Then) -> set[str]:
    """What the log has and the product has not, though nobody deleted it by a save."""
    known = _names(found.product_id)
    return {
        name
        for name, (now, _then) in found.changes.items()
        if kind_of(name) in _KINDS and name not in known and now is not None
    }


def _names(product_id: int) -> set[str]:
    options = options_of(product_id)
    return {
        *(f"option {option.code}" for option in options),
        *(f"value {option.code} {value.code}" for option in options for value in option.values),
    }


def _brought_back(found: Then, gone: Iterable[str]) -> set[str]:
    """The codes of options that were deleted and would come back."""
    return {
        name.partition(" ")[2]
        for name, (now, _then) in found.changes.items()
        if kind_of(name) == "option" and now is None and name not in gone
    }


def _options_then(found: Then, gone: Iterable[str]) -> dict[str, set[str]]:
    """The values of each option that there would be, by their codes."""
    options = {option.code: {value.code for value in option.values} for option in options_of(found.product_id)}
    options |= {code: set() for code in _brought_back(found, gone)}
    for name, (now, _then) in found.changes.items():
        if kind_of(name) == "value" and now is None and name not in gone:
            option, value = name.split(" ")[1:]
            if option in options:
                options[option].add(value)
    return options


def _coming_back(found: Then) -> set[int]:
    """The ids of variants that were deleted and would come back."""
    return {key for key in found.variants if found.changes.get(f"variant {found.skus[key]}", ("", ""))[0] is None}


def _present(product_id: int) -> dict[int, Choice]:
    """What each variant that there is has chosen."""
    found: dict[int, dict[str, str]] = {}
    for variant_id, option, value in db.rows(
        "SELECT v.id, o.code, x.code FROM variant v LEFT JOIN variant_value c ON c.variant_id = v.id LEFT JOIN"
        " product_option o ON o.id = c.option_id LEFT JOIN option_value x ON x.id = c.value_id"
        " WHERE v.product_id = ? AND v.deleted_at IS NULL",
        product_id,
    ):
        found.setdefault(variant_id, {}).update({option: value} if option else {})
    return dict(found)


def option_drafts(product_id: int, target: Mapping[str, Any]) -> tuple[OptionDraft, ...] | None:
    """All options that there shall be, in their places, with what differed; None: nothing did."""
    if not any(kind_of(name) in _KINDS for name in target):
        return None
    options = options_of(product_id)
    drafts = [
        OptionDraft(
            code=option.code,
            names=names_in(target.get(f"option {option.code}") or option.names),
            values=_values(option.code, {value.code: value.names for value in option.values}, target),
        )
        for option in options
    ]
    known = {option.code for option in options}
    for name, said in sorted(target.items(), key=lambda item: _place(item[1])):
        code = name.partition(" ")[2]
        if kind_of(name) == "option" and code not in known:
            drafts.insert(_place(said), OptionDraft(code=code, names=names_in(said), values=_values(code, {}, target)))
    return tuple(drafts)


def _values(option: str, known: Mapping[str, Choice], target: Mapping[str, Any]) -> tuple[ValueDraft, ...]:
    """The values of an option that differed; all of them, with their places, where any comes back."""
    said = {name.split(" ")[2]: names for name, names in target.items() if name.startswith(f"value {option} ")}
    back = sorted((code for code in said if code not in known), key=lambda code: _place(said[code]))
    if not back:
        return tuple(ValueDraft(code=code, names=names_in(said[code])) for code in known if code in said)
    order = list(known)
    for code in back:
        order.insert(_place(said[code]), code)
    return tuple(
        ValueDraft(
            code=code, names=names_in(said.get(code, known.get(code, {}))), place=place,
            swatch=str(said.get(code, {}).get(SWATCH, "")),
        )
        for place, code in enumerate(order)
    )  # fmt: skip


def _place(said: Any) -> int:
    return int(said.get(PLACE, 0)) if isinstance(said, dict) else 0
