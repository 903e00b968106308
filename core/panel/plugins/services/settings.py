"""A plugin's settings as a form: each with its words, its value, and where the value comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from core.catalogue.services.category_pages import category_tree, flat
from core.kernel import settings as declared
from core.kernel import switch
from core.kernel.i18n import gettext as _
from core.kernel.i18n import language, of_plugin
from core.kernel.sites import current
from core.kernel.trials import can_be_tried
from core.lib.errors import NotFound, Unfit


class Item(Struct, kw_only=True):
    """One setting in the form, with the words typed so far and where the value comes from."""

    id: str
    kind: str
    label: str
    help: str
    value: Any
    error: str = ""
    choices: list[tuple[str, str, str]] = field(default_factory=list)
    unit: str = ""
    is_set: bool = False
    inherited: bool = False
    overridden: bool = False
    changed: bool = False
    usual: str = ""

    @property
    def pairs(self) -> list[tuple[str, str]]:
        return [(value, text) for value, text, _help in self.choices]


def items(
    name: str,
    site_id: int | None,
    currency: str,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> list[Item]:
    """The settings form of a plugin for a site, or for all sites (None). Raises NotFound for one without settings.

    `typed` are the words of a refused form, which stay as they were.
    """
    cls = switch.declared_settings(name)
    if cls is None and can_be_tried(name):
        return []
    if cls is None:
        raise NotFound
    shared, own = switch.stored_settings(None, name), switch.stored_settings(site_id, name)
    return [_item(name, about, shared, own, site_id, currency, typed, errors or {}) for about in declared.fields(cls)]


def _item(
    plugin: str,
    about: declared.SettingField,
    shared: Mapping[str, Any],
    own: Mapping[str, Any],
    site_id: int | None,
    currency: str,
    typed: Mapping[str, str] | None,
    errors: Mapping[str, str],
) -> Item:
    default = "" if about.required else about.default
    stored = own.get(about.name, shared.get(about.name, default))
    value = stored if typed is None else typed.get(about.name, "")
    return Item(
        id=about.name,
        kind=about.kind,
        label=of_plugin(plugin, about.label),
        help=of_plugin(plugin, about.help) if about.help else "",
        value="" if about.kind == "secret" else value,
        error=_(errors[about.name]) if about.name in errors else "",
        choices=_categories(value) if about.kind == "category" else _choices(plugin, about),
        unit=currency,
        is_set=bool(stored) and about.kind == "secret",
        inherited=site_id is not None and about.name not in own and about.name in shared,
        overridden=site_id is not None and about.name in own and about.name in shared,
        changed=_is_changed(about, own if site_id is not None else shared, shared if site_id is not None else {}),
        usual=_usual(plugin, about),
    )


def _choices(plugin: str, about: declared.SettingField) -> list[tuple[str, str, str]]:
    return [(key, of_plugin(plugin, text), "") for key, text in about.choices]


def _categories(chosen: Any) -> list[tuple[str, str, str]]:
    """The categories of the site that is looked at, each below its parent; and one that is chosen but gone."""
    state = current()
    tree = category_tree(state.site, language(), state.site.currency)
    found = [(str(node.id), "\u00a0" * 3 * depth + node.name, "") for depth, node in flat(tree)]
    gone = str(chosen or 0) not in {"0", *(key for key, _text, _help in found)}
    return [("0", _("None"), ""), *found, *([(str(chosen), f"#{chosen}", "")] if gone else [])]


def _is_changed(about: declared.SettingField, mine: Mapping[str, Any], above: Mapping[str, Any]) -> bool:
    """Whether a value was written here that differs from the plugin's own, with nothing above to fall back to."""
    return not about.required and about.name in mine and about.name not in above and mine[about.name] != about.default


def _usual(plugin: str, about: declared.SettingField) -> str:
    """The plugin's own value in words, as far as it fits beside a button; never a secret."""
    if about.kind == "flag":
        return _("on") if about.default else _("off")
    if about.kind == "choice":
        return next((of_plugin(plugin, text) for value, text in about.choices if value == str(about.default)), "")
    return "" if about.required or about.kind in {"secret", "lines", "category"} else str(about.default)


def save(
    name: str,
    site_id: int | None,
    form: Mapping[str, str],
    currency: str,
    actor: str,
    *,
    inherit: str = "",
    may_replace_secrets: bool,
) -> None:
    """Store a settings form. What a site leaves as it is stays inherited.

    `inherit` lets go of one value, so that what all sites say holds again, or what the plugin itself says.

    Raises Unfit. Secrets in the form are left out for those who may not replace them.
    """
    cls = switch.declared_settings(name)
    if cls is None:
        raise NotFound
    secrets = {about.name for about in declared.fields(cls) if about.kind == "secret"}
    allowed = {key: text for key, text in form.items() if may_replace_secrets or key not in secrets}
    kept = _inherited(cls, name, site_id, allowed, currency, secrets) if site_id is not None else set()
    switch.save_settings(
        site_id, name, allowed, actor, currency, inherit=frozenset(kept | ({inherit} if inherit else set()))
    )


def _inherited(
    cls: type[declared.Settings],
    name: str,
    site_id: int | None,
    form: Mapping[str, str],
    currency: str,
    secrets: set[str],
) -> set[str]:
    shared, own = switch.stored_settings(None, name), switch.stored_settings(site_id, name)
    try:
        values = declared.parse(cls, form, {**shared, **own}, currency)
    except Unfit:
        return set()
    return {
        key
        for key in shared
        if key not in own and (not form.get(key) if key in secrets else values.get(key) == shared[key])
    }
