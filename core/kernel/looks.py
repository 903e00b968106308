"""What shoppers see of a theme's settings, without a statement: they came with the site's state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.kernel.installation import installation
from core.kernel.sites import SiteState

_LOOK = "look"


def published(state: SiteState, theme: str = "") -> Mapping[str, Any]:
    """The published settings of a theme (the site's own, unless said) on a site; no statement."""
    found: Mapping[str, Any] = state.about.get("theme", {}).get(theme or state.site.theme, {})
    return found


def look_of(state: SiteState) -> str:
    """The stylesheet that the published settings make; worked out once per epoch."""
    if _LOOK not in state.extra:
        state.extra[_LOOK] = installation().themes.look(state.site.theme, published(state))
    found: str = state.extra[_LOOK]
    return found
