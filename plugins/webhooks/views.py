"""The panel's pages: endpoints, one endpoint with its secrets, deliveries by filter, and one delivery."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from core.api import (
    Refused,
    Unfit,
    Views,
    actor,
    current_site,
    ngettext,
    panel_form_key,
    panel_once,
    panel_to,
    redirect303,
    render,
    request,
    say,
    staff,
    toast,
    url_for,
)
from core.api import gettext as _
from plugins.webhooks import forms, services
from plugins.webhooks.models import STATES

panel = Views()
may_edit = staff("webhooks.edit")


@panel.get("/")
@may_edit
def show() -> Any:
    """All endpoints."""
    return render("webhooks/list.html", endpoints=services.listed(current_site()), title_of=services.title_of)


@panel.get("/new")
@may_edit
def new() -> Any:
    """An empty form."""
    return _form({"which": "all"}, {}, None)


@panel.post("/new")
@may_edit
@panel_once("webhooks.panel.show")
def create() -> Any:
    """Add an endpoint; its secret is shown on the page that answers, and nowhere else."""
    try:
        wanted = forms.parse(request.form)
        endpoint_id, secret = services.save_endpoint(current_site(), wanted, actor=actor(), key=panel_form_key())
    except Unfit as refusal:
        return _form(request.form, refusal.errors, None, 422)
    except Refused as refusal:
        return _form(request.form, {"": say(refusal)}, None, refusal.status)
    return _endpoint(endpoint_id, secret=secret)


@panel.get("/<int:endpoint_id>/edit")
@may_edit
def edit(endpoint_id: int) -> Any:
    """The form of one endpoint."""
    found = services.find_endpoint(current_site(), endpoint_id)
    which = "some" if found.kinds else "all"
    return _form({"title": found.title, "url": found.url, "which": which, "kinds": found.kinds}, {}, endpoint_id)


@panel.post("/<int:endpoint_id>/edit")
@may_edit
def save(endpoint_id: int) -> Any:
    """Change an endpoint."""
    try:
        services.save_endpoint(current_site(), forms.parse(request.form), actor=actor(), endpoint_id=endpoint_id)
    except Unfit as refusal:
        return _form(request.form, refusal.errors, endpoint_id, 422)
    return _to_endpoint(endpoint_id, _("Saved. It holds for what happens from now on."))


@panel.get("/<int:endpoint_id>")
@may_edit
def one(endpoint_id: int) -> Any:
    """One endpoint: how it fares, its secrets, its newest deliveries."""
    return _endpoint(endpoint_id)


@panel.post("/<int:endpoint_id>/secret")
@may_edit
def rotate(endpoint_id: int) -> Any:
    """Give a new secret, shown on the page that answers, and nowhere else."""
    try:
        secret = services.rotate_secret(current_site(), endpoint_id, actor=actor())
    except Refused as refusal:
        return _endpoint(endpoint_id, {"": say(refusal)}, refusal.status)
    return _endpoint(endpoint_id, secret=secret)


@panel.post("/<int:endpoint_id>/secret/old")
@may_edit
def drop_old(endpoint_id: int) -> Any:
    """End the secret that was replaced."""
    services.drop_old_secrets(current_site(), endpoint_id, actor=actor())
    return _to_endpoint(endpoint_id, _("The old secret is ended. Only the newest one signs."))


@panel.post("/<int:endpoint_id>/test")
@may_edit
def test(endpoint_id: int) -> Any:
    """Send a test event at once, and show what came of it."""
    delivery_id = services.send_test(current_site(), endpoint_id, actor=actor())
    return _tried(delivery_id)


@panel.post("/<int:endpoint_id>/pause")
@may_edit
def pause(endpoint_id: int) -> Any:
    """Let the deliveries wait."""
    services.pause_endpoint(current_site(), endpoint_id, actor=actor())
    return _to_endpoint(endpoint_id, _("Paused. What happens meanwhile is kept and sent when you send on."))


@panel.post("/<int:endpoint_id>/resume")
@may_edit
def resume(endpoint_id: int) -> Any:
    """Send what waited."""
    services.resume_endpoint(current_site(), endpoint_id, actor=actor())
    return _to_endpoint(endpoint_id, _("Deliveries go on; what waited is sent now."))


@panel.post("/<int:endpoint_id>/delete")
@may_edit
def delete(endpoint_id: int) -> Any:
    """Take an endpoint away, with a way back."""
    services.delete_endpoint(current_site(), endpoint_id, actor=actor())
    undo = url_for("webhooks.panel.restore", endpoint_id=endpoint_id)
    return panel_to("webhooks.panel.show", say=_("The endpoint is deleted."), undo=undo)


@panel.post("/<int:endpoint_id>/restore")
@may_edit
def restore(endpoint_id: int) -> Any:
    """Undo the deletion."""
    services.restore_endpoint(current_site(), endpoint_id, actor=actor())
    return _to_endpoint(endpoint_id, _("The endpoint is back."))


@panel.post("/<int:endpoint_id>/since")
@may_edit
def since(endpoint_id: int) -> Any:
    """Send again what happened since an instant."""
    site = current_site()
    try:
        at, missed_only = forms.parse_since(request.form, site)
    except Unfit as refusal:
        return _endpoint(endpoint_id, refusal.errors, 422)
    count = services.replay_since(site, endpoint_id, at, missed_only=missed_only, actor=actor())
    said = ngettext("%(num)s event is on its way.", "%(num)s events are on their way.", count, num=count)
    return _to_endpoint(endpoint_id, said if count else _("There is nothing to send since then."))


@panel.get("/deliveries")
@may_edit
def deliveries() -> Any:
    """What was sent, and what became of it, by filter."""
    site, asked = current_site(), request.args
    filters = services.Filters(
        endpoint_id=_number(asked.get("to", "")),
        state=asked.get("state", ""),
        kind=asked.get("kind", "")[:60],
        after=_number(asked.get("after", "")),
    )
    found, following = services.deliveries(site, filters)
    kept: dict[str, Any] = {name: asked[name] for name in ("to", "state", "kind") if asked.get(name)}
    return render(
        "webhooks/deliveries.html",
        deliveries=found,
        endpoints=services.listed(site),
        kinds=[(kind, services.title_of(kind)) for kind in services.KINDS],
        states=STATES,
        asked=asked,
        is_narrowed=bool(kept),
        next_url=url_for("webhooks.panel.deliveries", **kept, after=following) if following else "",
        first_url=url_for("webhooks.panel.deliveries", **kept) if filters.after else "",
        title_of=services.title_of,
    )


@panel.get("/deliveries/<int:delivery_id>")
@may_edit
def delivery(delivery_id: int) -> Any:
    """One delivery: what was sent, and every try."""
    site = current_site()
    found = services.find_delivery(site, delivery_id)
    return render(
        "webhooks/delivery.html",
        delivery=found,
        attempts=services.attempts_of(site, delivery_id),
        body=json.dumps(json.loads(found.body), indent=2, ensure_ascii=False),
        title_of=services.title_of,
    )


@panel.post("/deliveries/<int:delivery_id>/replay")
@may_edit
def replay(delivery_id: int) -> Any:
    """Send one again, at once."""
    services.replay(current_site(), delivery_id, actor=actor())
    return _tried(delivery_id)


@panel.post("/deliveries/<int:delivery_id>/now")
@may_edit
def try_now(delivery_id: int) -> Any:
    """Try one that waits without waiting longer."""
    return _tried(delivery_id)


def _tried(delivery_id: int) -> Any:
    """Send one delivery, then show it. The network is asked here, outside any transaction."""
    site = current_site()
    outcome = services.send_now(site, delivery_id, forms.Webhooks.of(site).pause_after)
    if outcome is not None and outcome.is_good:
        toast(_("It arrived: the endpoint answered %(status)s.", status=outcome.status))
    elif outcome is not None:
        toast(_("It did not arrive. The attempt below says why."), "bad")
    return redirect303(url_for("webhooks.panel.delivery", delivery_id=delivery_id))


def _to_endpoint(endpoint_id: int, said: str) -> Any:
    return panel_to("webhooks.panel.one", say=said, endpoint_id=endpoint_id)


def _form(values: Mapping[str, Any], errors: Mapping[str, str], endpoint_id: int | None, status: int = 200) -> Any:
    chosen = values.getlist("kinds") if hasattr(values, "getlist") else values.get("kinds", [])
    kinds = [(kind, services.title_of(kind), kind) for kind in services.KINDS]
    return render(
        "webhooks/edit.html",
        status,
        values=values,
        errors=errors,
        endpoint_id=endpoint_id,
        kinds=kinds,
        chosen=chosen,
    )


def _endpoint(endpoint_id: int, errors: Mapping[str, str] | None = None, status: int = 200, *, secret: str = "") -> Any:
    site = current_site()
    return render(
        "webhooks/endpoint.html",
        status,
        endpoint=services.find_endpoint(site, endpoint_id),
        secrets=services.secrets_of(site, endpoint_id),
        secret=secret,
        latest=services.latest_of(site, endpoint_id),
        values=request.form if errors else {},
        errors=errors or {},
        title_of=services.title_of,
    )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
