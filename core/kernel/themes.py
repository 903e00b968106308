"""Themes: folders of templates, styles and scripts, each with an optional parent.

A template is looked up in the theme, its parents, core, then the plugins (namespaced `<plugin>/...`): themes override
all, plugins override nothing. Styles are joined in layer order into one hashed file per set of plugins; no build step.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import structlog
from msgspec import Struct

from core.kernel import templates, theme_settings
from core.kernel.catalogues import PANEL, Catalogues
from core.kernel.config import ROOT, Config
from core.kernel.here import environ_or_none
from core.kernel.theme_settings import ThemeSetting
from core.lib import colours

if TYPE_CHECKING:
    from core.kernel.plugins import Registry

log = structlog.get_logger(__name__)
CORE = ROOT / "core"
LAYERS = "@layer reset, tokens, base, parts, utilities, theme;\n"
_PLAIN = ROOT / "themes" / "plain"
_SHARED = ("reset.css", "tokens.css", "base.css")
_TEMPLATES = ("templates", "panel/templates", "storefront/templates")
# What a machine's own lists say differs from one to the next, and they are long.
mimetypes.knownfiles = []
mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("text/javascript", ".mjs")
mimetypes.add_type("image/avif", ".avif")
mimetypes.add_type("image/webp", ".webp")
mimetypes.add_type("font/woff", ".woff")
mimetypes.add_type("font/woff2", ".woff2")


class Asset(Struct, frozen=True):
    """A file as served: its bytes plain and compressed, its type and the hash of its content."""

    body: bytes
    packed: bytes
    mime: str
    digest: str


class Theme:
    """One theme and its ancestors; `chain` begins with itself."""

    def __init__(self, folder: Path, about: Mapping[str, Any], parent: Theme | None) -> None:
        self.name, self.folder, self.parent = folder.name, folder, parent
        self.title = str(about.get("title", folder.name.capitalize()))
        self.chain: tuple[Theme, ...] = (self, *(parent.chain if parent else ()))
        self.summary = str(about.get("summary", ""))
        # A child says of a setting only what differs: mostly its default.
        inherited = parent.declared if parent else {}
        own = about.get("settings", {})
        self.own_settings = frozenset(own)
        self.declared: dict[str, dict[str, Any]] = {
            name: {**inherited.get(name, {}), **own.get(name, {})} for name in {**inherited, **own}
        }
        self.settings: dict[str, ThemeSetting] = {
            name: theme_settings.read(name, said) for name, said in self.declared.items()
        }


class Themes:
    """Every theme of the installation, their environments and assets."""

    def __init__(self, config: Config, registry: Registry, roots: Iterable[Path] = (ROOT / "themes",)) -> None:
        self._config, self._registry = config, registry
        self._roots = (*roots, config.instance / "themes")
        self._themes: dict[str, Theme] = {}
        self._unusable: dict[str, str] = {}
        self._environments: dict[tuple[str, int], jinja2.Environment] = {}
        self._styles: dict[tuple[str, tuple[str, ...], str], Asset] = {}
        self._tokens: dict[str, dict[str, str]] = {}
        self._files: dict[Path, tuple[int, Asset]] = {}
        self._folders: dict[tuple[str, ...], str] = {}
        self.filters: dict[str, Callable[..., Any]] = {}
        self.names: dict[str, Any] = {}

    @cached_property
    def catalogues(self) -> Catalogues:
        """The translations of core's floors, of every plugin, and of the themes."""
        folders = [("", path) for path in sorted(CORE.glob("*/locale"))] + [("", CORE / "locale")]
        folders += [
            (f"plugin:{name}", loaded.folder / "locale") for name, loaded in sorted(self._registry.loaded.items())
        ]
        folders += [
            (f"theme:{name}", ancestor.folder / "locale")
            for name in self.all()
            for ancestor in reversed(self.get(name).chain)
        ]
        folders.append((f"theme:{PANEL}", CORE / "panel" / "locale"))
        packs = [
            (tag, name, loaded.folder / "locale")
            for name, loaded in sorted(self._registry.loaded.items())
            for tag in loaded.plugin.languages
        ]
        return Catalogues(folders, self._config.cache, packs)

    def forget(self) -> None:
        """After a plugin folder appeared: read catalogues and loaders again."""
        self.__dict__.pop("catalogues", None)
        self._environments.clear()
        self._styles.clear()

    def all(self) -> list[str]:
        """Names of the themes that can be chosen; one that cannot be used is not among them."""
        found = {path.parent.name for root in self._roots if root.is_dir() for path in root.glob("*/theme.toml")}
        return sorted(name for name in found if self.get(name).name == name)

    def has(self, name: str) -> bool:
        """Whether there is a theme of this name that can be used."""
        return self._folder(name) is not None and self.get(name).name == name

    def get(self, name: str) -> Theme:
        """A theme by name; the plain one if it is gone or cannot be used, so that a site never stands without."""
        if name not in self._themes:
            try:
                self._themes[name] = self._read(self._folder(name) or _PLAIN, ())
            except (OSError, ValueError, AttributeError, TypeError) as error:
                log.warning("theme cannot be used", theme=name, reason=str(error))
                self._unusable[name] = str(error)
                self._themes[name] = self._read(_PLAIN, ())
        return self._themes[name]

    def why_not(self, name: str) -> str:
        """Why a theme that has a folder cannot be used; empty if it can, or has none."""
        return self._unusable.get(name, "") if self._folder(name) and self.get(name).name != name else ""

    def _read(self, folder: Path, children: tuple[str, ...]) -> Theme:
        stamp = _stamp(folder / "theme.toml")
        parent = _manifest(folder, stamp).get("parent")
        if parent in {folder.name, *children}:
            raise ValueError(f"{folder.name} and {parent} are each other's parents")
        above = self._read(self._folder(parent) or _PLAIN, (*children, folder.name)) if parent else None
        return _theme(folder, stamp, above)

    def _folder(self, name: str) -> Path | None:
        return next(
            (root / name for root in self._roots if (root / name).is_dir() and re.fullmatch(r"[a-z0-9_]+", name)), None
        )

    # -- templates -----------------------------------------------------------------------------------------------------

    def environment(self, name: str) -> jinja2.Environment:
        """The one environment of a theme, shared by every site and plugin set that uses it."""
        key = (name, len(self._registry.loaded))
        if key not in self._environments:
            self._environments[key] = self._make_environment(self.get(name))
        return self._environments[key]

    def _make_environment(self, theme: Theme) -> jinja2.Environment:
        kept = self._config.cache / "jinja"
        kept.mkdir(parents=True, exist_ok=True)
        return templates.environment(self._folders_of(theme), kept, self.names, self.filters, debug=self._config.debug)

    def _folders_of(self, theme: Theme) -> list[Path]:
        folders = [ancestor.folder / "templates" for ancestor in theme.chain] + [CORE / name for name in _TEMPLATES]
        folders += [loaded.folder / "templates" for _, loaded in sorted(self._registry.loaded.items())]
        return [folder for folder in folders if folder.is_dir()]

    def overridden(self, theme: str, template: str) -> list[Path]:
        """Every file that could be this template, first the one that is used."""
        return [path for folder in self._folders_of(self.get(theme)) if (path := folder / template).is_file()]

    # -- assets --------------------------------------------------------------------------------------------------------

    def style(self, theme: str, plugins: tuple[str, ...], look: str = "") -> Asset:
        """The joined stylesheet of a theme (or of the panel) with the styles of these plugins.

        `look` is what a merchant's settings add at its end.
        """
        key = (theme, plugins, look)
        if key not in self._styles or self._config.debug:
            self._styles[key] = _style(_stamped(self._style_files(theme, plugins)), look, tight=not self._config.debug)
        return self._styles[key]

    def tokens(self, theme: str) -> dict[str, str]:
        """The tokens of a theme, as it comes."""
        if theme not in self._tokens or self._config.debug:
            self._tokens[theme] = colours.tokens(_joined(self._style_files(theme, ())))
        return self._tokens[theme]

    def look(self, theme: str, values: Mapping[str, Any]) -> str:
        """The stylesheet that a merchant's settings of a theme make; empty where none of them is about its style."""
        if not values:
            return ""
        settings = self.get(theme).settings.values()
        return theme_settings.css(theme_settings.tokens_of(settings, values, self.tokens(theme)))

    def _style_files(self, theme: str, plugins: tuple[str, ...]) -> list[Path]:
        shared = CORE / "static" / "css"
        if theme == PANEL:
            chain, own = [CORE / "panel" / "static" / "css"], "panel.css"
        else:
            chain, own = (
                [ancestor.folder / "static" / "css" for ancestor in reversed(self.get(theme).chain)],
                "shop.css",
            )
        folders = [
            self._registry.loaded[name].folder / "static" / "css" for name in plugins if name in self._registry.loaded
        ]
        files = [shared / name for name in _SHARED] + sorted((shared / "parts").glob("*.css"))
        files += [path for folder in chain for path in sorted((folder / "parts").glob("*.css"))]
        files += [path for folder in folders for path in (folder / own, *sorted((folder / "parts").glob("*.css")))]
        files += [
            shared / "utilities.css",
            *(folder / "utilities.css" for folder in chain),
            *(folder / "theme.css" for folder in chain),
        ]
        return [path for path in files if path.exists()]

    def folder_digest(self, theme: str, plugins: tuple[str, ...]) -> str:
        """A hash over all scripts and pictures of a theme and these plugins: the folder name they are served under."""
        kept, key = self._kept_digests(), (theme, *plugins)
        if key not in kept:
            roots = self._static_roots(theme, plugins).values()
            paths = (path for root in roots for folder in root for path in sorted(folder.rglob("*")))
            kept[key] = _digest(_stamped(path for path in paths if path.suffix != ".css" and path.is_file()))
        return kept[key]

    def _kept_digests(self) -> dict[tuple[str, ...], str]:
        """For good; with `debug` for one request, whose page names sixty files."""
        if not self._config.debug:
            return self._folders
        here = environ_or_none()
        return {} if here is None else here.setdefault("stoa.folder_digests", {})

    def _static_roots(self, theme: str, plugins: tuple[str, ...]) -> dict[str, list[Path]]:
        own = (
            [CORE / "panel" / "static"]
            if theme == PANEL
            else [ancestor.folder / "static" for ancestor in self.get(theme).chain]
        )
        roots = {"": [*own, CORE / "static"]}
        roots.update(
            {name: [self._registry.loaded[name].folder / "static"] for name in plugins if name in self._registry.loaded}
        )
        return roots

    def url(self, theme: str, plugins: tuple[str, ...], path: str, look: str = "") -> str:
        """`/static/<theme>/<hash>/js/shop.js`.

        `shop.css` and `panel.css` are the joined sheets; `<plugin>:x.js` a plugin's file.
        """
        if path in {"shop.css", "panel.css"}:
            return f"/static/{theme}/{self.style(theme, plugins, look).digest}/{path}"
        plugin, _, rest = path.partition(":") if ":" in path else ("", "", path)
        place = f"{plugin}:/{rest}" if plugin else rest
        return f"/static/{theme}/{self.folder_digest(theme, plugins)}/{place}"

    def asset(self, theme: str, plugins: tuple[str, ...], path: str, look: str = "") -> Asset | None:
        """What `url` names, for these plugins; a file of a plugin that is off does not exist."""
        if path in {"shop.css", "panel.css"}:
            return self.style(theme, plugins, look)
        plugin, _, rest = path.partition(":/") if ":/" in path else ("", "", path)
        for folder in self._static_roots(theme, plugins).get(plugin, ()):
            found = (folder / rest).resolve()
            if found.is_file() and found.is_relative_to(folder.resolve()):
                return self._file(found)
        return None

    def _file(self, path: Path) -> Asset:
        stamp = path.stat().st_mtime_ns
        known = self._files.get(path)
        if known is None or known[0] != stamp:
            mime = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            textual = mime.startswith("text/") or mime.endswith(("json", "xml"))
            known = self._files[path] = (
                stamp,
                _asset(path.read_bytes(), f"{mime}; charset=utf-8" if textual else mime),
            )
        return known[1]


