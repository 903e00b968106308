"""The application of a test runs on the test's own database, in this process and in one of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from core.kernel import db
from core.testing.application import LiveServer

if TYPE_CHECKING:
    from werkzeug.test import Client


def test_the_client_reaches_the_application(client: Client) -> None:
    assert client.get("/healthz").status_code == 200


def test_the_configuration_names_the_database_of_the_test(instance: Path, database: str) -> None:
    assert database in (instance / "stoa.toml").read_text("utf-8")


@pytest.mark.once
def test_a_command_works_on_the_server_s_own_instance(live_server: LiveServer) -> None:
    live_server.command("site", "add", "bowls.localhost", "--name", "Bowls", "--theme", "plain")
    assert "bowls.localhost" in live_server.command("site", "list")


def test_a_served_application_shares_the_database_of_the_test(serve: LiveServer, database: str) -> None:
    serve.command("site", "add", "cups.localhost", "--name", "Cups", "--theme", "plain")
    assert db.value("SELECT count(*) FROM site WHERE host = ?", "cups.localhost") == 1
