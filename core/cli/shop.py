"""import, export, reindex: the catalogue in bulk."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from core.cli.boot import bar, boot


def add_to(commands: Any) -> None:
    """`import`, `export` and `reindex`."""
    imports = commands.add_parser("import", help="read products from a WooCommerce, Shopify or Stoa CSV file")
    imports.add_argument("file", type=Path)
    imports.add_argument("--site", required=True, help="the site's domain")
    imports.add_argument("--dry-run", action="store_true", help="say what would change, change nothing")
    imports.add_argument("--errors", type=Path, help="where to write the rows that could not be read (FILE.errors.csv)")
    imports.set_defaults(run=_import)
    export = commands.add_parser("export", help="write the catalogue as CSV")
    export.add_argument("what", choices=("products",))
    export.add_argument("--site", required=True)
    export.add_argument("--to", type=Path, help="a file; the standard output without it")
    export.set_defaults(run=_export)
    reindex = commands.add_parser("reindex", help="build listing rows and search indexes anew")
    reindex.add_argument("--site")
    reindex.set_defaults(run=_reindex)


def _import(options: argparse.Namespace) -> int:
    from core.imports.services import run_from_command_line
    from core.kernel.sites import site_by_host

    boot()
    errors = options.errors or options.file.with_suffix(".errors.csv")
    return run_from_command_line(
        site_by_host(options.site), options.file, dry_run=options.dry_run, errors=errors, progress=bar
    )


def _export(options: argparse.Namespace) -> int:
    from core.imports.services import export_products
    from core.kernel.sites import site_by_host

    boot()
    site = site_by_host(options.site)
    if options.to is None:
        export_products(site, sys.stdout.buffer)
        return 0
    with options.to.open("wb") as stream:
        count = export_products(site, stream)
    print(f"{count} products written to {options.to}")
    return 0


def _reindex(options: argparse.Namespace) -> int:
    from core.catalogue.services import rebuild_cards
    from core.kernel.sites import site_by_host

    boot()
    site = site_by_host(options.site) if options.site else None
    print(f"{rebuild_cards(site, progress=bar)} products indexed.")
    return 0
