"""What the command line takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.api import command_line

if TYPE_CHECKING:
    from argparse import Namespace


def arguments(words: list[str]) -> Namespace:
    """`--site HOST EMAIL SKU ...`."""
    parser = command_line("wishlist keep", "Put products on a shopper's wish list.")
    parser.add_argument("--site", required=True, metavar="HOST")
    parser.add_argument("email", help="of the account")
    parser.add_argument("skus", nargs="+", metavar="SKU")
    return parser.parse_args(words)
