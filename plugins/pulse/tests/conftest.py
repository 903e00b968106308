"""Counters that have counted nothing, and a browser that tells of its pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from core.api import (
    ListingDraft,
    Money,
    PriceDraft,
    ProductDraft,
    Site,
    TextDraft,
    VariantDraft,
    add_site,
    save_product,
    switch_on,
)
from plugins.pulse import plugin as _plugin  # loaded first, so that the shop of the test finds these very modules
from plugins.pulse.services import counting

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def counters(monkeypatch: pytest.MonkeyPatch, clock: Any) -> counting.Counters:
    """Fresh counters at noon of 10 March, as after a start."""
    clock.set(NOON)
    fresh = counting.Counters()
    for place in ("counting", "reading"):
        monkeypatch.setattr(f"plugins.pulse.services.{place}.COUNTERS", fresh)
    for place in ("views", "plugin"):
        monkeypatch.setattr(f"plugins.pulse.{place}.COUNTERS", fresh)
    assert _plugin.COUNTERS is fresh
    return fresh


@pytest.fixture
def tell(client: Any, counters: Any) -> Callable[..., int]:
    """`tell(site, "product", product=7)`: what the script of a page sends; answers the status."""
    del counters

    def send(
        where: Site,
        kind: str = "home",
        *,
        agent: str = FIREFOX,
        address: str = "203.0.113.7",
        path: str = "",
        headers: dict[str, str] | None = None,
        **sent: object,
    ) -> int:
        answer = client.post(
            f"{path}/pulse/count",
            base_url=f"http://{where.host}",
            data={"kind": kind, **{name.rstrip("_"): str(value) for name, value in sent.items()}},
            headers={"Sec-Fetch-Site": "same-origin", "User-Agent": agent, **(headers or {})},
            environ_overrides={"REMOTE_ADDR": address},
        )
        return int(answer.status_code)

    return send


@pytest.fixture
def serve_pulse(request: pytest.FixtureRequest) -> Any:
    """A served shop at shop.localhost with a lamp, the owner and the plugin."""
    request.getfixturevalue("app")
    site = add_site(host="shop.localhost", name="Test shop", currency="EUR", country="DE")
    request.getfixturevalue("staff")
    variant = VariantDraft(sku="LAMP", prices=(PriceDraft(amount=Money(8900, "EUR")),))
    save_product(
        site,
        ProductDraft(texts={"en": TextDraft(name="Lamp")}, variants=(variant,), listing=ListingDraft(visible=True)),
        "system",
    )
    switch_on(site.id, "pulse", "system")
    return request.getfixturevalue("serve")
