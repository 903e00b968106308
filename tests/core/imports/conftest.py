"""A site to import into, with nothing above the imports."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.hookspecs.site import Site


@pytest.fixture
def site(instance: Path) -> Site:
    """An English site with Chinese beside it, that sells in euros and lives in Berlin."""
    from core import app
    from core.catalogue.services.locations import add_location
    from core.kernel import config, db
    from core.kernel.installation import installation
    from core.kernel.sites import SiteRow

    app.assemble(config.load(instance), ("core.imports.services",))
    with db.transaction():
        row = SiteRow.create(
            key="lantern",
            name="Lantern",
            host="lantern.test",
            language="en",
            languages=["zh-CN"],
            currency="EUR",
            country="DE",
            timezone="Europe/Berlin",
        )
        db.execute("UPDATE epoch SET n = n + 1")
    if db.value("SELECT 1 FROM location") is None:
        add_location("main", "Main", 0, "DE", "system")
    return installation().sites.by_id(row.id).site
