"""What imports can do. Other floors import the module they need; importing this one declares the jobs."""

from __future__ import annotations

from core.imports.services import fetch_pictures, import_products

__all__ = ["fetch_pictures", "import_products"]
