"""Plugins: how they are found, and how each is kept from breaking the others at load.

Found by a scan of `plugins/`, of `instance/plugins/` (appended to the package's path) and by entry points of the group
`stoa`. A plugin that cannot be imported, or whose hooks do not fit, is recorded as broken and left out; the shop
stands.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import inspect
import sys
import threading
import traceback
from functools import lru_cache
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pluggy
import structlog
from msgspec import Struct

from core.hookspecs import FAMILIES
from core.kernel import retiring
from core.kernel.config import ROOT
from core.kernel.declared import complaints
from core.kernel.manifest import LoadError, Plugin, guess
from core.kernel.routes import SharedRule, View

log = structlog.get_logger(__name__)
_MARK = "stoa_impl"


class Loaded(Struct, frozen=True):
    """A plugin that stands: its declaration, module, folder, rules and what pluggy found that answers hooks."""

    plugin: Plugin
    module: ModuleType
    folder: Path
    rules: tuple[tuple[SharedRule, View], ...]
    functions: tuple[FunctionType, ...]
    implementations: tuple[tuple[str, pluggy.HookImpl], ...]

    @property
    def hooks(self) -> tuple[str, ...]:
        """The hooks it answers."""
        return tuple(sorted({name for name, _ in self.implementations}))


class BrokenPlugin(Struct, frozen=True):
    """A plugin that could not be loaded: in a line, and in full for its author."""

    name: str
    reason: str
    trace: str
    stamp: int


class Registry:
    """Every plugin of the installation, loaded once; new folders are picked up by `discover()` while the shop runs."""

    def __init__(self, extra: Path | None = None, folders: tuple[Path, ...] | None = None) -> None:
        self.loaded: dict[str, Loaded] = {}
        self.broken: dict[str, BrokenPlugin] = {}
        self._folders = folders if folders is not None else _package_folders(extra)
        self._lock = threading.Lock()

    def discover(self) -> bool:
        """Load what is new on disk and among entry points; answers whether anything was."""
        with self._lock:
            before = set(self.loaded)
            importlib.invalidate_caches()
            for folder in self._folders:
                for path in sorted(folder.glob("*/plugin.py")):
                    self._consider(path.parent.name, f"plugins.{path.parent.name}.plugin", path.parent)
            for point in _entry_points(tuple((entry, _changed(Path(entry))) for entry in sys.path)):
                self._consider(point.name, point.value, None)
            return set(self.loaded) != before

    def _consider(self, name: str, module: str, folder: Path | None) -> None:
        known = self.broken.get(name)
        if name in self.loaded or (known and known.stamp == _stamp(folder)):
            return
        try:
            self.loaded[name] = self._load(name, module, folder)
            self.broken.pop(name, None)
        except (Exception, SystemExit) as error:  # noqa: BLE001 -- whatever a plugin does at import, the shop stands
            self.broken[name] = BrokenPlugin(name, _reason(error), traceback.format_exc(), _stamp(folder))
            log.warning("plugin cannot be loaded", plugin=name, reason=_reason(error))

    def _load(self, name: str, dotted: str, folder: Path | None) -> Loaded:
        _forget_other(dotted.rpartition(".")[0], folder, again=name in self.broken)
        with retiring.loading(name):
            module = importlib.import_module(dotted)
        plugin = getattr(module, "PLUGIN", None)
        if not isinstance(plugin, Plugin):
            raise LoadError(f"{dotted} has no PLUGIN = Plugin(...)")
        if plugin.name != name:
            raise LoadError(f"the folder is called {name!r}, the plugin {plugin.name!r}: give both one name")
        rules, functions = _rules(plugin), tuple(hook_functions(module).values())
        known = _checked.get(dotted)
        said = (module, plugin, rules, functions)
        if known is None or (known.module, known.plugin, known.rules, known.functions) != said:
            check_hooks(manager(), module)
            if wrong := "; ".join(complaints(plugin, [rule.endpoint for rule, _ in rules])):
                raise LoadError(wrong)
            home = folder or Path(inspect.getfile(module)).parent
            known = _checked[dotted] = Loaded(plugin, module, home, rules, functions, _implementations(module, name))
        _note_retired(known)
        return known


# What was checked in this process, by the module's name: another installation of it, as tests make, checks it no more.
_checked: dict[str, Loaded] = {}


def _changed(folder: Path) -> int:
    """When something was last added to a folder or taken from it; 0 where there is none."""
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(1)
def _entry_points(folders: tuple[tuple[str, int], ...]) -> tuple[importlib.metadata.EntryPoint, ...]:
    """The plugins among the installed packages; looked for again when one of `folders`, Python's path, has changed."""
    del folders
    return tuple(importlib.metadata.entry_points(group="stoa"))


