"""Whether the shopper's answers are enough to place the order: one rule for every way an order can come in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.cart.services import StoredCart
from core.checkout.services.quote import ChosenRate
from core.checkout.services.shapes import PlaceView
from core.hookspecs.checkout import Address, Field
from core.lib import addresses

MISSING = addresses.MISSING


def missing_details(
    stored: StoredCart,
    rate: ChosenRate | None,
    fields: Sequence[tuple[str, Field]],
    places: Sequence[PlaceView] = (),
) -> dict[str, str]:
    """What is wrong, as English msgids by field name; empty if the order can be placed.

    `rate` None: nothing is delivered. Where the shopper collects, a name is enough of an address. With `places` each of
    them needs its own; the names of a further one's fields begin with its number, as in `p1_city`.
    """
    errors = {}
    if problem := addresses.email_problem(stored.email):
        errors["email"] = problem
    going = [(one.number, one.address, one.delivery.chosen) for one in places] or [(0, stored.address, rate)]
    for number, address, way in going:
        if way is not None:
            found = (addresses.check_collected if way.pickup else addresses.check)(address_texts(address))
            errors.update({addresses.place_prefix(number) + name: text for name, text in found.items()})
    if stored.billing is not None:
        found = addresses.check(address_texts(stored.billing))
        errors.update({f"billing_{name}": message for name, message in found.items()})
    errors.update(_unanswered(stored.extra, fields))
    return errors


def address_texts(address: Address | None) -> dict[str, str]:
    """An address as the texts of a form, `line1` and `line2` apart."""
    if address is None:
        return dict.fromkeys(addresses.NAMES, "")
    lines = (*address.lines, "", "")
    plain = {name: getattr(address, name) for name in addresses.NAMES if name not in {"line1", "line2"}}
    return {**plain, "line1": lines[0], "line2": lines[1]}


def _unanswered(extra: Mapping[str, Mapping[str, Any]], fields: Sequence[tuple[str, Field]]) -> dict[str, str]:
    errors = {}
    for plugin, one in fields:
        answer = str(extra.get(plugin, {}).get(one.name, ""))
        name = f"extra.{plugin}.{one.name}"
        if one.required and not answer:
            errors[name] = MISSING
        elif len(answer) > one.max_length:
            errors[name] = addresses.TOO_LONG
        elif answer and one.choices and answer not in {value for value, _label in one.choices}:
            errors[name] = addresses.NOT_LISTED
    return errors


def asked_for(extra: Mapping[str, Mapping[str, Any]], fields: Sequence[tuple[str, Field]]) -> dict[str, dict[str, Any]]:
    """The answers to questions that were asked; whatever else was sent is not stored with the order."""
    answers: dict[str, dict[str, Any]] = {}
    for plugin, one in fields:
        if one.name in extra.get(plugin, {}):
            answers.setdefault(plugin, {})[one.name] = extra[plugin][one.name]
    return answers
