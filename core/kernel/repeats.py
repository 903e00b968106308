"""Forms that are sent twice: an act writes the key of its form in its own transaction, so that it happens once.

A double click, a reload and a step back send the same key again. The row is inserted or it was there: check and write
are one statement, and of two clicks at once the second waits for the first.
"""

from __future__ import annotations

from datetime import timedelta

import peewee

from core.kernel import db, jobs, tables
from core.lib import clock
from core.lib.errors import Refused, StoaError

KEPT = timedelta(days=60)


class DoneForm(tables.Table):
    """A form whose act is done. `key` begins with its site; `content` is a digest of what the form said."""

    key = peewee.CharField(max_length=80, unique=True)
    content = peewee.CharField(max_length=20)
    at = tables.InstantField(index=True)


class DoneBefore(StoaError):
    """The act of this form is done: nothing was done a second time. Whoever shows pages leads to where it led."""

    default_message = "This was done already. It was not done a second time."


class FormReused(Refused):
    """The form was sent before, saying something else: doing that too would be a guess."""

    code = "form_reused"
    default_message = "This form was sent before with other content, which is done. Look at that, then send it anew."


def form_key(site_id: int, token: str, content: str) -> str:
    """The key that a verb takes: the site, what names the form, and a digest of what it says."""
    return f"{site_id}:{token.replace('.', '')[:40]}.{content[:20]}"


def claim(key: str) -> None:
    """First statement of a verb that must not be repeated; without a `key` it claims nothing.

    Raises DoneBefore, or FormReused where the form said something else then.
    """
    db.require_transaction()
    name, _dot, content = key.partition(".")
    if name and not db.execute(
        "INSERT INTO done_form (key, content, at) VALUES (?, ?, ?) ON CONFLICT (key) DO NOTHING",
        name, content, clock.now_us(),
    ):  # fmt: skip
        check(key)
        raise FormReused


def check(key: str) -> None:
    """Raise DoneBefore where the act of this form, saying the same, is done: before anything is read or asked."""
    name, _dot, content = key.partition(".")
    if name and db.value("SELECT content FROM done_form WHERE key = ?", name) == content:
        raise DoneBefore


@jobs.job("forms.forget", every=timedelta(days=1))
def _forget(running: jobs.Running) -> None:
    """A page that stood open for two months is not sent twice."""
    del running
    with db.transaction():
        db.execute("DELETE FROM done_form WHERE at < ?", clock.micros(clock.now() - KEPT))
