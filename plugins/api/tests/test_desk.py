"""What the merchant's programs do with orders that were placed, as the panel does it: by the same verbs."""

from __future__ import annotations

from base64 import b64decode, b64encode
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from core.api import order_view, value
from plugins.api.tests.walk import euro


@pytest.fixture
def desk(bought: Any, program: Any) -> Any:
    """`desk()`: a program that may do everything, and the address of an order of three lamps at 89.00."""

    def open_desk(**more: Any) -> tuple[Any, str]:
        _app, placed = bought(quantity=3, **more)
        return program(), f"/orders/{placed['id']}"

    return open_desk


def line_of(app: Any, here: str) -> int:
    return int(app.get(here)["lines"][0]["id"])


# -- changes -----------------------------------------------------------------------------------------------------------


def test_a_change_is_looked_at_and_confirmed_at_the_price_that_was_seen(desk):
    app, here = desk()
    actions = [{"kind": "price", "line_id": line_of(app, here), "price": euro(8000), "reason": "A scratch"}]
    change = app.post(f"{here}/changes", {"actions": actions, "reason": "Agreed"}, Idempotency_Key="c1")
    assert (change["state"], change["price_before"], change["price_after"]) == ("draft", euro(26700), euro(24000))
    assert app.get(here)["total"] == euro(26700), "nothing has changed yet"
    seen = {"seen_price": euro(26700), "version": change["version"]}
    there = f"{here}/changes/{change['id']}"
    refused = app.post(f"{there}/confirmation", seen, 409)
    assert (refused["code"], refused["errors"][0]["pointer"]) == ("preview_moved", "#/seen_price")
    seen["seen_price"] = euro(24000)
    for _ in range(2):
        assert app.post(f"{there}/confirmation", seen, 200)["state"] == "confirmed"

    assert app.get(here)["due"] == euro(24000)
    assert app.get(there)["actions"] == ["price"]


def test_a_change_of_an_order_that_moved_on_is_not_confirmed(desk):
    app, here = desk()
    line = line_of(app, here)
    change = app.post(
        f"{here}/changes", {"actions": [{"kind": "quantity", "line_id": line, "quantity": 2}]}, Idempotency_Key="c1"
    )
    app.post(f"{here}/cancellation", {"lines": [{"line_id": line, "quantity": 1}]}, 200)
    seen = {"seen_price": change["price_after"], "version": change["version"]}

    assert app.post(f"{here}/changes/{change['id']}/confirmation", seen, 409)["code"] == "change_stale"
    assert app.delete(f"{here}/changes/{change['id']}")["state"] == "dropped"
    assert app.post(f"{here}/changes/{change['id']}/confirmation", seen, 409)["code"] == "change_dropped"


def test_what_a_change_says_wrongly_is_pointed_at(desk):
    app, here = desk()
    wrong = {"kind": "price", "line_id": 1, "price": {"amount": 1, "currency": "USD"}, "reason": "Typed"}
    refused = app.post(f"{here}/changes", {"actions": [wrong]}, 409, Idempotency_Key="c1")
    assert refused["errors"][0]["pointer"] == "#/actions/0/price/currency"
    refused = app.post(f"{here}/changes", {"actions": [{"kind": "melt"}]}, 422, Idempotency_Key="c2")
    assert refused["errors"][0]["pointer"] == "#/actions/0/kind"


def test_a_change_is_found_under_its_own_order_alone(desk, bought):
    app, here = desk()
    change = app.post(
        f"{here}/changes", {"actions": [{"kind": "remove", "line_id": line_of(app, here)}]}, Idempotency_Key="c1"
    )
    _app, other = bought(sku="CHAIR")

    app.get(f"/orders/{other['id']}/changes/{change['id']}", 404)
    app.delete(f"/orders/{other['id']}/changes/{change['id']}", 404)


# -- parcels and returns -----------------------------------------------------------------------------------------------


