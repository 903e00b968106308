"""What the merchant may set: from which score on orders wait, and what each sign is worth."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from core.api import Money, NotMoney, Refused, Settings, Text, parse_money, replace, setting

# Addresses there last for minutes and belong to nobody.
_THROWAWAY = (
    "10minutemail.com", "dispostable.com", "getnada.com", "guerrillamail.com", "maildrop.cc", "mailinator.com",
    "sharklasers.com", "temp-mail.org", "trashmail.com", "yopmail.com",
)  # fmt: skip
_AMOUNTS = "One line for each currency, such as EUR 500. A currency without a line is left out."


def _points(default: int, label: str, text: str = "") -> int:
    found: int = setting(default, label=label, help=text, minimum=0, maximum=100)
    return found


class Risk(Settings):
    """A sign of 0 points is not looked for. The points of all signs of an order are its score, at most 100."""

    hold_at: int = _points(
        50, "Let orders wait from this score on", "0 for never. Nothing of them is sent before somebody approves them."
    )
    refuse_at: int = _points(
        0, "Refuse orders from this score on", "0 for never. The shopper is asked to write to you."
    )
    value_points: int = _points(20, "Points for a large order")
    value_above: Text = setting(Text(""), label="An order is large above", help=_AMOUNTS, max_length=600)
    first_points: int = _points(
        20, "Points for a large first order", "The first one of somebody to whom nothing was ever sent."
    )
    first_above: Text = setting(Text(""), label="A first order is large above", help=_AMOUNTS, max_length=600)
    countries_points: int = _points(20, "Points if the bill goes to another country than the goods")
    units_points: int = _points(15, "Points for many pieces of one article")
    units_above: int = setting(10, label="Pieces are many above", minimum=1, maximum=10_000)
    many_points: int = _points(25, "Points for many orders in a short time")
    many_orders: int = setting(
        4,
        label="Orders are many from",
        help="By the same mail address, phone number or place of delivery; this one counts, too.",
        minimum=2,
        maximum=1000,
    )
    many_hours: int = setting(24, label="Within so many hours", minimum=1, maximum=720)
    declines_points: int = _points(30, "Points for payments of the order that failed")
    declines_from: int = setting(3, label="Failed payments count from", minimum=1, maximum=100)
    email_points: int = _points(40, "Points for a mail address on the list")
    emails: Text = setting(
        Text("\n".join(f"@{domain}" for domain in _THROWAWAY)),
        label="Mail addresses",
        help="One a line: a whole address, or a domain as @example.com.",
        max_length=20_000,
    )
    address_points: int = _points(60, "Points for a postal address on the list")
    addresses: Text = setting(
        Text(""),
        label="Postal addresses",
        help="One a line, such as 12 Canal Street LS1 4AP: all its words must stand in the address.",
        max_length=20_000,
    )


class UnreadableAmounts(Refused):
    """A line of amounts that is not a currency and an amount."""

    status = 422
    code = "unreadable_amounts"
    default_message = "This line of amounts cannot be read: %(line)s. Write one such as EUR 500."


def amounts(text: str) -> dict[str, Money]:
    """The lines of a field of amounts, by currency. Raises UnreadableAmounts."""
    found = {}
    for line in filter(None, (one.strip() for one in text.splitlines())):
        currency, amount = line[:3].upper(), line[3:].strip()
        try:
            if not currency.isascii() or not currency.isalpha() or not amount[:1].isdigit():
                raise UnreadableAmounts(line=line)
            found[currency] = parse_money(amount, currency)
        except NotMoney as refusal:
            raise UnreadableAmounts(line=line) from refusal
    return found


def limit(text: str, currency: str) -> Money | None:
    """The amount in one currency; a line that cannot be read is none, so that it stops nobody's order."""
    mine = "\n".join(line for line in text.splitlines() if line.strip().upper().startswith(currency))
    try:
        return amounts(mine).get(currency)
    except UnreadableAmounts:
        return None


# -- the list ----------------------------------------------------------------------------------------------------------


class Filters(Struct, frozen=True, kw_only=True):
    """One address of the list: those on hold or all, from a score on, highest or newest first."""

    view: str = ""
    least: int = 0
    sort: str = ""

    @property
    def is_narrowed(self) -> bool:
        return bool(self.least)

    def address(self, **changes: object) -> dict[str, str]:
        """The parameters of the list's address, with changes."""
        wanted = replace(self, **changes)
        pairs = {name: getattr(wanted, name) for name in ("view", "least", "sort")}
        return {name: str(value) for name, value in pairs.items() if value}


def read(args: Mapping[str, str]) -> Filters:
    """The filters of an address; a word that means nothing is no filter."""
    least = args.get("least", "")
    return Filters(
        view="all" if args.get("view") == "all" else "",
        least=min(100, int(least)) if least.isascii() and least.isdecimal() and len(least) < 6 else 0,
        sort="newest" if args.get("sort") == "newest" else "",
    )
