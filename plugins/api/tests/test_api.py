"""A program reads the catalogue, fills a cart, orders once, and the merchant's programs work on orders."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.api import OrderPlaced, execute, now, run_plugin_command, transaction, value
from plugins.api.tests.conftest import ADDRESS, Program


def test_products_are_listed_sorted_and_paged(program, sell):
    for place, price in enumerate((300, 100, 200)):
        sell(f"LAMP-{place}", price, stock=3)
    app = program("catalogue:read")
    first = app.get("/products?sort=price&limit=2")
    second = app.get(f"/products?sort=price&limit=2&after={first['next']}")

    prices = [one["price"] for page in (first, second) for one in page["items"]]
    assert prices == [{"amount": amount, "currency": "EUR"} for amount in (100, 200, 300)]
    assert first["total"] == 3
    assert second["next"] == ""
    assert [one["price"]["amount"] for one in app.get("/products?price_min=150&price_max=250")["items"]] == [200]


def test_products_are_filtered_by_several_values_and_facets(program, site):
    from core.api import (
        AttributeDraft,
        ListingDraft,
        Money,
        PriceDraft,
        ProductDraft,
        TextDraft,
        ValueDraft,
        VariantDraft,
        save_product,
    )

    for sku, colour in (("ONE", "red"), ("TWO", "blue"), ("THREE", "green")):
        draft = ProductDraft(
            texts={"en": TextDraft(name=sku)},
            variants=(VariantDraft(sku=sku, prices=(PriceDraft(amount=Money(100, "EUR")),)),),
            listing=ListingDraft(visible=True),
            attributes=(
                AttributeDraft(
                    code="shade", names={"en": "Shade"}, values=(ValueDraft(names={"en": colour}),), filterable=True
                ),
            ),
        )
        save_product(site, draft, "system")
    app = program("catalogue:read")
    (facet,) = app.get("/products")["facets"]
    value = {one["name"]: one["value"] for one in facet["values"]}
    found = app.get(f"/products?filter=shade:{value['red']}&filter=shade:{value['blue']}&sort=name")

    assert [one["name"] for one in found["items"]] == ["ONE", "TWO"]
    assert app.get("/products?filter=shade:nothing")["total"] == 0
    assert app.get("/products?price_min=null", 422)["errors"][0]["field"] == "price_min"


def test_a_product_is_read_with_its_variants(program, sell):
    item = sell("LAMP", 8900, stock=3, name="Reading lamp")
    found = program("catalogue:read").get(f"/products/{item.product_id}")

    assert found["name"] == "Reading lamp"
    (variant,) = found["variants"]
    assert variant["sku"] == "LAMP"
    assert variant["price"] == {"amount": 8900, "currency": "EUR"}
    assert "left" not in variant, "how much is on the shelf is the merchant's own affair"


def test_search_finds_by_words(program, sell):
    sell("LAMP", 8900, stock=3, name="Reading lamp")
    sell("CHAIR", 100, stock=3, name="Chair")

    assert [one["name"] for one in program("catalogue:read").get("/search?q=lamp")["items"]] == ["Reading lamp"]


def test_categories_are_a_tree(program, site):
    from core.api import CategoryDraft, CategoryText, create_category

    made = create_category(CategoryDraft(code="light", texts={"en": CategoryText(name="Light")}), "system")
    app = program("catalogue:read")
    (node,) = app.get("/categories")["items"]

    assert (node["id"], node["name"]) == (made, "Light")
    assert app.get(f"/categories/{made}")["name"] == "Light"
    assert app.get(f"/products?category={made}")["total"] == 0
    app.get("/categories/99", 404)
    app.get("/products?category=99", 404)


def test_what_is_asked_in_another_language_comes_in_it(program, sell):
    item = sell("LAMP", 8900, stock=3)
    app = program("catalogue:read")
    app.get(f"/products/{item.product_id}?language=zh-CN&currency=EUR")

    assert app.get("/products?language=fr", 422)["errors"][0]["field"] == "language"
    assert app.get("/products?currency=USD", 422)["errors"][0]["field"] == "currency"


# -- the cart ----------------------------------------------------------------------------------------------------------


def test_a_cart_is_filled_changed_and_emptied(program, sell):
    lamp, chair = sell("LAMP", 8900, stock=9), sell("CHAIR", 100, stock=9)
    app = program("cart:write")
    made = app.post("/cart", {"lines": [{"variant_id": lamp.variant_id, "quantity": 2}]})
    app.cart = made["token"]
    assert made["cart"]["totals"]["total"] == {"amount": 17800, "currency": "EUR"}
    both = app.post("/cart/lines", {"variant_id": chair.variant_id})
    assert both["totals"]["subtotal"]["amount"] == 17900
    one, two = (line["id"] for line in both["lines"])
    assert app.patch(f"/cart/lines/{one}", {"quantity": 1})["totals"]["subtotal"]["amount"] == 9000
    assert app.delete(f"/cart/lines/{two}")["count"] == 1
    assert app.get("/cart")["lines"][0]["total"] == {"amount": 8900, "currency": "EUR"}
    app.delete(f"/cart/lines/{two}", 404)


def test_a_cart_is_known_by_its_token_alone(program, sell, other_site, turn_on):
    item = sell("LAMP", 8900, stock=9)
    app, other = program("cart:write"), program("cart:write")
    app.cart = app.post("/cart", {"lines": [{"variant_id": item.variant_id}]})["token"]
    line = app.get("/cart")["lines"][0]["id"]
    app.ask("GET", "/cart")
    other.get("/cart", 422)
    for guess in ("1", "x" * 22, "0" * 200):
        other.cart = guess
        other.get("/cart", 404)
        other.delete(f"/cart/lines/{line}", 404)
    other.cart = other.post("/cart", {"lines": [{"variant_id": item.variant_id}]})["token"]
    other.delete(f"/cart/lines/{line}", 404)
    turn_on("api", on=other_site)
    elsewhere = program("cart:write", on=other_site)
    elsewhere.cart = app.cart
    elsewhere.get("/cart", 404)

    assert app.get("/cart")["count"] == 1


def test_a_code_takes_something_off(program, sell, site, turn_on):
    turn_on("coupons")
    run_plugin_command("coupons", "add", ["--site", site.host, "--code", "TEN", "--percent", "10"])
    item = sell("LAMP", 1000, stock=9)
    app = program("cart:write")
    app.cart = app.post("/cart", {"lines": [{"variant_id": item.variant_id}]})["token"]
    with_code = app.post("/cart/codes", {"code": "ten"})
    assert with_code["totals"]["discount"] == {"amount": 100, "currency": "EUR"}
    assert with_code["codes"][0]["granted"]
    assert app.post("/cart/codes", {"code": "nonsense"})["codes"][1]["granted"] is False

    assert app.delete("/cart/codes/TEN")["totals"]["discount"]["amount"] == 0


def test_what_is_not_sold_is_refused(program):
    refused = program("cart:write").post("/cart", {"lines": [{"variant_id": 999}]}, 409)

    assert refused["code"] == "not_for_sale"


def test_details_change_only_where_they_are_sent(program, sell):
    item = sell("LAMP", 8900, stock=9)
    app = program("cart:write")
    app.cart = app.post("/cart", {"lines": [{"variant_id": item.variant_id}]})["token"]
    app.patch("/cart/details", {"email": "mira@example.com", "address": ADDRESS})
    quote = app.patch("/cart/details", {"note": "Ring twice"})

    assert quote["details"]["email"] == "mira@example.com"
    assert quote["details"]["address"]["city"] == "Berlin"
    assert quote["details"]["note"] == "Ring twice"
    assert quote["needs_delivery"] is True
    assert quote["delivery"][0]["chosen"] is True
    assert app.get("/cart/quote")["totals"] == quote["totals"]


# -- ordering ----------------------------------------------------------------------------------------------------------


def test_an_order_is_placed_once_however_often_it_is_sent(bought, outbox):
    app, placed = bought(quantity=2)
    total = {"amount": 17800, "currency": "EUR"}
    assert placed["total"] == placed["due"] == total
    again = app.post("/cart/order", {"seen_total": total}, Idempotency_Key="one-LAMP")
    other_name = app.post("/cart/order", {"seen_total": total}, Idempotency_Key="two")

    assert again == other_name == placed
    assert len(outbox.events(OrderPlaced)) == 1
    assert app.get("/cart/order") == placed


def test_a_name_that_was_used_for_another_request_is_refused(bought, sell):
    app, _placed = bought()
    item = sell("CHAIR", 100, stock=9)
    app.cart = app.post("/cart", {"lines": [{"variant_id": item.variant_id}]})["token"]
    seen = {"seen_total": {"amount": 100, "currency": "EUR"}}

    assert app.post("/cart/order", seen, 409, Idempotency_Key="one-LAMP")["code"] == "idempotency_key_reused"


def test_a_name_is_free_again_after_a_refusal(program, sell):
    item = sell("LAMP", 8900, stock=9)
    app = program()
    app.cart = app.post("/cart", {"lines": [{"variant_id": item.variant_id}]})["token"]
    seen = {"seen_total": {"amount": 8900, "currency": "EUR"}}
    refused = app.post("/cart/order", seen, 409, Idempotency_Key="one")
    assert refused["code"] == "not_ready"
    assert {one["field"] for one in refused["errors"]} == {"email", "country"}
    app.patch("/cart/details", {"email": "mira@example.com", "address": ADDRESS})
    wrong = {"seen_total": {"amount": 1, "currency": "EUR"}}
    assert app.post("/cart/order", wrong, 409, Idempotency_Key="one")["code"] == "price_changed"

    app.post("/cart/order", seen, 201, Idempotency_Key="one")


def test_a_name_whose_process_died_goes_on(bought):
    """The order was stored, and nobody was left to remember under which name."""
    app, placed = bought()
    with transaction():
        execute("UPDATE api_once SET made_id = NULL")

    assert app.post("/cart/order", {"seen_total": placed["total"]}, Idempotency_Key="one-LAMP") == placed


def test_nothing_is_ordered_while_the_shop_is_not_open(bought, program, sell, site, other_site, turn_on):
    app, placed = bought()
    late, chair = program(), sell("CHAIR", 4900, stock=3)
    late.cart = late.post("/cart", {"lines": [{"variant_id": chair.variant_id, "quantity": 1}]})["token"]
    with transaction():
        execute("UPDATE site SET open = ? WHERE id = ?", False, site.id)
    turn_on("api", on=other_site)  # So that sites are read anew.

    quote = late.patch("/cart/details", {"email": "li@example.com", "address": ADDRESS})
    seen = {"seen_total": quote["totals"]["total"]}
    assert late.post("/cart/order", seen, 503, Idempotency_Key="late")["code"] == "not_open"
    assert late.get("/orders", 200)["items"][0]["number"] == placed["number"], "no other was made"

    # What was ordered before is told again.
    assert app.post("/cart/order", {"seen_total": placed["total"]}, Idempotency_Key="one-LAMP") == placed
    assert app.get("/cart/order") == placed


def test_an_order_needs_a_name_and_the_carts_currency(program, sell):
    item = sell("LAMP", 8900, stock=9)
    app = program()
    app.cart = app.post("/cart", {"lines": [{"variant_id": item.variant_id}]})["token"]
    seen = {"seen_total": {"amount": 8900, "currency": "USD"}}

    assert app.post("/cart/order", seen, 422)["errors"][0]["field"] == "Idempotency-Key"
    refused = app.post("/cart/order", seen, 409, Idempotency_Key="one")
    assert refused["code"] == "other_currency"
    assert refused["errors"][0]["field"] == "seen_total.currency"


def test_the_payment_is_begun_with_the_carts_token(program, sell, turn_on):
    turn_on("bank_transfer", holder="Shop", account="DE89370400440532013000")
    item = sell("LAMP", 8900, stock=9)
    app = program()
    app.cart = app.post("/cart", {"lines": [{"variant_id": item.variant_id}]})["token"]
    app.post("/cart/payment", status=404)
    quote = app.patch("/cart/details", {"email": "mira@example.com", "address": ADDRESS, "gateway": "bank_transfer"})
    assert [one["code"] for one in quote["gateways"] if one["chosen"]] == ["bank_transfer"]
    app.post("/cart/order", {"seen_total": quote["totals"]["total"]}, Idempotency_Key="one")
    begun = app.post("/cart/payment", status=200)

    assert begun["kind"] == "show"
    assert begun["rows"]
    assert app.post("/cart/payment", status=200) == begun


def test_the_url_of_an_order_opens_its_page(bought):
    app, placed = bought()
    path = placed["url"].removeprefix(app.site.origin)

    assert placed["number"] in app.client.get(path, base_url=f"http://{app.site.host}").text


# -- orders ------------------------------------------------------------------------------------------------------------


def test_an_order_for_two_addresses_is_shipped_to_each(program, sell, order):
    placed = order(sell("TRAY", 1000, name="Tray"), 3, away=2)
    shop = program("orders:read", "shipments:write")
    here = f"/orders/{placed.id}"
    told = shop.get(here)
    assert [(one["number"], one["address"]) for one in told["destinations"]] == [(0, None), (1, None)]
    assert [(line["destination"], line["quantity"]) for line in told["lines"]] == [(0, 1), (1, 2)]
    assert "one address" in str(shop.post(f"{here}/shipments", {}, 409))
    sent = shop.post(f"{here}/shipments", {"destination": 1})
    assert [(one["destination"], one["lines"][0]["quantity"]) for one in sent["shipments"]] == [(1, 2)]
    customer = program("orders:read", "customers:read").get(here)
    assert [one["address"]["city"] for one in customer["destinations"]] == ["Berlin", "Paris"]
    assert customer["customer"]["address"] is None


def test_a_part_of_an_order_goes_to_a_further_address(program, sell, order):
    placed = order(sell("TRAY", 1000, name="Tray"), 3)
    shop = program("orders:read", "orders:write", "customers:read")
    here, line = f"/orders/{placed.id}", shop.get(f"/orders/{placed.id}")["lines"][0]["id"]
    further = {
        "kind": "destination", "destination": 1,
        "address": {"name": "Oma", "lines": ["1 rue de Rivoli"], "city": "Paris", "postcode": "75001", "country": "FR"},
    }  # fmt: skip
    move = {"kind": "move", "line_id": line, "quantity": 2, "destination": 1}
    shop.post(f"{here}/changes", {"actions": [move]}, 404, Idempotency_Key="a")
    change = shop.post(f"{here}/changes", {"actions": [move, further]}, Idempotency_Key="b")
    seen = {"seen_price": change["price_after"], "version": change["version"]}
    shop.post(f"{here}/changes/{change['id']}/confirmation", seen, 200)
    told = shop.get(here)
    assert [one["address"]["city"] for one in told["destinations"]] == ["Berlin", "Paris"]
    assert [(one["destination"], one["quantity"] - one["cancelled"]) for one in told["lines"]] == [(0, 1), (1, 2)]


def test_orders_are_listed_shipped_paid_and_cancelled(bought, program):
    _app, placed = bought(quantity=3)
    shop = program("orders:read", "orders:write", "shipments:write", "payments:write")
    here = f"/orders/{placed['id']}"
    (row,) = shop.get("/orders?payment=unpaid&fulfilment=unfulfilled&order=open")["items"]
    assert row["number"] == placed["number"]
    (line,) = shop.get(here)["lines"]
    parcel = {"lines": [{"line_id": line["id"], "quantity": 1}], "tracking": "JD01"}
    sent = shop.post(f"{here}/shipments", parcel, Idempotency_Key="parcel-1")
    assert shop.post(f"{here}/shipments", parcel, Idempotency_Key="parcel-1")["shipments"] == sent["shipments"]
    assert sent["lines"][0]["shipped"] == 1
    paid = shop.post(f"{here}/payments", {"reference": "statement 7"})
    assert paid["due"]["amount"] == 0
    assert paid["captured"]["amount"] == 26700
    assert shop.post(f"{here}/payments", {}, 409)["code"] == "nothing_to_pay"
    cancelled = shop.post(f"{here}/cancellation", {}, 200)
    assert cancelled["lines"][0]["cancelled"] == 2
    assert shop.post(f"{here}/cancellation", {}, 409)["code"] == "not_that_many"
    assert shop.get("/orders?payment=unpaid")["items"] == []


def test_an_order_says_where_it_was_placed_and_what_of_it_is_there(bought, program):
    _app, placed = bought(quantity=3)
    with transaction():
        execute("UPDATE orders SET channel = ?, channel_number = ?", "Etsy", "E-7")
    shop = program("orders:read", "orders:write")
    (row,) = shop.get("/orders?channel=Etsy&goods=ready")["items"]
    assert (row["channel"], row["channel_number"], row["goods"]) == ("Etsy", "E-7", "")
    assert shop.get("/orders?channel=eBay")["items"] == shop.get("/orders?goods=waiting")["items"] == []
    order = shop.get(f"/orders/{placed['id']}")
    assert (order["channel"], order["channel_number"], order["goods"]) == ("Etsy", "E-7", "ready")
    assert order["lines"][0]["on_shelf"] == 3


def test_who_acted_stands_in_the_order(bought, site):
    from core.api import order_view

    app, placed = bought()
    app.post(f"/orders/{placed['id']}/shipments", {})

    assert any(entry.actor.startswith("api:") for entry in order_view(placed["id"], site=site).timeline)


def test_customers_are_read_only_with_their_scope(bought, program):
    _app, placed = bought()
    without = program("orders:read").get(f"/orders/{placed['id']}")
    with_it = program("orders:read", "customers:read").get(f"/orders/{placed['id']}")

    assert without["customer"] is None
    assert "mira" not in str(without).lower()
    assert with_it["customer"]["email"] == "mira@example.com"
    assert with_it["customer"]["address"]["city"] == "Berlin"


def test_orders_of_another_site_are_not_there(bought, program, other_site, turn_on):
    _app, placed = bought()
    turn_on("api", on=other_site)
    elsewhere = program(on=other_site)
    here = f"/orders/{placed['id']}"

    assert elsewhere.get("/orders")["items"] == []
    elsewhere.get(here, 404)
    for act in ("shipments", "payments", "cancellation"):
        elsewhere.post(f"{here}/{act}", {}, 404)


def test_a_line_of_another_order_is_not_shipped(bought):
    app, placed = bought()
    _app, second = bought(sku="CHAIR")
    (line,) = app.get(f"/orders/{second['id']}")["lines"]
    parcel = {"lines": [{"line_id": line["id"], "quantity": 1}]}

    app.post(f"/orders/{placed['id']}/shipments", parcel, 404)


# -- keys --------------------------------------------------------------------------------------------------------------


def test_without_a_valid_key_nothing_is_answered(client, site, key, other_site, turn_on, clock):
    good = key()
    for sent in ("", "stoa_", good[:-1], good + "x", "Bearer", "x" * 500):
        refused = Program(client, site, sent).get("/products", 401)
        assert refused["code"] == "no_valid_key"
    asker = Program(client, site, "")
    asker.get("/products", 401)
    assert asker.last.headers["WWW-Authenticate"].startswith("Bearer")
    assert asker.last.content_type == "application/problem+json"
    turn_on("api", on=other_site)
    Program(client, other_site, good).get("/products", 401)
    ended = key(expires_at=now() + timedelta(hours=1))
    Program(client, site, ended).get("/products")
    clock.move(hours=1)
    Program(client, site, ended).get("/products", 401)


def test_a_revoked_key_ends_at_once(client, site, key):
    from plugins.api.services import keys

    app = Program(client, site, key())
    app.get("/products")
    keys.revoke_key(site, keys.keys_of(site)[0].id, actor="system")

    app.get("/products", 401)


def test_keys_are_stored_as_digests_only(site, key):
    from plugins.api.models import ApiKey

    secret = key()
    (row,) = ApiKey.for_site(site).dicts()

    assert secret not in str(row)
    assert row["hint"] == secret[-4:]
    assert len(secret) >= 40


def test_a_login_is_no_key(client, site, key, staff):
    from core.testing.shop import PASSWORD

    origin = f"https://{site.host}"
    key()
    client.post(
        "/panel/login", data={"email": staff.email, "password": PASSWORD}, base_url=origin, headers={"Origin": origin}
    )

    assert client.get("/api/v1/orders", base_url=origin).status_code == 401


def test_when_a_key_was_used_is_written_later_and_never_by_reading(program, site, sell, clock, statements):
    from plugins.api.services import keys

    item = sell("LAMP", 100, stock=3)
    app = program()
    with statements() as asked:
        app.get("/products")
    assert not [said for said in asked if said.lstrip()[:6].upper() in {"INSERT", "UPDATE", "DELETE"}]
    assert keys.keys_of(site)[0].last_used_at is None
    clock.move(minutes=2)
    app.post("/cart", {"lines": [{"variant_id": item.variant_id}]})

    assert keys.keys_of(site)[0].last_used_at == clock.move()


def test_too_many_requests_are_refused_with_the_time_to_wait(client, site, key, turn_on):
    app = Program(client, site, key())
    turn_on("api", per_minute=10)
    for _ in range(10):
        app.get("/categories")
    refused = app.get("/categories", 429)

    assert refused["code"] == "too_many"
    assert 1 <= int(app.last.headers["Retry-After"]) <= 60
    Program(client, site, key()).get("/categories")


def test_guessing_keys_is_limited(client, site, key):
    key()
    asker = Program(client, site, "stoa_wrong")
    for _ in range(60):
        asker.get("/products", 401)

    asker.get("/products", 429)
    assert "Retry-After" in asker.last.headers


# -- HTTP --------------------------------------------------------------------------------------------------------------


def test_what_has_not_changed_is_not_sent_again(program, sell):
    item = sell("LAMP", 8900, stock=3)
    app = program("catalogue:read")
    app.get(f"/products/{item.product_id}")
    tag = app.last.headers["ETag"]
    assert app.ask("GET", f"/products/{item.product_id}", If_None_Match=tag).status_code == 304
    assert app.last.text == ""
    sell("LAMP", 9900, stock=3)

    assert app.ask("GET", f"/products/{item.product_id}", If_None_Match=tag).status_code == 200
    assert "private" in app.last.headers["Cache-Control"]


def test_fields_that_are_not_declared_are_refused(program, sell):
    item = sell("LAMP", 8900, stock=3)
    app = program()
    line = {"variant_id": item.variant_id}
    for body, field in (
        ({"lines": [{**line, "price": 1}]}, "lines[0]"),
        ({"lines": [line], "shopper_id": 1}, ""),
        ({"lines": [{**line, "quantity": "2"}]}, "lines[0].quantity"),
        ({"lines": [{**line, "quantity": 0}]}, "lines[0].quantity"),
        ({"lines": []}, "lines"),
        ({}, ""),
        ([], ""),
    ):
        refused = app.post("/cart", body, 422)
        assert refused["errors"][0]["field"] == field, refused
    assert app.get("/products?nonsense=1", 422)["code"] == "unfit"
    assert app.get("/products?limit=1&limit=2", 422)["errors"][0]["field"] == "limit"
    assert app.get("/categories?x=%00", 422)["code"] == "unfit"
    assert app.get("/orders?placed_from=0.5", 422)["errors"][0]["field"] == "placed_from"
    assert app.get("/orders?placed_from=2026-01-01T00:00:00Z")["items"] == []
    assert app.get("/cart?x=1", 422)["errors"][0]["field"] == "x"


@pytest.mark.parametrize(
    ("data", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[" * 50_000, "application/json", 400),
        (b"{}", "text/plain", 415),
        (b"{}", "application/x-www-form-urlencoded", 415),
        (b'{"lines": "' + b"x" * 70_000 + b'"}', "application/json", 413),
        (b'{"lines": [], "language": "\\u0000"}', "application/json", 422),
        (b'{"lines": [], "language": "\\ud800"}', "application/json", 400),
    ],
)
def test_bodies_that_cannot_be_read_are_refused_in_words(client, site, key, data: bytes, kind: str, status: int):
    answer = client.post(
        "/api/v1/cart", base_url=f"http://{site.host}", data=data, content_type=kind,
        headers={"Authorization": f"Bearer {key()}"},
    )  # fmt: skip

    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"


def test_unknown_addresses_and_methods_are_told_as_problems(program):
    app = program()
    assert app.get("/nothing", 404)["code"] == "not_found"
    assert app.get("/products/abc", 404)["code"] == "not_found"
    assert app.get(f"/products/{10**30}", 404)["code"] == "not_found"
    refused = app.delete("/products", 405)
    assert refused["code"] == "method_not_allowed"
    assert app.last.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert app.ask("HEAD", "/products").status_code == 200
    assert app.ask("HEAD", "/cart/lines").status_code == 405


def test_problems_have_the_shape_of_the_rfc(program):
    refused = program("catalogue:read").get("/orders", 403)

    assert refused["status"] == 403
    assert refused["title"] == "Forbidden"
    assert refused["type"] == "about:blank"
    assert "orders:read" in refused["detail"]
    assert refused["request"]


def test_only_listed_sites_may_read_answers_in_a_browser(client, site, key, turn_on):
    app = Program(client, site, key())
    turn_on("api", origins="https://app.example.com\nhttps://other.example.com", per_minute=1000)
    app.get("/products", Origin="https://app.example.com")
    assert app.last.headers["Access-Control-Allow-Origin"] == "https://app.example.com"
    assert "Access-Control-Allow-Credentials" not in app.last.headers
    assert "Origin" in ",".join(app.last.headers.getlist("Vary"))
    preflight = app.ask("OPTIONS", "/cart", Origin="https://app.example.com", Access_Control_Request_Method="POST")
    assert preflight.status_code == 204
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
    assert "Cart-Token" in preflight.headers["Access-Control-Allow-Headers"]
    for origin in ("https://evil.example.com", "http://app.example.com", "https://app.example.com.evil.com", "null"):
        app.get("/products", Origin=origin)
        assert "Access-Control-Allow-Origin" not in app.last.headers
        preflight = app.ask("OPTIONS", "/cart", Origin=origin, Access_Control_Request_Method="POST")
        assert "Access-Control-Allow-Methods" not in preflight.headers


def test_a_site_that_switched_it_off_has_no_api(client, site, program):
    from core.api import switch_off

    app = program()
    switch_off(site.id, "api", "system")

    assert app.ask("GET", "/products").status_code == 404


def test_old_names_are_forgotten(bought, site, clock):
    from plugins.api.services import once

    bought()
    clock.move(days=2)
    assert once.forget_old(site) == 0
    clock.move(days=2)
    assert once.forget_old(site) == 1
    assert value("SELECT count(*) FROM api_once") == 0
