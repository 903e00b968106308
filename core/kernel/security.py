"""What every request must pass and every response must carry: origin, access, and the headers that bind the browser.

A view declares who may call it (`@public`, `@shopper`, `@staff("orders.ship")`, `@owner`); the declaration is read in
one place before the view runs, and by the test that walks over every route, role and site. Without one it is closed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import urlsplit

from msgspec import Struct

from core.lib.errors import Forbidden, Refused, StoaError

if TYPE_CHECKING:
    from flask import Response
    from flask.typing import ResponseReturnValue

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_View = TypeVar("_View", bound=Callable[..., "ResponseReturnValue"])
_YEAR_S = 31_536_000
_UNUSED_FEATURES = "camera=(), microphone=(), geolocation=(), browsing-topics=(), interest-cohort=()"
_HOST = re.compile(r"(?P<scheme>https?://)?(?P<host>(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*)(?P<port>:\d{1,5})?\Z")

# -- origin -----------------------------------------------------------------------------------------------------------


class ForeignOrigin(Forbidden):
    """The request changes something and was not sent by a page of this site."""

    code = "foreign_origin"
    default_message = "This was sent from another site, so nothing was changed. Go back to the page and try again."


def check_origin(environ: dict[str, Any], origin: str) -> None:
    """Refuse a state change that a page of another origin sent; `origin` is the request's own scheme, host and port.

    Sec-Fetch-Site, where the browser sends it, decides alone: no page can forge it. Older browsers must name this very
    origin. Safe methods pass, because they change nothing. Raises ForeignOrigin.
    """
    if environ["REQUEST_METHOD"] in SAFE_METHODS:
        return
    site = environ.get("HTTP_SEC_FETCH_SITE")
    allowed = site in {"same-origin", "none"} if site is not None else environ.get("HTTP_ORIGIN") == origin
    if not allowed:
        raise ForeignOrigin


def any_origin(view: _View) -> _View:
    """Declare a view that partners call from elsewhere (`/notify`, `/pay/return`): no origin check and no session."""
    view.stoa_any_origin = True  # type: ignore[attr-defined]
    return view


def takes_any_origin(view: Callable[..., Any]) -> bool:
    """Whether `view` was declared with `@any_origin`."""
    return getattr(view, "stoa_any_origin", False)


def takes_megabytes(most: int) -> Callable[[_View], _View]:
    """Declare how much a view of the panel takes in one form with files."""

    def write(view: _View) -> _View:
        view.stoa_megabytes = most  # type: ignore[attr-defined]
        return view

    return write


def megabytes_of(view: Callable[..., Any]) -> int:
    """What `view` declares by `@takes_megabytes`; 0: nothing."""
    return getattr(view, "stoa_megabytes", 0)


# -- access -----------------------------------------------------------------------------------------------------------


class Access(Struct, frozen=True):
    """Who may call a view. `who`: public, shopper, staff or owner.

    `permission` is what staff need on this site, or with `everywhere` by a role for every site; empty: any member of
    staff who holds a role there. `locked` also lets those in who must first change their password.
    """

    who: str
    permission: str = ""
    everywhere: bool = False
    locked: bool = False


class Identity(Protocol):
    """The person behind a request, as far as `check_access` and previews ask; `id` is that of the member of staff."""

    @property
    def is_shopper(self) -> bool: ...
    @property
    def is_staff(self) -> bool: ...
    @property
    def is_owner(self) -> bool: ...
    @property
    def must_change_password(self) -> bool: ...
    @property
    def id(self) -> int: ...
    def may(self, permission: str, site_id: int | None) -> bool:
        """Whether a role gives `permission` on the site (None.

        On every site); an empty one: whether there is a role.
        """
        ...


class LoginNeeded(StoaError):
    """Nobody is logged in where somebody must be: `kernel/http.py` redirects (303) to the login page of `face`.

    `face` is `shopper` or `staff`.
    """

    default_message = "Log in to go on."

    def __init__(self, face: str) -> None:
        super().__init__()
        self.face = face


class PasswordChangeNeeded(StoaError):
    """A one-time password was used: `kernel/http.py` redirects (303) to the panel's page for a new one."""

    default_message = "Choose a password of your own first."


def declare(access: Access) -> Callable[[_View], _View]:
    """Write `access` on a view, where `check_access` and the test of all routes read it."""

    def write(view: _View) -> _View:
        view.stoa_access = access  # type: ignore[attr-defined]
        return view

    return write


public = declare(Access("public"))
shopper = declare(Access("shopper"))
owner = declare(Access("owner"))


def staff(permission: str = "", *, everywhere: bool = False, locked: bool = False) -> Callable[[_View], _View]:
    """Declare a view for staff who hold `permission` on this site; `everywhere`: by a role for every site.

    `locked`: also for those who must first change their one-time password.
    """
    return declare(Access("staff", permission, everywhere, locked))


class NotOpen(Refused):
    """The shop is not open; what it has sold goes on."""

    status = 503
    code = "not_open"
    default_message = (
        "Nothing can be bought here at the moment. Orders that were placed go on: the link in your mail shows yours."
    )


def while_open(view: _View) -> _View:
    """Declare a page of the shop with goods or a cart: while the shop is not open, staff alone see it."""
    view.stoa_while_open = True  # type: ignore[attr-defined]
    return view


