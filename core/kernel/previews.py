"""Previews: the real shop in a look that is not published, for the member of staff who asked, for a working day.

A preview is an address, `/preview/<token>/...`. The front takes the token off the path, as it takes a language off, so
that every link of the page stays in the preview; it pins a state of the site that wears the draft. The token is signed
and names site, theme, version and person; the session must be that person's, who must still be allowed to. Such a
page is never kept, by us or by the browser, answers a GET only, and is the one kind of page that a frame of our own
may show.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import request
from itsdangerous import BadSignature, URLSafeSerializer
from msgspec import Struct
from msgspec.structs import replace

from core.kernel import cache, secrets
from core.kernel.here import environ_or_none
from core.kernel.installation import installation
from core.kernel.security import SAFE_METHODS, Identity
from core.kernel.sites import SiteState
from core.kernel.theme_drafts import draft
from core.kernel.theme_versions import find
from core.lib import clock
from core.lib.errors import NotFound, Refused

PREFIX = "/preview/"
PERMISSION = "theme.edit"
STYLE = "/panel/theme/style.css"
LASTS = timedelta(hours=8)
_KEY = "stoa.preview"
# What no preview shows: the panel, and what partners call.
_ELSEWHERE = ("/panel", "/pay/", "/notify/")


class PreviewEnded(Refused):
    """The address is no preview, no longer one, or not this person's."""

    status = 403
    code = "preview_ended"
    default_message = "This preview has ended, or is not yours. Open it again from the panel."


class OnlyLooking(Refused):
    """Something was sent from a preview."""

    status = 403
    code = "preview"
    default_message = "This is a preview: it only shows the shop. Nothing was changed."


class Preview(Struct, frozen=True):
    """A preview as the front found it; None in `state_before` where the token was refused."""

    token: str
    staff_id: int
    is_valid: bool
    state_before: SiteState

    @property
    def style(self) -> str:
        """The address of its stylesheet, which only staff may read."""
        return f"{STYLE}?look={self.token}"


def address(site_id: int, theme: str, staff_id: int, path: str = "/", version_id: int = 0) -> str:
    """The path of a preview of a theme's draft, or of a version."""
    until = clock.micros(clock.now() + LASTS)
    said = {"site": site_id, "theme": theme, "staff": staff_id, "version": version_id, "until": until}
    return f"{PREFIX}{_signer().dumps(said)}{path}"


def take(environ: dict[str, Any], state: SiteState) -> SiteState:
    """The state to pin: the site's own, or for a preview the site as it would look, for one or two statements."""
    path: str = environ.get("PATH_INFO", "/")
    if not path.startswith(PREFIX):
        return state
    token, _slash, rest = path.removeprefix(PREFIX).partition("/")
    environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + PREFIX + token
    environ["PATH_INFO"] = f"/{rest}"
    said = _read(token, state)
    cache.keep_nothing(environ)
    environ[_KEY] = Preview(token, said.get("staff", 0), bool(said), state)
    return _dressed(state, said["theme"], values(state, said)) if said else state


def _read(token: str, state: SiteState) -> dict[str, Any]:
    try:
        said: dict[str, Any] = _signer().loads(token)
    except BadSignature:
        return {}
    return said if said["site"] == state.site.id and said["until"] > clock.now_us() else {}


def opened(token: str, state: SiteState) -> dict[str, Any]:
    """What a token says: site, theme, staff and version. Raises PreviewEnded."""
    if not (said := _read(token, state)):
        raise PreviewEnded
    return said


def values(state: SiteState, said: dict[str, Any]) -> dict[str, Any]:
    """The settings that a preview wears."""
    if said["version"]:
        return dict(find(state.site.id, said["version"]).values)
    return dict(draft(state.site.id, said["theme"]).values)


def _dressed(state: SiteState, theme: str, chosen: dict[str, Any]) -> SiteState:
    about = {**state.about, "theme": {theme: chosen}}
    runtime = installation().sites.runtimes.get(theme, state.states)
    return replace(state, site=replace(state.site, theme=theme), about=about, runtime=runtime, extra={})


def of_environ(environ: dict[str, Any]) -> Preview | None:
    """The preview that this request is for."""
    found: Preview | None = environ.get(_KEY)
    return found


def of_request() -> Preview | None:
    """The preview that this request is for; None outside one."""
    here = environ_or_none()
    return of_environ(here) if here is not None else None


def within(url: str, origin: str) -> str:
    """An address of this site (with or without its origin), inside the preview that this request is for, if any."""
    preview = of_request()
    if preview is None:
        return url
    path = url.removeprefix(origin)
    return path if path.startswith(PREFIX) else f"{PREFIX}{preview.token}{path}"


def check(preview: Preview, person: Identity) -> None:
    """Let the request pass, or raise PreviewEnded, OnlyLooking, NotFound; then the page wears what is published."""
    try:
        allowed = person.is_staff and person.may(PERMISSION, preview.state_before.site.id)
        if not preview.is_valid or not allowed or person.id != preview.staff_id:
            raise PreviewEnded
        if request.method not in SAFE_METHODS:
            raise OnlyLooking
        if request.path.startswith(_ELSEWHERE):
            raise NotFound
    except Refused:
        request.environ["stoa.state"] = preview.state_before
        raise


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(secrets.signing_key(), salt="preview")
