"""What the checkout's form may contain; field names are those of the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from core.cart.services import MOST_PLACES, CartPlace, Details
from core.hookspecs.checkout import Address
from core.lib import addresses
from core.lib.addresses import one_line, place_prefix

BILLING = "billing_"
_NOTE = 2_000
_EXTRA = 2_000
_EXTRAS = 50
_UNITS = 999


class OrderForm(Struct, frozen=True, kw_only=True):
    """The whole page as sent. `seen_total` is the total the shopper saw, in minor units; None if it was not sent."""

    details: Details
    seen_total: int | None


def read_order_form(sent: Mapping[str, str]) -> OrderForm:
    """Read the page; nothing is checked here but lengths, so that all of it can be kept and shown again.

    Fields: email; name company line1 line2 district city region postcode country phone; `billing_other` with the same
    names after `billing_`; `delivery` (carrier:service); `gateway`; `note`; `extra.<plugin>.<field>`; `seen_total`.
    `places` are the numbers of further places, each with an address, a `delivery` and `units` after `p<number>_`.
    """
    carrier, service = _way(sent, "")
    return OrderForm(
        details=Details(
            email=one_line(sent.get("email", ""), 254),
            address=read_address(sent),
            billing=read_address(sent, BILLING) if sent.get("billing_other") else None,
            carrier=carrier,
            service=service,
            gateway=one_line(sent.get("gateway", ""), 60),
            note=sent.get("note", "").replace("\0", "").replace("\r\n", "\n").strip()[:_NOTE],
            extra=_extra(sent),
            places=_places(sent),
        ),
        seen_total=_whole(sent.get("seen_total", "")),
    )


def read_address(sent: Mapping[str, str], prefix: str = "") -> Address | None:
    """The address in the fields that begin with `prefix`; None where not even a country was sent."""
    data = addresses.cleaned({name: sent.get(prefix + name, "") for name in addresses.NAMES})
    return Address(**addresses.parts(data)) if data["country"] else None


def _way(sent: Mapping[str, str], prefix: str) -> tuple[str, str]:
    carrier, _, service = one_line(sent.get(f"{prefix}delivery", ""), 121).partition(":")
    return carrier[:60], service[:60]


def _places(sent: Mapping[str, str]) -> tuple[CartPlace, ...] | None:
    """The further places of the page; None where it said nothing of any."""
    if "places" not in sent:
        return None
    numbers = [int(word) for word in sent["places"].split() if word.isascii() and word.isdigit() and len(word) < 3]
    found = []
    for number in list(dict.fromkeys(numbers))[: MOST_PLACES - 1]:
        prefix = place_prefix(number)
        carrier, service = _way(sent, prefix)
        units = units_of(sent.get(f"{prefix}units", ""))
        found.append(CartPlace(address=read_address(sent, prefix), carrier=carrier, service=service, units=units))
    return tuple(found)


def units_text(units: Mapping[int, int]) -> str:
    """Units by variant as a hidden field keeps them."""
    return " ".join(f"{variant_id}:{n}" for variant_id, n in units.items())


def units_of(text: str) -> dict[int, int]:
    """The inverse of `units_text`; what is no number is left out."""
    pairs = [word.partition(":") for word in text[:_NOTE].split()]
    return {
        int(variant_id): min(int(n), _UNITS)
        for variant_id, _colon, n in pairs
        if _whole(variant_id) is not None and _whole(n) is not None
    }


def _extra(sent: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """{plugin: {field: answer}}; which of them were asked for is compared when the order is placed."""
    answers: dict[str, dict[str, Any]] = {}
    for name, value in [(name, value) for name, value in sent.items() if name.startswith("extra.")][:_EXTRAS]:
        plugin, _, field = name.removeprefix("extra.").partition(".")
        if plugin and field and len(name) <= 200:
            answers.setdefault(plugin, {})[field] = value.replace("\0", "").strip()[:_EXTRA]
    return answers


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
