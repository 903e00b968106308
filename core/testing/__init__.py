"""The door for tests, of the house and of plugins: fixtures, factories, fakes and contract suites.

Loaded by pytest as `-p core.testing`; the modules below bring the fixtures.
"""

from __future__ import annotations

pytest_plugins = ("core.testing.database", "core.testing.application", "core.testing.logins", "core.testing.shop", "core.testing.browser")
