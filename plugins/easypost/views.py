"""Where EasyPost sends its events: no session, no origin; their signature is all that counts."""

from __future__ import annotations

from flask import Response, request

from core.api import Forged, IncomingRequest, Views, any_origin, current_site, now, public
from plugins.easypost.services import take_notice

shop = Views()
_LARGEST = 256 * 1024


@shop.post("/notice")
@any_origin
@public
def notice() -> Response:
    """An event of a tracker."""
    body = request.stream.read(_LARGEST + 1)
    incoming = IncomingRequest(
        method=request.method,
        headers={name.lower(): value for name, value in request.headers.items()},
        query={},
        body=body[:_LARGEST],
        received_at=now(),
    )
    try:
        take_notice(current_site(), incoming)
    except Forged:
        return Response("", 403)
    return Response("", 200)
