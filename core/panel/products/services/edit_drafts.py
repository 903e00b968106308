"""Drafts of forms: kept by themselves while somebody types, shown to them alone until they save or discard them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec import Struct
from werkzeug.datastructures import MultiDict

from core.hookspecs.site import Site
from core.kernel import db
from core.kernel.i18n import gettext as _
from core.lib import clock
from core.lib.errors import Refused
from core.panel.products.models import EditDraft

_KEPT = timedelta(days=90)
_LARGEST = 400_000
_LARGEST_VERSION = 2**62


class Owner(Struct, frozen=True, kw_only=True):
    """Whose draft of which form on which site."""

    site: Site
    staff_id: int
    thing: str


class Draft(Struct, frozen=True, kw_only=True):
    """A draft as it is shown again. `version` is that of the thing when the form was opened."""

    fields: MultiDict[str, str]
    version: int
    at: datetime


def draft_of(owner: Owner) -> Draft | None:
    """The open draft, if there is one; one statement."""
    row = _row(owner)
    if row is None or row.state != "open":
        return None
    return Draft(fields=MultiDict(map(tuple, row.fields)), version=row.version, at=row.at)


def keep(owner: Owner, version: str | None, fields: Iterable[tuple[str, str]]) -> datetime:
    """Keep what is typed in place of what was kept before. Commits.

    Raises Refused for a form that this person has saved since it was opened: what is late must not come back.
    """
    pairs = [[name, value] for name, value in fields]
    if sum(len(name) + len(value) for name, value in pairs) > _LARGEST:
        raise Refused(_("This is too much for a draft."))
    seen = min(int(version), _LARGEST_VERSION) if version and version.isdecimal() else 0
    with db.transaction():
        db.execute("DELETE FROM edit_draft WHERE at < ?", clock.micros(clock.now() - _KEPT))
        row = _row(owner)
        if row is not None and row.state == "closed" and seen < row.version:
            raise Refused(_("You have saved this since, in another window."))
        _put(owner, state="open", version=seen, fields=pairs)
    return clock.now()


def close(owner: Owner, version: int) -> None:
    """The form was saved: its draft is done with. Commits."""
    with db.transaction():
        _put(owner, state="closed", version=version, fields=[])


def discard(owner: Owner) -> None:
    """Let go of the draft; `bring_back` undoes it. Commits."""
    _turn(owner, "open", "discarded")


def bring_back(owner: Owner) -> None:
    """Undo `discard`. Commits."""
    _turn(owner, "discarded", "open")


def _turn(owner: Owner, before: str, after: str) -> None:
    with db.transaction():
        row = _row(owner)
        if row is not None and row.state == before:
            row.state = after
            row.save()


def _put(owner: Owner, **values: object) -> None:
    EditDraft.insert(
        site_id=owner.site.id, staff_id=owner.staff_id, thing=owner.thing, at=clock.now(), **values
    ).on_conflict(
        conflict_target=(EditDraft.site_id, EditDraft.staff_id, EditDraft.thing),
        update={**{getattr(EditDraft, name): value for name, value in values.items()}, EditDraft.at: clock.now()},
    ).execute()


def _row(owner: Owner) -> EditDraft | None:
    mine = EditDraft.for_site(owner.site).where(EditDraft.staff_id == owner.staff_id, EditDraft.thing == owner.thing)
    found: EditDraft | None = mine.first()
    return found