def test_a_parcel_leaves_arrives_and_another_is_taken_back(desk):
    app, here = desk()
    units = {"lines": [{"line_id": line_of(app, here), "quantity": 1}]}
    one, two = [app.post(f"{here}/shipments", units)["shipments"][-1]["id"] for _ in range(2)]
    told = app.patch(f"{here}/shipments/{one}", {"tracking": "JD7"})
    assert told["shipments"][0]["tracking"] == "JD7"
    assert app.post(f"{here}/shipments/{one}/delivery", status=200)["shipments"][0]["delivered_at"]
    assert app.post(f"{here}/shipments/{one}/undo", {}, 409)["code"] == "has_arrived"
    back = app.post(f"{here}/shipments/{two}/undo", {"why": "Still here"}, 200)

    assert back["shipments"][1]["undone_at"]
    assert back["lines"][0]["waiting"] == 2
    app.post(f"{here}/shipments/99/delivery", status=404)


def test_goods_come_back_and_the_money_follows(desk):
    app, here = desk()
    line = line_of(app, here)
    app.post(f"{here}/payments", {"reference": "7"})
    app.post(f"{here}/shipments", {})
    asked = {"lines": [{"line_id": line, "quantity": 2}], "reason": "does_not_fit", "note": "Too large"}
    there = f"/returns/{app.post(f'{here}/returns', asked, Idempotency_Key='r1')['id']}"
    assert app.post(f"{there}/arrivals", {"lines": asked["lines"]}, 409)["code"] == "wrong_step"
    app.post(f"{there}/approval", status=200)
    came = app.post(f"{there}/arrivals", {"lines": asked["lines"]})
    assert (came["state"], came["lines"][0]["value"]) == ("received", euro(17800))
    found = [{"line_id": line, "sellable": 1, "damaged": 1}]
    assert app.post(f"{there}/inspections", {"lines": found})["state"] == "inspected"
    terms = app.get(f"{there}/resolution?restocking=500")
    assert (terms["granted"], terms["seen"]) == (euro(17300), euro(17300))
    decision = {"seen": euro(17800), "restocking": euro(500)}
    assert app.post(f"{there}/resolution", decision, 409)["code"] == "preview_moved"
    decision["seen"] = terms["seen"]
    assert app.post(f"{there}/resolution", decision, 200)["granted"] == euro(17300)
    assert app.get(here)["refund_due"] == euro(17300)
    back = app.post(f"{here}/refunds", {"by_hand": True}, Idempotency_Key="m1")

    assert (back["refunded"], back["refund_due"]) == (euro(17300), euro(0))
    assert [one["id"] for one in app.get("/returns?state=ended")["items"]] == [int(there.rpartition("/")[2])]
    assert app.get("/returns?state=open")["items"] == []


def test_an_order_is_split_and_merged_as_it_was_seen(desk):
    app, here = desk()
    units = {"lines": [{"line_id": line_of(app, here), "quantity": 1}]}
    looked = app.post(f"{here}/split/preview", units, 200)
    assert (looked["value"], looked["into_order_id"], looked["to_pay_there"]) == (euro(8900), None, euro(8900))
    refused = app.post(f"{here}/split", {**units, "seen_value": euro(1)}, 409, Idempotency_Key="s1")
    assert (refused["code"], app.get(here)["due"]) == ("preview_moved", euro(26700))
    body = {**units, "seen_value": looked["value"], "reason": "Two deliveries"}
    made = [app.post(f"{here}/split", body, Idempotency_Key="s2") for _twice in range(2)]
    assert made[0]["id"] == made[1]["id"]
    assert (made[0]["total"], app.get(here)["due"]) == (euro(8900), euro(17800))

    back = f"/orders/{made[0]['id']}/merge"
    assert [one["number"] for one in app.get(back)["items"]] == [app.get(here)["number"]]
    into = here.rpartition("/")[2]
    looked = app.get(f"{back}/{into}")
    assert (looked["value"], looked["into_order_id"]) == (euro(8900), int(into))
    for _twice in range(2):
        merged = app.post(f"{back}/{into}", {"seen_value": looked["value"]}, 200, Idempotency_Key="m1")
        assert (merged["id"], merged["due"]) == (int(into), euro(26700))
    assert value("SELECT SUM(allocated) FROM order_line") == 3, "no piece is lost"


