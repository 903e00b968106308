"""What programs may do with endpoints and deliveries, through the plugin that serves an API."""

from __future__ import annotations

from datetime import datetime

from msgspec import UNSET

from core.api import NotFound, OperationCall, Refused, ResponseModel, operation
from plugins.webhooks.forms import DeliveryQuery, EndpointChange, NewEndpoint, wanted
from plugins.webhooks.models import DEAD, SENT
from plugins.webhooks.models import Endpoint as Stored
from plugins.webhooks.services import endpoints, reading, replaying

READ, WRITE = "webhooks:read", "webhooks:write"
SCOPES = {
    READ: "Read webhooks and what was sent to them",
    WRITE: "Add, change and delete webhooks, give new secrets and send again",
}


class OnItsWay(Refused):
    """A delivery that has not ended."""

    code = "on_its_way"
    default_message = "It is on its way already."


class Endpoint(ResponseModel, frozen=True, kw_only=True):
    """An address that is told. `events` empty: of all. While `paused_at` is set, deliveries wait.

    `pause_reason` is hand, failures or gone; `failures` counts failed attempts since the last success.
    """

    id: int
    title: str
    url: str
    events: tuple[str, ...]
    failures: int
    paused_at: datetime | None
    pause_reason: str
    created_at: datetime


class EndpointList(ResponseModel, frozen=True, kw_only=True):
    """All endpoints, in the order they were added."""

    items: tuple[Endpoint, ...]


class MadeEndpoint(ResponseModel, frozen=True, kw_only=True):
    """A new endpoint with the secret that signs what it is sent; the secret is shown this once."""

    secret: str
    endpoint: Endpoint


class NewSecret(ResponseModel, frozen=True, kw_only=True):
    """A new secret, shown this once. The one before signs beside it until `old_until`."""

    secret: str
    old_until: datetime | None


class Delivery(ResponseModel, frozen=True, kw_only=True):
    """An event on its way to an endpoint. `state` is waiting, sending, sent or dead; `message_id` is its webhook-id.

    `status` is what was answered at the last attempt, null if nothing was; `problem` then says why.
    """

    id: int
    message_id: str
    event: str
    happened_at: datetime
    state: str
    attempts: int
    due_at: datetime
    ended_at: datetime | None
    status: int | None
    problem: str
    duration_ms: int | None


class DeliveryList(ResponseModel, frozen=True, kw_only=True):
    """A page of deliveries; `next` is a cursor, empty at the end."""

    items: tuple[Delivery, ...]
    next: str


@operation("GET", "/webhooks", scope=READ, answer=EndpointList)
def list_endpoints(call: OperationCall) -> EndpointList:
    """List the endpoints."""
    return EndpointList(items=tuple(_shown(row.endpoint) for row in reading.listed(call.site)))


@operation("POST", "/webhooks", scope=WRITE, body=NewEndpoint, answer=MadeEndpoint, status=201)
def add_endpoint(call: OperationCall) -> MadeEndpoint:
    """Add an endpoint; the answer holds its secret, which is shown this once."""
    asked: NewEndpoint = call.body
    fitting = wanted(title=asked.title, url=asked.url, events=asked.events)
    endpoint_id, secret = endpoints.save_endpoint(call.site, fitting, actor=call.actor)
    return MadeEndpoint(secret=secret, endpoint=_shown(endpoints.find_endpoint(call.site, endpoint_id)))


@operation("GET", "/webhooks/{endpoint_id}", scope=READ, answer=Endpoint)
def get_endpoint(call: OperationCall) -> Endpoint:
    """Read an endpoint."""
    return _endpoint(call)


@operation("PATCH", "/webhooks/{endpoint_id}", scope=WRITE, body=EndpointChange, answer=Endpoint)
def change_endpoint(call: OperationCall) -> Endpoint:
    """Change an endpoint; it holds for what happens from now on."""
    asked: EndpointChange = call.body
    old = endpoints.find_endpoint(call.site, call.path["endpoint_id"])
    fitting = wanted(
        title=old.title if asked.title is UNSET else asked.title,
        url=old.url if asked.url is UNSET else asked.url,
        events=old.kinds if asked.events is UNSET else asked.events,
    )
    endpoints.save_endpoint(call.site, fitting, actor=call.actor, endpoint_id=old.id)
    return _endpoint(call)


