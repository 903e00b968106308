"""import, export, reindex: the catalogue in bulk."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from core.cli.boot import bar, boot, the_site
from core.hookspecs.site import Site
from core.kernel.commands import run_plugin_command
from core.kernel.installation import installation
from core.lib.days import DAY_ORDERS


def add_to(commands: Any) -> None:
    """`import`, `export` and `reindex`."""
    systems = "WooCommerce, Shopify, Magento, Vendure or Saleor"
    imports = commands.add_parser("import", help=f"read products from a file of {systems}, or our own; past orders")
    imports.add_argument("words", nargs="+", metavar="[orders] FILE", help="products, or past orders if it says so")
    imports.add_argument("--site", required=True, help="the site's domain")
    imports.add_argument("--dry-run", action="store_true", help="say what would change, change nothing")
    imports.add_argument("--errors", type=Path, help="where remarks go (instance/imports/FILE.errors.csv)")
    imports.add_argument("--resume", action="store_true", help="go on with an import of this file that was interrupted")
    imports.add_argument(
        "--pictures", default="", metavar="ADDRESS|FOLDER", help="where pictures are that have only a name in the file"
    )
    imports.add_argument("--currency", default="", help="what past orders are in, where the file does not say")
    imports.add_argument("--prefix", default="", help="what to put before the numbers of past orders")
    imports.add_argument(
        "--dates", choices=DAY_ORDERS, default="", help="the order of dates, where the file leaves it open"
    )
    imports.set_defaults(run=_import)
    export = commands.add_parser("export", help="write the catalogue as CSV")
    export.add_argument("what", choices=("products",))
    export.add_argument("--site", required=True, help="the site's domain")
    export.add_argument("--to", type=Path, help="a file; the standard output without it")
    export.set_defaults(run=_export)
    reindex = commands.add_parser("reindex", help="build what lists read, and search indexes, anew")
    reindex.add_argument("--site", help="the domain of the only site to do; all without it")
    reindex.set_defaults(run=_reindex)


def _import(options: argparse.Namespace) -> int:
    from core.imports.services import run_from_command_line

    *what, name = options.words
    if what not in ([], ["products"], ["orders"]):
        print(f"./stoa import knows products and orders, not {' '.join(what)}", file=sys.stderr)
        return 2
    boot()
    file = Path(name)
    errors = options.errors or _in_instance(file)
    if what == ["orders"]:
        return _import_orders(options, file, errors)
    return run_from_command_line(
        the_site(options.site),
        file,
        dry_run=options.dry_run,
        errors=errors,
        progress=bar,
        pictures=options.pictures,
        dates=options.dates,
        resume=options.resume,
    )


def _in_instance(file: Path) -> Path:
    """Where remarks on a file go: never beside the file itself, whose folder may be another's."""
    folder = installation().config.instance / "imports"
    folder.mkdir(exist_ok=True)
    return folder / f"{file.stem}.errors.csv"


def _import_orders(options: argparse.Namespace, file: Path, errors: Path) -> int:
    """Past orders; the remarks about what was left out go to a file of their own."""
    from core.imports.models import HISTORY
    from core.imports.services.reports import find_run, remarks_csv, report
    from core.kernel.i18n import speaking
    from core.orders.services.file_runs import Terms, at_once, carry_on
    from core.orders.services.history import said, tally_of

    site = the_site(options.site)
    with speaking(site.language, site.timezone):
        terms = Terms(currency=options.currency, prefix=options.prefix, dates=options.dates)
        run = at_once(site, HISTORY, file, file.name, "system", terms, dry_run=options.dry_run)
        carry_on(run, bar)
        done = report(site, run, HISTORY)
        words = "would come in" if done.dry_run else "came in"
        print(f"{done.created} documents {words}, {done.unchanged} known, {done.refused} left out.")
        print("\n".join(said(tally_of(find_run(site, run, HISTORY).sums))))
        if done.remarks is not None:
            with errors.open("wb") as stream:
                stream.writelines(remarks_csv(site, run, HISTORY))
            print(errors)
        if done.undoable:
            print(f"Take it back: ./stoa order undo {run} --site {site.host}")
    return 1 if done.refused else 0


def _export(options: argparse.Namespace) -> int:
    from core.imports.services import export_products

    boot()
    site = the_site(options.site)
    if options.to is None:
        export_products(site, sys.stdout.buffer)
        return 0
    with options.to.open("wb") as stream:
        count = export_products(site, stream)
    print(f"{count} products written to {options.to}")
    return 0


def _reindex(options: argparse.Namespace) -> int:
    from core.catalogue.services import rebuild_cards
    from core.orders.services.shortages import copy_all_shortages
    from core.orders.services.states import copy_all

    boot()
    site = the_site(options.site) if options.site else None
    print(f"{rebuild_cards(site, progress=bar)} products made ready for lists.")
    if site is None and (wrong := copy_all(bar)):
        print(f"Lists said of {wrong} orders what their facts do not; they say it now.")
    if site is None and (wrong := copy_all_shortages()):
        print(f"Who waits for goods was told wrongly in {wrong} places; it is right now.")
    return max((run_plugin_command(name, "rebuild", []) for name in _search_plugins(site)), default=0)


def _search_plugins(site: Site | None) -> list[str]:
    """The plugins that search on the site, or on any, and can build their index anew."""
    states = [state for state in installation().sites.all() if site is None or state.site.id == site.id]
    searching = {name for state in states for name in state.hooks.answering("site_search")}
    return sorted(name for name in searching if "rebuild" in installation().plugins.loaded[name].plugin.commands)
