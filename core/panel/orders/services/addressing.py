"""The form of an address in the panel: the fields of its country, as the checkout asks for them."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from core.checkout.forms import read_address
from core.checkout.services.details import address_texts
from core.hookspecs.checkout import Address
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.lib import addresses

PREFIX, BILLING = "a_", "b_"


class AddressPart(Struct, frozen=True, kw_only=True):
    """One field; `choices` are (value, text), empty where anything can be written."""

    id: str
    name: str
    label: str
    required: bool
    choices: tuple[tuple[str, str], ...]


class AddressForm(Struct, frozen=True, kw_only=True):
    """Every country to choose from, and what the chosen one asks for."""

    prefix: str
    countries: tuple[tuple[str, str], ...]
    country: str
    asked: tuple[AddressPart, ...]


def address_form(country: str, prefix: str = PREFIX) -> AddressForm:
    """The fields of an address there, in the order of who reads them."""
    language = i18n.language()
    return AddressForm(
        prefix=prefix,
        countries=addresses.countries(language),
        country=country,
        asked=tuple(
            AddressPart(
                id=f"{prefix}{one.name}",
                name=one.name,
                # Core's own word: a state is one of a country here, not how a thing stands.
                label=i18n.of_theme("", one.label),
                required=one.required,
                choices=one.choices,
            )
            for one in addresses.fields_for(country, language)
        ),
    )


def address_values(address: Address | None, prefix: str = PREFIX) -> dict[str, str]:
    """An address as what its fields hold."""
    return {f"{prefix}{name}": text for name, text in address_texts(address).items()}


def typed_address(form: Mapping[str, str], known: Address, prefix: str = PREFIX) -> Address | None:
    """What was written about an address that is `known`; None where it comes to the same.

    What was not sent stays, but not in another country.
    """
    now = address_values(known, prefix)
    is_same_country = form.get(f"{prefix}country", known.country) == known.country
    typed = read_address({**(now if is_same_country else {}), **form}, prefix)
    return None if typed in {known, read_address(now, prefix)} else typed


def address_errors(address: Address, *, collected: bool = False, prefix: str = PREFIX) -> dict[str, str]:
    """What is wrong with it, by field; where the shopper collects, a name is enough."""
    found = (addresses.check_collected if collected else addresses.check)(address_texts(address))
    return {f"{prefix}{name}": _(text) for name, text in found.items()}
