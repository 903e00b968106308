"""Sessions as rows: the browser holds a random token, the database its digest, so that we can end a session.

A session is read when something first asks it and written only by requests that change something: a page that never
asks costs no statement, and no GET ever writes. When a session was last seen gathers in memory and is flushed later.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import peewee
from flask import Flask, Request, Response, request
from flask.sessions import SessionInterface, SessionMixin
from msgspec import Struct

from core.kernel import cache, db, jobs, security, sites, tables
from core.lib import clock, ids
from core.lib.addresses import one_line
from core.lib.errors import Refused

LIFE = timedelta(days=60)
STAFF_LIFE = timedelta(hours=12)
STAFF_IDLE = timedelta(hours=1)
FLUSH_EVERY = timedelta(minutes=1)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}\Z")
_seen: dict[int, int] = {}
_last_flush = [0]


class Session(tables.SiteTable):
    """One browser on one site: who is logged in there, and the little it carries along."""

    token_digest = peewee.CharField(max_length=64, unique=True)
    shopper_id = peewee.IntegerField(null=True, index=True)
    staff_id = peewee.IntegerField(null=True, index=True)
    data = tables.JSONField(default=dict)
    created_at = tables.InstantField()
    seen_at = tables.InstantField()
    expires_at = tables.InstantField(index=True)
    agent = peewee.CharField(max_length=200, default="")


class InsecureConnection(Refused):
    """A login over plain http from another machine: anybody on the way could read the password."""

    status = 403
    code = "insecure_connection"
    default_message = (
        "Logging in needs a secure connection. Open this page by https, or ask whoever runs the shop to set https up."
    )


class SessionWrittenOnRead(RuntimeError):
    """A view changed the session on a GET, or where none may be; in production the change is dropped."""


def check_connection() -> None:
    """Raise InsecureConnection unless the request came by https or from this machine."""
    if not request.is_secure and not security.is_loopback(request.host):
        raise InsecureConnection


# -- the session of a request -----------------------------------------------------------------------------------------


class RowSession(SessionMixin):
    """A mapping of JSON values, with the ids of who is logged in; loaded when first asked."""

    modified = False

    def __init__(self, token: str = "", site_id: int = 0) -> None:
        self.id: int | None = None
        self.touched = False
        self.renewed = False
        self.ended = False
        self._token = token
        self.site_id = site_id
        self._loaded = False
        self._data: dict[str, Any] = {}
        self._shopper_id: int | None = None
        self._staff_id: int | None = None
        self.expires_at: datetime | None = None

    @property
    def shopper_id(self) -> int | None:
        """The shopper logged in here."""
        self._load()
        return self._shopper_id

    @property
    def staff_id(self) -> int | None:
        """The member of staff logged in here."""
        self._load()
        return self._staff_id

    def log_in(self, *, shopper_id: int | None = None, staff_id: int | None = None) -> None:
        """Let somebody in, beside whoever of the other kind is in already. The token is new, against fixation."""
        self._load()
        if staff_id is not None or self._staff_id is None:
            self.expires_at = None
        self._shopper_id = shopper_id or self._shopper_id
        self._staff_id = staff_id or self._staff_id
        self.renewed, self.ended, self.modified = True, False, True

    def log_out(self) -> None:
        """End the session: its row goes with all that it carries."""
        self._load()
        self._data, self._shopper_id, self._staff_id = {}, None, None
        self.ended = self.modified = True

    def dump(self) -> str:
        """The carried values as JSON, in ASCII: half a character from a strange client is stored like any other."""
        return json.dumps(self._data, separators=(",", ":"))

    def __getitem__(self, key: str) -> Any:
        self._load()
        return self._data[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._load()
        self._data[key] = value
        self.modified = True

    def __delitem__(self, key: str) -> None:
        self._load()
        del self._data[key]
        self.modified = True

    def __iter__(self) -> Iterator[str]:
        self._load()
        return iter(self._data)

    def __len__(self) -> int:
        self._load()
        return len(self._data)

    def _load(self) -> None:
        self.touched = True
        cache.personal("session")
        if self._loaded:
            return
        self._loaded = True
        row = _living(self._token, self.site_id) if self._token else None
        if row is not None:
            self.id, self._shopper_id, self._staff_id = row[0], row[1], row[2]
            self._data, self.expires_at = json.loads(row[3]), clock.instant(row[4])


def _living(token: str, site_id: int) -> db.Row | None:
    """(id, shopper, staff, data, expires) of a session that is neither over nor, for staff, left alone too long."""
    row = db.one(
        "SELECT id, shopper_id, staff_id, data, expires_at, seen_at FROM session"
        " WHERE token_digest = ? AND site_id = ?",
        ids.digest(token),
        site_id,
    )
    now = clock.now_us()
    if row is None or row[4] <= now:
        return None
    last_seen = max(row[5], _seen.get(row[0], 0))
    if row[2] is not None and now - last_seen > STAFF_IDLE // timedelta(microseconds=1):
        return None
    _seen[row[0]] = now
    return row[:5]


class RowSessions(SessionInterface):
    """Flask's door to the rows. The cookie is `__Host-stoa` on https, else `stoa`: there browsers refuse the prefix."""

    def open_session(self, app: Flask, request: Request) -> RowSession:
        """No statement: the row is read when somebody asks."""
        del app
        token = request.cookies.get(cookie_name(secure=request.is_secure), "")
        state = request.environ.get("stoa.state")
        return RowSession(token, state.site.id) if state is not None and _TOKEN.match(token) else RowSession()

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write what changed, in a transaction of its own; only after requests that may change something."""
        assert isinstance(session, RowSession)
        if session.touched:
            response.vary.add("Cookie")
            response.headers.setdefault("Cache-Control", "private, no-cache")
        if not session.modified:
            return
        if not _may_write(app):
            if app.testing:
                raise SessionWrittenOnRead(f"{request.method} {request.path} changed the session")
            return
        with db.transaction():
            token = _store(session)
            _flush_if_due()
        _set_cookie(session, token, response)


def _may_write(app: Flask) -> bool:
    view = app.view_functions.get(request.endpoint or "")
    return request.method not in security.SAFE_METHODS and not (view and security.takes_any_origin(view))


def _store(session: RowSession) -> str:
    """Update, end or renew the row; answers the new token, if there is one."""
    if session.ended:
        _delete(session)
        return ""
    if session.id is not None and not session.renewed:
        # A row that another request has ended meanwhile stays ended.
        db.execute("UPDATE session SET data = ? WHERE id = ?", session.dump(), session.id)
        return ""
    _delete(session)
    return _insert(session)


def _delete(session: RowSession) -> None:
    if session.id is not None:
        db.execute("DELETE FROM session WHERE id = ?", session.id)


def _insert(session: RowSession) -> str:
    token, now = ids.token(), clock.now()
    life = LIFE if session.staff_id is None else STAFF_LIFE
    session.expires_at = (session.expires_at if session.renewed else None) or now + life
    db.execute(
        "INSERT INTO session"
        " (site_id, token_digest, shopper_id, staff_id, data, created_at, seen_at, expires_at, agent)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        sites.current().site.id,
        ids.digest(token),
        session.shopper_id,
        session.staff_id,
        session.dump(),
        clock.micros(now),
        clock.micros(now),
        clock.micros(session.expires_at),
        one_line(request.user_agent.string, 200),
    )
    return token


def _set_cookie(session: RowSession, token: str, response: Response) -> None:
    """A shopper's cookie outlives the browser's window; that of staff does not."""
    name, secure = cookie_name(secure=request.is_secure), request.is_secure
    if session.ended:
        response.delete_cookie(name, path="/", secure=secure, httponly=True, samesite="Lax")
    elif token:
        expires = session.expires_at if session.staff_id is None else None
        response.set_cookie(name, token, expires=expires, path="/", secure=secure, httponly=True, samesite="Lax")


def cookie_name(*, secure: bool) -> str:
    """The name of the session's cookie; the front asks it to know whether a visitor has one."""
    return "__Host-stoa" if secure else "stoa"


