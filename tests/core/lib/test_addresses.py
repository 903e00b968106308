"""Addresses of real places, in the words and the order of their countries."""

from __future__ import annotations

import pytest

from core.lib import addresses

LONDON = {
    "name": "Ines Almeida",
    "line1": "12 Halden Street",
    "line2": "Flat 3",
    "city": "London",
    "postcode": "e1 6an",
    "country": "gb",
}
BERLIN = {
    "name": "Jonas Vale",
    "company": "Vale GmbH",
    "line1": "Oranienstraße 25",
    "city": "Berlin",
    "postcode": "10999",
    "country": "DE",
}
LOS_ANGELES = {
    "name": "Ann Poe",
    "line1": "1 Main St",
    "city": "Los Angeles",
    "region": "California",
    "postcode": "90012",
    "country": "US",
}
HANGZHOU = {
    "name": "林若溪",
    "line1": "文三路 90 号",
    "district": "西湖区",
    "city": "杭州市",
    "region": "浙江省",
    "postcode": "310012",
    "country": "CN",
    "phone": "138 0013 8000",
}
TOKYO = {
    "name": "佐藤 花",
    "line1": "世田谷区太子堂 1-2-3",
    "region": "東京都",
    "postcode": "１５４－０００４",
    "country": "JP",
}
DUBLIN = {"name": "Aoife Byrne", "line1": "5 Grafton Street", "city": "Dublin", "region": "Co. Dublin", "country": "IE"}
KOWLOON = {"name": "陳大文", "line1": "彌敦道 100 號", "city": "尖沙咀", "region": "九龍", "country": "HK"}
ALL = [LONDON, BERLIN, LOS_ANGELES, HANGZHOU, TOKYO, DUBLIN, KOWLOON]


@pytest.mark.parametrize("given", ALL, ids=lambda given: given["country"])
def test_a_real_address_is_right(given: dict[str, str]) -> None:
    assert addresses.check(addresses.cleaned(given)) == {}


def test_cleaning_brings_codes_and_regions_to_one_form() -> None:
    assert addresses.cleaned(LONDON)["country"] == "GB"
    assert addresses.cleaned(LONDON)["postcode"] == "E1 6AN"
    assert addresses.cleaned(LOS_ANGELES)["region"] == "CA"
    assert addresses.cleaned(TOKYO)["postcode"] == "154-0004"
    assert addresses.cleaned({**TOKYO, "region": "tokyo"})["region"] == "東京都"
    assert addresses.cleaned(KOWLOON)["region"] == "Kowloon"


def test_parts_that_a_country_does_not_have_are_left_out() -> None:
    assert addresses.cleaned({**BERLIN, "region": "Berlin"})["region"] == ""
    assert addresses.cleaned({**KOWLOON, "postcode": "999077"})["postcode"] == ""


