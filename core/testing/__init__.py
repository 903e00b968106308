"""The door for tests, of the house and of plugins: fixtures, factories, fakes and contract suites.

Loaded by pytest as `-p core.testing`; the modules below bring the fixtures.
"""

from __future__ import annotations

import gc
import importlib
import os

import pytest

pytest_plugins = (
    "core.testing.database",
    "core.testing.application",
    "core.testing.logins",
    "core.testing.shop",
    "core.testing.panel",
    "core.testing.blocks",
    "core.testing.browser",
)


def pytest_configure(config: pytest.Config) -> None:
    """Let tests import a plugin that lies outside the project: `./stoa plugin check` names its folder."""
    del config
    gc.disable()  # until all is collected: modules and tests are no garbage
    if folder := os.environ.get("STOA_TEST_PLUGINS"):
        package = importlib.import_module("plugins")
        package.__path__ = [*package.__path__, folder]


def pytest_collection_finish() -> None:
    """What was collected stays to the end of the run: garbage is looked for among what came later, and less often."""
    gc.enable()
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
