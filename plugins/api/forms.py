"""What may be sent: bodies and query strings of the API, and the panel's form for a key.

A field that is not declared here is refused, so nothing can be slipped into a verb.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from msgspec import UNSET, Meta, UnsetType, field

from core.api import RequestModel, Settings, Site, Text, Unfit, now, setting
from core.api import gettext as _
from plugins.api.models.scopes import scopes_of


class Api(Settings):
    """Who may read the reference, which pages may call, and how often."""

    docs_open: bool = setting(
        False,
        label="Show the reference to everybody",
        help="At /api/docs and /api/v1/openapi.json. Staff see it in any case.",
    )
    origins: Text = setting(
        "",
        label="Other sites whose pages may call the API",
        help="One in each line, such as https://app.example.com.",
    )
    per_minute: int = setting(
        600, label="Requests a minute with one key", help="From one address twice as many.", minimum=10, maximum=100_000
    )


# Base of all that may be sent.
Sent = RequestModel
Id = Annotated[int, Meta(ge=1, le=2**53 - 1, examples=[1])]
Units = Annotated[int, Meta(ge=1, le=999, examples=[1])]
Cursor = Annotated[str, Meta(max_length=300)]
Limit = Annotated[int, Meta(ge=1, le=100)]
Minor = Annotated[int, Meta(ge=0, le=10**15, examples=[1999])]
Language = Annotated[str, Meta(max_length=20, description="One of the site's languages; by default its own.")]
Currency = Annotated[
    str, Meta(pattern="^[A-Z]{3}$", description="One of the site's currencies; by default its own.", examples=["EUR"])
]
Line = Annotated[str, Meta(max_length=200)]
Instant = Annotated[datetime, Meta(tz=True, examples=["2026-11-26T08:00:00Z"])]


# -- query strings -----------------------------------------------------------------------------------------------------


class Spoken(Sent, frozen=True, kw_only=True):
    """In which language and currency."""

    language: Language | None = None
    currency: Currency | None = None


class ListQuery(Spoken, frozen=True, kw_only=True):
    """A list of products: narrowed, sorted, and paged by cursors."""

    category: Id | None = None
    filter: Annotated[
        list[Annotated[str, Meta(max_length=200, pattern=r"^[^:\x00]+:[^\x00]+$")]],
        Meta(max_length=60, description="`facet:value`. Of one facet any of the values, of several facets all."),
    ] = field(default_factory=list)
    price_min: Annotated[Minor, Meta(description="In minor units.")] | None = None
    price_max: Annotated[Minor, Meta(description="In minor units.")] | None = None
    in_stock: bool = False
    sort: Annotated[str, Meta(pattern="^(featured|newest|price|-price|name|rating)$", examples=["newest"])] = "featured"
    after: Annotated[Cursor, Meta(description="`next` of the page before.")] = ""
    before: Annotated[Cursor, Meta(description="`previous` of the page after.")] = ""
    limit: Limit = 24


class SearchQuery(Spoken, frozen=True, kw_only=True):
    """A search, best first."""

    q: Annotated[str, Meta(min_length=1, max_length=100, examples=["lamp"])]
    in_stock: bool = False
    after: Annotated[Cursor, Meta(description="`next` of the page before.")] = ""
    limit: Limit = 24


class OrderQuery(Sent, frozen=True, kw_only=True):
    """A list of orders, the newest first."""

    order: Annotated[str, Meta(pattern="^(open|completed|cancelled)$", examples=["open"])] | None = None
    payment: (
        Annotated[
            str,
            Meta(
                pattern="^(unpaid|pending|authorized|partly_paid|paid|overpaid|partly_refunded|refunded|disputed|not_due)$"
            ),
        ]
        | None
    ) = None
    fulfilment: Annotated[str, Meta(pattern="^(not_needed|unfulfilled|partly_shipped|shipped|delivered)$")] | None = (
        None
    )
    channel: Annotated[str, Meta(max_length=60, examples=["Etsy"])] = ""
    goods: Annotated[str, Meta(pattern="^(ready|partly|waiting)$", examples=["ready"])] | None = None
    placed_from: Instant | None = None
    placed_before: Instant | None = None
    after: Annotated[Cursor, Meta(description="`next` of the page before.")] = ""
    limit: Limit = 50


# -- bodies ------------------------------------------------------------------------------------------------------------


class NewLine(Sent, frozen=True, kw_only=True):
    """Units of a variant to put into a cart."""

    variant_id: Id
    quantity: Units = 1


class NewCart(Spoken, frozen=True, kw_only=True):
    """A cart with its first lines."""

    lines: Annotated[list[NewLine], Meta(min_length=1, max_length=50)]


class LineChange(Sent, frozen=True, kw_only=True):
    """How many units a line shall hold."""

    quantity: Units


class NewCode(Sent, frozen=True, kw_only=True):
    """A code of a coupon or gift card."""

    code: Annotated[str, Meta(min_length=1, max_length=64, examples=["WELCOME10"])]


class AddressSent(Sent, frozen=True, kw_only=True):
    """A postal address; which parts are needed is the country's custom and told when the order is placed."""

    country: Annotated[str, Meta(pattern="^[A-Z]{2}$", description="ISO 3166 alpha-2.", examples=["DE"])]
    name: Annotated[str, Meta(max_length=120, examples=["Mira K."])] = ""
    company: Annotated[str, Meta(max_length=120)] = ""
    lines: Annotated[list[Line], Meta(max_length=2, examples=[["Lange Str. 1"]])] = field(default_factory=list)
    city: Annotated[Line, Meta(examples=["Berlin"])] = ""
    district: Line = ""
    region: Line = ""
    postcode: Annotated[str, Meta(max_length=20, examples=["10115"])] = ""
    phone: Annotated[str, Meta(max_length=40)] = ""


