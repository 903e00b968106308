"""What imports can do. Importing this declares the jobs; other floors import the module they need."""

from __future__ import annotations

from core.imports.services import fetch_pictures
from core.imports.services.command_line import run_from_command_line
from core.imports.services.export_products import export_products

__all__ = ["export_products", "fetch_pictures", "run_from_command_line"]