def test_an_order_of_another_site_or_key_is_not_split_or_merged(desk, program):
    app, here = desk()
    units = {"lines": [{"line_id": line_of(app, here), "quantity": 1}]}
    assert program("orders:read").post(f"{here}/split/preview", units, 403)["code"] == "scope_missing"
    assert program("orders:read").get(f"{here}/merge")["items"] == []
    app.post(f"{here}/split", {**units, "seen_value": euro(8900)}, 422)
    app.post("/orders/999/split", {**units, "seen_value": euro(8900)}, 404, Idempotency_Key="s1")
    app.get(f"{here}/merge/999", 404)
    too_many = {"lines": [{"line_id": line_of(app, here), "quantity": 9}]}
    assert app.post(f"{here}/split/preview", too_many, 409)["code"] == "not_that_many"


def test_photos_and_the_label_of_a_return_are_for_the_desk(desk, program, van):
    app, here = desk()
    line = line_of(app, here)
    app.post(f"{here}/shipments", {}, Idempotency_Key="p1")
    asked = {"lines": [{"line_id": line, "quantity": 1}], "reason": "damaged"}
    there = f"/returns/{app.post(f'{here}/returns', asked, Idempotency_Key='r1')['id']}"
    stream = BytesIO()
    Image.new("RGB", (40, 30), "teal").save(stream, "PNG")
    photo = {"data": b64encode(stream.getvalue()).decode()}
    for _twice in range(2):
        (name,) = app.post(f"{there}/photos", photo, Idempotency_Key="f1")["photos"]
    told = app.get(f"{there}/photos/{name}")
    assert (told["name"], told["type"]) == (name, "image/jpeg")
    assert Image.open(BytesIO(b64decode(told["data"]))).size == (40, 30)
    for wrong, code in (("AAAA", "not_a_picture"), ("AAAAA", "not_base64")):
        refused = app.post(f"{there}/photos", {"data": wrong}, 409, Idempotency_Key=f"f-{code}")
        assert (refused["code"], refused["errors"][0]["pointer"]) == (code, "#/data")
    app.get(f"{there}/photos/other.jpg", 404)
    program("orders:read").get(f"{there}/photos/{name}", 403)

    app.get(f"{there}/label", 404)
    app.post(f"{there}/approval", status=200)
    assert app.post(f"{there}/label", status=409)["code"] == "no_label"
    van()
    bought = [app.post(f"{there}/label", status=200)["tracking"] for _twice in range(2)]
    assert bought[0] == bought[1] != ""
    label = app.get(f"{there}/label")
    assert (label["type"], b64decode(label["data"])) == ("application/pdf", b"%PDF")
    program("orders:read").get(f"{there}/label", 403)


def test_a_note_of_a_return_is_for_who_may_read_customers(desk, program):
    app, here = desk()
    app.post(f"{here}/shipments", {})
    asked = {"lines": [{"line_id": line_of(app, here), "quantity": 1}], "reason": "damaged", "note": "By my door"}
    made = app.post(f"{here}/returns", asked, Idempotency_Key="r1")

    assert made["note"] == "By my door"
    assert program("orders:read").get(f"/returns/{made['id']}")["note"] == ""


# -- money -------------------------------------------------------------------------------------------------------------


def test_authorised_money_is_taken_in_parts_and_the_rest_let_go(authorising, bought):
    app, placed = bought(quantity=2, gateway="pay")
    app.post("/cart/payment", status=200)
    here = f"/orders/{placed['id']}"
    (payment,) = app.get(here)["payments"]
    there = f"{here}/payments/{payment['id']}"
    assert payment["can_be_captured"] == euro(17800)
    for _ in range(2):
        taken = app.post(f"{there}/captures", {"amount": euro(8900)}, Idempotency_Key="half")
        assert taken["captured"] == euro(8900)
    assert app.post(f"{there}/captures", {"amount": euro(8901)}, 409, Idempotency_Key="more")
    assert app.post(f"{there}/void", status=200)["payments"][0]["can_be_captured"] == euro(0)
    app.post(f"{here}/payments/99/void", status=404)


