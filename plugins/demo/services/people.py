"""Who buys in the shops and who works there."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from msgspec import Struct

from core.api import Address, Site, add_staff, freeze, now, open_account, save_address

FILE = Path(__file__).parents[1] / "people.toml"
ACTOR = "plugin:demo"


class Person(Struct, frozen=True, kw_only=True):
    """A shopper; `shopper_id` is of their account."""

    name: str
    email: str
    address: Address
    shopper_id: int | None = None


def people_of(site: Site, password: str) -> list[Person]:
    """The shop's shoppers, each with an account and an address in it; `password` opens that of the first. Commits."""
    begun, found = now(), []
    for place, one in enumerate(_of(site, "people")):
        # Some have been here for more than a year.
        with freeze(begun - timedelta(days=place * 37, hours=place * 5)):
            found.append(_with_account(site, one, "" if place else password))
    return found


def staff_of(site: Site) -> str:
    """Somebody who works in the shop, as the actor of what they do. Nobody can sign in as them. Commits."""
    one = _of(site, "staff")[0]
    invited = add_staff(
        one["email"], name=one["name"], roles=[(one["role"], site.id)], language=one["language"], actor=ACTOR
    )
    return f"staff:{invited.staff.id}"


def _of(site: Site, kind: str) -> Sequence[Mapping[str, Any]]:
    return [one for one in tomllib.loads(FILE.read_text("utf-8"))[kind] if one["site"] == site.host]


def _with_account(site: Site, one: Mapping[str, Any], password: str) -> Person:
    shopper = open_account(
        site, email=one["email"], name=one["name"], language=site.language, phone=one.get("phone", ""),
        password=password,
    )  # fmt: skip
    given = {
        "name": one["name"], "line1": one["line"], "district": one.get("district", ""), "city": one["city"],
        "region": one.get("region", ""), "postcode": one["postcode"], "country": site.country,
        "phone": one.get("phone", ""),
    }  # fmt: skip
    save_address(shopper, given, main=True)
    return Person(name=one["name"], email=one["email"], address=_address(site, one), shopper_id=shopper.id)


def _address(site: Site, one: Mapping[str, Any]) -> Address:
    return Address(
        name=one["name"],
        lines=(one["line"],),
        district=one.get("district", ""),
        city=one["city"],
        region=one.get("region", ""),
        postcode=one["postcode"],
        country=site.country,
        phone=one.get("phone", ""),
    )


def stranger(site: Site, one: Mapping[str, Any]) -> Person:
    """Somebody without an account."""
    return Person(name=one["name"], email=one["email"], address=_address(site, one))