class _Manager(pluggy.PluginManager):
    """pluggy, looking at plain functions only: it would ask Flask's `request` what it is, outside a request."""

    def parse_hookimpl_opts(self, plugin: Any, name: str) -> Any:
        return super().parse_hookimpl_opts(plugin, name) if type(vars(plugin).get(name)) is FunctionType else None


def _forget_other(package: str, folder: Path | None, *, again: bool) -> None:
    """Let a repaired plugin, or one of another folder, be imported anew."""
    known = sys.modules.get(f"{package}.plugin")
    if known is not None and not again and folder is not None and Path(known.__file__ or "").parent == folder:
        return
    for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
        del sys.modules[name]


@lru_cache(1)
def manager() -> pluggy.PluginManager:
    """Pluggy with every hook that there is. It finds and checks; what it found stays with each plugin."""
    made = _Manager("stoa")
    for family in FAMILIES:
        made.add_hookspecs(family)
    return made


def _package_folders(extra: Path | None) -> tuple[Path, ...]:
    """`plugins/` of the project and the installation's own folder, joined into one package."""
    import plugins  # noqa: PLC0415 -- a namespace to scan, not an import of a plugin

    folders = [ROOT / "plugins", *([extra] if extra is not None else [])]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    plugins.__path__ = [str(folder) for folder in folders]
    return tuple(folders)


def _stamp(folder: Path | None) -> int:
    """When anything in the folder last changed; 0 for a package from elsewhere."""
    if folder is None:
        return 0
    return max((path.stat().st_mtime_ns for path in folder.rglob("*.py")), default=0)


def _reason(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return f"{Path(error.filename or '').name}, line {error.lineno}: {error.msg}"
    if isinstance(error, SystemExit):
        return "it ended the program while it was loaded"
    return f"{type(error).__name__}: {error}" if not isinstance(error, LoadError) else str(error)


def _rules(plugin: Plugin) -> tuple[tuple[SharedRule, View], ...]:
    faces = plugin.shop if isinstance(plugin.shop, tuple) else (plugin.shop,) if plugin.shop else ()
    shop = [rule for one in faces for rule in one.rules(plugin.name, "" if one.prefix else f"/{plugin.name}")]
    panel = plugin.panel.rules(f"{plugin.name}.panel", f"/panel/{plugin.name}") if plugin.panel else []
    return tuple(shop + panel)


def _note_retired(loaded: Loaded) -> None:
    """Remember which retired hooks a plugin answers."""
    specs = manager().hook
    for hook in loaded.hooks:
        policy = getattr(specs, hook).spec.function.stoa_policy
        if policy.retired is not None:
            retiring.note(loaded.plugin.name, f"the hook {hook}", policy.retired)


def _implementations(module: ModuleType, name: str) -> tuple[tuple[str, pluggy.HookImpl], ...]:
    """What pluggy finds in a module, each with the hook that it answers."""
    asked = manager()
    asked.register(module, name)
    try:
        callers = asked.get_hookcallers(module) or []
        return tuple((caller.name, found) for caller in callers for found in caller.get_hookimpls())
    finally:
        asked.unregister(name=name)


def hook_functions(module: ModuleType) -> dict[str, FunctionType]:
    """The functions of a module that are marked as implementations, by their names."""
    return {
        name: value for name, value in vars(module).items() if type(value) is FunctionType and hasattr(value, _MARK)
    }


# -- a wrong hook or argument name is an error at load, with file, line and a guess at what was meant ------------------


def check_hooks(manager: pluggy.PluginManager, module: ModuleType) -> None:
    """Raise LoadError if an implementation of `module` names no hook, or an argument that the hook does not have."""
    specs = {name: hook for name, hook in vars(manager.hook).items() if hook.has_spec()}
    for name, function in hook_functions(module).items():
        options = getattr(function, _MARK)
        hook = options.get("specname") or name
        if hook not in specs:
            if not options.get("optionalhook"):
                raise LoadError(f"{_place(function)}: there is no hook {hook!r}{guess(hook, specs)}")
            continue
        if options.get("hookwrapper") or options.get("wrapper") or options.get("tryfirst") or options.get("trylast"):
            raise LoadError(f"{_place(function)}: wrappers and priorities are not for plugins")
        allowed = specs[hook].spec.argnames
        for argument in inspect.signature(function).parameters:
            if argument not in allowed:
                raise LoadError(
                    f"{_place(function)}: {hook} has no argument {argument!r}{guess(argument, allowed)};"
                    f" it has {', '.join(allowed)}"
                )


def _place(function: Any) -> str:
    code = inspect.unwrap(function).__code__
    path = Path(code.co_filename)
    return f"{path.parent.name}/{path.name}:{code.co_firstlineno}"
