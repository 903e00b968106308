"""`./stoa plugin check`: a plugin's own tests with its contract suites, then faults in every hook it answers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from core.kernel.config import ROOT
from core.kernel.installation import installation
from core.kernel.plugins import Loaded
from core.kernel.retiring import uses_of
from core.kernel.settings import fields


def check_plugin(name: str) -> int:
    """Run all checks and print what was found; answers 0 if all is well, 1 otherwise."""
    registry = installation().plugins
    if name in registry.broken:
        print(f"{name} cannot be loaded: {registry.broken[name].reason}\n\n{registry.broken[name].trace}")
        return 1
    loaded = registry.loaded.get(name)
    if loaded is None:
        print(f"There is no plugin {name!r}.")
        return 1
    found = [*missing(loaded), *untested(loaded)]
    for line in found:
        print(f"✗ {line}")
    for use in uses_of(name):
        print(f"! {use.said}")
    for text in unsaid(loaded):
        print(f"! {text} is not in locale/zh_CN: who reads Chinese reads it in English")
    return 1 if _run_tests(loaded) or found else 0


def missing(loaded: Loaded) -> list[str]:
    """What a complete plugin folder has and this one lacks."""
    found = []
    if not (loaded.folder / "README.md").exists():
        found.append("README.md is missing: say what the plugin does for a merchant")
    if not list((loaded.folder / "tests").glob("test_*.py")):
        found.append("tests/ has no test")
    if not (loaded.folder / "locale" / "zh_CN" / "LC_MESSAGES" / "messages.po").exists():
        found.append("locale/zh_CN is missing: a plugin speaks both languages")
    found += [f"{access} declares nobody who may use it" for access in undeclared(loaded)]
    return found


def undeclared(loaded: Loaded) -> list[str]:
    """Routes that say nothing about who may use them: they answer nobody."""
    from core.kernel.security import access_of

    return [rule.rule for rule, view in loaded.rules if access_of(view) is None]


def unsaid(loaded: Loaded) -> list[str]:
    """Texts of the plugin that neither its Chinese catalogue nor core's has: `gettext("...")`, titles, labels."""
    from core.kernel.themes import CORE
    from core.testing.languages import entries, own_msgids
    from core.testing.texts import refusal_names, texts

    catalogue = loaded.folder / "locale" / "zh_CN" / "LC_MESSAGES" / "messages.po"
    if not catalogue.exists():
        return []
    known = own_msgids(CORE) | {one.id if isinstance(one.id, str) else one.id[0] for one in entries(catalogue)}
    marked = [text.msgid for text in texts(loaded.folder, refusal_names([loaded.folder]))]
    return [repr(text) for text in dict.fromkeys([*_declared(loaded), *marked]) if text and text not in known]


def _declared(loaded: Loaded) -> Iterator[str]:
    """The texts of the manifest that a merchant reads."""
    plugin = loaded.plugin
    yield plugin.title
    yield plugin.summary
    if plugin.settings is not None:
        for one in fields(plugin.settings):
            yield from (one.label, one.help)
    titled: tuple[Any, ...] = (
        *plugin.permissions, *plugin.panel_menu, *plugin.panel_sections, *plugin.product_acts, *plugin.blocks,
        *plugin.recorded.values(),
    )  # fmt: skip
    yield from (one.title for one in titled)
    for block in plugin.blocks:
        for field in block.fields:
            yield from (field.label, field.help)
    yield from plugin.verbs.values()
    yield from (words for words in plugin.holds.values() if isinstance(words, str))


_CONTRACTS = {
    "payment_gateways": "GatewayContract",
    "fulfil_carriers": "CarrierContract",
    "fulfil_allocate": "SourcingContract",
    "order_problems": "GuardContract",
    "notify_channels": "ChannelContract",
    "promote_offers": "PromotionContract",
    "promote_prices": "PriceContract",
    "checkout_taxes": "TaxContract",
    "site_search": "SearchContract",
}


def untested(loaded: Loaded) -> list[str]:
    """Contract suites that the plugin's tests do not run though its hooks call for them."""
    tests = "\n".join(path.read_text("utf-8") for path in (loaded.folder / "tests").glob("*.py"))
    return [
        f"{hook} is answered, but no test runs {suite}"
        for hook, suite in _CONTRACTS.items()
        if hook in loaded.hooks and suite not in tests
    ]


def _run_tests(loaded: Loaded) -> int:
    """The plugin's tests, and `faults.py` beside this file with every hook that it answers."""
    import subprocess

    environment = _environment(loaded)
    own = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-c",
        str(ROOT / "setup.cfg"),
        "--rootdir",
        str(ROOT),
        "-p",
        "core.testing",
    ]
    places = [str(loaded.folder / "tests"), str(ROOT / "core" / "testing" / "faults.py")]
    return subprocess.run([*own, *places], cwd=ROOT, env=environment, check=False).returncode


def _environment(loaded: Loaded) -> dict[str, str]:
    import os

    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "STOA_TEST_PLUGIN": loaded.plugin.name,
        "STOA_TEST_PLUGINS": str(loaded.folder.parent),
    }


Fault = Callable[..., Any]


def _raises(**_: Any) -> Any:
    raise RuntimeError("a planted fault")


def _exits(**_: Any) -> Any:
    raise SystemExit(3)


def _nonsense(**_: Any) -> Any:
    return "nonsense"


def _sleeps(**_: Any) -> Any:
    import time

    time.sleep(0.05)


FAULTS: dict[str, Fault] = {"raises": _raises, "exits": _exits, "answers nonsense": _nonsense, "sleeps": _sleeps}


@contextmanager
def faulty(state: Any, plugin: str, hook: str, fault: Fault) -> Any:
    """Within the block, `plugin` answers `hook` on the state's site by `fault`."""
    from msgspec.structs import replace

    caller = state.hooks._callers[hook]
    planted = tuple(replace(one, function=fault) if one.plugin == plugin else one for one in caller.implementations)
    callers = dict(state.hooks._callers)
    callers[hook] = replace(caller, implementations=planted)
    before, state.hooks._callers = state.hooks._callers, callers
    cached = state.hooks.__dict__.pop(hook, None)
    try:
        yield
    finally:
        state.hooks._callers = before
        state.hooks.__dict__.pop(hook, None)
        if cached is not None:
            state.hooks.__dict__[hook] = cached
