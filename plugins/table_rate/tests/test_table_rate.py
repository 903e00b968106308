"""Rate tables: where an address lies, what a parcel costs there, and what a merchant may write."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from decimal import ROUND_CEILING, Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.api import Address, Carrier, Money, NotFound, Parcel, ParcelLine, Site, Unfit
from core.testing.contracts import CarrierContract, a_parcel, a_site, the_address
from plugins.table_rate import forms, services
from plugins.table_rate.forms.brackets import pasted, typed
from plugins.table_rate.models import Method, Zone
from plugins.table_rate.services.pricing import brackets_of, volumetric_g

SITE = a_site(currencies=("EUR", "JPY"))
LINES = [("0", "500", "3.90"), ("501", "2000", "5.90"), ("2001", "", "9.90")]


def zone(areas: str = "GB", name: str = "Home", site: Site = SITE, **said: str) -> int:
    wanted = forms.parse_zone({"name": name, "areas": areas, **said}, site)
    return services.save_zone(site, wanted, actor="staff:1")


def form(lines: Sequence[tuple[str, str, str]] = LINES, currency: str = "EUR", **said: str) -> dict[str, str]:
    cells = {
        f"{column}-{currency}-{i}": cell
        for i, line in enumerate(lines)
        for column, cell in zip(("from", "to", "price"), line, strict=True)
    }
    return {"title_en": "Parcel", "basis": "weight", **cells, **said}


def method(zone_id: int, lines: Sequence[tuple[str, str, str]] = LINES, site: Site = SITE, **said: str) -> int:
    wanted = forms.parse_method(form(lines, **said), site)
    return services.save_method(site, zone_id, wanted, actor="staff:1")


def carrier(site: Site = SITE) -> services.TableRateCarrier:
    return services.TableRateCarrier(site, services.table_of(site))


def quoted(parcel: Parcel, site: Site = SITE) -> list[tuple[str, str]]:
    return [(rate.title, rate.amount.decimal) for rate in carrier(site).quote(parcel)]


def weighing(grams: int, value: int = 5000, **address: Any) -> Parcel:
    return a_parcel(Money(value, "EUR"), the_address(**address), grams)


class TestContract(CarrierContract):
    @pytest.fixture
    def carrier(self, tables: str) -> Carrier:
        method(zone("GB"))
        method(zone("KP", "Nowhere", served="", reason_en="Closed."), title_en="Never")
        return carrier()


class TestContractWithEverything(CarrierContract):
    @pytest.fixture
    def carrier(self, tables: str) -> Carrier:
        home = zone("GB\nGB: LS")
        method(home, per="parcel", surcharge_EUR="1", parcel_g="1000", divisor="5000", excluded="hazardous=yes")
        method(home, [("0", "", "2")], basis="total", title_en="By value", free_from_EUR="40", days_to="3")
        return carrier()


# -- zones -------------------------------------------------------------------------------------------------------------

PLACES = {
    "World": "*",
    "Britain": "GB",
    "Scotland": "GB/Scotland",
    "Belfast": "GB: BT",
    "Belfast centre": "GB: BT1-BT2",
    "Saxony": "DE: 01000-09999",
    "Dresden": "DE: 010",
    "One street": "DE: 01067-01069",
    "Guangdong": "CN/广东省",
}


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"country": "FR"}, "World"),
        ({"country": "GB"}, "Britain"),
        ({"country": "GB", "region": "scotland "}, "Scotland"),
        ({"country": "GB", "postcode": "bt9 5aa"}, "Belfast"),
        ({"country": "GB", "postcode": "BT1 5AA"}, "Belfast centre"),
        ({"country": "GB", "region": "Scotland", "postcode": "BT9"}, "Belfast"),
        ({"country": "DE", "postcode": "00999"}, "World"),
        ({"country": "DE", "postcode": "01000"}, "Dresden"),
        ({"country": "DE", "postcode": "01066"}, "Dresden"),
        ({"country": "DE", "postcode": "01067"}, "One street"),
        ({"country": "DE", "postcode": "01069"}, "One street"),
        ({"country": "DE", "postcode": "01070"}, "Dresden"),
        ({"country": "DE", "postcode": "02000"}, "Saxony"),
        ({"country": "DE", "postcode": "09999"}, "Saxony"),
        ({"country": "DE", "postcode": "10115"}, "World"),
        ({"country": "CN", "region": "广东省", "postcode": "518000"}, "Guangdong"),
    ],
)
def test_the_most_specific_area_wins_whatever_the_order(parts: dict[str, str], expected: str) -> None:
    zones = [Zone(name=name, areas=areas) for name, areas in PLACES.items()]
    for order in (zones, zones[::-1]):
        found = services.find_area(order, Address(**parts))
        assert found is not None
        assert found.zone.name == expected


def test_of_two_zones_with_one_area_the_first_wins() -> None:
    zones = [Zone(name="First", areas="GB"), Zone(name="Second", areas="GB")]
    assert services.find_area(zones, Address(country="GB")).zone.name == "First"  # type: ignore[union-attr]


@pytest.mark.parametrize("line", ["Germany", "", "GB: 1000-99", "DE: 05000-01000", "DE: §", "XX", "*/Bavaria", "*: 1"])
def test_what_names_no_area_is_refused(line: str) -> None:
    with pytest.raises(forms.UnknownArea):
        forms.read_area(line)


def test_a_post_code_with_a_hyphen_is_written_with_a_star() -> None:
    assert forms.read_area("PL: 00-950*") == [forms.Area("PL", "", "00950")]
    assert forms.read_area("pl: 00-95") == [forms.Area("PL", "", "00", "95")]


@pytest.mark.usefixtures("tables")
class TestWhereToDeliver:
    def test_a_country_without_a_zone_is_named(self) -> None:
        method(zone("GB"))
        assert carrier().serves(the_address("FR")) == "We do not deliver to France."
        assert quoted(weighing(1, country="FR")) == []

    def test_a_zone_that_is_not_served_says_why(self) -> None:
        method(zone("GB"))
        zone("GB: BT", "Northern Ireland", served="", reason_en="The ferry does not take parcels.")
        assert carrier().serves(the_address(postcode="BT1 1AA")) == "The ferry does not take parcels."
        assert carrier().serves(the_address()) == ""

    def test_a_missing_post_code_is_asked_for_where_it_decides(self) -> None:
        method(zone("GB: LS"))
        assert (
            carrier().serves(Address(country="GB")) == "Fill in your post code and region to see what delivery costs."
        )
        assert carrier().serves(the_address(postcode="M1 1AA")) == "We do not deliver to this part of United Kingdom."

    def test_without_an_address_the_shops_own_country_counts(self) -> None:
        method(zone("GB"))
        assert quoted(a_parcel(Money(100, "EUR"), Address())) == [("Parcel", "3.90")]

    def test_a_zone_without_a_method_is_not_served(self) -> None:
        zone("GB")
        assert carrier().serves(the_address()) == "We do not deliver to United Kingdom."


# -- prices ------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("tables")
class TestPrices:
    @pytest.mark.parametrize(
        ("grams", "price"), [(0, "3.90"), (500, "3.90"), (501, "5.90"), (2000, "5.90"), (2001, "9.90"), (10**9, "9.90")]
    )
    def test_both_ends_of_a_weight_bracket_count(self, grams: int, price: str) -> None:
        method(zone())
        assert quoted(weighing(grams)) == [("Parcel", price)]

    @pytest.mark.parametrize(
        ("value", "price"), [(1, "6.00"), (4999, "6.00"), (5000, "3.00"), (9999, "3.00"), (10000, None)]
    )
    def test_brackets_of_the_order_value(self, value: int, price: str | None) -> None:
        method(zone(), [("", "49.99", "6"), ("50", "99.99", "3")], basis="total")
        assert quoted(weighing(1, value)) == ([("Parcel", price)] if price else [])

    @pytest.mark.parametrize(("pieces", "price"), [(1, "2.00"), (3, "2.00"), (4, "5.00"), (9, "5.00"), (10, None)])
    def test_brackets_of_the_quantity(self, pieces: int, price: str | None) -> None:
        method(zone(), [("1", "3", "2"), ("4", "9", "5")], basis="quantity")
        line = ParcelLine(variant_id=1, sku="A", name="A", quantity=pieces, weight_g=10, value=Money(100, "EUR"))
        parcel = Parcel(lines=(line,), address=the_address(), value=Money(100, "EUR"))
        assert quoted(parcel) == ([("Parcel", price)] if price else [])

    def test_in_an_overlap_the_line_that_begins_lower_counts(self) -> None:
        method(zone(), [("400", "900", "2"), ("0", "500", "1")])
        assert [quoted(weighing(grams))[0][1] for grams in (399, 400, 500, 501)] == ["1.00", "1.00", "1.00", "2.00"]

    @pytest.mark.parametrize(
        ("grams", "price"), [(0, "4.90"), (1000, "4.90"), (1001, "7.90"), (2000, "7.90"), (2001, "12.90")]
    )
    def test_a_surcharge_per_parcel(self, grams: int, price: str) -> None:
        # 3.90 + 1 parcel; 5.90 + 2; 9.90 + 3, at 1.00 each.
        lines = [("0", "1000", "3.90"), ("1001", "2000", "5.90"), ("2001", "", "9.90")]
        method(zone(), lines, per="parcel", surcharge_EUR="1", parcel_g="1000")
        assert quoted(weighing(grams)) == [("Parcel", price)]

    @pytest.mark.parametrize(
        ("grams", "price"), [(0, "2.00"), (1, "2.35"), (1000, "2.35"), (1001, "2.70"), (10_000, "5.50")]
    )
    def test_a_surcharge_per_started_kilogram(self, grams: int, price: str) -> None:
        method(zone(), [("0", "", "2")], per="kg", surcharge_EUR="0.35")
        assert quoted(weighing(grams)) == [("Parcel", price)]

    def test_free_from_an_order_value_surcharge_included(self) -> None:
        method(zone(), free_from_EUR="50", per="kg", surcharge_EUR="1")
        assert quoted(weighing(1500, 4999)) == [("Parcel", "7.90")]
        assert quoted(weighing(1500, 5000)) == [("Parcel", "0.00")]

    def test_each_currency_has_its_own_lines(self) -> None:
        home = zone()
        method(home)
        wanted = forms.parse_method(form([("0", "", "800")], "JPY", title_en="Yen"), SITE)
        services.save_method(SITE, home, wanted, actor="staff:1")
        assert quoted(a_parcel(Money(100, "JPY"))) == [("Yen", "800")]
        assert quoted(weighing(10)) == [("Parcel", "3.90")]

    def test_names_descriptions_and_days_reach_the_shopper(self) -> None:
        method(zone(), description_en="By bicycle.", days_from="1", days_to="2")
        (rate,) = carrier().quote(weighing(1))
        assert (rate.title, rate.description, rate.days) == ("Parcel", "By bicycle.", (1, 2))

    def test_another_sites_table_is_out_of_reach(self) -> None:
        home = zone()
        parcel = method(home)
        other = a_site(id=2)
        assert services.table_of(other).zones == []
        for reach in (
            lambda: services.find_zone(other, home),
            lambda: services.find_method(other, parcel),
            lambda: services.remove_zone(other, home, actor="staff:1"),
            lambda: services.remove_method(other, parcel, actor="staff:1"),
            lambda: method(home, site=other),
        ):
            with pytest.raises(NotFound):
                reach()


# -- the arithmetic, once more by other means --------------------------------------------------------------------------


def by_decimals(goods: services.Goods, row: Method) -> int | None:
    """The price as somebody would work it out on paper, in decimals and by a plain walk over the lines."""
    weight = Decimal(goods.weight_g)
    if row.divisor:
        weight = max(weight, (Decimal(goods.volume_cm3) / row.divisor * 1000).to_integral_value(ROUND_CEILING))
    count = {"weight": weight, "total": Decimal(goods.total.amount), "quantity": Decimal(goods.quantity)}[row.basis]
    best = None
    for low, high, amount in row.brackets["EUR"]:
        if count < low or (high is not None and count > high):
            continue
        if best is None or low < best[0]:
            best = (low, amount)
    if best is None:
        return None
    if "EUR" in row.free_from and goods.total.amount >= row.free_from["EUR"]:
        return 0
    times = 0
    if row.per == "kg":
        times = int((weight / 1000).to_integral_value(ROUND_CEILING))
    elif row.per == "parcel":
        times = max(1, int((weight / row.parcel_g).to_integral_value(ROUND_CEILING))) if row.parcel_g else 1
    return int(best[1]) + times * int(row.surcharges["EUR"])


numbers = st.integers(0, 10_000)
brackets = st.lists(
    st.tuples(numbers, st.one_of(st.none(), numbers), numbers).filter(
        lambda line: line[1] is None or line[1] >= line[0]
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda line: line[0],
)
methods = st.builds(
    Method,
    basis=st.sampled_from(["weight", "total", "quantity"]),
    brackets=st.fixed_dictionaries({"EUR": brackets}),
    free_from=st.one_of(st.just({}), st.fixed_dictionaries({"EUR": numbers})),
    per=st.sampled_from(["", "parcel", "kg"]),
    surcharges=st.fixed_dictionaries({"EUR": numbers}),
    parcel_g=st.one_of(st.none(), st.integers(1, 5000)),
    divisor=st.one_of(st.none(), st.integers(1, 9000)),
)
parcels = st.builds(
    services.Goods,
    total=st.builds(Money, numbers, st.just("EUR")),
    weight_g=numbers,
    quantity=st.integers(1, 10_000),
    volume_cm3=st.integers(0, 100_000),
)


@settings(max_examples=60, deadline=None)
@given(methods, parcels)
def test_every_price_is_what_decimals_say_and_never_below_zero(row: Method, goods: services.Goods) -> None:
    first, again = services.price(row, goods), services.price(row, goods)
    assert first == again
    assert first.amount == by_decimals(goods, row)
    assert first.amount is None or first.amount >= 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 500), min_size=1, max_size=8), st.integers(0, 5000), st.permutations(range(9)))
def test_lines_without_gaps_always_answer(widths: list[int], grams: int, order: list[int]) -> None:
    lines, low = [], 0
    for width in widths:
        lines.append([low, low + width - 1, 100])
        low += width
    lines.append([low, None, 100])
    mixed = [lines[i] for i in order if i < len(lines)]
    row = Method(basis="weight", brackets={"EUR": mixed})
    assert forms.gaps_and_overlaps(brackets_of(row, "EUR"), "weight", "EUR") == []
    goods = services.Goods(total=Money(0, "EUR"), weight_g=grams, quantity=1)
    assert services.price(row, goods).amount == 100


@settings(max_examples=60, deadline=None)
@given(brackets, st.integers(0, 10_001))
def test_a_gap_is_pointed_out_exactly_where_nothing_answers(
    lines: list[tuple[int, int | None, int]], grams: int
) -> None:
    row = Method(basis="weight", brackets={"EUR": [list(line) for line in lines]})
    goods = services.Goods(total=Money(0, "EUR"), weight_g=grams, quantity=1)
    holders = [line for line in lines if line[0] <= grams and (line[1] is None or grams <= line[1])]
    assert (services.price(row, goods).amount is None) == (not holders)


@pytest.mark.parametrize(
    ("divisor", "volume", "grams"),
    [(5000, 5000, 1000), (5000, 5001, 1001), (6000, 1, 1), (None, 9999, 0), (5000, 0, 0)],
)
def test_volumetric_weight_is_rounded_up(divisor: int | None, volume: int, grams: int) -> None:
    assert volumetric_g(divisor, volume) == grams


# -- remarks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([(0, 500, 1), (501, None, 1)], []),
        ([(0, 500, 1), (500, None, 1)], ["Overlap: two lines hold 500 g; the one that begins lower counts."]),
        ([(0, 500, 1), (601, None, 1)], ["Gap: no line holds 501 g to 600 g."]),
        ([(100, None, 1)], ["Gap: no line holds 0 g to 99 g."]),
        ([(0, 2000, 1)], ["Nothing is offered above 2,000 g."]),
        (
            [(0, None, 1), (5, None, 1)],
            ["Overlap: two lines hold everything from 5 g; the one that begins lower counts."],
        ),
        ([(0, 100, 1), (50, 60, 1)], [
            "Overlap: two lines hold 50 g to 60 g; the one that begins lower counts.",
            "Nothing is offered above 100 g.",
        ]),
    ],
)  # fmt: skip
def test_gaps_and_overlaps_are_said(lines: list[tuple[int, int | None, int]], said: list[str]) -> None:
    assert forms.gaps_and_overlaps([forms.Bracket(*line) for line in lines], "weight", "EUR") == said


def test_quantities_begin_at_one_and_values_are_money() -> None:
    assert forms.gaps_and_overlaps([forms.Bracket(1, None, 5)], "quantity", "EUR") == []
    assert forms.gaps_and_overlaps([forms.Bracket(0, 4998, 5), forms.Bracket(5000, None, 5)], "total", "EUR") == [
        "Gap: no line holds €49.99."
    ]


# -- forms -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"title_en": ""}, "title_en"),
        ({"title_en": "x" * 81}, "title_en"),
        ({"from-EUR-0": "1.5"}, "from-EUR-0"),
        ({"from-EUR-0": "-1"}, "from-EUR-0"),
        ({"from-EUR-0": "900", "to-EUR-0": "10"}, "to-EUR-0"),
        ({"price-EUR-1": ""}, "price-EUR-1"),
        ({"price-EUR-1": "-2"}, "price-EUR-1"),
        ({"price-EUR-1": "cheap"}, "price-EUR-1"),
        ({"free_from_EUR": "much"}, "free_from_EUR"),
        ({"per": "kg"}, "surcharge_EUR"),
        ({"per": "parcel", "surcharge_EUR": "1", "parcel_g": "0"}, "parcel_g"),
        ({"divisor": "0"}, "divisor"),
        ({"excluded": "hazardous"}, "excluded"),
        ({"days_from": "2"}, "days_to"),
        ({"days_from": "5", "days_to": "4"}, "days_to"),
    ],
)
@pytest.mark.usefixtures("app")
def test_a_wrong_field_of_a_method_is_named(said: dict[str, str], field: str) -> None:
    with pytest.raises(Unfit) as refusal:
        forms.parse_method({**form(), **said}, SITE)
    assert list(refusal.value.errors) == [field]


def test_a_method_needs_a_line() -> None:
    with pytest.raises(Unfit) as refusal:
        forms.parse_method(form([("", "", "")]), SITE)
    assert list(refusal.value.errors) == ["price-EUR-0"]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"name": ""}, "name"),
        ({"areas": ""}, "areas"),
        ({"areas": "GB\nAtlantis"}, "areas"),
        ({"position": "x"}, "position"),
    ],
)
def test_a_wrong_field_of_a_zone_is_named(said: dict[str, str], field: str) -> None:
    with pytest.raises(Unfit) as refusal:
        forms.parse_zone({"name": "Home", "areas": "GB", **said}, SITE)
    assert list(refusal.value.errors) == [field]


def test_lines_from_a_spreadsheet_fall_into_the_table() -> None:
    assert pasted("From\tTo\tPrice\n0\t500\t3.90\n501\t\t5.90\n") == [("0", "500", "3.90"), ("501", "", "5.90")]
    assert pasted("0;500;3,90\r\n") == [("0", "500", "3,90")]


def test_buttons_rearrange_lines_and_save_nothing() -> None:
    typed_in = form(act="add-EUR")
    assert forms.rearranged(typed_in, SITE)["EUR"] == [*LINES, ("", "", ""), ("", "", ""), ("", "", "")]
    assert forms.rearranged({**typed_in, "act": "drop-EUR-1"}, SITE)["EUR"] == [LINES[0], LINES[2]]
    pasting = {**typed_in, "act": "paste-EUR", "paste-EUR": "5000\t\t20"}
    assert forms.rearranged(pasting, SITE)["EUR"] == [*LINES, ("5000", "", "20")]
    assert forms.rearranged({**typed_in, "act": "drop-XXX-1"}, SITE)["EUR"] == LINES


@settings(max_examples=60, deadline=None)
@given(brackets, st.sampled_from(["weight", "total", "quantity"]))
def test_a_line_shown_and_read_again_is_the_same(lines: list[tuple[int, int | None, int]], basis: str) -> None:
    rising = sorted(forms.Bracket(*line) for line in lines)
    cells = {"EUR": [typed(bracket, basis, "EUR") for bracket in rising]}
    errors: dict[str, str] = {}
    assert forms.brackets.parse_lines(cells, basis, errors) == {"EUR": rising}
    assert errors == {}


# -- the file ----------------------------------------------------------------------------------------------------------


def take(text: str) -> Any:
    return services.import_table(SITE, io.BytesIO(text.encode()), actor="staff:1")


def told() -> Iterator[tuple[str, ...]]:
    return services.export_rows(SITE)


HEAD = "zone,areas,method,basis,currency,from,to,price\n"


@pytest.mark.usefixtures("tables")
class TestFile:
    def test_a_table_goes_out_and_comes_back_the_same(self) -> None:
        home = zone("GB\nGB: BT, IM")
        method(home)
        method(home, [("0", "49.99", "5")], basis="total", title_en="By value")
        before = list(told())
        text = HEAD + "".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in before)
        services.remove_zone(SITE, home, actor="staff:1")
        assert take(text).rows == 4
        assert list(told()) == before

    def test_named_methods_get_the_files_lines_and_keep_the_rest(self) -> None:
        home = zone()
        method(home, **{"title_zh-CN": "包裹"}, free_from_EUR="50")
        method(home, title_en="Express")
        take(HEAD + "Home,,Parcel,weight,EUR,0,,7\nNew,FR | BE,Post,quantity,JPY,1,,900\n")
        table = services.table_of(SITE)
        assert [(one.name, one.areas) for one in table.zones] == [("Home", "GB"), ("New", "FR\nBE")]
        parcel, express = table.of(table.zones[0])
        assert (parcel.brackets, parcel.titles["zh-CN"]) == ({"EUR": [[0, None, 700]]}, "包裹")
        assert parcel.free_from == {"EUR": 5000}
        assert len(express.brackets["EUR"]) == 3

    @pytest.mark.usefixtures("app")
    def test_errors_are_told_row_by_row_and_nothing_is_taken(self) -> None:
        method(zone())
        before = list(told())
        with pytest.raises(services.Unreadable) as refusal:
            take(
                HEAD + "Home,,Parcel,weight,EUR,0,,7\nHome,,Parcel,total,EUR,0,,7\nHome,,,weight,EUR,0,,7\n"
                "Mars,,Rocket,weight,EUR,0,,7\nHome,,Parcel,weight,USD,0,,7\nHome,,Parcel,weight,EUR,9,1,x\n"
                "Home,Atlantis,Parcel,weight,EUR,0,,7\n"
            )
        assert [(error.line, error.column) for error in refusal.value.errors] == [
            (3, "basis"), (4, "method"), (5, "areas"), (6, "currency"), (7, "price"), (8, "areas"),
        ]  # fmt: skip
        assert list(told()) == before

    def test_a_spreadsheet_of_another_kind_is_refused(self) -> None:
        with pytest.raises(Exception, match="The column zone is missing"):
            take("sku,price\nA,1\n")


# -- trying out --------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("tables")
def test_the_box_says_zone_line_price_and_why() -> None:
    method(zone("GB: LS"), per="kg", surcharge_EUR="0.50", divisor="5000", free_from_EUR="100")
    errors: dict[str, str] = {}
    said = {"country": "GB", "postcode": "LS1 4AP", "weight": "600", "volume": "12000", "total": "20", "quantity": "2"}
    result = services.tried(SITE, forms.parse_trial(said, SITE, errors), "en")
    assert result.zone is not None
    assert (result.zone.name, result.place) == ("Home", "Found by the area United Kingdom, LS….")
    (parcel,) = result.methods
    # 12,000 cm³ weigh 2.4 kg: the line from 2,001 g costs 9.90, and three kilograms are started.
    assert parcel.amount == Money(990 + 3 * 50, "EUR")
    assert parcel.steps == (
        "Volumetric weight 2,400 g, real weight 600 g: the greater is billed.",
        "Weight 2,400 g: line from 2,001 g costs €9.90.",
        "Surcharge: 3 kg started, €0.50 each.",
    )
