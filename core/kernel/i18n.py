"""Words in the reader's language: the present language, and dates, numbers and money as people write them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from types import FrameType
from typing import Any, Literal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time, format_timedelta, get_datetime_format
from babel.numbers import format_decimal
from flask import request
from markupsafe import Markup

from core.kernel.catalogues import PLURAL
from core.kernel.installation import installation
from core.kernel.sites import SiteState, current_or_none
from core.lib import clock
from core.lib.errors import StoaError
from core.lib.languages import apart as _apart
from core.lib.languages import is_language, is_rtl, plural_form
from core.lib.languages import locale_of as _locale
from core.lib.money import Money
from core.lib.money import format_money as _format_money

_language: ContextVar[str] = ContextVar("stoa_language", default="en")
_timezone: ContextVar[str] = ContextVar("stoa_timezone", default="UTC")
_mute: ContextVar[bool] = ContextVar("stoa_mute", default=False)
_site: ContextVar[int] = ContextVar("stoa_speaking_site", default=0)
# What stands behind a label, where that is not the colon of Latin letters.
_COLONS = {"zh": ("：", ""), "ja": ("：", "")}
_COMMAS = {"zh": "，", "ja": "、", "ar": "، ", "fa": "، ", "ur": "، "}
_SEMICOLONS = {"zh": "；", "ja": "；", "ar": "؛ ", "fa": "؛ ", "ur": "؛ "}


# -- the present language ----------------------------------------------------------------------------------------------


def language() -> str:
    """The language (BCP 47: `en`, `zh-CN`) of this request, mail or block."""
    return _language.get()


@contextmanager
def speaking(tag: str, timezone: str = "UTC", *, mute: bool = False) -> Iterator[None]:
    """Speak `tag` within the block, and tell times of `timezone`.

    Mails, jobs, tests. The front does it for requests. `mute`: the language is the page's, but its words are not to be
    used, as the site's pack for it is off.
    """
    before, zone, quiet = _language.set(tag), _timezone.set(timezone), _mute.set(mute)
    try:
        yield
    finally:
        _language.reset(before)
        _timezone.reset(zone)
        _mute.reset(quiet)


def speaking_on(state: SiteState, tag: str) -> AbstractContextManager[None]:
    """Speak `tag` within the block as a page of this site would, whoever asks: for what is stored in its words."""
    return speaking(tag, state.site.timezone, mute=tag in state.silent)


@contextmanager
def speaking_for(site_id: int) -> Iterator[None]:
    """Speak as this site does within the block: where a language has several packs, by those that are on there.

    Jobs, mails, commands. A request speaks for its own site.
    """
    before = _site.set(site_id)
    try:
        yield
    finally:
        _site.reset(before)


def _in_english() -> bool:
    return _language.get() == "en" or _mute.get()


def _packs(tag: str) -> tuple[str, ...]:
    """Which packs speak a language on this site, where there are several for it."""
    catalogues = installation().themes.catalogues
    if not catalogues.has_rivals(tag):
        return ()
    site_id = _site.get()
    state = installation().sites.pinned(site_id) if site_id else current_or_none()
    return catalogues.chosen(tag, state.runtime.plugins) if state is not None else ()


def _face() -> str:
    """Whose words lie on top of all others: the theme's in the shop, the panel's own in the panel."""
    state = current_or_none()
    if state is None:
        return ""
    return "panel" if request.path.startswith("/panel") else state.site.theme


def gettext(text: str, /, **params: object) -> str:
    """`text` (an English msgid) in the present language, as whoever calls says it; `params` fill `%(name)s`."""
    found = _found(text, _speaking()) if not _in_english() else None
    said = found if isinstance(found, str) else text
    return said % apart(params) if params else said


def apart(params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Values for a sentence: from right to left, each text is kept together as it is."""
    tag = _language.get()
    if not is_rtl(tag):
        return params
    return {name: _apart(value, tag) if isinstance(value, str) else value for name, value in params.items()}


