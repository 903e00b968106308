"""The document is true for whatever a program sends that it allows, and for what it does not: read by schemathesis.

It makes requests of the document alone, and knows nothing of how the document or the answers are made.
"""

from __future__ import annotations

from typing import Any

import pytest

from core.api import Site
from core.testing.attempts import forget_attempts
from plugins.api.tests.walk import Walk

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")


def failures(site: Site, app: Any, key: str, *, examples: int, only: str = "") -> list[str]:
    """What was answered otherwise than the document says: of fitting and unfitting requests to every operation."""
    from hypothesis import HealthCheck, Phase, given, settings, strategies
    from schemathesis import GenerationMode
    from schemathesis.core.failures import FailureGroup

    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app, headers={"Host": site.host})
    found: list[str] = []
    for one in (result.ok() for result in schema.get_all_operations()):
        if only and one.definition.raw.get("operationId") != only:
            continue

        @settings(
            max_examples=examples, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=strategies.one_of(*(one.as_strategy(generation_mode=mode) for mode in GenerationMode)))
        def asked(case: Any) -> None:
            forget_attempts()
            case.call_and_validate(headers={"Authorization": f"Bearer {key}", "Host": site.host})

        try:
            asked()
        except (FailureGroup, AssertionError) as error:
            found.append(f"{one.label}: {error}")
    return found


@pytest.fixture
def asking(walk: Walk, site: Site, turn_on: Any, app: Any) -> Any:
    """`asking(examples=3)`: the failures of a shop with something in every corner."""
    turn_on("api", docs_open=True, per_minute=100_000)

    def ask(**more: Any) -> list[str]:
        return failures(site, app, walk.app.key, **more)

    return ask


@pytest.mark.slow
def test_every_operation_answers_as_the_document_says_whatever_is_sent(asking: Any) -> None:
    assert asking(examples=5) == []


def test_an_operation_answers_as_the_document_says_and_one_that_does_not_is_noticed(
    asking: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert asking(examples=20, only="move_stock") == []
    # Planted: what fits the document, and cannot be done, is said not to fit.
    monkeypatch.setattr("plugins.api.views.operations.Unsold", Exception)
    assert asking(examples=20, only="move_stock")
