"""The environment that renders templates: Jinja's, faster where a page asks it hundreds of times."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from pathlib import Path
from types import FunctionType, MethodType
from typing import Any, ClassVar, cast

import jinja2
from jinja2 import ChoiceLoader, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket
from markupsafe import Markup, _escape_inner, escape  # type: ignore[attr-defined]

from core.kernel import i18n
from core.kernel.fragments import kept_piece

# Where the debug bar listens: the templates of this request, each with its file.
listening: ContextVar[dict[str, str] | None] = ContextVar("stoa_templates", default=None)


def environment(
    folders: Sequence[Path],
    kept: Path,
    names: Mapping[str, Any],
    filters: Mapping[str, Callable[..., Any]],
    *,
    debug: bool,
) -> jinja2.Environment:
    """Templates of these folders, the first that has one; compiled, they are kept in the folder `kept`.

    With `debug` it reads again what was edited, and tells `listening` what was used.
    """
    made = (_Watched if debug else jinja2.Environment)(
        loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        bytecode_cache=_Compiled(str(kept)),
        auto_reload=debug,
        cache_size=800,
    )
    # New style: parameters are escaped, and `%%` is a percent sign.
    made.install_gettext_callables(i18n.gettext, i18n.plural, newstyle=True)  # type: ignore[attr-defined]
    made.globals.update({"_": _said, "gettext": _said, "ngettext": _counted}, **names)
    made.context_class = _Context
    made.template_class = _Template
    made.filters.update(filters)
    made.globals["part"] = part = _part(made)
    made.globals["kept_part"] = part if debug else _kept_part(made)
    return made


class _Compiled(FileSystemBytecodeCache):
    """Compiled templates: on disk for the next process, in memory for the other themes of this one."""

    known: ClassVar[dict[str, tuple[str, Any]]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        checksum, code = self.known.get(bucket.key, ("", None))
        if code is not None and checksum == bucket.checksum:
            bucket.code = code
            return
        super().load_bytecode(bucket)
        self.known[bucket.key] = (bucket.checksum, bucket.code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        super().dump_bytecode(bucket)
        self.known[bucket.key] = (bucket.checksum, bucket.code)


class _Watched(jinja2.Environment):
    """An environment that says which templates a request used; only with `debug`."""

    def get_template(self, name: Any, *arguments: Any, **options: Any) -> jinja2.Template:
        template = super().get_template(name, *arguments, **options)
        if (heard := listening.get()) is not None and template.name:
            heard[template.name] = template.filename or ""
        return template


_FUNCTIONS = (FunctionType, MethodType)


class _Context(jinja2.runtime.Context):
    """A template's names. A page calls some four hundred functions; of each, Jinja asks twice what it wants handed."""

    def call(self, called: Any, /, *arguments: Any, **options: Any) -> Any:
        """Call a plain function plainly; whatever wants the context goes Jinja's way."""
        if not isinstance(called, _FUNCTIONS) or hasattr(called, "jinja_pass_arg"):
            if not callable(called):
                raise TypeError(self._hidden_by(called))
            return super().call(called, *arguments, **options)
        options.pop("_loop_vars", None)
        options.pop("_block_vars", None)
        return called(*arguments, **options)

    def _hidden_by(self, value: Any) -> str:
        """Why a value is called: mostly it was handed over under the name of a function that a layout calls."""
        name = next((name for name, known in self.get_all().items() if known is value), "")
        if callable(self.environment.globals.get(name)):
            return f"{name!r} hides the function {name}() of templates: hand this value over by another name"
        return f"{name or value!r} is no function, and the template calls it"


class _Template(jinja2.Template):
    """A template that escapes faster: a page writes some hundred values, and most of them are markup already."""

    @classmethod
    def from_code(cls, *arguments: Any, **options: Any) -> jinja2.Template:
        made = super().from_code(*arguments, **options)
        made.root_render_func.__globals__["escape"] = _escaped
        return made


def _escaped(value: Any) -> Any:
    """`markupsafe.escape()` for what is written out at once: it copies what is markup, and marks what need not be."""
    kind = type(value)
    if kind is Markup:
        return value
    if kind is str:
        return _escape_inner(value)
    return str(value) if kind is int else escape(value)


def _said(text: str, /, **values: Any) -> Markup:
    """`_()` in templates: as Jinja's new style does it, without making a context for every word in a loop."""
    said = Markup(i18n.gettext(text))  # noqa: S704 -- a catalogue's words are ours, the values are escaped
    return said % i18n.apart(values) if values or "%" in said else said


def _counted(one: str, many: str, n: int, /, **params: object) -> Markup:
    """`ngettext()` of templates: the number is `%(n)s` as in Python, and `%(num)s` as Jinja has it."""
    said = Markup(i18n.plural(one, many, n))  # noqa: S704 -- a catalogue's words are ours, the values are escaped
    return said % {"n": n, "num": n, **i18n.apart(params)}


def _part(environment: jinja2.Environment) -> Callable[..., Markup]:
    known: dict[str, jinja2.Template] = {}

    def part(name: str, /, **values: Any) -> Markup:
        """Render `parts/<name>.html` (`<plugin>/parts/x` for a plugin's) with these values alone."""
        template = known.get(name)
        if template is None or environment.auto_reload:
            plugin, _, short = name.rpartition("/")
            template = environment.get_template(f"{plugin}/parts/{short}.html" if plugin else f"parts/{name}.html")
            known[name] = template
        # What Template.render does, without its slow merging of globals: a list renders dozens of parts.
        context = environment.context_class(
            environment, {**environment.globals, **values}, template.name, template.blocks
        )
        return Markup(environment.concat(template.root_render_func(context)))  # noqa: S704 -- the template escapes

    return part


def _kept_part(environment: jinja2.Environment) -> Callable[..., Markup]:
    part = cast("Callable[..., Markup]", environment.globals["part"])
    currency = cast("Callable[[], str]", environment.globals["currency"])

    def kept_part(name: str, /, **values: Any) -> Markup:
        """`part()` for what many pages show alike: rendered once for these values as long as nothing it shows changes.

        It may depend on the site, the language, the currency and its values, and on nothing else of a request.
        """
        html = kept_piece((name, *values.items()), currency(), lambda: part(name, **values))
        return cast("Markup", html)

    return kept_part
