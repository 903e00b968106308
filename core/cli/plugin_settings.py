"""plugin set: the settings form of a plugin at a terminal, with the checks and the words of the panel."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import Any

from core.cli.boot import boot, meant, running_port, the_plugin, the_site
from core.hookspecs.site import Site
from core.lib.errors import NotFound, Unfit

_ON, _OFF = {"1", "on", "yes", "true"}, {"", "0", "off", "no", "false"}


def add_to(plugin: Any) -> None:
    """`plugin set NAME FIELD=VALUE ... --site HOST`."""
    chosen = plugin.add_parser(
        "set",
        help="read or change a plugin's settings",
        description="Without FIELD=VALUE it lists the settings. FIELD= empties one; FIELD=- reads it from standard"
        " input, which keeps a secret out of the shell's history.",
    )
    chosen.add_argument("name")
    chosen.add_argument("values", nargs="*", metavar="FIELD=VALUE", help="what shall hold; the others stay")
    where = chosen.add_mutually_exclusive_group(required=True)
    where.add_argument("--site", help="the site's domain")
    where.add_argument("--everywhere", action="store_true", help="for all sites that do not say otherwise")
    chosen.set_defaults(run=_set)


def _set(options: argparse.Namespace) -> int:
    from core.kernel.settings import fields
    from core.kernel.switch import declared_settings
    from core.panel.plugins.services.settings import save

    made = boot(port=running_port())
    name = the_plugin(options.name)
    site = the_site(options.site) if options.site else None
    declared = declared_settings(name)
    if declared is None:
        raise NotFound(f"{name} has no settings")
    known = {field.name: field for field in fields(declared)}
    if not options.values:
        _show(name, site, known)
        return 0
    form = {**_as_typed(_stored(name, site), known), **_given(options.values, known)}
    states = made.sites.all()
    currency = site.currency if site else states[0].site.currency if states else "EUR"
    save(name, site.id if site else None, form, currency, "system", may_replace_secrets=True)
    print(f"The settings of {name} are saved, {f'at {site.host}' if site else 'for all sites'}.")
    return 0


def _stored(name: str, site: Site | None) -> dict[str, Any]:
    from core.kernel.switch import stored_settings

    return {**stored_settings(None, name), **(stored_settings(site.id, name) if site else {})}


def _as_typed(stored: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, str]:
    """What holds now, as the form of the panel would send it; a secret is sent empty and stays."""
    form = {}
    for name, field in known.items():
        value = stored.get(name, "" if field.required else field.default)
        form[name] = "" if field.kind == "secret" or value is False else "1" if value is True else str(value)
    return form


def _given(values: list[str], known: Mapping[str, Any]) -> dict[str, str]:
    form = {}
    for one in values:
        name, equals, text = one.partition("=")
        if name not in known:
            raise NotFound(f"there is no setting {name!r}{meant(name, known)}")
        if not equals:
            raise Unfit({name: "Write FIELD=VALUE."})
        form[name] = sys.stdin.readline().rstrip("\n") if text == "-" else text
        if known[name].kind == "flag":
            if text.lower() not in _ON | _OFF:
                raise Unfit({name: "Write on or off."})
            form[name] = "1" if text.lower() in _ON else ""
    return form


def _show(name: str, site: Site | None, known: Mapping[str, Any]) -> None:
    stored = _stored(name, site)
    for field in known.values():
        value = stored.get(field.name, "" if field.required else field.default)
        if field.kind == "secret":
            value = "(set)" if value else "(not set)"
        told = f" ({', '.join(key for key, _text in field.choices)})" if field.choices else ""
        print(f"{field.name}={value}\n    {field.label}{told}{f'. {field.help}' if field.help else ''}")