@pytest.mark.parametrize(
    ("given", "field", "message"),
    [
        ({**LONDON, "name": ""}, "name", addresses.MISSING),
        ({**LONDON, "line1": " \n "}, "line1", addresses.MISSING),
        ({**LONDON, "postcode": "12345"}, "postcode", "This is not a postcode of this country."),
        ({**BERLIN, "postcode": "1099"}, "postcode", "This is not a postcode of this country."),
        ({**LOS_ANGELES, "region": ""}, "region", addresses.MISSING),
        ({**LOS_ANGELES, "region": "Bavaria"}, "region", addresses.NOT_LISTED),
        ({**LOS_ANGELES, "postcode": "10001"}, "postcode", "This postcode does not lie in the region chosen."),
        ({**HANGZHOU, "postcode": "31001"}, "postcode", "This is not a postcode of this country."),
        ({**LONDON, "country": "XX"}, "country", addresses.NOT_LISTED),
        ({**LONDON, "country": "ZZ"}, "country", addresses.NOT_LISTED),
        ({**LONDON, "country": "../gb"}, "country", addresses.NOT_LISTED),
        ({**LONDON, "country": ""}, "country", addresses.NOT_LISTED),
        ({**LONDON, "line1": "x" * 201}, "line1", addresses.TOO_LONG),
        ({**LONDON, "phone": "12"}, "phone", "This is not a phone number. Begin with + and the country code."),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(given: dict[str, str], field: str, message: str) -> None:
    assert addresses.check(addresses.cleaned(given)) == {field: message}


def test_who_collects_needs_a_name_alone_but_writes_nothing_wrong() -> None:
    assert addresses.check_collected(addresses.cleaned({"name": "Ines", "country": "GB"})) == {}
    assert addresses.check_collected(addresses.cleaned({"country": "GB"})) == {"name": addresses.MISSING}
    wrong = addresses.check_collected(
        addresses.cleaned({"name": "Ines", "country": "GB", "phone": "12", "postcode": "9"})
    )
    assert wrong.keys() == {"phone", "postcode"}


def test_an_unknown_town_is_believed() -> None:
    assert addresses.check(addresses.cleaned({**HANGZHOU, "city": "杭州"})) == {}


def names(country: str, language: str) -> list[str]:
    return [field.name for field in addresses.fields_for(country, language)]


def test_the_form_follows_the_country_and_its_reader() -> None:
    assert names("GB", "en") == ["name", "company", "line1", "line2", "city", "postcode", "phone"]
    assert names("DE", "en") == ["name", "company", "line1", "line2", "postcode", "city", "phone"]
    assert names("CN", "zh-CN") == [
        "name",
        "company",
        "postcode",
        "region",
        "city",
        "district",
        "line1",
        "line2",
        "phone",
    ]
    assert names("CN", "en") == ["name", "company", "line1", "line2", "district", "city", "region", "postcode", "phone"]
    assert names("HK", "zh-CN") == ["name", "company", "region", "city", "line1", "line2", "phone"]
    assert names("XX", "en") == names("GB", "en")


def field(country: str, name: str, language: str = "en") -> addresses.AddressField:
    return next(one for one in addresses.fields_for(country, language) if one.name == name)


def test_each_part_has_its_countrys_word() -> None:
    assert [field(c, "postcode").label for c in ("GB", "US", "IE", "IN")] == [
        "Postcode",
        "ZIP code",
        "Eircode",
        "PIN code",
    ]
    assert [field(c, "region").label for c in ("US", "JP", "IE", "AE")] == ["State", "Prefecture", "County", "Emirate"]
    assert field("GB", "city").label == "Town or city"


def test_required_is_what_the_post_needs() -> None:
    assert field("GB", "postcode").required
    assert not field("IE", "postcode").required
    assert field("HK", "region").required
    assert not field("GB", "line2").required
    assert not field("GB", "phone").required


def test_regions_are_offered_in_the_readers_script() -> None:
    assert ("CA", "California") in field("US", "region").choices
    assert ("東京都", "Tokyo") in field("JP", "region").choices
    assert ("東京都", "東京都") in field("JP", "region", "zh-CN").choices
    assert ("浙江省", "浙江省") in field("CN", "region", "zh-CN").choices
    assert ("Kowloon", "九龍") in field("HK", "region", "zh-CN").choices
    assert ("Kowloon", "Kowloon") in field("HK", "region", "en").choices


def test_browsers_can_fill_in_every_field() -> None:
    tokens = {one.name: one.autocomplete for one in addresses.fields_for("CN", "en")}
    assert tokens == {
        "name": "name",
        "company": "organization",
        "line1": "address-line1",
        "line2": "address-line2",
        "district": "address-level3",
        "city": "address-level2",
        "region": "address-level1",
        "postcode": "postal-code",
        "phone": "tel",
    }


def test_parts_of_one_line_stand_beside_each_other() -> None:
    assert {one.name: one.width for one in addresses.fields_for("US", "en")} == {
        "name": "full",
        "company": "full",
        "line1": "full",
        "line2": "full",
        "city": "third",
        "region": "third",
        "postcode": "third",
        "phone": "full",
    }


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (LONDON, ("Ines Almeida", "12 Halden Street", "Flat 3", "London", "E1 6AN", "United Kingdom")),
        (BERLIN, ("Jonas Vale", "Vale GmbH", "Oranienstraße 25", "10999 Berlin", "Germany")),
        (LOS_ANGELES, ("Ann Poe", "1 Main St", "Los Angeles, CA 90012", "United States")),
        (HANGZHOU, ("310012", "浙江省杭州市西湖区", "文三路 90 号", "林若溪", "China")),
        (TOKYO, ("〒154-0004", "東京都", "世田谷区太子堂 1-2-3", "佐藤 花", "Japan")),
        (DUBLIN, ("Aoife Byrne", "5 Grafton Street", "Dublin", "Co. Dublin", "Ireland")),
        (KOWLOON, ("九龍", "尖沙咀", "彌敦道 100 號", "陳大文", "Hong Kong SAR China")),
    ],
    ids=lambda value: value["country"] if isinstance(value, dict) else "",
)
def test_written_as_on_a_parcel(given: dict[str, str], expected: tuple[str, ...]) -> None:
    assert addresses.lines(addresses.cleaned(given)) == expected


