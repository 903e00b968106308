"""site, staff: who sells where, and who may work there."""

from __future__ import annotations

import argparse
from typing import Any

from core.cli.boot import boot, running_port, the_site


def add_to(commands: Any) -> None:
    """`site add|list` and `staff add`."""
    site = commands.add_parser("site", help="the sites of this installation").add_subparsers(
        dest="verb", metavar="VERB", required=True
    )
    add = site.add_parser("add", help="add a site")
    add.add_argument("host", help="its domain, without scheme and port")
    add.add_argument("--name", required=True, help="what shoppers read as the shop's name")
    add.add_argument("--theme", default="plain", help="a folder of themes/ (plain)")
    add.add_argument("--language", default="en", help="its first language, such as zh-CN (en)")
    add.add_argument("--languages", nargs="*", default=[], help="further languages")
    add.add_argument("--currency", default="EUR", help="an ISO code (EUR)")
    add.add_argument("--country", default="", help="where it is at home, an ISO code such as DE")
    add.set_defaults(run=_add_site)
    site.add_parser("list", help="list the sites").set_defaults(run=_list_sites)
    staff = commands.add_parser("staff", help="who may use the panel").add_subparsers(
        dest="verb", metavar="VERB", required=True
    )
    member = staff.add_parser("add", help="add a member of staff; prints a one-time password")
    member.add_argument("email")
    member.add_argument("--owner", action="store_true", help="may do everything on every site")
    member.add_argument("--role", default="manager", help="one of the panel's roles (manager)")
    member.add_argument("--site", help="the domain of the only site they may work on")
    member.set_defaults(run=_add_staff)


def _add_site(options: argparse.Namespace) -> int:
    from core.kernel.site_verbs import add_site

    boot(port=running_port())
    site = add_site(
        host=options.host,
        name=options.name,
        theme=options.theme,
        language=options.language,
        languages=options.languages,
        currency=options.currency,
        country=options.country,
        actor="system",
    )
    print(f"{site.name}: {site.origin}/\nPanel: {site.origin}/panel")
    return 0


def _list_sites(options: argparse.Namespace) -> int:
    del options
    for state in boot().sites.all():
        site = state.site
        print(
            f"{site.host:<30} {site.name:<24} {site.theme:<10} {site.language:<7} {site.currency} "
            f" {', '.join(state.runtime.plugins)}"
        )
    return 0


def _add_staff(options: argparse.Namespace) -> int:
    from core.accounts.services import add_staff

    boot()
    site = the_site(options.site) if options.site else None
    roles = () if options.owner else ((options.role, site.id if site else None),)
    invited = add_staff(options.email, roles=roles, is_owner=options.owner, actor="system")
    print(f"{invited.staff.email}\nOne-time password: {invited.one_time_password}")
    return 0
