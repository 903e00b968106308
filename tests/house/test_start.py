"""What a process of the shop loads when it starts on SQLite, and what its workers find made when it forks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from core.kernel.config import ROOT
from core.testing.database import Databases

pytestmark = pytest.mark.once

# Heavy packages, and who alone loads them, where it needs them.
ELSEWHERE = {
    "psycopg": "db.configure(), for PostgreSQL",
    "playhouse.migrations": "who migrates",
    "asyncio": "nobody: structlog and limits insist on it",
    "greenlet": "nobody: structlog asks for it",
    "rich": "nobody: it colours traces on a terminal, ours are JSON",
    "pygments": "nobody: it came with rich",
    "PIL": "an upload, and a size of a picture that was never asked for",
    "whoosh": "search_whoosh, where it is on",
    "requests": "a payment at the test gateway",
    "urllib3": "requests",
    "charset_normalizer": "requests",
    "smtplib": "mail, when it sends",
    "email.headerregistry": "mail, when it sends",
    "css_inline": "who writes a letter",
    "nh3": "who stores rich text",
    "cryptography": "who opens a secret",
    "webauthn": "a passkey",
    "argon2": "who signs in with a password",
    "babel.messages": "who reads a .po that has changed",
    "fpdf": "documents, when one is drawn",
    "fontTools": "documents, when one is drawn",
    "segno": "who draws a QR code",
    "phonenumbers": "who reads a phone number",
    "markdown_it": "the documentation",
    "pypinyin": "who stores a Chinese name",
    "xml": "who reads XML; what we write is written by hand",
    "argparse": "who parses a command",
    "click": "nobody: Flask would have commands, ours are not its",
    "werkzeug.serving": "./stoa run",
    "pdb": "nobody: the tests of click would stop in it",
    "wrapt": "nobody: limits notes with it what came when",
    "typing_extensions": "nobody: msgspec takes what typing has",
    "plugins.demo.services": "who makes the demo",
}

_SERVER = """
import gc, json, os, sys
if not os.fork():
    from core.cli.boot import boot
    from core.kernel.site_verbs import add_site

    boot(migrated=False)
    add_site(host="shop.test", name="Shop", currency="EUR", country="DE")
    os._exit(0)
os.wait()

from wsgi import app
from core.kernel import db
from core.kernel.installation import installation
from core.kernel.measures import MEASURES

loaded, set_aside = sorted(sys.modules), gc.get_freeze_count()
if os.fork():
    os._exit(os.waitstatus_to_exitcode(os.wait()[1]))

def asked(path):
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": "", "HTTP_HOST": "shop.test:8000",
               "SERVER_NAME": "shop.test", "SERVER_PORT": "8000", "wsgi.url_scheme": "http", "wsgi.input": None}
    answers = []
    with db.counted() as statements:
        b"".join(app(environ, lambda status, headers: answers.append(status)))
    return [answers[0], len(statements)]

said = {
    "loaded": loaded,
    "set_aside": [set_aside, gc.get_freeze_count()],
    "connected": not db.db.is_closed(),
    "counted": len(MEASURES.waiting()),
    "templates": [len(one.cache) for one in installation().themes._environments.values()],
    "asked": asked("/"),
    "collects": gc.isenabled(),
}
print(json.dumps(said), flush=True)
os._exit(0)
"""


@pytest.fixture(scope="module")
def worker(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a worker says that was forked from `wsgi`, on a shop of one site."""
    folder = tmp_path_factory.mktemp("started")
    given = {"STOA_INSTANCE": str(folder), "STOA_DATABASE_URL": databases.clone(folder), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", _SERVER], env={**os.environ, **given}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


@pytest.mark.parametrize("package", ELSEWHERE)
def test_a_start_does_not_load(worker: dict[str, Any], package: str) -> None:
    assert package not in worker["loaded"], f"{package} is loaded at the start; it is for {ELSEWHERE[package]}"


def test_what_was_loaded_is_set_aside_from_the_collector(worker: dict[str, Any]) -> None:
    """The collector writes to all that it looks through, and what a worker writes to is no longer shared."""
    started, forked = worker["set_aside"]
    assert started > 50_000
    assert forked > started, "what was made before the fork is set aside, too"
    assert worker["collects"]


def test_a_worker_finds_made_what_every_visitor_needs(worker: dict[str, Any]) -> None:
    assert worker["templates"][0] > 20, "compiled before the fork"
    assert worker["asked"] == ["200 OK", 1], "the first page is kept: one statement asks whether it is still true"


def test_a_worker_begins_without_its_parents_connection_and_counts(worker: dict[str, Any]) -> None:
    assert not worker["connected"]
    assert worker["counted"] == 0