def kept_together(text: str) -> str:
    """A text of somebody else's beside words of the present language; see `core.lib.languages.apart`."""
    return _apart(text, _language.get())


def of_plugin(plugin: str, text: str, /, **params: object) -> str:
    """`text` as a plugin says it: for titles and labels that it declares and core shows."""
    found = _found(text, plugin) if not _in_english() else None
    said = found if isinstance(found, str) else text
    return said % apart(params) if params else said


def of_theme(theme: str, text: str, tag: str = "") -> str:
    """`text` in the words of a theme, wherever the reader is; in the language `tag`, else in the present one."""
    spoken = tag or _language.get()
    if spoken == "en" or (not tag and _mute.get()):
        return text
    found = installation().themes.catalogues.said(text, spoken, theme, _packs(spoken))
    return found if isinstance(found, str) else text


def ngettext(one: str, many: str, n: int, **params: object) -> str:
    """`one` or `many` by the number, with which `%(n)s` is filled. Chinese has one form."""
    return plural(one, many, n) % {"n": n, "num": n, **apart(params)}


def plural(one: str, many: str, n: int) -> str:
    """The form for the number, not filled in yet."""
    found = _found(one + PLURAL, _speaking()) if not _in_english() else None
    return found[plural_form(language(), n)] if isinstance(found, list) else one if n == 1 else many


def _found(key: str, plugin: str) -> str | list[str] | None:
    """What a plugin says for it, else core or the face; None where it is in no catalogue."""
    catalogues, tag = installation().themes.catalogues, _language.get()
    packs = _packs(tag)
    own = catalogues.own(key, tag, plugin, packs) if plugin else None
    return catalogues.said(key, tag, _face(), packs) if own is None else own


def _speaking() -> str:
    """The plugin whose code or template asks for words; empty for core, for themes, and where nobody can tell."""
    speaker = installation().themes.catalogues.speaker
    frame: FrameType | None = sys._getframe(2)  # noqa: SLF001 -- whoever asks for words need not say who it is
    while frame is not None:
        found: str | None = speaker(frame.f_code.co_filename)
        if found is not None:
            return found
        frame = frame.f_back
    return ""


def say(error: StoaError) -> str:
    """An error in the reader's words. Money among its parameters is written as people write it."""
    shown = {name: _shown(value) for name, value in error.params.items()}
    if _in_english():
        return error.message % shown if shown else error.message
    file = getattr(sys.modules.get(type(error).__module__), "__file__", None) or ""
    return of_plugin(installation().themes.catalogues.speaker(file) or "", error.message, **shown)


def _shown(value: object) -> object:
    if isinstance(value, Money):
        return money(value)
    return when(value) if isinstance(value, datetime) else value


# -- as people write it ------------------------------------------------------------------------------------------------


def money(amount: Money) -> str:
    """`€12.30` in the present language."""
    return _format_money(amount, language())


def number(value: float) -> str:
    """`1,234` in the present language."""
    return str(format_decimal(value, locale=_locale(language())))


