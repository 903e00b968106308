"""Where the API stands: its set of views."""

from __future__ import annotations

from core.api import Views

shop = Views("/api")
