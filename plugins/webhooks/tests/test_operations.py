"""What programs do with endpoints: what was sent is listed and sent again, and another site's is never found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.api import NotFound, OperationCall, Refused, Site, state_of
from plugins.webhooks import forms, services
from plugins.webhooks.models import Endpoint
from plugins.webhooks.services import endpoints, operations
from plugins.webhooks.tests.conftest import Receiver


def call(site: Site, *, query: Any = None, body: Any = None, **path: int) -> OperationCall:
    """A call that has passed all checks."""
    scopes = frozenset(operations.SCOPES)
    return OperationCall(state=state_of(site.id), key_id=7, scopes=scopes, path=path, query=query, body=body)


def listed(site: Site, endpoint_id: int, **query: Any) -> Any:
    asked = call(site, query=forms.DeliveryQuery(**query), endpoint_id=endpoint_id)
    return operations.list_deliveries.carry(asked)


def test_what_was_sent_is_listed_page_by_page_and_sent_again(
    site: Site, endpoint: Callable[..., tuple[int, str]], receiver: Receiver
) -> None:
    endpoint_id, _ = endpoint()
    for _ in range(3):
        services.send_now(site, services.send_test(site, endpoint_id, actor="system"), 20)
    first = listed(site, endpoint_id, limit=2)
    second = listed(site, endpoint_id, limit=2, after=first.next)
    assert [len(first.items), len(second.items), second.next] == [2, 1, ""]
    assert listed(site, endpoint_id, state="dead").items == ()
    one = second.items[0]
    assert (one.event, one.state, one.attempts, one.status) == ("webhooks.test", "sent", 1, 200)

    again = operations.replay_delivery.carry(call(site, endpoint_id=endpoint_id, delivery_id=one.id))
    assert (again.id, again.state, again.message_id) == (one.id, "waiting", one.message_id)
    with pytest.raises(operations.OnItsWay):
        operations.replay_delivery.carry(call(site, endpoint_id=endpoint_id, delivery_id=one.id))
    services.send_due(site, 20)
    assert [got.headers["webhook-id"] for got in receiver.got].count(one.message_id) == 2


def test_a_delivery_is_found_at_its_own_endpoint_alone(
    site: Site, endpoint: Callable[..., tuple[int, str]], receiver: Receiver
) -> None:
    (one, _), (other, _) = endpoint(), endpoint(url=f"{receiver.url}/other")
    delivery_id = services.send_test(site, one, actor="system")
    services.send_now(site, delivery_id, 20)
    with pytest.raises(NotFound):
        operations.replay_delivery.carry(call(site, endpoint_id=other, delivery_id=delivery_id))


def test_a_change_leaves_what_it_does_not_name(site: Site, turn_on: Callable[..., None]) -> None:
    turn_on("webhooks")
    new = forms.NewEndpoint(url="https://example.com/a", title="Till", events=["order.paid"])
    made: Any = operations.add_endpoint.carry(call(site, body=new))
    asked = call(site, body=forms.EndpointChange(url="https://example.com/b"), endpoint_id=made.endpoint.id)
    changed: Any = operations.change_endpoint.carry(asked)
    assert (changed.url, changed.title, changed.events) == ("https://example.com/b", "Till", ("order.paid",))


def found_elsewhere(stranger: Site, endpoint_id: int) -> list[str]:
    """The operations that reach an endpoint from a site that it is not of."""
    bodies = {"change_endpoint": forms.EndpointChange(title="Mine")}
    found = []
    for one in (one for one in operations.OPERATIONS if "endpoint_id" in one.parts):
        asked = call(
            stranger, query=forms.DeliveryQuery(), body=bodies.get(one.name), endpoint_id=endpoint_id, delivery_id=1
        )
        try:
            one.carry(asked)
        except NotFound:
            continue
        except Refused:
            pass  # Whatever else it says, it was looked at.
        found.append(one.name)
    return found


@pytest.mark.usefixtures("receiver")
def test_an_endpoint_of_another_site_is_never_found(
    endpoint: Callable[..., tuple[int, str]], other_site: Site, turn_on: Callable[..., None]
) -> None:
    endpoint_id, _ = endpoint()
    turn_on("webhooks", on=other_site)
    assert found_elsewhere(other_site, endpoint_id) == []


@pytest.mark.usefixtures("receiver")
def test_planted_an_endpoint_that_is_looked_up_without_its_site_is_noticed(
    endpoint: Callable[..., tuple[int, str]], other_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint_id, _ = endpoint()
    monkeypatch.setattr(endpoints, "find_endpoint", lambda _site, number: Endpoint.get_by_id(number))
    assert "get_endpoint" in found_elsewhere(other_site, endpoint_id)
