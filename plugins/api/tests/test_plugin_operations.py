"""What other plugins offer is served beside the API's own, by the same rules, as long as they are on."""

from __future__ import annotations

import pytest

from core.api import switch_off, switch_on
from plugins.api.models.scopes import scopes_of
from plugins.api.services.openapi import document

# About what is offered and documented; their statements are asked in other tests too.
pytestmark = pytest.mark.once

HOOKS = "https://example.com/hooks"
NAMESAKE = """
from core.api import *


class Answer(ResponseModel, frozen=True, kw_only=True):
    word: str


def take(call):
    return Answer(word="taken")


PLUGIN = Plugin(
    name="orders", version="1", title="Orders", scopes={"orders:read": "Take orders"},
    operations=tuple(
        Operation(
            method=method, path="/orders", name=f"{method.lower()}_them", scope="orders:read", summary="Take.",
            answer=Answer, carry=take,
        )
        for method in ("GET", "DELETE")
    ),
)
"""


def test_what_a_plugin_offers_comes_and_goes_with_its_switch(program, site, turn_on):
    turn_on("webhooks")
    app = program()
    assert app.get("/webhooks") == {"items": []}
    switch_off(site.id, "webhooks", "system")
    assert app.get("/webhooks", 404)["code"] == "not_found"
    assert app.ask("OPTIONS", "/webhooks").status_code == 404
    assert "/webhooks" not in document(site, "Test")["paths"]
    switch_on(site.id, "webhooks", "system")
    assert app.get("/webhooks") == {"items": []}