def check_open(view: Callable[..., Any], identify: Callable[[], Identity], site_id: int) -> None:
    """For a site that is not open: only its staff pass to its goods and its cart, all to the rest. Raises NotOpen."""
    if not getattr(view, "stoa_while_open", False):
        return
    if not works_at(identify(), site_id):
        raise NotOpen


def works_at(person: Identity, site_id: int) -> bool:
    """Whether this is somebody of the site's staff, whatever they may do there."""
    return person.is_staff and (person.is_owner or person.may("", site_id))


def access_of(view: Callable[..., Any]) -> Access | None:
    """What `view` declares; None: nothing, so that nobody may call it."""
    return getattr(view, "stoa_access", None)


def check_access(view: Callable[..., Any], identify: Callable[[], Identity], site_id: int) -> None:
    """Let the request pass to `view`, or raise LoginNeeded, PasswordChangeNeeded or Forbidden.

    `identify` is called only where the view is not public: a public page never touches the session.
    """
    access = access_of(view)
    if access is None:
        raise Forbidden
    if access.who == "public":
        return
    person = identify()
    if access.who == "shopper":
        if not person.is_shopper:
            raise LoginNeeded("shopper")
        return
    _check_staff(access, person, site_id)


def _check_staff(access: Access, person: Identity, site_id: int) -> None:
    if not person.is_staff:
        raise LoginNeeded("staff")
    if person.must_change_password and not access.locked:
        raise PasswordChangeNeeded
    if person.is_owner:
        return
    if access.who == "owner" or not person.may(access.permission, None if access.everywhere else site_id):
        raise Forbidden


# -- headers ----------------------------------------------------------------------------------------------------------


def content_security_policy(
    form_action_hosts: Iterable[str] = (),
    script_hosts: Iterable[str] = (),
    frame_ancestors: str = "'none'",
    *,
    frame_hosts: Iterable[str] = (),
    connect_hosts: Iterable[str] = (),
    image_hosts: Iterable[str] = (),
) -> str:
    """The policy of a page: nothing inline, no nonces (pages are cached), hosts only from enabled plugins.

    A form's redirect counts as its action, so the checkout lists the gateways' hosts. `frame_ancestors` is `'self'` for
    previews. Raises ValueError for anything that is not a host name with or without scheme and port.
    """
    parts = {
        "default-src": ("'none'",),
        "script-src": ("'self'", *_hosts(script_hosts)),
        "style-src": ("'self'",),
        "img-src": ("'self'", "data:", *_hosts(image_hosts)),
        "font-src": ("'self'",),
        "media-src": ("'self'",),
        "manifest-src": ("'self'",),
        "connect-src": ("'self'", *_hosts(connect_hosts)),
        "frame-src": ("'self'", *_hosts(frame_hosts)),
        "form-action": ("'self'", *_hosts(form_action_hosts)),
        "frame-ancestors": (frame_ancestors,),
        "base-uri": ("'none'",),
    }
    return "; ".join(f"{name} {' '.join(values)}" for name, values in parts.items())


def _hosts(hosts: Iterable[str]) -> list[str]:
    return sorted({_host(host) for host in hosts})


def _host(host: str) -> str:
    """`host` as a source expression; plain http only for loopback, where a gateway's test server may stand."""
    found = _HOST.match(host.lower())
    if not found:
        raise ValueError(f"not a host for the Content-Security-Policy: {host!r}")
    if found["scheme"] == "http://" and not is_loopback(found["host"]):
        raise ValueError(f"a plain http host in the Content-Security-Policy: {host!r}")
    return host.lower() if found["scheme"] else f"https://{host.lower()}"


# Of a page that names no further hosts, which most are.
_PLAIN_POLICY = content_security_policy()


def headers(response: Response, *, secure: bool, private: bool = False, csp: str = "") -> None:
    """Set the headers that every response carries; a view's own Content-Security-Policy stays.

    `secure`: the request came by https. `private`: nobody, not even this browser, keeps a copy (account, checkout,
    panel). strict-origin-when-cross-origin, since `no-referrer` makes our own forms send `Origin: null`.
    """
    response.headers.setdefault("Content-Security-Policy", csp or _PLAIN_POLICY)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "strict-origin-when-cross-origin"
    response.headers["Permissions-Policy"] = _UNUSED_FEATURES
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    if secure:
        response.headers["Strict-Transport-Security"] = f"max-age={_YEAR_S}"
    if private:
        response.headers["Cache-Control"] = "no-store"


# -- addresses --------------------------------------------------------------------------------------------------------


def is_loopback(host: str) -> bool:
    """Whether a host name (with or without port) always means this machine: browsers never send `*.localhost` out."""
    name = re.sub(r":\d+\Z", "", host)
    return name in {"localhost", "127.0.0.1", "[::1]"} or name.endswith(".localhost")


def local_path(target: str, default: str = "/") -> str:
    r"""`target` if it is a path of this very site, else `default`: what a `next` parameter may lead to.

    Browsers read `//host`, `/\host` and a tab within a scheme as other sites, so anything unusual falls back.
    """
    parts = urlsplit(target) if re.fullmatch(r"/[!-~]*", target) and "\\" not in target else None
    return target if parts and not parts.netloc and not target.startswith("//") else default
