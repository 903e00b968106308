"""The account at EasyPost, where parcels leave, and how labels come."""

from __future__ import annotations

from typing import Literal

from core.api import Secret, Text, form_words, setting
from core.api import Settings as _Settings


class Settings(_Settings):
    """Labels can be bought once the key and the place where parcels leave are said."""

    key: Secret = setting("", label="API key", help="From your EasyPost account, under API Keys.", max_length=200)
    webhook_secret: Secret = setting(
        "",
        label="Secret of the webhook",
        help="Let EasyPost send its events to /easypost/notice of this shop, with this secret: parcels that arrived are"
        " then noted by themselves.",
        max_length=200,
    )
    sender_name: str = setting("", label="Sender: name", max_length=60)
    sender_street: str = setting("", label="Sender: street and number", max_length=60)
    sender_city: str = setting("", label="Sender: town", max_length=60)
    sender_state: str = setting("", label="Sender: state or province", max_length=20)
    sender_zip: str = setting("", label="Sender: postcode", max_length=20)
    sender_country: str = setting("", label="Sender: country", help="Its code, such as US.", max_length=2)
    sender_phone: str = setting("", label="Sender: phone", max_length=30)
    services: Text = setting(
        "",
        label="Services",
        help="What whoever packs may choose, one in each line as EasyPost calls it: USPS Priority. The cheapest of all"
        " is always offered.",
        max_length=2000,
    )
    label_format: Literal["PDF", "PNG", "ZPL"] = setting(
        "PDF",
        label="Labels come as",
        choices=(("PDF", "Pages (PDF)"), ("PNG", "Picture (PNG)"), ("ZPL", "For a Zebra (ZPL)")),
    )
    box_cm: str = setting("30 20 10", label="Box in centimetres", help="Length, width and height.", max_length=20)
    least_g: int = setting(
        100, label="Weight of the packing in grams", help="Added to the goods.", minimum=1, maximum=30_000
    )
    check_addresses: bool = setting(
        True, label="Check addresses before a label is bought", help="An address that EasyPost cannot find is refused."
    )
    at_checkout: bool = setting(
        False, label="Offer the rates to shoppers", help="In the currency of the cart, or not at all."
    )
    customs_signer: str = setting("", label="Signs for the customs", help="Needed abroad.", max_length=60)

    @property
    def is_ready(self) -> bool:
        """Whether anything can be bought."""
        return all((self.key, self.sender_street, self.sender_city, self.sender_zip, self.sender_country))

    @property
    def box(self) -> tuple[float, float, float]:
        """Length, width and height in centimetres; a small box where that cannot be read."""
        sides = [float(word) for word in form_words(self.box_cm) if word.replace(".", "", 1).isdecimal()]
        return (sides[0], sides[1], sides[2]) if len(sides) == 3 and min(sides) > 0 else (30.0, 20.0, 10.0)
