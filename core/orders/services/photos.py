"""Photos that shoppers send with a return or a claim: pictures alone, without metadata, for staff and the shopper."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response

from core.kernel import files
from core.lib.errors import NotFound, Refused
from core.orders.services.case_shapes import CaseView

FOLDER = "photos"
MOST = 5


class TooManyPhotos(Refused):
    """So many tell enough, and a request stays small."""

    status = 422
    code = "too_many_photos"
    default_message = "Send at most %(most)s photos."

    def __init__(self) -> None:
        super().__init__(field="photos", most=MOST)


def keep(sent: Sequence[bytes]) -> list[str]:
    """Keep photos before their case is asked for; answers their names. Raises TooManyPhotos, NotAPicture, TooLarge.

    Of several none is kept if one is refused.
    """
    if len(sent) > MOST:
        raise TooManyPhotos
    names: list[str] = []
    try:
        names += [files.keep_picture(FOLDER, data) for data in sent]
    except Refused as error:
        drop(names)
        error.field = "photos"
        raise
    return names


def drop(names: Sequence[str]) -> None:
    """Forget photos that no case was made of."""
    for name in names:
        files.drop_file(FOLDER, name)


def sent(case: CaseView, name: str) -> Response:
    """A photo of this very case, for whoever may see the case. Raises NotFound."""
    path = files.kept_file(FOLDER, name) if name in case.photos else None
    if path is None:
        raise NotFound
    answer = Response(path.read_bytes(), mimetype="image/jpeg")
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
