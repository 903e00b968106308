"""What forms and files may say about sales."""

from __future__ import annotations

from plugins.sale_prices.forms.files import Group, Row, RowError, read_list
from plugins.sale_prices.forms.sales import Wanted, arguments, parse
from plugins.sale_prices.forms.times import local_text, read_instant

__all__ = ["Group", "Row", "RowError", "Wanted", "arguments", "local_text", "parse", "read_instant", "read_list"]