# -- all sessions -----------------------------------------------------------------------------------------------------


class OpenSession(Struct, frozen=True, kw_only=True):
    """A session as its owner sees it, in the list of places where they are logged in."""

    id: int
    agent: str
    created_at: datetime
    seen_at: datetime


def sessions_of(*, shopper_id: int | None = None, staff_id: int | None = None) -> list[OpenSession]:
    """The living sessions of one person, the last seen first."""
    # All sites: staff log in on each site's host.
    found = Session.select().where(_owned(shopper_id, staff_id), Session.expires_at > clock.now())
    return [
        OpenSession(id=row.id, agent=row.agent, created_at=row.created_at, seen_at=_last_seen(row))
        for row in found.order_by(Session.seen_at.desc())
    ]


def end_sessions(*, shopper_id: int | None = None, staff_id: int | None = None, keep: int | None = None) -> int:
    """End the sessions of one person but `keep`, inside the verb's transaction; answers how many."""
    db.require_transaction()
    # All sites: staff log in on each site's host.
    gone = Session.delete().where(_owned(shopper_id, staff_id))
    return int((gone if keep is None else gone.where(Session.id != keep)).execute())


def end_session(session_id: int, *, shopper_id: int | None = None, staff_id: int | None = None) -> bool:
    """End one session of this very person; False if it is not theirs or already over. Commits."""
    with db.transaction():
        # All sites: staff log in on each site's host.
        return bool(Session.delete().where(Session.id == session_id, _owned(shopper_id, staff_id)).execute())


