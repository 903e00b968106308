"""The WSGI environment of this request, where the kernel keeps what a request is pinned to.

A page asks for it two hundred times: Flask's `request.environ` takes four calls through its proxy, this takes one.
"""

from __future__ import annotations

from typing import Any

from flask.globals import _cv_request


def environ() -> dict[str, Any]:
    """The environment of this request. Raises LookupError outside one."""
    return _cv_request.get().request.environ


def is_a_look() -> bool:
    """Whether this is a GET that the front has given its site: it writes nothing."""
    here = environ_or_none()
    return here is not None and here["REQUEST_METHOD"] in {"GET", "HEAD"} and "stoa.state" in here


def environ_or_none() -> dict[str, Any] | None:
    """The environment of this request, None outside one."""
    context = _cv_request.get(None)
    return context.request.environ if context is not None else None
