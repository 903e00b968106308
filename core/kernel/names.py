"""What templates know besides the values of their view: addresses, pictures, words and numbers, settings, places."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache, partial
from typing import Any

from flask import g, request, url_for
from jinja2 import pass_eval_context
from jinja2.filters import do_xmlattr
from jinja2.nodes import EvalContext
from markupsafe import Markup
from msgspec import Struct
from werkzeug.local import LocalProxy

from core.hookspecs.site import Slot
from core.kernel import cache, files, i18n, looks, previews, stored, theme_settings
from core.kernel.catalogues import PANEL
from core.kernel.fragments import kept_piece
from core.kernel.installation import installation
from core.kernel.respond import absolute, currency, is_open, notes, scheme
from core.kernel.runtime import Runtime
from core.kernel.sites import current
from core.lib.text import words_of


def names(url_for: Callable[..., str]) -> dict[str, Any]:
    """The names in every template; `url_for` is the application's."""
    return {
        "site": LocalProxy(lambda: current().site),
        "request_path": LocalProxy(lambda: request.path),
        "url_for": url_for,
        "absolute": absolute,
        "asset": asset,
        "panel_asset": panel_asset,
        "icon": icon,
        "slot": slot,
        "setting": theme_setting,
        "is_own_setting": is_own_setting,
        "money": i18n.money,
        "date": i18n.day,
        "when": i18n.when,
        "ago": i18n.ago,
        "labelled": i18n.labelled,
        "after_colon": i18n.after_colon,
        "after_comma": i18n.after_comma,
        "moment": moment,
        "number": i18n.number,
        "language_tag": i18n.language,
        "language_name": i18n.language_name,
        "text_direction": i18n.text_direction,
        "country_name": i18n.country_name,
        "currency": currency,
        "notes": notes,
        "is_open": is_open,
        "media_url": files.url,
        "media_srcset": files.srcset,
        "focal": files.focal,
        "has_plugin": has_plugin,
        "card_acts": card_acts,
        "scheme": scheme,
        "stored_questions": stored.open_questions,
        "stored_allowed": stored.allowed_here,
    }


def moment(value: datetime) -> str:
    """An instant for `<time datetime>`."""
    return value.isoformat(timespec="seconds")


@pass_eval_context
def attributes(context: EvalContext, values: Mapping[str, Any]) -> str:
    """The attributes of an element: one that is on stands without a value, one that is off is left out."""
    told = {name: "" if value is True else value for name, value in values.items() if value is not False}
    return do_xmlattr(context, told)


FILTERS: dict[str, Callable[..., Any]] = {
    "money": i18n.money,
    "date": i18n.day,
    "moment": moment,
    "ago": i18n.ago,
    "number": i18n.number,
    "enumerated": i18n.enumerated,
    "sentences": i18n.sentences,
    "words": words_of,
    "xmlattr": attributes,
    "filesizeformat": i18n.file_size,
}


def asset(path: str) -> str:
    """The hashed address of a theme's file (`img/x.svg`), its joined `shop.css`, or a plugin's (`reviews:js/x.js`)."""
    state = current()
    look = ""
    if path == "shop.css":
        if (preview := previews.of_request()) is not None:
            return preview.style
        look = looks.look_of(state)
    return installation().themes.url(state.site.theme, state.runtime.plugins, path, look)


def panel_asset(path: str) -> str:
    """`asset` for the panel: its own files and the joined `panel.css`."""
    return installation().themes.url(PANEL, current().runtime.plugins, path)


def icon(name: str, css: str = "") -> Markup:
    """A drawing of the one sprite, hidden from readers: a word beside it says what it means."""
    return _drawn(asset("icons.svg"), name, css)


@lru_cache(maxsize=1024)
def _drawn(sprite: str, name: str, css: str) -> Markup:
    more = f" {css}" if css else ""
    return Markup('<svg class="icon{}" aria-hidden="true"><use href="{}#{}"/></svg>').format(more, sprite, name)


