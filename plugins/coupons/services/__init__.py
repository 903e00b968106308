"""The verbs of coupons: answer at the cart, edit in the panel, and tell how they were used."""

from __future__ import annotations

from plugins.coupons.services.answers import answers
from plugins.coupons.services.editing import CodeTaken, make_codes, save_coupon, switch
from plugins.coupons.services.reading import (
    Listed,
    Use,
    categories,
    codes_of,
    find_coupon,
    listed,
    skus_of,
    takes_off,
    uses_of,
)

__all__ = [
    "CodeTaken",
    "Listed",
    "Use",
    "answers",
    "categories",
    "codes_of",
    "find_coupon",
    "listed",
    "make_codes",
    "save_coupon",
    "skus_of",
    "switch",
    "takes_off",
    "uses_of",
]