def test_the_document_and_the_reference_name_them_apart_from_the_apis_own(at_panel, site, turn_on):
    turn_on("api")
    before = document(site, "Test")
    turn_on("webhooks")
    found = document(site, "Test")
    one = found["paths"]["/webhooks/{endpoint_id}"]["get"]
    assert one["operationId"] == "webhooks_get_endpoint"
    assert one["tags"] == ["Webhooks"]
    answer = one["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
    assert answer == "#/components/schemas/webhooks_Endpoint"
    mine = {name: shape for name, shape in found["components"]["schemas"].items() if not name.startswith("webhooks_")}
    assert mine == before["components"]["schemas"], "what a plugin offers changes nothing of the API's own"
    assert "webhooks:write" in found["components"]["securitySchemes"]["key"]["description"]
    page = at_panel.get("/api/docs")
    for said in ("/webhooks/{endpoint_id}/secret", "webhooks:write", "webhooks_NewEndpoint", HOOKS):
        assert said in page


def test_a_key_is_given_the_scopes_of_plugins_and_keeps_their_name_when_they_are_off(at_panel, site, turn_on):
    turn_on("api")
    assert "webhooks:read" not in at_panel.get("/panel/api/new")
    at_panel.post("/panel/api/new", 422, title="Till", scopes=["webhooks:read"])
    turn_on("webhooks")
    assert "Read webhooks and what was sent to them" in at_panel.get("/panel/api/new")
    assert "查看 Webhook 及其发送记录" in at_panel.get("/zh-cn/panel/api/new")
    at_panel.post("/panel/api/new", 200, title="Till", scopes=["webhooks:read"])
    assert "Read webhooks and what was sent to them" in at_panel.get("/panel/api")
    switch_off(site.id, "webhooks", "system")
    assert "webhooks:read" in at_panel.get("/panel/api")


def test_the_same_rules_hold(program, turn_on):
    turn_on("webhooks")
    turn_on("api", origins="https://app.example.com")
    app = program("webhooks:read")
    app.get("/webhooks", Origin="https://app.example.com")
    assert app.last.headers["Access-Control-Allow-Origin"] == "https://app.example.com"
    etag = app.last.headers["ETag"]
    assert app.ask("GET", "/webhooks", If_None_Match=etag).status_code == 304
    assert app.ask("HEAD", "/webhooks").status_code == 200
    allowed = app.ask("OPTIONS", "/webhooks", Origin="https://app.example.com")
    assert (allowed.status_code, allowed.headers["Access-Control-Allow-Methods"]) == (204, "GET, POST, OPTIONS")
    assert app.ask("PUT", "/webhooks").headers["Allow"] == "GET, POST, HEAD, OPTIONS"
    assert app.last.status_code == 405
    assert app.post("/webhooks", {"url": HOOKS}, 403)["code"] == "scope_missing"
    app.get("/webhooks/1/nothing", 404)


def test_requests_are_limited_here_too(program, turn_on):
    turn_on("webhooks")
    app = program("webhooks:read")
    turn_on("api", per_minute=10)
    for _ in range(10):
        app.get("/webhooks")
    app.get("/webhooks", 429)


def test_an_endpoint_is_kept_from_its_first_day_to_its_last(program, turn_on):
    turn_on("webhooks")
    app = program("webhooks:read", "webhooks:write")
    made = app.post("/webhooks", {"url": HOOKS, "title": "Till", "events": ["order.paid", "order.placed"]})
    place = f"/webhooks/{made['endpoint']['id']}"
    assert made["secret"].startswith("whsec_")
    assert made["secret"] not in str([app.get("/webhooks"), app.get(place)]), "it is shown once"
    assert app.get("/webhooks")["items"] == [made["endpoint"]] == [app.get(place)]
    changed = app.patch(place, {"events": []})
    assert (changed["title"], changed["url"], changed["events"]) == ("Till", HOOKS, [])
    assert app.post(f"{place}/pause", status=200)["pause_reason"] == "hand"
    assert app.post(f"{place}/resume", status=200)["paused_at"] is None
    new = app.post(f"{place}/secret")
    assert new["secret"] != made["secret"]
    assert new["old_until"].endswith("Z")
    assert app.post(f"{place}/secret", status=409)["code"] == "rotated_already"
    assert app.delete(place)["id"] == made["endpoint"]["id"]
    app.get(place, 404)
    app.delete(place, 404)
    assert app.get("/webhooks") == {"items": []}


def test_addresses_that_lead_inside_are_refused_beside_their_field(program, turn_on):
    turn_on("webhooks")
    app = program("webhooks:write")
    for url in ("http://example.com/", "https://localhost/", "https://10.0.0.1/", "https://me:pass@example.com/", " "):
        (wrong,) = app.post("/webhooks", {"url": url}, 409)["errors"]
        assert wrong["field"] == "url"


def test_endpoints_of_another_site_are_never_found(program, site, other_site, turn_on):
    for where in (site, other_site):
        turn_on("webhooks", on=where)
        turn_on("api", on=where)
    made = program(on=site).post("/webhooks", {"url": HOOKS})["endpoint"]
    stranger, place = program(on=other_site), f"/webhooks/{made['id']}"
    assert stranger.get("/webhooks") == {"items": []}
    for method, path, body in (
        ("GET", place, None),
        ("PATCH", place, {"title": "Mine"}),
        ("DELETE", place, None),
        ("POST", f"{place}/pause", None),
        ("POST", f"{place}/resume", None),
        ("POST", f"{place}/secret", None),
        ("GET", f"{place}/deliveries", None),
        ("POST", f"{place}/deliveries/1/replay", None),
    ):
        assert stranger.ask(method, path, body).status_code == 404, (method, path)
    assert program(on=site).get(place) == made


def test_a_plugin_called_like_a_resource_takes_nothing_from_it(program, site, instance, turn_on):
    before = document(site, "Test")["paths"]
    folder = instance / "plugins" / "orders"
    folder.mkdir(parents=True)
    (folder / "plugin.py").write_text(NAMESAKE, "utf-8")
    turn_on("orders")
    app = program("orders:read")
    assert app.get("/orders") == {"items": [], "next": ""}
    assert app.delete("/orders", 405)["code"] == "method_not_allowed"
    assert document(site, "Test")["paths"] == before
    assert str(scopes_of(site)["orders:read"]) == "Read orders and returns, without names and addresses"
