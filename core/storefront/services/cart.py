"""The cart as its page and its drawer show it."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from core.catalogue.services.carts import cart_variants
from core.catalogue.services.shapes import CartVariant, Picture
from core.checkout.services.look import CheckoutView, CodeView, LineView
from core.hookspecs.checkout import Cart, Problem
from core.hookspecs.site import Site
from core.kernel.i18n import enumerated, labelled, time_of_day
from core.lib.money import Money
from core.storefront.services.totals import Row, goods_row, quote_rows


class ShownCartLine(Struct, frozen=True, kw_only=True):
    """A line of a cart as its page shows it.

    `total` None: not for sale now. `was` is what the whole line cost before; `notes` say what is the matter.
    """

    id: int
    name: str
    path: str
    sku: str
    choice: str
    picture: Picture | None
    quantity: int
    unit: Money | None
    total: Money | None
    was: Money | None
    notes: tuple[str, ...]


class Undo(Struct, frozen=True, kw_only=True):
    """What was just taken out, and the values that put it back."""

    name: str
    variant_id: int
    quantity: int


class Held(Struct, frozen=True, kw_only=True):
    """Until when nobody else can have the goods: for machines, and as people read a clock."""

    until: str
    time: str


class ShownCart(Struct, frozen=True, kw_only=True):
    """A cart with its sums, as its page and drawer show it.

    `subtotal` is what the goods cost before offers; `code_error` is about a code that is not granted. `held`: where the
    site holds the goods for a while. `cart` is the same cart as hooks were asked about it (None where there is none):
    what a promotion needs to say how far it is.
    """

    lines: tuple[ShownCartLine, ...] = ()
    count: int = 0
    subtotal: Money
    totals: Sequence[Row] = ()
    short_totals: Sequence[Row] = ()
    codes: tuple[str, ...] = ()
    code_error: str = ""
    problems: tuple[Problem, ...] = ()
    undo: Undo | None = None
    held: Held | None = None
    cart: Cart | None = None


def shown_cart(view: CheckoutView, undo: Undo | None = None, problem: str = "") -> ShownCart:
    """`view` as a page; `problem` is what the last act met with."""
    count = view.stored.count
    return ShownCart(
        lines=shown_lines(view.lines),
        count=count,
        subtotal=view.quote.totals.subtotal,
        totals=quote_rows(view.quote, count),
        short_totals=goods_row(view.quote, count),
        codes=tuple(code.code for code in view.codes),
        code_error=refused_code(view.codes),
        problems=(*_problem(problem), *(one for one in view.problems if one.line_id is None)),
        undo=undo,
        held=held_goods(view),
        cart=view.cart,
    )


def held_goods(view: CheckoutView) -> Held | None:
    """Until when the cart's goods are held; None if they are not."""
    until = view.held_until
    return None if until is None else Held(until=until.isoformat(), time=time_of_day(until))


def empty_cart(currency: str, undo: Undo | None = None, problem: str = "") -> ShownCart:
    """The cart of somebody who has none."""
    return ShownCart(subtotal=Money.zero(currency), undo=undo, problems=_problem(problem))


def _problem(text: str) -> tuple[Problem, ...]:
    return (Problem(message=text, code="refused"),) if text else ()


def shown_lines(lines: Sequence[LineView]) -> tuple[ShownCartLine, ...]:
    """Lines to show; those whose variant is gone altogether keep their place, so that they can be taken out."""
    return tuple(_line(line) for line in lines)


def _line(line: LineView) -> ShownCartLine:
    variant, priced = line.variant, line.priced
    unit = priced.line.unit if priced else None
    return ShownCartLine(
        id=line.id,
        name=variant.name if variant else "–",
        path=variant.path if variant else "",
        sku=variant.sku if variant else "",
        choice=_choice(variant) if variant else "",
        picture=variant.picture if variant else None,
        quantity=line.quantity,
        unit=unit,
        total=priced.subtotal if priced else None,
        was=_was(line),
        notes=tuple(note for note in (line.problem, line.later) if note),
    )


def _choice(variant: CartVariant) -> str:
    """What was chosen of it, and what is in it if it is a kit."""
    parts = [f"{part.quantity} × {part.name}" for part in variant.parts]
    return enumerated([*(value for _option, value in variant.choices), *parts])


def _was(line: LineView) -> Money | None:
    """The higher price of before.

    The list price where a promotion lowers it, else the price that the merchant crossed out.
    """
    if line.priced is None or line.variant is None:
        return None
    unit, listed = line.priced.line.unit, line.priced.line.list_unit
    before = listed if listed > unit else line.variant.was
    return before * line.quantity if before is not None and before > unit else None


def refused_code(codes: Sequence[CodeView]) -> str:
    """Why the last code that is not granted is not."""
    return next((labelled(code.code, code.reason) for code in reversed(codes) if not code.granted), "")


def undo_of(site: Site, language: str, currency: str, text: str) -> Undo | None:
    """What `<variant>.<quantity>` in an address offers to put back; None for anything else."""
    variant, _, quantity = text.partition(".")
    if not (variant.isdecimal() and quantity.isdecimal() and len(variant) < 12 and len(quantity) < 4):
        return None
    found = cart_variants(site, language, currency, [int(variant)]).get(int(variant))
    return Undo(name=found.name, variant_id=found.id, quantity=int(quantity)) if found else None
