"""The one set of views that the modules beside this one add to."""

from __future__ import annotations

from core.kernel.routes import Views

VIEWS = Views()