def test_what_a_gateway_can_never_do_is_refused_and_not_tried_again(bought, turn_on):
    turn_on("bank_transfer", holder="Shop", account="DE89370400440532013000")
    app, placed = bought(gateway="bank_transfer")
    app.post("/cart/payment", status=200)
    here = f"/orders/{placed['id']}"
    app.post(f"{here}/payments", {})
    refused = app.post(f"{here}/refunds", {"amount": euro(300), "reason": "Late"}, 409, Idempotency_Key="m1")
    assert refused["code"] == "gateway_cannot"
    # The name is free again, and what was granted is not granted twice.
    body = {"amount": euro(300), "reason": "Late", "by_hand": True}
    assert app.post(f"{here}/refunds", body, Idempotency_Key="m1")["refunded"] == euro(300)


def test_goodwill_beyond_what_is_owed_is_granted_before_it_moves(desk):
    app, here = desk()
    unpaid = app.post(f"{here}/refunds", {"amount": euro(300)}, 409, Idempotency_Key="m0")
    assert unpaid["code"] == "nothing_to_refund"
    app.post(f"{here}/payments", {"amount": euro(20000)})
    early = app.post(f"{here}/refunds", {"amount": euro(300), "reason": "Late"}, 409, Idempotency_Key="m1")
    assert early["code"] == "still_open"
    assert app.get(here)["total"] == euro(26700), "nothing was granted either"
    app.post(f"{here}/payments", {})
    back = app.post(f"{here}/refunds", {"amount": euro(300), "reason": "Late", "by_hand": True}, Idempotency_Key="m2")

    assert (back["refunded"], back["due"], back["refund_due"]) == (euro(300), euro(0), euro(0))


# -- drafts ------------------------------------------------------------------------------------------------------------

MIRA = {"name": "Mira K.", "lines": ["Lange Str. 1"], "city": "Berlin", "postcode": "10115", "country": "DE"}


def test_a_draft_is_written_sent_and_ordered(program, sell, site, outbox):
    lamp = sell("LAMP", 8900, stock=9)
    app = program()
    agreed = {"variant_id": lamp.variant_id, "quantity": 2, "agreed": 8000}
    wish = {"lines": [agreed], "email": "mira@example.com", "address": MIRA}
    refused = app.post("/drafts", wish, 409, Idempotency_Key="d0")
    assert refused["errors"][0]["pointer"] == "#/lines/0/reason"
    agreed["reason"] = "Agreed on the phone"
    draft = app.post("/drafts", wish, Idempotency_Key="d1")
    assert draft["quote"]["totals"]["total"] == euro(16000)
    there = f"/drafts/{draft['id']}"
    link = app.post(f"{there}/link", {"days": 3})
    assert app.client.get(link["url"].removeprefix(site.origin), base_url=f"http://{site.host}").status_code == 200
    assert app.put(there, {**wish, "note": "Ring", "version": draft["version"] - 1}, 409)["code"] == "draft_moved"
    changed = app.put(there, {**wish, "note": "Ring", "version": app.get(there)["version"]})
    assert (changed["customer"]["note"], changed["state"]) == ("Ring", "draft")
    for _ in range(2):
        placed = app.post(f"{there}/order", {"seen_total": euro(16000)})
        assert placed["total"] == euro(16000)

    assert order_view(placed["id"], site=site).lines[0].unit.amount == 8000
    assert value("SELECT count(*) FROM orders") == 1
    assert app.get("/drafts?state=ended")["items"][0]["order_number"] == placed["number"]


def test_a_draft_is_let_go_and_its_customer_is_for_who_may_read_customers(program, sell):
    lamp = sell("LAMP", 8900, stock=9)
    app = program()
    wish = {"lines": [{"variant_id": lamp.variant_id}], "email": "mira@example.com"}
    draft = app.post("/drafts", wish, Idempotency_Key="d1")

    assert program("drafts:read").get(f"/drafts/{draft['id']}")["customer"] is None
    assert app.delete(f"/drafts/{draft['id']}")["state"] == "dropped"
    assert app.get("/drafts?state=open")["items"] == []
    app.post("/drafts", {"lines": [{"variant_id": 999}]}, 409, Idempotency_Key="d2")


