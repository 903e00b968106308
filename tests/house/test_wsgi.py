"""`gunicorn wsgi:app`: two workers forked from one that has loaded everything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.servers import HOST, Server, Visitor, start


@pytest.fixture
def workers(instance: Path) -> Iterator[Server]:
    """Two workers on this test's database, loaded before they are forked."""
    from core.app import create_app
    from core.kernel.site_verbs import add_site

    create_app(instance)
    add_site(host=HOST, name="Forked", currency="EUR", country="DE")
    server = start("wsgi:app", instance, "--workers", "2", "--preload", STOA_INSTANCE=str(instance))
    try:
        server.wait("/readyz")
        yield server
    finally:
        server.stop()


def test_two_workers_answer_after_the_fork(workers: Server) -> None:
    answers = [Visitor(workers).get("/") for _ in range(12)]
    assert {answer.status for answer in answers} == {200}
    assert all("Forked" in answer.text for answer in answers)
