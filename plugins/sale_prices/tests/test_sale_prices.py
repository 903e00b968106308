"""Sale prices: what holds when, which sale wins, and what a merchant may write."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.api import Money, NotFound, PriceQuery, Site, Unfit, cards_for, rows, run_plugin_command
from core.testing.contracts import a_site
from plugins.sale_prices import forms, services
from plugins.sale_prices.services.pricing import Term, rounded

SITE = a_site(timezone="Europe/Berlin")
START = datetime(2026, 3, 1, tzinfo=UTC)


def term(**said: Any) -> Term:
    known = {
        "sale_id": 1,
        "name": "Sale",
        "kind": "percent",
        "basis_points": 2000,
        "prices": {},
        "rounding": "",
        "starts": START,
        "ends": None,
        "signed_in": False,
        "skip_reduced": False,
    }
    return Term(**{**known, **said})


# -- arithmetic --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "amount", "expected"),
    [
        ({"basis_points": 2000}, 8900, 7120),
        ({"basis_points": 3333}, 100, 67),
        ({"basis_points": 10_000}, 8900, 0),
        ({"basis_points": 1}, 10, None),
        ({"kind": "off", "prices": {"EUR": 500}}, 8900, 8400),
        ({"kind": "off", "prices": {"EUR": 9000}}, 8900, 0),
        ({"kind": "off", "prices": {"USD": 500}}, 8900, None),
        ({"kind": "fixed", "prices": {"EUR": 5000}}, 8900, 5000),
        ({"kind": "fixed", "prices": {"EUR": 8900}}, 8900, None),
        ({"kind": "fixed", "prices": {"EUR": 9900}}, 8900, None),
        ({"kind": "fixed", "prices": {"USD": 1}}, 8900, None),
        ({"rounding": "99"}, 8900, 7099),
        ({"rounding": "95"}, 8900, 7095),
        ({"rounding": "whole"}, 8900, 7100),
        ({"kind": "fixed", "prices": {"EUR": 5001}, "rounding": "99"}, 8900, 5001),
    ],
)
def test_the_reduced_price(said: dict[str, Any], amount: int, expected: int | None) -> None:
    assert services.reduced(term(**said), Money(amount, "EUR")) == expected


@pytest.mark.parametrize(
    ("amount", "currency", "rule", "expected"),
    [
        (7120, "EUR", "99", 7099),
        (7099, "EUR", "99", 7099),
        (7198, "EUR", "99", 7099),
        (98, "EUR", "99", 98),
        (99, "EUR", "99", 99),
        (50, "EUR", "whole", 50),
        (7120, "JPY", "99", 7120),
        (7120, "KWD", "99", 6990),
        (7120, "KWD", "whole", 7000),
        (0, "EUR", "99", 0),
    ],
)
def test_prices_are_rounded_down_to_an_ending(amount: int, currency: str, rule: str, expected: int) -> None:
    assert rounded(amount, currency, rule) == expected


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 10**7), st.integers(1, 10_000), st.sampled_from(["", "99", "95", "whole"]),
    st.sampled_from(["EUR", "JPY", "KWD"]),
)  # fmt: skip
def test_a_percentage_is_what_decimals_say_never_above_and_never_below_zero(
    amount: int, points: int, rule: str, currency: str
) -> None:
    found = services.reduced(term(basis_points=points, rounding=rule), Money(amount, currency))
    off = (Decimal(amount) * points / 10_000).to_integral_value(ROUND_HALF_UP)
    exact = amount - int(off)
    if found is None:
        assert exact == amount
        return
    assert 0 <= found <= exact
    assert found < amount
    if not rule or currency == "JPY":
        assert found == exact
    unit, digits = (100, 2) if currency == "EUR" else (1000, 3)
    if rule in {"99", "95"} and currency != "JPY" and found != exact:
        assert str(Decimal(found).scaleb(-digits)).split(".")[1].startswith(rule)
        assert exact - found < unit


# -- time --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "last", "expected"),
    [
        ("2026-12-01", False, "2026-11-30T23:00"),
        ("2026-12-01", True, "2026-12-01T23:00"),
        ("2026-12-01 09:00", False, "2026-12-01T08:00"),
        ("2026-12-01T09:00", True, "2026-12-01T08:00"),
        ("2026-03-29 01:59", False, "2026-03-29T00:59"),
        ("2026-03-29 03:00", False, "2026-03-29T01:00"),
        ("2026-03-29", True, "2026-03-29T22:00"),
        # The hour from two to three comes twice: a beginning means the first, an end the second.
        ("2026-10-25 02:30", False, "2026-10-25T00:30"),
        ("2026-10-25 02:30", True, "2026-10-25T01:30"),
        ("2026-10-25", True, "2026-10-25T23:00"),
    ],
)
def test_times_are_the_sites_own_across_changes_of_the_clock(text: str, last: bool, expected: str) -> None:
    found = forms.read_instant(text, SITE, last=last)
    assert found.strftime("%Y-%m-%dT%H:%M") == expected
    if " " in text or "T" in text:
        assert forms.local_text(found, SITE, " ") == text.replace("T", " ")


@pytest.mark.parametrize("text", ["soon", "2026-13-01", "2026-03-29 02:30", "2026-12-01T09:00Z", "9999-12-31"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"Write a time|missing"):
        forms.read_instant(text, SITE, last=True)


# -- forms -------------------------------------------------------------------------------------------------------------


class Form(dict[str, Any]):
    """A form as it is posted: one name may have several values."""

    def getlist(self, name: str) -> list[str]:
        return list(self.get(name, []))


USUAL = {"name": "Winter", "kind": "percent", "percent": "20", "scope": "everything", "active": "1"}


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"percent": "0"}, "percent"),
        ({"percent": "101"}, "percent"),
        ({"kind": "off"}, "amount_EUR"),
        ({"kind": "fixed", "amount_EUR": "-1"}, "amount_EUR"),
        ({"kind": "fixed", "amount_EUR": "cheap"}, "amount_EUR"),
        ({"starts": "2026-03-29T02:30"}, "starts"),
        ({"starts": "2026-12-02", "ends": "2026-12-01T00:00"}, "ends"),
        ({"scope": "chosen"}, "skus"),
    ],
)
def test_a_wrong_field_is_named(said: dict[str, str], field: str) -> None:
    with pytest.raises(Unfit) as refusal:
        forms.parse(Form({**USUAL, **said}), SITE)
    assert list(refusal.value.errors) == [field]


def test_pasted_skus_may_stand_in_lines_columns_or_lists() -> None:
    wanted = forms.parse(Form({**USUAL, "scope": "chosen", "skus": "A-1\r\nB 2\tC\n\nA-1; D"}), SITE)
    assert wanted.skus == ("A-1", "B 2", "C", "D")


# -- in the shop -------------------------------------------------------------------------------------------------------


@pytest.fixture
def shop(site: Site, turn_on: Any, clock: Any) -> Site:
    turn_on("sale_prices")
    clock.set(datetime(2026, 3, 10, 12, tzinfo=UTC))
    return site


def save(site: Site, sale_id: int | None = None, **said: Any) -> int:
    form = Form({**USUAL, **said})
    return services.save_sale(site, forms.parse(form, site), actor="staff:1", sale_id=sale_id)


def ask(
    site: Site, *items: Any, amount: int = 8900, customer_id: int | None = None, currency: str = "EUR"
) -> list[Any]:
    queries = [
        PriceQuery(
            variant_id=item.variant_id,
            product_id=item.product_id,
            quantity=1,
            list_price=Money(amount, currency),
            customer_id=customer_id,
        )
        for item in items
    ]
    said = services.answers(site, queries)
    return [said[query].amount.amount if query in said else None for query in queries]


class TestWhatIsOnSale:
    def test_chosen_skus_alone(self, shop: Site, sell: Any) -> None:
        lamp, chair = sell("LAMP", 8900), sell("CHAIR", 8900)
        save(shop, scope="chosen", skus="LAMP")
        assert ask(shop, lamp, chair) == [7120, None]

    def test_whole_products_by_one_sku(self, shop: Site, sell: Any) -> None:
        lamp, chair = sell("LAMP", 8900), sell("CHAIR", 8900)
        save(shop, scope="chosen", product_skus="CHAIR")
        assert ask(shop, lamp, chair) == [None, 7120]

    def test_a_category_with_all_below_it(self, shop: Site, sell: Any) -> None:
        from core.api import CategoryDraft, CategoryText, ProductDraft, VariantDraft, create_category, save_product

        lamp, chair = sell("LAMP", 8900), sell("CHAIR", 8900)
        top = create_category(CategoryDraft(code="home", texts={"en": CategoryText(name="Home")}), "system")
        below = CategoryDraft(code="light", texts={"en": CategoryText(name="Light")}, parent_id=top)
        light = create_category(below, "system")
        draft = ProductDraft(variants=(VariantDraft(sku="LAMP"),), category_ids=(light,), whole=False)
        save_product(shop, draft, "system")
        save(shop, scope="chosen", categories=[str(top)])
        assert ask(shop, lamp, chair) == [7120, None]

    def test_everything_on_this_site_alone(self, shop: Site, other_site: Site, sell: Any) -> None:
        lamp = sell("LAMP", 8900)
        save(shop)
        assert ask(shop, lamp) == [7120]
        assert ask(other_site, lamp) == [None]

    def test_an_unknown_sku_is_named(self, shop: Site) -> None:
        with pytest.raises(Unfit) as refusal:
            save(shop, scope="chosen", skus="GONE")
        assert refusal.value.errors == {"skus": "There is no product with the SKU GONE."}

    def test_goods_that_are_reduced_already_can_be_left_out(self, shop: Site, sell: Any) -> None:
        from core.api import PriceDraft, ProductDraft, VariantDraft, save_product

        lamp, chair = sell("LAMP", 8900), sell("CHAIR", 8900)
        was = PriceDraft(amount=Money(8900, "EUR"), was=Money(9900, "EUR"))
        draft = ProductDraft(variants=(VariantDraft(sku="LAMP", prices=(was,)),), whole=False)
        save_product(shop, draft, "system")
        save(shop, skip_reduced="1")
        assert ask(shop, lamp, chair) == [None, 7120]

    def test_a_sale_for_those_who_are_signed_in(self, shop: Site, sell: Any) -> None:
        lamp = sell("LAMP", 8900)
        save(shop, **{"for": "signed_in"})
        assert ask(shop, lamp) == [None]
        assert ask(shop, lamp, customer_id=7) == [7120]

    def test_a_sale_that_is_switched_off_says_nothing(self, shop: Site, sell: Any) -> None:
        lamp = sell("LAMP", 8900)
        save(shop, active="")
        assert ask(shop, lamp) == [None]

    def test_of_overlapping_sales_the_lowest_price_wins(self, shop: Site, sell: Any) -> None:
        lamp = sell("LAMP", 8900)
        save(shop, percent="30")
        save(shop, kind="fixed", amount_EUR="50")
        save(shop, kind="off", amount_EUR="10")
        assert ask(shop, lamp) == [5000]
        # 30 % off 60.00 is lower than 50.00, and 10 off even more so of a cheap one.
        assert ask(shop, lamp, amount=6000) == [4200]
        assert ask(shop, lamp, amount=1500) == [500]

    @pytest.mark.parametrize("count", [1, 60])
    def test_three_statements_whatever_the_number(self, shop: Site, sell: Any, statements: Any, count: int) -> None:
        items = [sell(f"SKU-{i}", 8900) for i in range(count)]
        save(shop, skip_reduced="1")
        for _ in range(3):
            save(shop, scope="chosen", skus="SKU-0")
        with statements() as sql:
            assert ask(shop, *items) == [7120] * count
        assert len(sql) == 3

    def test_an_answer_holds_until_the_next_turn_of_any_sale(self, shop: Site, sell: Any, clock: Any) -> None:
        lamp = sell("LAMP", 8900)
        save(shop, starts="2026-03-11T00:00", ends="2026-03-20T00:00")
        save(shop, percent="50", starts="2026-03-15T00:00", ends="2026-03-16T00:00")
        query = PriceQuery(
            variant_id=lamp.variant_id, product_id=lamp.product_id, quantity=1, list_price=Money(8900, "EUR")
        )
        seen = []
        for _ in range(5):
            answer = services.answers(shop, [query]).get(query)
            seen.append(None if answer is None else (answer.amount.amount, answer.until and answer.until.day))
            if answer is not None and answer.until is not None:
                clock.set(answer.until)
        assert seen == [(8900, 11), (7120, 15), (4450, 16), (7120, 20), None]


class TestEditing:
    def test_ending_now_brings_the_price_back(self, shop: Site, sell: Any, clock: Any) -> None:
        lamp = sell("LAMP", 8900)
        sale_id = save(shop)
        clock.move(hours=1)
        services.end_now(shop, sale_id, actor="staff:1")
        assert ask(shop, lamp) == [None]
        assert services.listed(shop)[0].state == "over"

    def test_a_copy_has_all_items_and_waits_to_be_switched_on(self, shop: Site, sell: Any) -> None:
        lamp = sell("LAMP", 8900)
        services.import_list(
            shop, "List", io.BytesIO(b"sku,currency,price,from,until\nLAMP,EUR,50,,\n"), actor="staff:1"
        )
        (first,) = services.listed(shop)
        copied = services.duplicate(shop, first.sale.id, actor="staff:1")
        assert services.find_sale(shop, copied).name == "List (copy)"
        assert [one.state for one in services.listed(shop)] == ["running", "draft"]
        assert ask(shop, lamp) == [5000]

    def test_another_sites_sale_is_out_of_reach(self, shop: Site, other_site: Site) -> None:
        sale_id = save(shop)
        for reach in (
            lambda: services.find_sale(other_site, sale_id),
            lambda: services.end_now(other_site, sale_id, actor="staff:1"),
            lambda: services.duplicate(other_site, sale_id, actor="staff:1"),
            lambda: services.remove_sale(other_site, sale_id, actor="staff:1"),
            lambda: save(other_site, sale_id, kind="fixed", amount_CNY="1"),
        ):
            with pytest.raises(NotFound):
                reach()

    def test_the_preview_counts_all_and_says_which_sale_wins(self, shop: Site, sell: Any) -> None:
        for i in range(25):
            sell(f"SKU-{i:02}", 8900)
        save(shop, name="Deeper", percent="50", scope="chosen", skus="SKU-00")
        wanted = forms.parse(Form(USUAL), shop)
        preview = services.preview_of_wanted(shop, wanted, "EUR")
        assert (preview.count, len(preview.rows)) == (25, 25)
        first, second = preview.rows[:2]
        assert (first.after, first.wins, first.wins_at) == (Money(7120, "EUR"), "Deeper", Money(4450, "EUR"))
        assert (second.before, second.after, second.wins) == (Money(8900, "EUR"), Money(7120, "EUR"), "")


class TestLists:
    HEAD = "SKU,Currency,Price,From,Until\n"

    def take(self, site: Site, text: str) -> list[int]:
        return services.import_list(site, "List", io.BytesIO((self.HEAD + text).encode()), actor="staff:1")

    def test_a_list_goes_out_and_comes_back_the_same(self, shop: Site, sell: Any) -> None:
        lamp, chair = sell("LAMP", 8900), sell("CHAIR", 8900)
        text = "CHAIR,EUR,40.00,2026-03-01 00:00,2026-04-01 00:00\nLAMP,EUR,50.00,2026-03-01 00:00,2026-04-01 00:00\n"
        (sale_id,) = self.take(shop, text)
        assert ask(shop, lamp, chair) == [5000, 4000]
        out = "".join(",".join(row) + "\n" for row in services.export_rows(shop, services.find_sale(shop, sale_id)))
        assert out == text
        assert self.take(shop, out.replace("50.00", "45.00")) == [sale_id]
        assert ask(shop, lamp, chair) == [4500, 4000]

    def test_each_period_is_a_sale(self, shop: Site, sell: Any) -> None:
        sell("LAMP", 8900)
        made = self.take(shop, "LAMP,EUR,50,2026-03-01,2026-03-05\nLAMP,EUR,40,2026-03-06,2026-03-31\n")
        assert len(made) == 2
        assert [one.state for one in services.listed(shop)] == ["running", "over"]

    def test_editing_the_form_keeps_the_prices_of_the_list(self, shop: Site, sell: Any) -> None:
        lamp = sell("LAMP", 8900)
        (sale_id,) = self.take(shop, "LAMP,EUR,50,2026-03-01,\n")
        filled = services.filled(shop, services.find_sale(shop, sale_id))
        wanted = forms.parse(Form({**filled, "name": "Renamed"}), shop, priced_items=True)
        services.save_sale(shop, wanted, actor="staff:1", sale_id=sale_id)
        assert ask(shop, lamp) == [5000]

    def test_errors_are_told_row_by_row_and_nothing_is_taken(self, shop: Site, sell: Any) -> None:
        sell("LAMP", 8900)
        with pytest.raises(services.Unreadable) as refusal:
            self.take(
                shop,
                "LAMP,EUR,50,,\nGONE,EUR,50,,\nLAMP,USD,50,,\nLAMP,EUR,x,,\nLAMP,EUR,50,soon,\nLAMP,EUR,1,2026-03-02,"
                "2026-03-01\nLAMP,EUR,50,,\n",
            )
        assert [(error.line, error.column) for error in refusal.value.errors] == [
            (3, "sku"), (4, "currency"), (5, "price"), (6, "from"), (7, "until"), (8, "sku"),
        ]  # fmt: skip
        assert services.listed(shop) == []


class TestHistory:
    def test_the_lowest_of_the_thirty_days_before_the_sale(
        self, shop: Site, sell: Any, clock: Any, outbox: Any
    ) -> None:
        clock.set(datetime(2026, 1, 1, tzinfo=UTC))
        lamp = sell("LAMP", 8900)
        outbox.deliver()
        # A short sale in January: 62.30, from 5 to 10 January.
        save(shop, percent="30", starts="2026-01-05T00:00", ends="2026-01-10T00:00")
        for day in (5, 10):
            clock.set(datetime(2026, 1, day, tzinfo=UTC))
            outbox.deliver()
        starts = {lamp.variant_id: datetime(2026, 2, 1, tzinfo=UTC)}
        assert services.lowest_before(shop, starts, "EUR") == {lamp.variant_id: 6230}
        # Thirty days later the short sale is out of sight, and a price of the reduction itself never counts.
        starts = {lamp.variant_id: datetime(2026, 2, 9, 0, 1, tzinfo=UTC)}
        assert services.lowest_before(shop, starts, "EUR") == {lamp.variant_id: 8900}
        starts = {lamp.variant_id: datetime(2026, 1, 1, tzinfo=UTC)}
        assert services.lowest_before(shop, starts, "EUR") == {}

    def test_only_changes_are_noted(self, shop: Site, sell: Any, outbox: Any) -> None:
        lamp = sell("LAMP", 8900)
        outbox.deliver()
        assert services.record(shop, [lamp.product_id]) == 0
        assert rows("SELECT amount, until FROM sale_prices_span") == [(8900, None)]

    def test_the_sweep_finds_what_no_event_told_of(self, shop: Site, sell: Any, clock: Any) -> None:
        sell("LAMP", 8900)
        services.record_all(shop)
        assert rows("SELECT amount FROM sale_prices_span") == [(8900,)]
        clock.move(days=4 * 365)
        services.forget_old(shop)
        assert rows("SELECT amount FROM sale_prices_span") == [(8900,)]


# -- from a command line -----------------------------------------------------------------------------------------------


def test_a_sale_is_added_by_a_command(site: Site, turn_on: Any, sell: Any, outbox: Any) -> None:
    turn_on("sale_prices")
    lamp, mug = sell("LAMP", 8900), sell("MUG", 1600)

    run_plugin_command("sale_prices", "add", ["--site", site.host, "--name", "Autumn", "--percent", "10", "LAMP"])
    outbox.deliver()

    cards = cards_for(site, "en", "EUR", [lamp.product_id, mug.product_id])
    assert [cards[one.product_id].price for one in (lamp, mug)] == [Money(8010, "EUR"), Money(1600, "EUR")]
    with pytest.raises(Unfit):
        run_plugin_command("sale_prices", "add", ["--site", site.host, "--name", "No", "--percent", "200"])
