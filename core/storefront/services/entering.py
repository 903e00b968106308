"""What plugins keep for a visitor, handed to the account when the visitor signs in."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import partial

from core.kernel.installation import installation
from core.kernel.sites import SiteState
from core.lib.errors import Broken
from core.orders.services.gateways import guarded

COOKIE = "mine_"
_LONGEST = 3500


def tell_entered(state: SiteState, shopper_id: int, cookies: Mapping[str, str]) -> dict[str, str]:
    """Let each plugin that wants it take over its cookie; answers the cookies as they should be from now on.

    A plugin that fails is reported, and the sign-in goes on. Plugins commit.
    """
    held: dict[str, str] = {}
    for plugin in state.runtime.plugins:
        if installation().plugins.loaded[plugin].plugin.entered is not None:
            told = partial(_told, state, plugin, shopper_id, cookies)
            with suppress(Broken):
                held.update(guarded(state, plugin, "entered", told))
    return held


def _told(state: SiteState, plugin: str, shopper_id: int, cookies: Mapping[str, str]) -> dict[str, str]:
    entered, name = installation().plugins.loaded[plugin].plugin.entered, f"{COOKIE}{plugin}"
    assert entered is not None
    answer = entered(state.site, shopper_id, cookies.get(name, ""))
    if answer is None:
        return {}
    if not isinstance(answer, str) or len(answer) > _LONGEST:
        raise TypeError(f"entered answers the text of a cookie of at most {_LONGEST} letters, or None")
    return {name: answer}