class ShownAct(Struct, frozen=True, kw_only=True):
    """A button that a plugin puts on every card, ready for a page."""

    plugin: str
    title: str
    icon: str
    url: str


def card_acts() -> tuple[ShownAct, ...]:
    """The buttons on every card, in the order of their plugins' names; made once for a page."""
    if "card_acts" not in g:
        loaded = installation().plugins.loaded
        g.card_acts = tuple(
            ShownAct(
                plugin=name,
                title=i18n.of_plugin(name, act.title),
                icon=act.icon,
                url=url_for(f"{name}.{act.endpoint}"),
            )
            for name in sorted(current().runtime.plugins)
            for act in loaded[name].plugin.card_acts
        )
    acts: tuple[ShownAct, ...] = g.card_acts
    return acts


def has_plugin(name: str) -> bool:
    """Whether a plugin is on here."""
    return current().runtime.has(name)


def theme_setting(name: str) -> Any:
    """What the merchant chose for this theme, else what the theme says."""
    state = current()
    known = installation().themes.get(state.site.theme).settings.get(name)
    if known is None:
        return ""
    values = looks.published(state)
    if known.kind == "sections":
        return [choice.value for choice, is_shown in theme_settings.sections(known, values) if is_shown]
    value = theme_settings.chosen(known, values)
    if known.kind == "picture" and value:
        return {**value, "alt": _spoken(value.get("alt", {}))}
    if not known.is_translated:
        return value
    if isinstance(value, dict):
        return _spoken(value)
    return i18n.gettext(value) if value and name not in values else value


def is_own_setting(name: str) -> bool:
    """Whether the merchant chose this setting; otherwise `setting` says what the theme says."""
    return name in looks.published(current())


def _spoken(words: Mapping[str, str]) -> str:
    """Words in the reader's language, else in the site's, else in any."""
    return words.get(i18n.language()) or words.get(current().site.language) or next(iter(words.values()), "")


# -- places that plugins fill ------------------------------------------------------------------------------------------

_NOTHING = Markup("")


def slot(name: str, subject: object = None) -> Markup:
    """What the plugins put in the place `name`; the page depends on what they say it depends on."""
    runtime = current().runtime
    asked = runtime.filling(name)
    if waits := runtime.waits.get(name):
        asked -= {plugin for plugin, kind in waits.items() if not stored.may_store(kind)}
    if not asked:
        return _NOTHING
    kept = asked & _kept_in(runtime, name, subject)
    parts = dict(_answers(name, subject, asked - kept)) if asked != kept else {}
    if parts:
        cache.passing()
    for plugin in kept:
        key = ("slot", name, plugin, type(subject), getattr(subject, "id", None), getattr(subject, "shown", None))
        make = partial(_answer_of, name, subject, plugin)
        parts[plugin] = kept_piece(key, currency(), make, about_the_page=subject is not None) or _NOTHING
    return _NOTHING.join(parts[plugin] for plugin in sorted(parts))


def _kept_in(runtime: Runtime, name: str, subject: object) -> frozenset[str]:
    """The plugins whose answer for this place is kept: about nothing, or about something that has an id."""
    may_be = subject is None or hasattr(subject, "id")
    return runtime.keeping(name) if may_be and not installation().config.debug else frozenset()


def _answers(name: str, subject: object, asked: frozenset[str]) -> Iterator[tuple[str, Markup]]:
    state = current()
    for plugin, answer in state.hooks.each("site_slot", among=asked, site=state.site, name=name, subject=subject):
        if isinstance(answer, Slot):
            cache.depends(*answer.tags, until=answer.until)
            yield plugin, answer.html
        else:
            yield plugin, answer


def _answer_of(name: str, subject: object, plugin: str) -> Markup | None:
    return next((html for _, html in _answers(name, subject, frozenset({plugin}))), None)
