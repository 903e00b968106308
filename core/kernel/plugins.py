"""Plugins: what one declares, how they are found, and how each is kept from breaking the others at load.

Found by a scan of `plugins/`, of `instance/plugins/` (appended to the package's path) and by entry points of the group
`stoa`. A plugin that cannot be imported, or whose hooks do not fit, is recorded as broken and left out; the shop
stands.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.metadata
import importlib.util
import inspect
import re
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

import pluggy
import structlog

from core.hookspecs import FAMILIES
from core.kernel import retiring
from core.kernel.blocks import Block
from core.kernel.config import ROOT
from core.kernel.declared import complaints
from core.kernel.operations import Operation
from core.kernel.routes import SharedRule, View, Views
from core.kernel.settings import Settings
from core.kernel.storing import NEEDED, WAITING, Stored
from core.lib.languages import is_language

if TYPE_CHECKING:
    from core.hookspecs.events import Event
    from core.hookspecs.site import Site

log = structlog.get_logger(__name__)
API = 1
_MARK = "stoa_impl"
NAME = re.compile(r"[a-z][a-z0-9_]{1,39}\Z")
PANEL_PLACES = ("product", "order", "category", "shopper", "draft")
ATTRIBUTE_CODE = re.compile(r"[a-z0-9]+([-_][a-z0-9]+)*\Z")
STAGE_TONES = ("", "busy", "good", "warn", "bad")
ATTRIBUTE_KINDS = ("text", "number", "flag", "choice")
CATEGORIES = (
    "payment",
    "delivery",
    "promotion",
    "tax",
    "content",
    "community",
    "search",
    "marketing",
    "channel",
    "machinery",
    "language",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuEntry:
    """An entry in the panel's menu: `endpoint` is one of the plugin's panel views, `permission` who sees it.

    `where` says of a site whether it stands there; everywhere without it.
    """

    title: str
    endpoint: str
    icon: str = "plug"
    permission: str = ""
    where: Callable[[Site], bool] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CardAct:
    """A button on every card of the shop, posting the field `product` to `endpoint`, one of the plugin's shop views.

    `title` is followed by the product's name for who cannot see `icon`. Lists stay the same for every visitor, so the
    button does too; a script of the plugin finds it as `[data-act="<plugin>"]` and may press it.
    """

    endpoint: str
    title: str
    icon: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """Something staff may be allowed to do; `code` begins with the plugin's name."""

    code: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """A product attribute that the plugin adds: core rows, so form, import, facet and search come for free.

    Made when the plugin is first switched on. `code` is small letters, digits, hyphens and underscores; `title` an
    English msgid of the plugin's words; `kind` is text, number, flag or choice. What was said of products stays when
    the plugin is switched off.
    """

    code: str
    title: str
    on: str = "product"
    kind: str = "text"
    filterable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where an order may stand with the plugin, on an axis of its own beside order, payment, fulfilment and return.

    `code` is small letters, digits, hyphens and underscores; `title` an English msgid of the plugin's words. `after`
    are the stages it may follow, "" for none yet; empty: any. `tone` is busy, good, warn, bad or nothing. `by_hand`:
    staff may set it on the order's page and in the list; the plugin does by `enter_stage` in any case.
    """

    code: str
    title: str
    after: tuple[str, ...] = ()
    tone: str = ""
    by_hand: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelSection:
    """A card of the plugin's own on a page of core's panel, with its own forms.

    `place` is the page: product, order, category, shopper or draft. `values(site, object_id)` answers what `template`
    shows; it reads, and writes nothing. `permission` says who sees it. Its forms post to panel views of the plugin,
    which answer with a redirect, or with `panel_section_refused`. `name` tells it from the plugin's other sections.
    """

    place: str
    title: str
    template: str
    values: Callable[[Any, int], Mapping[str, Any]]
    permission: str
    name: str = "section"


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelHit:
    """What the search of the panel finds: `note` says more in small letters, `icon` is one of the sprite's."""

    title: str
    url: str
    note: str = ""
    icon: str = "page"


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelFinder:
    """What the search of the panel (Ctrl K) finds among the things that the plugin keeps, under `title`.

    `find(site, words)` answers at most eight, the best first; it reads, and writes nothing. `permission` says who is
    shown them.
    """

    title: str
    find: Callable[[Any, str], Sequence[PanelHit]]
    permission: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstStep:
    """A step that a new shop is led to on the panel's first page: what to do, why, and where.

    `endpoint` is one of the plugin's panel views. `is_done(site)` reads a fact, so that the step ticks itself.
    """

    title: str
    how: str
    endpoint: str
    permission: str
    is_done: Callable[[Any], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Csp:
    """Hosts a plugin's pages need.

    `form_action`: where the checkout's form may lead; a function of settings may name them.
    """

    form_action: tuple[str, ...] | Callable[[Any], tuple[str, ...]] = ()
    script: tuple[str, ...] = ()
    frame: tuple[str, ...] = ()
    connect: tuple[str, ...] = ()
    image: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """All that core knows of a plugin without running its hooks. `PLUGIN = Plugin(...)` in `plugins/<name>/plugin.py`.

    `jobs` map names to handlers `(payload, site)`, `every` job names to seconds; `commands` map words of
    `./stoa <plugin> <word>` to functions of the remaining arguments; of a plugin that searches, `rebuild` is also run
    by `./stoa reindex`. `slots` are the places of pages that its `site_slot` fills: it is asked for those alone, for
    every place if it names none; `kept_slots` are those of them where its answer depends on the site, the language, the
    currency, the id of the subject and the tags it gives alone, so that it is asked once and not for every visitor.
    `hears` are the events that its `notify_event` is told of; all of them if it names none.
    `languages` are those (BCP 47, such as `de`) that it is a language pack for: its `locale/` holds the words of core,
    of themes and of other plugins, a file for each, and a site where it is on may be shown in them.
    `entered(site, shopper_id, cookie)` is called when a shopper has signed in, with what
    the browser holds in the cookie `mine_<plugin>`; it may write, and answers what the cookie holds from now on (None:
    as it is). Cookies of that name end when the shopper signs out. `test(site, email)` tries the settings of a site and
    answers in plain words what it found, or raises a StoaError that says what is wrong; staff press it on the page of
    the settings, `email` is theirs. It may use the network, and has ten seconds. `verbs` are what the activity log
    says of its acts: `{"saved": "saved the price %(title)s"}` for `record_activity(actor, "<plugin>.saved", ...)`.
    `operations` are offered to programs by the plugin that serves an API, below `/<plugin>`; `scopes` are what a key
    needs for them: `<plugin>:<word>` and an English title. `shop` may be several `Views`, each with its own prefix.
    `blocks` are kinds of pieces for pages of text, shown by the plugin that keeps pages. `panel_finder` answers the
    search of the panel, `first_steps` stand among those of a new shop.
    needs for them: `<plugin>:<word>` and an English title. `stores` is what it stores in browsers; a cookie that is not
    among them, or that waits for the visitor's word, is held back. `waits` are slots that it fills only for visitors
    who agreed: `{"page.end": "marketing"}`. Templates, static files and translations are found by
    convention.
    """

    name: str
    version: str
    title: str
    summary: str = ""
    category: str = "content"
    api: int = API
    author: str = ""
    settings: type[Settings] | None = None
    test: Callable[[Any, str], str] | None = None
    models: tuple[type, ...] = ()
    shop: Views | tuple[Views, ...] | None = None
    panel: Views | None = None
    panel_menu: tuple[MenuEntry, ...] = ()
    panel_sections: tuple[PanelSection, ...] = ()
    panel_finder: PanelFinder | None = None
    first_steps: tuple[FirstStep, ...] = ()
    blocks: tuple[Block, ...] = ()
    card_acts: tuple[CardAct, ...] = ()
    order_stages: tuple[Stage, ...] = ()
    stores: tuple[Stored, ...] = ()
    waits: Mapping[str, str] = field(default_factory=dict)
    entered: Callable[..., str | None] | None = None
    permissions: tuple[Permission, ...] = ()
    operations: tuple[Operation, ...] = ()
    scopes: Mapping[str, str] = field(default_factory=dict)
    attributes: tuple[Attribute, ...] = ()
    slots: tuple[str, ...] = ()
    kept_slots: tuple[str, ...] = ()
    hears: tuple[type[Event], ...] = ()
    languages: tuple[str, ...] = ()
    jobs: Mapping[str, Callable[..., None]] = field(default_factory=dict)
    every: Mapping[str, int] = field(default_factory=dict)
    verbs: Mapping[str, str] = field(default_factory=dict)
    commands: Mapping[str, Callable[[list[str]], int]] = field(default_factory=dict)
    csp: Csp = Csp()
    reads: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not NAME.match(self.name):
            raise LoadError(f"a plugin's name is small letters, digits and underscores: {self.name!r}")
        if self.api != API:
            raise LoadError(f"written for plugin API {self.api}, this is {API}")
        if self.category not in CATEGORIES:
            raise LoadError(f"category {self.category!r} is not one of {', '.join(CATEGORIES)}")
        if self.slots and (others := set(self.kept_slots) - {*self.slots}):
            raise LoadError(f"kept_slots are some of the slots: {', '.join(sorted(others))}")
        for tag in self.languages:
            if not is_language(tag):
                raise LoadError(f"{tag!r} is no language; write it as de or pt-BR")
        for attribute in self.attributes:
            _check_attribute(attribute)
        _check_sections(self.panel_sections)
        _check_stages(self.order_stages)
        _check_stores(self)
        if self.settings is not None:
            self.settings._plugin = self.name  # noqa: SLF001 -- the class belongs to this plugin


class LoadError(Exception):
    """A plugin that cannot be loaded, in words for its author."""


def _check_attribute(attribute: Attribute) -> None:
    if not ATTRIBUTE_CODE.match(attribute.code):
        raise LoadError(f"an attribute's code is small letters, digits, hyphens and underscores: {attribute.code!r}")
    if attribute.kind not in ATTRIBUTE_KINDS:
        raise LoadError(f"attribute {attribute.code}: {attribute.kind!r} is not one of {', '.join(ATTRIBUTE_KINDS)}")
    if attribute.on != "product":
        raise LoadError(f"attribute {attribute.code}: only products have attributes, not {attribute.on!r}")


def _check_stores(plugin: Plugin) -> None:
    for one in plugin.stores:
        if one.kind not in {NEEDED, *WAITING}:
            raise LoadError(f"stored {one.name}: {one.kind!r} is not one of {', '.join((NEEDED, *WAITING))}")
        if one.where not in {"cookie", "browser"}:
            raise LoadError(f"stored {one.name}: where is cookie or browser, not {one.where!r}")
    kinds = {one.kind for one in plugin.stores}
    for place, kind in plugin.waits.items():
        if kind not in WAITING or kind not in kinds:
            raise LoadError(f"{place} waits for {kind!r}: say by stores= what of that kind is stored")


def _check_stages(stages: tuple[Stage, ...]) -> None:
    codes = [stage.code for stage in stages]
    for stage in stages:
        if not ATTRIBUTE_CODE.match(stage.code) or len(stage.code) > 40:
            raise LoadError(f"a stage's code is small letters, digits, hyphens and underscores: {stage.code!r}")
        if stage.tone not in STAGE_TONES:
            raise LoadError(f"stage {stage.code}: {stage.tone!r} is not one of {', '.join(STAGE_TONES[1:])}, or empty")
        for before in stage.after:
            if before and before not in codes:
                raise LoadError(f"stage {stage.code}: it follows {before!r}, which is none{_guess(before, codes)}")
    if len(codes) != len(set(codes)):
        raise LoadError("two stages have one code")


def _check_sections(sections: tuple[PanelSection, ...]) -> None:
    for section in sections:
        if section.place not in PANEL_PLACES:
            raise LoadError(
                f"panel section {section.name}: {section.place!r} is not one of {', '.join(PANEL_PLACES)}"
                f"{_guess(section.place, PANEL_PLACES)}"
            )
        if not section.permission:
            raise LoadError(f"panel section {section.name}: say by its permission who sees it")
    names = [(section.place, section.name) for section in sections]
    if len(names) != len(set(names)):
        raise LoadError("two panel sections of one page have one name")


@dataclass(frozen=True, slots=True)
class Loaded:
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


@dataclass(frozen=True, slots=True)
class BrokenPlugin:
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
                raise LoadError(f"{_place(function)}: there is no hook {hook!r}{_guess(hook, specs)}")
            continue
        if options.get("hookwrapper") or options.get("wrapper") or options.get("tryfirst") or options.get("trylast"):
            raise LoadError(f"{_place(function)}: wrappers and priorities are not for plugins")
        allowed = specs[hook].spec.argnames
        for argument in inspect.signature(function).parameters:
            if argument not in allowed:
                raise LoadError(
                    f"{_place(function)}: {hook} has no argument {argument!r}{_guess(argument, allowed)};"
                    f" it has {', '.join(allowed)}"
                )


def _place(function: Any) -> str:
    code = inspect.unwrap(function).__code__
    path = Path(code.co_filename)
    return f"{path.parent.name}/{path.name}:{code.co_firstlineno}"


def _guess(word: str, known: Any) -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
