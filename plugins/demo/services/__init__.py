"""Two shops with goods, and sixty days in which they were sold."""

from __future__ import annotations

from plugins.demo.services.shops import seed

__all__ = ["seed"]