def file_size(count: int) -> str:
    """`375 B`, `1.2 MB` in the present language: signs that all have, a thousand bytes to the kB."""
    power = min((len(str(count)) - 1) // 3, 3)
    return f"{number(round(count / 1000**power, 1))}\u00a0{('B', 'kB', 'MB', 'GB')[power]}"


def day(value: date | datetime, style: str = "medium") -> str:
    """A day in the site's time zone: `23 Nov 2026`, `2026年11月23日`."""
    local = value.astimezone(ZoneInfo(_timezone.get())).date() if isinstance(value, datetime) else value
    return str(format_date(local, style, locale=_locale(language())))


def when(value: datetime, style: Literal["short", "medium", "long", "full"] = "medium") -> str:
    """Day and time in the site's time zone, as the language puts them together: `23 Nov 2026, 2:05 pm`."""
    locale = _locale(language())
    glue = str(get_datetime_format(style, locale=locale)).replace("'", "")
    return glue.format(time_of_day(value), day(value, style))


def time_of_day(value: datetime) -> str:
    """`14:05` in the site's time zone."""
    return str(format_time(value, "short", tzinfo=ZoneInfo(_timezone.get()), locale=_locale(language())))


def labelled(label: object, text: object) -> str:
    """`Name: Write it out.`; a question asks for no colon behind it."""
    mark, space = _COLONS.get(language().partition("-")[0], (":", " "))
    return _joined(space if str(label).endswith(("?", "？", "؟")) else f"{mark}{space}", (label, text))


def after_colon(text: object) -> str:
    """`: Write it out.`, for what stands behind a label in an element of its own."""
    return labelled("", text)


def ago(value: datetime) -> str:
    """`3 hours ago`."""
    return str(format_timedelta(value - clock.now(), add_direction=True, locale=_locale(language())))


def enumerated(words: Iterable[object]) -> str:
    """Words as a list in the present language: `oak, ash`, `橡木、白蜡木`."""
    between = _locale(language()).list_patterns["standard"]["middle"]
    return _joined(between.replace("{0}", "").replace("{1}", ""), words)


def phrases(texts: Iterable[object]) -> str:
    """What belongs to one thing, in a row: `Dome lamp, red`, `穹顶灯，红`."""
    return _joined(_COMMAS.get(language().partition("-")[0], ", "), texts)


def after_comma(text: object) -> str:
    """`, red`, for what follows something in an element of its own."""
    return phrases(("", text))


def clauses(texts: Iterable[object]) -> str:
    """Texts that may hold commas of their own, in a row: `Name: a → b; Price: 1 → 2`."""
    return _joined(_SEMICOLONS.get(language().partition("-")[0], "; "), texts)


def sentences(texts: Iterable[object]) -> str:
    """Sentences one after another, but for empty ones; Chinese and Japanese have no space between them."""
    is_close = language().partition("-")[0] in _COLONS
    return _joined("" if is_close else " ", (text for text in texts if text))


def _joined(between: str, texts: Iterable[object]) -> str:
    """Texts in one; HTML where one of them is."""
    found = [text if isinstance(text, Markup) else str(text) for text in texts]
    is_html = any(isinstance(text, Markup) for text in found)
    return Markup(between).join(found) if is_html else between.join(found)  # noqa: S704 -- punctuation


def language_name(tag: str, reader: str = "") -> str:
    """A language by its own name: `English`, `中文`; in that of a `reader` where one is given: `Chinese`.

    Its tag if nobody knows it.
    """
    if reader:
        return str(_locale(reader).languages.get(tag.partition("-")[0].lower(), tag))
    if not is_language(tag):
        return tag
    found = _locale(tag)
    return str(found.languages.get(found.language, tag)).capitalize() if found.language != "zh" else "中文"


def text_direction(tag: str = "") -> str:
    """`rtl` or `ltr`."""
    return "rtl" if is_rtl(tag or language()) else "ltr"


def country_name(code: str) -> str:
    """A country in the present language; its code if unknown."""
    return str(_locale(language()).territories.get(code, code))


class Lazy:
    """A text that is translated when it is shown; for titles declared at import."""

    __slots__ = ("_file", "_params", "_text")

    def __init__(self, text: str, params: Mapping[str, Any], file: str) -> None:
        self._text, self._params, self._file = text, dict(params), file

    def __str__(self) -> str:
        return of_plugin(installation().themes.catalogues.speaker(self._file) or "", self._text, **self._params)

    def __html__(self) -> str:
        from markupsafe import escape  # noqa: PLC0415

        return str(escape(str(self)))


def lazy(text: str, **params: object) -> Any:
    """`_()` for module level: translated whenever it is shown."""
    return Lazy(text, params, sys._getframe(1).f_code.co_filename)  # noqa: SLF001 -- whose words these are