def _owned(shopper_id: int | None, staff_id: int | None) -> peewee.Expression:
    """Exactly one of the two: without an owner nothing may match."""
    if (shopper_id is None) == (staff_id is None):
        raise ValueError("name the shopper or the member of staff")
    return Session.shopper_id == shopper_id if staff_id is None else Session.staff_id == staff_id


def _last_seen(row: Session) -> datetime:
    stored: datetime = row.seen_at
    return max(stored, clock.instant(_seen.get(row.id, 0)))


def flush_seen() -> int:
    """Write when sessions of this process were last seen, once a minute; the worker calls it. Answers how many."""
    if not _seen or not _flush_is_due():
        return 0
    with db.transaction():
        return _flush_if_due()


def reset() -> None:
    """Forget what this process gathered, for tests."""
    _seen.clear()
    _last_flush[0] = 0


def _flush_is_due() -> bool:
    """Also when the clock was set back since."""
    return abs(clock.now_us() - _last_flush[0]) >= FLUSH_EVERY // timedelta(microseconds=1)


def _flush_if_due() -> int:
    """Within a transaction that writes anyway: it costs no further commit."""
    if not _flush_is_due():
        return 0
    _last_flush[0] = clock.now_us()
    gathered = sorted(_seen.items())
    for session_id, at in gathered:
        db.execute("UPDATE session SET seen_at = ? WHERE id = ? AND seen_at < ?", at, session_id, at)
        _seen.pop(session_id, None)
    return len(gathered)


@jobs.job("sessions.forget", every=timedelta(hours=1))
def _forget(running: jobs.Running) -> None:
    """Sessions that are over, and those that staff left alone, leave the table."""
    del running
    now = clock.now()
    idle = clock.micros(now - STAFF_IDLE - FLUSH_EVERY)
    with db.transaction():
        db.execute(
            "DELETE FROM session WHERE expires_at <= ? OR (staff_id IS NOT NULL AND seen_at < ?)",
            clock.micros(now),
            idle,
        )
