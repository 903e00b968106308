"""Endpoints: added, changed, given new secrets, paused and deleted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from core.api import (
    NotFound,
    Refused,
    Site,
    claim_form,
    enqueue_job,
    execute,
    micros,
    now,
    open_secret,
    record_activity,
    seal_secret,
    transaction,
    value,
)
from plugins.webhooks.models import BY_HAND, Endpoint, SigningSecret
from plugins.webhooks.services.signing import new_secret

if TYPE_CHECKING:
    from plugins.webhooks.forms import Wanted

MOST_ENDPOINTS = 20
_OVERLAP = timedelta(days=1)


class TooManyEndpoints(Refused):
    """A site has as many as it may."""

    code = "too_many_endpoints"
    default_message = "A site takes at most %(count)s endpoints. Delete one first."


class RotatedAlready(Refused):
    """Two secrets are valid at once; a third would end the first before receivers have changed."""

    code = "rotated_already"
    default_message = "Two secrets are valid already. End the old one first."


def find_endpoint(site: Site, endpoint_id: int, *, deleted: bool = False) -> Endpoint:
    """An endpoint of this site. Raises NotFound; `deleted` finds those that were deleted instead."""
    found: Endpoint | None = (
        Endpoint.for_site(site).where(Endpoint.id == endpoint_id, Endpoint.deleted_at.is_null(not deleted)).first()
    )
    if found is None:
        raise NotFound
    return found


def save_endpoint(
    site: Site, wanted: Wanted, *, actor: str, endpoint_id: int | None = None, key: str = ""
) -> tuple[int, str]:
    """Add or change an endpoint. Commits.

    Answers its id and, for a new one, the secret that is shown this once. Raises NotFound, TooManyEndpoints,
    DoneBefore.
    """
    old = find_endpoint(site, endpoint_id) if endpoint_id is not None else None
    values = {"title": wanted.title, "url": wanted.url, "kinds": list(wanted.kinds)}
    with transaction():
        claim_form(key)
        if old is not None:
            before = {name: getattr(old, name) for name in values}
            Endpoint.update(**values).where(Endpoint.id == old.id, Endpoint.site_id == site.id).execute()
            _note(site, actor, "webhooks.edited", old.id, wanted.title or wanted.url, before, values)
            return old.id, ""
        if _count(site) >= MOST_ENDPOINTS:
            raise TooManyEndpoints(count=MOST_ENDPOINTS)
        made = Endpoint.create(site_id=site.id, created_at=now(), **values)
        secret = _add_secret(site, made.id)
        _note(site, actor, "webhooks.added", made.id, wanted.title or wanted.url, {}, values)
    return made.id, secret


def _count(site: Site) -> int:
    return int(value("SELECT count(*) FROM webhooks_endpoint WHERE site_id = ? AND deleted_at IS NULL", site.id))


def _add_secret(site: Site, endpoint_id: int) -> str:
    secret = new_secret()
    SigningSecret.create(site_id=site.id, endpoint=endpoint_id, sealed=seal_secret(secret), created_at=now())
    return secret


# -- secrets -----------------------------------------------------------------------------------------------------------


def secrets_of(site: Site, endpoint_id: int) -> list[SigningSecret]:
    """The secrets that sign now, the newest first."""
    valid = SigningSecret.expires_at.is_null() | (SigningSecret.expires_at > now())
    return list(
        SigningSecret.for_site(site)
        .where(SigningSecret.endpoint == endpoint_id, valid)
        .order_by(SigningSecret.id.desc())
    )


def open_secrets(site: Site, endpoint_id: int) -> list[str]:
    """The same, opened: for signing alone."""
    return [open_secret(one.sealed) for one in secrets_of(site, endpoint_id)]


def rotate_secret(site: Site, endpoint_id: int, *, actor: str) -> str:
    """Give a new secret, shown this once; the present one signs beside it for a day. Commits. Raises RotatedAlready."""
    endpoint = find_endpoint(site, endpoint_id)
    if len(secrets_of(site, endpoint_id)) > 1:
        raise RotatedAlready
    with transaction():
        execute(
            "UPDATE webhooks_secret SET expires_at = ? WHERE endpoint_id = ? AND site_id = ? AND expires_at IS NULL",
            micros(now() + _OVERLAP),
            endpoint_id,
            site.id,
        )
        secret = _add_secret(site, endpoint_id)
        _note(site, actor, "webhooks.secret_made", endpoint_id, endpoint.title or endpoint.url)
    return secret


def drop_old_secrets(site: Site, endpoint_id: int, *, actor: str) -> None:
    """End all secrets but the newest now: every receiver has changed, or an old one got out. Commits."""
    endpoint = find_endpoint(site, endpoint_id)
    with transaction():
        execute(
            "UPDATE webhooks_secret SET expires_at = ? WHERE endpoint_id = ? AND site_id = ? AND expires_at > ?",
            micros(now()),
            endpoint_id,
            site.id,
            micros(now()),
        )
        _note(site, actor, "webhooks.secret_ended", endpoint_id, endpoint.title or endpoint.url)


# -- pausing and deleting ----------------------------------------------------------------------------------------------


def pause_endpoint(site: Site, endpoint_id: int, *, actor: str) -> None:
    """Let the deliveries of an endpoint wait. Commits."""
    endpoint = find_endpoint(site, endpoint_id)
    with transaction():
        execute(
            "UPDATE webhooks_endpoint SET paused_at = ?, pause_reason = ? WHERE id = ? AND site_id = ?"
            " AND paused_at IS NULL",
            micros(now()),
            BY_HAND,
            endpoint_id,
            site.id,
        )
        _note(site, actor, "webhooks.paused", endpoint_id, endpoint.title or endpoint.url)


def resume_endpoint(site: Site, endpoint_id: int, *, actor: str) -> None:
    """Send what waited, and count failures from nought. Commits."""
    endpoint = find_endpoint(site, endpoint_id)
    with transaction():
        execute(
            "UPDATE webhooks_endpoint SET paused_at = NULL, pause_reason = '', failures = 0 WHERE id = ?"
            " AND site_id = ?",
            endpoint_id,
            site.id,
        )
        _note(site, actor, "webhooks.resumed", endpoint_id, endpoint.title or endpoint.url)
        enqueue_job("webhooks.send", site_id=site.id, plugin="webhooks")


def delete_endpoint(site: Site, endpoint_id: int, *, actor: str) -> None:
    """Take an endpoint away; `restore_endpoint` undoes it while its log is kept. Commits."""
    endpoint = find_endpoint(site, endpoint_id)
    with transaction():
        execute(
            "UPDATE webhooks_endpoint SET deleted_at = ? WHERE id = ? AND site_id = ?",
            micros(now()),
            endpoint_id,
            site.id,
        )
        _note(site, actor, "webhooks.deleted", endpoint_id, endpoint.title or endpoint.url)


def restore_endpoint(site: Site, endpoint_id: int, *, actor: str) -> None:
    """Undo a deletion; what happened meanwhile can be sent since then. Commits. Raises NotFound, TooManyEndpoints."""
    endpoint = find_endpoint(site, endpoint_id, deleted=True)
    with transaction():
        if _count(site) >= MOST_ENDPOINTS:
            raise TooManyEndpoints(count=MOST_ENDPOINTS)
        execute("UPDATE webhooks_endpoint SET deleted_at = NULL WHERE id = ? AND site_id = ?", endpoint_id, site.id)
        _note(site, actor, "webhooks.restored", endpoint_id, endpoint.title or endpoint.url)
        enqueue_job("webhooks.send", site_id=site.id, plugin="webhooks")


def _note(
    site: Site,
    actor: str,
    verb: str,
    endpoint_id: int,
    title: str,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> None:
    record_activity(
        actor, verb, f"webhook endpoint:{endpoint_id}", before=before, after=after, site_id=site.id, title=title
    )
