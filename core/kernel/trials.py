"""Trying a plugin's settings: its `test` is run outside a transaction, with an end, and answered in plain words."""

from __future__ import annotations

import contextvars
import queue
import threading

from msgspec import Struct

from core.hookspecs.site import Site
from core.kernel import db, i18n
from core.kernel.i18n import gettext as _
from core.kernel.installation import installation
from core.lib.errors import NotFound, StoaError

WAIT_S = 10.0


class Trial(Struct, frozen=True):
    """What came of it, in the reader's words."""

    is_good: bool
    said: str


def can_be_tried(name: str) -> bool:
    """Whether a plugin declares a `test`."""
    loaded = installation().plugins.loaded.get(name)
    return loaded is not None and loaded.plugin.test is not None


def try_settings(site: Site, name: str, email: str) -> Trial:
    """Run the plugin's `test` for a site; `email` is the address of whoever asks. Waits ten seconds at most.

    Raises NotFound for a plugin without one. A fault of the plugin is reported, and said. What takes longer goes on
    by itself, unheard.
    """
    if not can_be_tried(name):
        raise NotFound
    if db.in_transaction():
        raise db.InTransaction("a plugin's settings are tried outside a transaction")
    heard: queue.SimpleQueue[Trial] = queue.SimpleQueue()
    # The thread speaks the reader's language, and knows the request's site.
    context = contextvars.copy_context()

    def run() -> None:
        heard.put(context.run(_run, site, name, email))

    threading.Thread(target=run, name=f"stoa-trial-{name}", daemon=True).start()
    try:
        return heard.get(timeout=WAIT_S)
    except queue.Empty:
        return Trial(False, _("There was no answer within %(seconds)s seconds.", seconds=i18n.number(WAIT_S)))


def _run(site: Site, name: str, email: str) -> Trial:
    test = installation().plugins.loaded[name].plugin.test
    assert test is not None
    db.connect()
    opened = db.db.obj
    try:
        said = _text(test(site, email))
    except StoaError as error:
        return Trial(False, i18n.say(error))
    except (Exception, SystemExit) as error:  # noqa: BLE001 -- the guard around a plugin: the page must open
        installation().faults.report(site.id, name, "test", error)
        return Trial(False, _("The test itself failed. What happened is noted among the plugin's faults."))
    finally:
        db.reset_thread(opened)
    return Trial(True, said)


def _text(answer: object) -> str:
    if not isinstance(answer, str):
        raise TypeError(f"test answers a text, not {type(answer).__name__}")
    return answer
