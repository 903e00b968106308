"""Secrets at rest, and logs that hold none."""

from __future__ import annotations

import json
import logging
import stat
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import structlog
from cryptography.fernet import Fernet

from core.kernel import installation as installations
from core.kernel import secrets
from core.kernel.installation import Installation
from core.kernel.sites import PluginDefault, SitePlugin

CANARY = "sk_live_canary_8f2a"


@pytest.fixture(autouse=True)
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    here = cast("Installation", SimpleNamespace(config=SimpleNamespace(instance=tmp_path)))
    monkeypatch.setattr(installations, "_present", [here])
    yield tmp_path
    secrets._known.clear()


def test_a_sealed_secret_is_unreadable_at_rest_and_opens_again() -> None:
    stored = secrets.sealed(CANARY)
    assert CANARY not in json.dumps(stored)
    assert secrets.opened(stored) == CANARY


def test_the_key_belongs_to_its_owner_alone(instance: Path) -> None:
    secrets.sealed("anything")
    assert stat.S_IMODE((instance / "secret.key").stat().st_mode) == 0o600


def test_rotation_seals_all_settings_with_the_new_key(instance: Path, database: str) -> None:
    del database
    old = secrets.sealed(CANARY)
    SitePlugin.create(site_id=1, name="bank", settings={"key": old, "mode": "live"})
    PluginDefault.create(name="bank", settings={"key": old})
    assert secrets.rotate() == 2
    assert stat.S_IMODE((instance / "secret.key").stat().st_mode) == 0o600
    assert secrets.opened(old) == CANARY
    newest = (instance / "secret.key").read_text().split()[0]
    (instance / "secret.key").write_text(newest + "\n")
    secrets._ring_of.cache_clear()
    kept = SitePlugin.get(SitePlugin.site_id == 1).settings
    assert secrets.opened(kept["key"]) == CANARY
    assert kept["mode"] == "live"
    assert secrets.opened(PluginDefault.get().settings["key"]) == CANARY
    with pytest.raises(secrets.Sealed):
        secrets.opened(old)


def test_a_process_that_runs_on_opens_what_another_sealed_after_rotation(instance: Path) -> None:
    secrets.sealed("anything")
    new = Fernet.generate_key()
    (instance / "secret.key").write_bytes(new + b"\n" + (instance / "secret.key").read_bytes())
    assert secrets.opened({"$secret": Fernet(new).encrypt(CANARY.encode()).decode()}) == CANARY


def test_two_installations_do_not_open_each_others_secrets(instance: Path) -> None:
    stored = secrets.sealed(CANARY)
    (instance / "secret.key").unlink()
    secrets._ring_of.cache_clear()
    with pytest.raises(secrets.Sealed) as refused:
        secrets.opened(stored)
    assert refused.value.permanent


def test_signing_keys_of_two_installations_differ(instance: Path) -> None:
    here = secrets.signing_key()
    assert secrets.signing_key() == here
    (instance / "secret.key").unlink()
    assert secrets.signing_key() != here


@pytest.mark.parametrize(
    "line",
    [
        f"charging with {CANARY} failed",
        "login password=correcthorse8",
        "{'token': 'correcthorse8'}",
        "Authorization: Bearer correcthorse8",
        'api_key: "correcthorse8"',
        "GET /x?secret=correcthorse8&a=1",
    ],
)
def test_no_secret_reaches_a_log_line(line: str) -> None:
    secrets.sealed(CANARY)
    said = secrets.redacted(line)
    assert CANARY not in said
    assert "correcthorse8" not in said
    assert "[hidden]" in said


def test_innocent_lines_stay_as_they_are() -> None:
    secrets.sealed("x")
    line = "order 1042 placed by shopper 9, 3 lines, next=/account"
    assert secrets.redacted(line) == line


def test_structured_events_lose_secrets_at_every_depth() -> None:
    secrets.sealed(CANARY)
    event = {
        "event": "login refused",
        "password": "hunter2hunter2",
        "data": {"Cookie": "stoa=1", "list": [CANARY]},
        "n": 3,
    }
    said = secrets.redact_event(None, "info", event)
    assert said == {
        "event": "login refused",
        "password": "[hidden]",
        "data": {"Cookie": "[hidden]", "list": ["[hidden]"]},
        "n": 3,
    }


def test_a_user_name_cannot_write_a_line_of_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    secrets.configure_log()
    try:
        structlog.get_logger("test").warning("login refused", email="x\n2026-01-01 login accepted owner\x1b[2K")
    finally:
        structlog.reset_defaults()
    lines = capsys.readouterr().err.strip().split("\n")
    assert len(lines) == 1
    assert json.loads(lines[0])["event"] == "login refused"


def test_a_library_s_log_line_stays_one_line_without_secrets() -> None:
    secrets.sealed(CANARY)
    record = logging.LogRecord("werkzeug", logging.INFO, __file__, 1, "GET /%s", (f"a\r\nb {CANARY}\u2028c",), None)
    assert secrets.RedactingFilter().filter(record)
    assert record.getMessage() == "GET /a\\r\\nb [hidden]\\u2028c"
