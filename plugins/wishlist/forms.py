"""What the command line takes."""

from __future__ import annotations

import argparse


def arguments(words: list[str]) -> argparse.Namespace:
    """`--site HOST EMAIL SKU ...`."""
    parser = argparse.ArgumentParser(prog="stoa wishlist keep", description="Put products on a shopper's wish list.")
    parser.add_argument("--site", required=True, metavar="HOST")
    parser.add_argument("email", help="of the account")
    parser.add_argument("skus", nargs="+", metavar="SKU")
    return parser.parse_args(words)
