"""The panel's pages of this plugin, as its staff use them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from core.api import Site
from core.testing.panel import AtPanel
from plugins.webhooks import services
from plugins.webhooks.models import SigningSecret


@pytest.fixture
def panel(at_panel: AtPanel, turn_on: Callable[..., None]) -> AtPanel:
    turn_on("webhooks")
    return at_panel


FORM = {"url": "https://hooks.example.com/stoa", "title": "Warehouse", "which": "all"}


def shown_secret(page: str) -> str:
    found = re.search(r"whsec_[A-Za-z0-9+/=]{20,}", page)
    assert found
    return found[0]


def test_empty_lists_say_what_to_do(panel: AtPanel) -> None:
    assert "Nobody is told yet" in panel.get("/panel/webhooks")
    assert "还没有端点" in panel.get("/zh-cn/panel/webhooks")
    assert "Nothing was sent yet" in panel.get("/panel/webhooks/deliveries")
    assert "No delivery fits" in panel.get("/panel/webhooks/deliveries?state=dead")


def test_the_secret_of_a_new_endpoint_is_shown_once(panel: AtPanel, site: Site) -> None:
    panel.get("/panel/webhooks/new")
    secret = shown_secret(panel.post("/panel/webhooks/new", 200, **FORM))
    (row,) = services.listed(site)

    assert "whsec_" not in panel.get(f"/panel/webhooks/{row.endpoint.id}")
    assert "whsec_" not in panel.get(f"/panel/webhooks/{row.endpoint.id}/edit")
    assert "Warehouse" in panel.get("/panel/webhooks")
    assert secret not in panel.get("/panel/installation/activity" if False else "/panel/activity", 200)


def test_an_endpoint_is_changed(panel: AtPanel, site: Site) -> None:
    panel.post("/panel/webhooks/new", 200, **FORM)
    (row,) = services.listed(site)
    form = {**FORM, "which": "some", "kinds": ["order.paid", "order.shipped"]}
    panel.post(f"/panel/webhooks/{row.endpoint.id}/edit", **form)

    assert services.find_endpoint(site, row.endpoint.id).kinds == ["order.paid", "order.shipped"]
    assert "2 events" in panel.get("/panel/webhooks")
    assert "订单已付款 · 包裹已发出" in panel.get(f"/zh-cn/panel/webhooks/{row.endpoint.id}")


def test_refusals_stand_beside_their_fields(panel: AtPanel) -> None:
    assert "https://example.com/hooks" in panel.post("/panel/webhooks/new", 422, **{**FORM, "url": "http://x.test/"})
    assert "cannot be reached" in panel.post("/panel/webhooks/new", 422, **{**FORM, "url": "https://10.0.0.1/"})
    assert "Choose at least one event." in panel.post("/panel/webhooks/new", 422, **{**FORM, "which": "some"})


def test_a_secret_is_rotated_and_the_old_one_ended(panel: AtPanel, site: Site) -> None:
    first = shown_secret(panel.post("/panel/webhooks/new", 200, **FORM))
    (row,) = services.listed(site)
    second = shown_secret(panel.post(f"/panel/webhooks/{row.endpoint.id}/secret", 200))
    assert first != second
    assert len(services.secrets_of(site, row.endpoint.id)) == 2
    assert "Two secrets are valid already" in panel.post(f"/panel/webhooks/{row.endpoint.id}/secret", 409)
    panel.post(f"/panel/webhooks/{row.endpoint.id}/secret/old")

    assert len(services.secrets_of(site, row.endpoint.id)) == 1
    assert SigningSecret.for_site(site).count() == 2


def test_a_test_event_shows_at_once_what_came_of_it(
    panel: AtPanel, site: Site, endpoint: Callable[..., tuple[int, str]], receiver: Any
) -> None:
    endpoint_id, _ = endpoint("order.placed")
    panel.post(f"/panel/webhooks/{endpoint_id}/test")
    (row,) = services.deliveries(site, services.Filters())[0]
    page = panel.get(f"/panel/webhooks/deliveries/{row.id}")

    assert "It arrived: the endpoint answered 200." in page
    assert "thank you" in page
    assert "webhooks.test" in page
    assert len(receiver.got) == 1
    receiver.status = 500
    panel.post(f"/panel/webhooks/deliveries/{row.id}/replay")
    assert "It did not arrive" in panel.get(f"/panel/webhooks/deliveries/{row.id}")
    receiver.status = 200
    panel.post(f"/panel/webhooks/deliveries/{row.id}/replay")
    assert "Arrived" in panel.get(f"/panel/webhooks/deliveries/{row.id}")


def test_a_test_that_fails_is_not_sent_again(
    panel: AtPanel, site: Site, endpoint: Callable[..., tuple[int, str]], receiver: Any, clock: Any, outbox: Any
) -> None:
    endpoint_id, _ = endpoint()
    receiver.status = 500
    panel.post(f"/panel/webhooks/{endpoint_id}/test")
    clock.move(days=1)
    outbox.deliver()

    assert len(receiver.got) == 1
    assert services.find_endpoint(site, endpoint_id).failures == 0


def test_one_that_waits_is_tried_without_waiting_longer(
    panel: AtPanel,
    site: Site,
    endpoint: Callable[..., tuple[int, str]],
    receiver: Any,
    order: Any,
    sell: Any,
    outbox: Any,
) -> None:
    endpoint("order.placed")
    receiver.status = 500
    order(sell("LAMP", 8900, stock=3))
    outbox.deliver()
    receiver.status = 200
    (row,) = services.deliveries(site, services.Filters())[0]
    panel.post(f"/panel/webhooks/deliveries/{row.id}/now")

    assert "Arrived" in panel.get(f"/panel/webhooks/deliveries/{row.id}")


def test_an_answer_of_the_endpoint_is_never_markup(
    panel: AtPanel, site: Site, endpoint: Callable[..., tuple[int, str]], receiver: Any
) -> None:
    endpoint_id, _ = endpoint()
    receiver.answer = b"<script>alert(1)</script>\xff\0"
    panel.post(f"/panel/webhooks/{endpoint_id}/test")
    (row,) = services.deliveries(site, services.Filters())[0]
    page = panel.get(f"/panel/webhooks/deliveries/{row.id}")

    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert(1)" not in page


def test_deliveries_are_filtered_and_paged(
    panel: AtPanel, site: Site, endpoint: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint_id, _ = endpoint()
    for _ in range(60):
        services.send_test(site, endpoint_id, actor="system")
    first = panel.get("/panel/webhooks/deliveries")
    assert first.count("webhooks.test") == 50
    following = re.search(r'href="([^"]*after=\d+)"', first)
    assert following
    assert panel.get(following[1].replace("&amp;", "&")).count("webhooks.test") == 10
    assert "No delivery fits" in panel.get("/panel/webhooks/deliveries?state=sent")
    assert "No delivery fits" in panel.get("/panel/webhooks/deliveries?kind=order.paid")
    assert "No delivery fits" in panel.get("/panel/webhooks/deliveries?to=99")
    assert "webhooks.test" in panel.get("/panel/webhooks/deliveries?to=x&state=bogus&after=-1")


def test_an_endpoint_is_paused_resumed_deleted_and_restored(panel: AtPanel, site: Site) -> None:
    panel.post("/panel/webhooks/new", 200, **FORM)
    (row,) = services.listed(site)
    here = f"/panel/webhooks/{row.endpoint.id}"
    panel.post(f"{here}/pause")
    assert "This endpoint is paused" in panel.get(here)
    panel.post(f"{here}/resume")
    assert "This endpoint is paused" not in panel.get(here)
    panel.post(f"{here}/delete")
    assert f"{here}/restore" in panel.get("/panel/webhooks")
    panel.get(here, 404)
    panel.post(f"{here}/restore")
    panel.get(here)


def test_what_happened_since_an_instant_is_asked_for(panel: AtPanel, site: Site) -> None:
    panel.post("/panel/webhooks/new", 200, **FORM)
    (row,) = services.listed(site)
    assert "Write a day and a time" in panel.post(f"/panel/webhooks/{row.endpoint.id}/since", 422, since="soon")
    panel.post(f"/panel/webhooks/{row.endpoint.id}/since", since="2026-01-01T08:00", which="missed")
    assert "There is nothing to send since then." in panel.get(f"/panel/webhooks/{row.endpoint.id}")


ROUTES = [
    ("GET", ""), ("GET", "/new"), ("POST", "/new"), ("GET", "/1"), ("GET", "/1/edit"), ("POST", "/1/edit"),
    ("POST", "/1/secret"), ("POST", "/1/secret/old"), ("POST", "/1/test"), ("POST", "/1/pause"), ("POST", "/1/resume"),
    ("POST", "/1/delete"), ("POST", "/1/restore"), ("POST", "/1/since"), ("GET", "/deliveries"),
    ("GET", "/deliveries/1"), ("POST", "/deliveries/1/replay"), ("POST", "/deliveries/1/now"),
]  # fmt: skip


def test_strangers_are_sent_to_log_in(panel: AtPanel, site: Site) -> None:
    def knock(status: int) -> None:
        for method, path in ROUTES:
            (panel.get if method == "GET" else panel.post)(f"/panel/webhooks{path}", status)

    panel.post("/panel/webhooks/new", 200, **FORM)
    panel.post("/panel/logout")
    knock(303)


def test_unknown_ones_are_not_found(panel: AtPanel) -> None:
    for path in ("99", "99/edit", "deliveries/99"):
        panel.get(f"/panel/webhooks/{path}", 404)
    for path in ("99/test", "99/secret", "99/pause", "99/resume", "99/delete", "99/restore", "deliveries/99/replay",
                 "deliveries/99/now", "99/secret/old"):  # fmt: skip
        panel.post(f"/panel/webhooks/{path}", 404)
