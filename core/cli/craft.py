"""plugin: switch plugins, make a new one, check one, remove one."""

from __future__ import annotations

import argparse
from typing import Any

from core.cli import plugin_settings
from core.cli.boot import boot, running_port, the_plugin, the_site


def add_to(commands: Any) -> None:
    """`plugin list|on|off|set|new|check|remove`."""
    plugin = commands.add_parser("plugin", help="plugins: list, switch, write").add_subparsers(
        dest="verb", metavar="VERB", required=True
    )
    listed = plugin.add_parser("list", help="every plugin, and where it is on")
    listed.add_argument("--site", help="only as it stands on this site")
    listed.set_defaults(run=_list)
    for verb, function in (("on", _on), ("off", _off)):
        switch = plugin.add_parser(verb, help=f"switch a plugin {verb}")
        switch.add_argument("name")
        switch.add_argument("--site", required=True, help="the site's domain")
        switch.set_defaults(run=function)
    plugin_settings.add_to(plugin)
    new = plugin.add_parser("new", help="make a plugin that runs, with its tests")
    new.add_argument("name")
    new.add_argument(
        "--kind",
        choices=("gateway", "carrier", "promotion", "content", "channel", "blank"),
        default="blank",
        help="what it begins as (blank)",
    )
    new.add_argument("--here", action="store_true", help="in plugins/ rather than instance/plugins/")
    new.set_defaults(run=_new)
    check = plugin.add_parser("check", help="run a plugin's tests, its contract suites, and faults in every hook")
    check.add_argument("name")
    check.set_defaults(run=_check)
    remove = plugin.add_parser("remove", help="move a plugin's folder away; its data stays, unless --tables")
    remove.add_argument("name")
    remove.add_argument("--tables", action="store_true", help="delete its tables and settings, too, for good")
    remove.add_argument("--yes", action="store_true", help="there is a backup: really delete")
    remove.set_defaults(run=_remove)


def _list(options: argparse.Namespace) -> int:
    from core.kernel.retiring import all_uses
    from core.kernel.switch import switchboard

    made = boot()
    sites = [the_site(options.site)] if options.site else [state.site for state in made.sites.all()]
    states = {site.host: {view.name: view for view in switchboard(site.id)} for site in sites}
    for name in sorted({*made.plugins.loaded, *made.plugins.broken}):
        where = ", ".join(f"{host}: {views[name].state}" for host, views in states.items() if name in views)
        version = made.plugins.loaded[name].plugin.version if name in made.plugins.loaded else "-"
        print(f"{name:<20} {version:<8} {where}")
    for use in all_uses(made.plugins.loaded):
        print(f"  {use.plugin}: {use.said}")
    for broken in made.plugins.broken.values():
        print(f"  {broken.name} cannot run: {broken.reason}")
    return 0


def _on(options: argparse.Namespace) -> int:
    from core.kernel.sites import state_of
    from core.kernel.switch import missing_settings, switch_on

    boot(port=running_port())
    site = the_site(options.site)
    switch_on(site.id, the_plugin(options.name), "system", together=True)
    print(f"{options.name} is on at {options.site}.")
    if needed := missing_settings(state_of(site.id), options.name):
        print(f"It needs settings: {', '.join(needed)} ({site.origin}/panel/plugins/{options.name}")
        print(f"or ./stoa plugin set {options.name} FIELD=VALUE --site {site.host}).")
    return 0


def _off(options: argparse.Namespace) -> int:
    from core.kernel.sites import state_of
    from core.kernel.switch import switch_off

    boot()
    site = the_site(options.site)
    # The folder of a plugin may be gone while its row still says that it is on.
    name = options.name if options.name in state_of(site.id).states else the_plugin(options.name)
    state = switch_off(site.id, name, "system")
    print(f"{name} is {state} at {options.site}.")
    return 0


def _new(options: argparse.Namespace) -> int:
    from core.testing.scaffold import make_plugin

    boot()
    made = make_plugin(options.name, options.kind, here=options.here)
    print(f"Made {made}. Its tests: ./stoa plugin check {options.name}")
    return 0


def _remove(options: argparse.Namespace) -> int:
    from core.kernel import removing

    boot()
    name = the_plugin(options.name)
    if options.tables and not options.yes:
        left = removing.what_is_left(name)
        print(f"This deletes for good, of {name}: its settings on {left.sites} sites, and")
        for table, rows in left.tables:
            print(f"  {table:<40} {rows} rows")
        print("Make a backup first: copy the folder instance/ (or dump the database) while the shop is stopped.")
        print(f"Then: ./stoa plugin remove {name} --tables --yes")
        return 1
    if options.tables:
        left = removing.delete_data(name, "system")
        print(f"Deleted {left.rows} rows in {len(left.tables)} tables of {name}.")
    try:
        print(f"{name} lies in {removing.move_away(name)} now.")
    except removing.OfTheHouse as refusal:
        if not options.tables:
            raise
        print(refusal)
    if not options.tables:
        print("Its tables and settings stay: put the folder back, and all is as it was.")
    print("A shop that runs forgets its code with the next start.")
    return 0


def _check(options: argparse.Namespace) -> int:
    from core.testing.check import check_plugin

    boot()
    return check_plugin(the_plugin(options.name))
