"""What is stored in visitors' browsers: who keeps it and what for, and nothing that was not agreed to.

Core and plugins declare what they store. What is not needed to do what a visitor asks for waits until they say yes, and
is held back at one place, on every answer, whether or not its plugin asked `may_store`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http.cookies import CookieError, SimpleCookie

from flask import Response, has_request_context, request
from msgspec import Struct

from core.kernel import cache
from core.kernel.i18n import lazy
from core.kernel.installation import installation
from core.kernel.sites import current
from core.kernel.storing import NEEDED, WAITING, Stored

# Whose choice it is, until it is asked for again.
CHOICE, DAYS = "stored_choice", 180
MINE = "mine_"
OWN = (
    Stored(name="stoa", purpose=lazy("Who is logged in."), days=30),
    Stored(name="stoa_cart", purpose=lazy("Which cart is yours."), days=30),
    Stored(name="cart_count", purpose=lazy("How much is in your cart, for the number beside it."), days=30),
    Stored(name="stoa_note", purpose=lazy("A message that the next page shows once.")),
    Stored(name="currency", purpose=lazy("The currency that you chose."), days=180),
    Stored(name="scheme", purpose=lazy("Whether you chose light or dark."), days=365),
    Stored(name=CHOICE, purpose=lazy("What you allowed here."), days=DAYS),
    Stored(name="seen", purpose=lazy("What you looked at, to show it to you again."), where="browser"),
    Stored(name="searches", purpose=lazy("What you searched for, to offer it again."), where="browser"),
    Stored(name="checkout", purpose=lazy("What you typed at the checkout, until it is sent."), where="browser"),
)
# Under https the session has another name; the other is of the panel.
_OWN_NAMES = {one.name for one in OWN} | {"__Host-stoa", "stoa_scheme"}


class NotDeclared(RuntimeError):
    """A plugin sets a cookie that it does not declare: a mistake of its author."""


class NotAllowed(RuntimeError):
    """A plugin sets a cookie that the visitor has not agreed to: it should ask `may_store` first."""


class Shown(Struct, frozen=True, kw_only=True):
    """A line of the page: `whose` is a plugin's name, empty for the shop itself."""

    stored: Stored
    whose: str


def shown() -> list[Shown]:
    """All that this site may store in a browser, what is needed first."""
    loaded = installation().plugins.loaded
    theirs = [Shown(stored=one, whose=name) for name in current().runtime.plugins for one in loaded[name].plugin.stores]
    order = (NEEDED, *WAITING)
    return sorted(
        [*(Shown(stored=one, whose="") for one in OWN), *theirs], key=lambda one: order.index(one.stored.kind)
    )


def asked() -> tuple[str, ...]:
    """The kinds that visitors of this site are asked about: none, unless a plugin that is on stores what can wait."""
    return current().runtime.stores


def said(cookies: Mapping[str, str], kinds: Iterable[str]) -> dict[str, bool]:
    """What the visitor said of these kinds, as far as they were asked."""
    words = set(cookies.get(CHOICE, "").split("."))
    return {kind: kind in words for kind in kinds if {kind, f"-{kind}"} & words}


def of_header(header: str, kinds: tuple[str, ...]) -> str:
    """The same from the header of a request, as it tells kept pages apart; of no site that asks nothing."""
    if not kinds or CHOICE not in header:
        return ""
    try:
        found = SimpleCookie(header).get(CHOICE)
    except CookieError:
        return ""
    return written(said({CHOICE: found.value}, kinds)) if found is not None else ""


def written(choices: Mapping[str, bool]) -> str:
    """A choice as the cookie holds it."""
    return ".".join(kind if yes else f"-{kind}" for kind, yes in sorted(choices.items()))


def may_store(kind: str) -> bool:
    """Whether this visitor agreed to this kind of storage (`comfort`, `statistics`, `marketing`).

    Kept pages are told apart by it; a slot that is kept for everybody must not ask, but be declared in `waits`.
    """
    if kind == NEEDED:
        return True
    cache.passing()
    return has_request_context() and said(request.cookies, asked()).get(kind, False)


def open_questions() -> tuple[str, ...]:
    """The kinds about which this visitor has not been asked yet. Empty: no question is shown."""
    if not (kinds := asked()):
        return ()
    cache.passing()
    known = said(request.cookies, kinds)
    return tuple(kind for kind in kinds if kind not in known)


def allowed_here() -> str:
    """The kinds that may be stored now, for scripts: `<html data-stores="statistics">`."""
    return " ".join(kind for kind in asked() if may_store(kind))


def choose(response: Response, allowed: Iterable[str]) -> Response:
    """Keep what the visitor decided of everything asked; what is not allowed any more leaves the browser at once."""
    yes, loaded = set(allowed), installation().plugins.loaded
    choices = {kind: kind in yes for kind in asked()}
    response.set_cookie(
        CHOICE,
        written(choices),
        max_age=DAYS * 86_400,
        path="/",
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )
    for name in current().runtime.plugins:
        for one in loaded[name].plugin.stores:
            if one.name in request.cookies and not choices.get(one.kind, True):
                response.delete_cookie(one.name, path="/", secure=request.is_secure, samesite="Lax")
    return response


def hold_back(response: Response, plugin: str) -> None:
    """Take out of an answer what nobody declared, or this visitor has not agreed to; both are faults of a plugin.

    `plugin` is whose view answered, empty for core's.
    """
    headers = response.headers.getlist("Set-Cookie")
    if not headers:
        return
    kept = []
    for header in headers:
        if (error := _wrong(header)) is None:
            kept.append(header)
            continue
        whose, problem = error
        installation().faults.report(current().site.id, whose or plugin or "core", "Set-Cookie", problem)
    if len(kept) != len(headers):
        response.headers.setlist("Set-Cookie", kept)


def _wrong(header: str) -> tuple[str, Exception] | None:
    """(whose, what is wrong) of a cookie that must not be set; one that ends may always be."""
    name = header.partition("=")[0].strip()
    # What a plugin keeps for a visitor by `keep_mine` is named after it, and ends when they sign out.
    is_kept = name.startswith(MINE) and name.removeprefix(MINE) in installation().plugins.loaded
    if name in _OWN_NAMES or is_kept or "max-age=0" in header.lower():
        return None
    for plugin, one in _declared(name):
        if one.kind == NEEDED or may_store(one.kind):
            return None
        return plugin, NotAllowed(
            f"the cookie {name} ({one.kind}) waits until the visitor agrees; ask may_store() first"
        )
    return "", NotDeclared(f"the cookie {name} is not declared: Plugin(stores=(Stored(name={name!r}, purpose=...),))")


def _declared(name: str) -> list[tuple[str, Stored]]:
    loaded = installation().plugins.loaded
    return [(plugin, one) for plugin in loaded for one in loaded[plugin].plugin.stores if one.name == name]