@operation("DELETE", "/webhooks/{endpoint_id}", scope=WRITE, answer=Endpoint)
def delete_endpoint(call: OperationCall) -> Endpoint:
    """Delete an endpoint; the answer is what it was."""
    was = _endpoint(call)
    endpoints.delete_endpoint(call.site, was.id, actor=call.actor)
    return was


@operation("POST", "/webhooks/{endpoint_id}/pause", scope=WRITE, answer=Endpoint)
def pause_endpoint(call: OperationCall) -> Endpoint:
    """Let the deliveries of an endpoint wait."""
    endpoints.pause_endpoint(call.site, call.path["endpoint_id"], actor=call.actor)
    return _endpoint(call)


@operation("POST", "/webhooks/{endpoint_id}/resume", scope=WRITE, answer=Endpoint)
def resume_endpoint(call: OperationCall) -> Endpoint:
    """Send what waited, and go on."""
    endpoints.resume_endpoint(call.site, call.path["endpoint_id"], actor=call.actor)
    return _endpoint(call)


@operation("POST", "/webhooks/{endpoint_id}/secret", scope=WRITE, answer=NewSecret, status=201)
def rotate_secret(call: OperationCall) -> NewSecret:
    """Give a new secret, shown this once; the present one signs beside it for a day."""
    endpoint_id = call.path["endpoint_id"]
    secret = endpoints.rotate_secret(call.site, endpoint_id, actor=call.actor)
    ends = [one.expires_at for one in endpoints.secrets_of(call.site, endpoint_id) if one.expires_at is not None]
    return NewSecret(secret=secret, old_until=ends[0] if ends else None)


@operation("GET", "/webhooks/{endpoint_id}/deliveries", scope=READ, query=DeliveryQuery, answer=DeliveryList)
def list_deliveries(call: OperationCall) -> DeliveryList:
    """List what was sent to an endpoint, or waits, the newest first."""
    asked: DeliveryQuery = call.query
    filters = reading.Filters(
        endpoint_id=_endpoint(call).id,
        state=asked.state or "",
        kind=asked.event or "",
        after=int(asked.after) if asked.after else None,
    )
    found, following = reading.deliveries(call.site, filters, asked.limit)
    return DeliveryList(items=tuple(map(_delivery, found)), next=str(following or ""))


@operation("POST", "/webhooks/{endpoint_id}/deliveries/{delivery_id}/replay", scope=WRITE, answer=Delivery)
def replay_delivery(call: OperationCall) -> Delivery:
    """Send a delivery that has ended again, under the same webhook-id."""
    found = reading.find_delivery(call.site, call.path["delivery_id"])
    if found.endpoint_id != call.path["endpoint_id"]:
        raise NotFound
    if found.state not in {SENT, DEAD}:
        raise OnItsWay
    replaying.replay(call.site, found.id, actor=call.actor)
    return _delivery(reading.find_delivery(call.site, found.id))


OPERATIONS = (
    list_endpoints,
    add_endpoint,
    get_endpoint,
    change_endpoint,
    delete_endpoint,
    pause_endpoint,
    resume_endpoint,
    rotate_secret,
    list_deliveries,
    replay_delivery,
)


# -- into shapes -------------------------------------------------------------------------------------------------------


def _endpoint(call: OperationCall) -> Endpoint:
    return _shown(endpoints.find_endpoint(call.site, call.path["endpoint_id"]))


def _shown(one: Stored) -> Endpoint:
    return Endpoint(
        id=one.id, title=one.title, url=one.url, events=tuple(one.kinds), failures=one.failures,
        paused_at=one.paused_at, pause_reason=one.pause_reason, created_at=one.created_at,
    )  # fmt: skip


def _delivery(row: reading.DeliveryRow) -> Delivery:
    return Delivery(
        id=row.id, message_id=f"msg_{row.uid}", event=row.kind, happened_at=row.at, state=row.state,
        attempts=row.attempts, due_at=row.due_at, ended_at=row.ended_at, status=row.status, problem=row.problem,
        duration_ms=row.duration_ms,
    )  # fmt: skip