class DeliveryChoice(Sent, frozen=True, kw_only=True):
    """One of the quote's delivery options."""

    carrier: Annotated[str, Meta(max_length=60)]
    service: Annotated[str, Meta(max_length=60)]


class DetailsChange(Sent, frozen=True, kw_only=True):
    """Answers of the checkout. What is left out stays as it is; `billing` null: the same as `address`."""

    email: Annotated[str, Meta(max_length=254, examples=["mira@example.com"])] | UnsetType = UNSET
    address: AddressSent | UnsetType | None = UNSET
    billing: AddressSent | UnsetType | None = UNSET
    delivery: DeliveryChoice | UnsetType = UNSET
    gateway: Annotated[str, Meta(max_length=60)] | UnsetType = UNSET
    note: Annotated[str, Meta(max_length=2000)] | UnsetType = UNSET
    extra: (
        Annotated[
            dict[
                Annotated[str, Meta(max_length=60)],
                dict[Annotated[str, Meta(max_length=60)], Annotated[str, Meta(max_length=2000)]],
            ],
            Meta(description="`{plugin: {field: answer}}`, as the quote's `fields` ask."),
        ]
        | UnsetType
    ) = UNSET


class MoneySent(Sent, frozen=True, kw_only=True):
    """Minor units of a currency."""

    amount: Minor
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$", examples=["EUR"])]


class NewOrder(Sent, frozen=True, kw_only=True):
    """The total that the shopper was shown; if it is another by now, nothing is ordered."""

    seen_total: MoneySent


class LineUnits(Sent, frozen=True, kw_only=True):
    """Units of an order's line."""

    line_id: Id
    quantity: Units


class NewShipment(Sent, frozen=True, kw_only=True):
    """What leaves in one parcel to one `destination` of the order; without `lines`, all that waits.

    It leaves one location: `location_id`, or else there is a parcel from each.
    `carrier` and `service` are codes of a delivery method, as an order's; any other `carrier` is taken by its name.
    """

    lines: Annotated[list[LineUnits], Meta(min_length=1, max_length=200)] | None = None
    carrier: Annotated[str, Meta(max_length=60)] = ""
    service: Annotated[str, Meta(max_length=60)] = ""
    tracking: Annotated[str, Meta(max_length=120)] = ""
    destination: Annotated[int, Meta(ge=0, le=99)] | None = None
    location_id: Id | None = None


class PaidByHand(Sent, frozen=True, kw_only=True):
    """Money that came outside of any gateway; without `amount`, all that is open. `reference` makes it one payment."""

    amount: MoneySent | None = None
    reference: Annotated[str, Meta(max_length=120)] = ""


class Cancellation(Sent, frozen=True, kw_only=True):
    """What shall not be sent any more; without `lines`, all that has not left."""

    lines: Annotated[list[LineUnits], Meta(min_length=1, max_length=200)] | None = None
    reason: Annotated[str, Meta(pattern="^[a-z_]{1,40}$", examples=["merchant"])] = "merchant"


# -- the panel ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedKey:
    """A key that fits its form. `expires_at` None: it never ends."""

    title: str
    scopes: tuple[str, ...]
    expires_at: datetime | None


def parse_key(form: Mapping[str, Any], site: Site) -> WantedKey:
    """The form's key; `scopes` may be a list (`form.getlist`). Raises Unfit with a message per field."""
    errors: dict[str, str] = {}
    title = form.get("title", "").strip()
    if not title:
        errors["title"] = _("Fill this in.")
    elif len(title) > 120:
        errors["title"] = _("At most %(count)s characters.", count=120)
    chosen = form.getlist("scopes") if hasattr(form, "getlist") else form.get("scopes", [])
    scopes = tuple(scope for scope in scopes_of(site) if scope in chosen)
    if not scopes:
        errors["scopes"] = _("Choose at least one.")
    expires_at = _end_of_day(form.get("expires", "").strip(), site, errors)
    if errors:
        raise Unfit(errors)
    return WantedKey(title=title, scopes=scopes, expires_at=expires_at)


def _end_of_day(text: str, site: Site, errors: dict[str, str]) -> datetime | None:
    """The last instant of a day of the site."""
    if not text:
        return None
    try:
        day = datetime.fromisoformat(text).date() + timedelta(days=1)
        end = datetime.combine(day, time(), ZoneInfo(site.timezone)).astimezone(UTC)
    except (ValueError, OverflowError):
        errors["expires"] = _("Write a day such as 2026-12-01.")
        return None
    if end <= now():
        errors["expires"] = _("This day is over.")
    return end
