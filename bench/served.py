"""The shop as it is served, telling how many statements an answer took where the bench asks for it."""

from __future__ import annotations

from typing import Any

from core.kernel import db
from wsgi import app as shop

_ABOUT_TRANSACTIONS = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")


def app(environ: dict[str, Any], start_response: Any) -> Any:
    """The same answer; with `X-Count: 1` in the request, `X-Statements` in its headers."""
    if "HTTP_X_COUNT" not in environ:
        return shop(environ, start_response)
    begun: list[Any] = []
    with db.counted() as statements:
        body = b"".join(shop(environ, lambda *said: begun.append(said)))
    counted = [one for one in statements if not one.startswith(_ABOUT_TRANSACTIONS)]
    status, headers = begun[0][:2]
    start_response(status, [*headers, ("X-Statements", str(len(counted)))])
    return [body]