_Stamp = tuple[int, int, int] | None


def _stamp(path: Path) -> _Stamp:
    """What changes with a file; None where there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


_Stamped = tuple[tuple[Path, _Stamp], ...]


def _stamped(paths: Iterable[Path]) -> _Stamped:
    return tuple((path, _stamp(path)) for path in paths)


# A theme is read for as long as its manifest and its parents are the same ones: reading one takes milliseconds.
@lru_cache(64)
def _manifest(folder: Path, stamp: _Stamp) -> Mapping[str, Any]:
    return tomllib.loads((folder / "theme.toml").read_text("utf-8")) if stamp else {}


@lru_cache(64)
def _theme(folder: Path, stamp: _Stamp, parent: Theme | None) -> Theme:
    return Theme(folder, _manifest(folder, stamp), parent)


@lru_cache(64)
def _asset(body: bytes, mime: str) -> Asset:
    squeezes = mime.startswith(("text/", "image/svg", "application/json"))
    return Asset(
        body, gzip.compress(body, 9, mtime=0) if squeezes else b"", mime, hashlib.sha256(body).hexdigest()[:12]
    )


# Files are read once for as long as they are the same: a stylesheet is joined of sixty.
@lru_cache(64)
def _digest(files: _Stamped) -> str:
    digest = hashlib.sha256()
    for path, _ in files:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


@lru_cache(64)
def _style(files: _Stamped, look: str, *, tight: bool) -> Asset:
    text = _joined(path for path, _ in files) + look
    return _asset((_tight(text) if tight else text).encode(), "text/css; charset=utf-8")


def _joined(files: Iterable[Path]) -> str:
    return LAYERS + "\n".join(path.read_text("utf-8") for path in files)


_WORDS_OR_ROOM = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|/\*.*?\*/|\s*([{};,])\s*|\s+""", re.DOTALL)


def _tight(css: str) -> str:
    """The same style without remarks and needless room; what stands in quotes stays as it is."""
    return _WORDS_OR_ROOM.sub(lambda found: found[1] or found[2] or ("" if found[0].startswith("/*") else " "), css)