def test_at_home_the_country_is_not_written() -> None:
    assert addresses.lines(addresses.cleaned(LONDON), home="GB")[-1] == "E1 6AN"
    assert addresses.lines(addresses.cleaned(LONDON), "zh-CN")[-1] == "英国"


def test_a_half_filled_address_leaves_no_stray_marks() -> None:
    assert addresses.lines({"country": "JP", "name": "佐藤"}) == ("佐藤", "Japan")
    assert addresses.lines({"country": "US", "city": "Austin"}) == ("Austin", "United States")
    assert addresses.lines({}) == ()


def test_a_city_that_is_its_own_province_is_written_once() -> None:
    home = {"name": "林知夏", "line1": "梧桐路18弄6号", "district": "徐汇区", "city": "上海市", "region": "上海市"}
    written = addresses.lines(addresses.cleaned({**home, "postcode": "200030", "country": "CN"}), "zh-CN", home="CN")
    assert "上海市徐汇区" in written


def test_parts_for_hooks() -> None:
    parts = addresses.parts(addresses.cleaned(LONDON))
    assert parts["lines"] == ("12 Halden Street", "Flat 3")
    assert "line1" not in parts
    assert parts["postcode"] == "E1 6AN"


def test_countries_in_both_languages_in_reading_order() -> None:
    english, chinese = dict(addresses.countries("en")), dict(addresses.countries("zh-CN"))
    assert english["DE"] == "Germany"
    assert chinese["DE"] == "德国"
    assert english.keys() == chinese.keys()
    assert list(english.values()).index("Åland Islands") < list(english.values()).index("Albania")
    order = list(chinese.values())
    assert order.index("阿尔巴尼亚") < order.index("德国") < order.index("中国")
    for code in english:
        assert addresses.fields_for(code, "en")


@pytest.mark.parametrize(
    "email", ["a@b.co", "ines.almeida+shop@mail.example.org", "é@exämple.de", "王@例子.中国", "o'brien@example.ie"]
)
def test_mail_addresses(email: str) -> None:
    assert addresses.email_problem(email) == ""


@pytest.mark.parametrize(
    "email",
    [
        "",
        "a",
        "a@b",
        "@b.co",
        "a@",
        "a b@c.de",
        "a@b..co",
        "a..b@c.de",
        ".a@b.co",
        "a.@b.co",
        "a@-b.com",
        "a@b.co\nBcc: all@example.com",
        "a@b.co\r\n",
        "a@b.co,c@d.ee",
        "<a@b.co>",
        '"a"@b.co',
        "a@b.co\x00",
        "a@b@c.de",
        "x" * 65 + "@b.co",
        "a@" + "b" * 200 + ".co",
        "a@[127.0.0.1]",
        "a@b.co\u2028x",
    ],
)
def test_what_is_no_mail_address(email: str) -> None:
    assert addresses.email_problem(email)


def test_a_long_near_miss_is_refused_at_once() -> None:
    assert addresses.email_problem("a@" + "b-" * 90 + "!")
    assert addresses.email_problem("a" * 1_000_000)


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("020 7946 0018", "GB", "+442079460018"),
        ("+49 30 901820", "GB", "+4930901820"),
        ("138 0013 8000", "CN", "+8613800138000"),
        ("12", "GB", ""),
        ("call me", "GB", ""),
        ("0207946001820794600182079460018", "GB", ""),
        ("", "GB", ""),
    ],
)
def test_phone_numbers(text: str, country: str, number: str) -> None:
    assert addresses.phone_number(text, country) == number


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (" a\r\nBcc: b ", "a Bcc: b"),
        ("a\x00b", "a b"),
        ("\u202eevil", "evil"),
        ("x" * 30, "x" * 20),
        ("灯下\u2028集市", "灯下 集市"),
        ("half \ud800 pair", "half pair"),
    ],
)
def test_one_line_is_one_line(text: str, line: str) -> None:
    assert addresses.one_line(text, 20) == line
