"""The pages of the import wizard, and the export."""

from __future__ import annotations

from core.panel.imports.views import columns, export, runs

__all__ = ["columns", "export", "runs"]