# -- stock -------------------------------------------------------------------------------------------------------------


def test_stock_is_moved_counted_sorted_and_ordered(program, sell):
    lamp = sell("LAMP", 8900, stock=9)
    app = program("stock:read", "stock:write")
    there = f"/stock/{lamp.variant_id}"

    def moved(what: str, **body: Any) -> dict[str, Any]:
        (level,) = app.post(f"{there}/{what}", body, Idempotency_Key=f"{what}-{len(body)}")["levels"]
        return level

    assert moved("moves", delta=3, reason="Found")["on_hand"] == 12
    assert moved("counts", counted=10, reason="Counted")["on_hand"] == 10
    fell = {"from": "on_hand", "to": "damaged", "pieces": 2, "reason": "Fell"}
    assert app.post(f"{there}/sortings", fell, Idempotency_Key="s")["levels"][0]["damaged"] == 2
    assert moved("expected", pieces=20)["incoming"] == 20
    level = moved("deliveries", pieces=5)
    assert (level["incoming"], level["on_hand"]) == (15, 13)
    refused = app.post(f"{there}/moves", {"delta": 1, "reason": "x", "location_id": 99}, 409, Idempotency_Key="z")
    assert refused["errors"][0]["pointer"] == "#/location_id"
    assert app.get("/stock?sku=LAMP")["items"][0]["variant_id"] == lamp.variant_id
    assert app.get("/stock?sku=NONE")["items"] == []


def test_stock_is_paged_by_cursors(program, sell):
    for place in range(3):
        sell(f"LAMP-{place}", 100, stock=1)
    app = program("stock:read")
    first = app.get("/stock?limit=2")
    second = app.get(f"/stock?limit=2&after={first['next']}")

    assert [one["sku"] for page in (first, second) for one in page["items"]] == ["LAMP-0", "LAMP-1", "LAMP-2"]
    assert second["next"] == ""
    (wrong,) = app.get("/stock?after=nowhere", 422)["errors"]
    assert (wrong["field"], wrong["pointer"]) == ("after", "")
    assert app.get("/stock?after=9999999999")["items"] == []


def test_stock_of_what_another_site_sells_is_not_there(program, sell, other_site, turn_on):
    lamp = sell("LAMP", 8900, stock=9)
    turn_on("api", on=other_site)
    elsewhere = program("stock:read", "stock:write", on=other_site)

    elsewhere.get(f"/stock/{lamp.variant_id}", 404)
    elsewhere.post(f"/stock/{lamp.variant_id}/moves", {"delta": 1, "reason": "x"}, 404, Idempotency_Key="m")
    assert elsewhere.get("/stock")["items"] == []


# -- shoppers ----------------------------------------------------------------------------------------------------------


def test_shoppers_are_found_and_read_with_their_addresses(program, shopper, site, other_site, turn_on):
    from core.api import save_address

    save_address(shopper, {"name": "Mira K.", "line1": "Lange Str. 1", "city": "Berlin", "postcode": "10115",
                           "country": "DE"}, main=True)  # fmt: skip
    app = program("shoppers:read")
    (row,) = app.get(f"/shoppers?q={shopper.email}")["items"]
    found = app.get(f"/shoppers/{row['id']}")
    assert (found["email"], found["addresses"][0]["address"]["lines"]) == (shopper.email, ["Lange Str. 1"])
    assert app.get("/shoppers?q=nobody")["items"] == []
    turn_on("api", on=other_site)
    program("shoppers:read", on=other_site).get(f"/shoppers/{row['id']}", 404)


# -- every answer ------------------------------------------------------------------------------------------------------


def test_every_answer_says_what_the_key_has_left(program, sell, turn_on):
    app = program("stock:read")
    turn_on("api", per_minute=10)
    app.get("/stock")
    told = app.last.headers
    assert (told["RateLimit-Limit"], told["RateLimit-Remaining"]) == ("10", "9")
    assert 0 < int(told["RateLimit-Reset"]) <= 60
    app.get("/stock/99", 404)
    assert app.last.headers["RateLimit-Remaining"] == "8"
