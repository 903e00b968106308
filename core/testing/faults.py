"""Every hook that a plugin answers, made to fail: the shop stands, an order is placed and cancelled or refused.

Run by `./stoa plugin check`, which names the plugin in the environment; not collected otherwise.
"""

from __future__ import annotations

import os
from typing import Any

import pytest

from core.hookspecs.spec import OnError
from core.kernel.runtime import HookFailed
from core.testing.check import FAULTS, faulty

PLUGIN = os.environ.get("STOA_TEST_PLUGIN", "")
PAGES = ("/", "/search?q=lamp", "/cart")


def _hooks() -> list[str]:
    """The hooks that the plugin answers, read from its code: no installation stands while tests are collected."""
    import importlib
    from types import FunctionType

    module = importlib.import_module(f"plugins.{PLUGIN}.plugin")
    return [name for name, value in vars(module).items() if type(value) is FunctionType and hasattr(value, "stoa_impl")]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("hook", _hooks() if PLUGIN else [])
def test_the_shop_stands(
    hook: str, fault: str, browse: Any, site: Any, turn_on: Any, sell: Any, order: Any, outbox: Any
) -> None:
    from core.kernel import db
    from core.kernel.sites import state_of
    from core.orders.services.cancel import cancel

    item = sell("LAMP", 8900, stock=3, name="Lamp")
    turn_on(PLUGIN)
    state = state_of(site.id)
    policy = state.runtime.callers[hook].policy
    with faulty(state, PLUGIN, hook, FAULTS[fault]):
        for page in PAGES:
            assert browse(site, page).status_code < 500, page
        try:
            cancel(site, order(item).id, actor="system")
            placed = 1
        except HookFailed:
            assert policy.on_error is OnError.BLOCK
            placed = 0
        outbox.deliver()
    assert db.value("SELECT COUNT(*) FROM orders") == placed
