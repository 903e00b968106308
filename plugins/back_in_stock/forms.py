"""What the merchant may set, and what the command line takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.api import Settings, command_line, setting

if TYPE_CHECKING:
    from argparse import Namespace


class BackInStock(Settings):
    """What the merchant may change. The form in the panel is made from this class."""

    confirm: bool = setting(
        False,
        label="Ask for a confirmation first",
        help="A mail with a link comes before the address counts, as some countries want it.",
    )
    keep_days: int = setting(
        90, label="Days to keep", help="So long after its mail an address is kept.", minimum=1, maximum=730
    )


def erase_arguments(arguments: Sequence[str]) -> Namespace:
    """`ADDRESS --site HOST`."""
    parser = command_line("back_in_stock erase", "Forget an address.")
    parser.add_argument("email")
    parser.add_argument("--site", required=True)
    return parser.parse_args(list(arguments))


def import_arguments(arguments: Sequence[str]) -> Namespace:
    """`FILE --site HOST`."""
    parser = command_line("back_in_stock import", "Let addresses wait.")
    parser.add_argument("file", help="columns: sku, email, language")
    parser.add_argument("--site", required=True)
    return parser.parse_args(list(arguments))
