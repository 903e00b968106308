"""Where the panel's views of pages are served, and who may use them."""

from __future__ import annotations

from core.api import Views, staff

PERMISSION, PUBLISH = "pages.edit", "pages.publish"
panel = Views()
may_edit, may_publish = staff(PERMISSION), staff(PUBLISH)
