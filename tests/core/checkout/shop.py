"""A small shop for tests: a site, a few things to buy, and plugins that are plain objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from core.cart.services import Details, add_to_cart, apply_code, find_cart, save_details
from core.catalogue.services.drafts import PriceDraft, ProductDraft, TextDraft, VariantDraft
from core.catalogue.services.products import save_product
from core.checkout.services.look import CHECKOUT, CheckoutView, look
from core.checkout.services.place_order import PlacedOrder, place_order
from core.hookspecs.checkout import Address, Cart, PricedCart, Problem, Taxes
from core.hookspecs.fulfil import Carrier, Parcel, Rate
from core.hookspecs.payment import Begun, Fact, FactKind, Gateway, IncomingRequest, Intent, Notice, Redirect, Show
from core.hookspecs.promote import Offer, PriceQuery, PromotedPrice, Rejected
from core.hookspecs.site import Site
from core.kernel import config, db
from core.kernel.site_verbs import add_site
from core.kernel.sites import SiteState
from core.lib import clock
from core.lib.money import Money

LONDON = Address(name="Ada Wong", lines=("1 High Street",), city="London", postcode="SW1A 1AA", country="GB")


@dataclass
class FakePlugins:
    """What a shop's plugins answer, as `state.hooks` gives it."""

    offers: Callable[[Cart, Sequence[str]], Sequence[Offer | Rejected]] | None = None
    prices: Callable[[Sequence[PriceQuery]], Mapping[PriceQuery, PromotedPrice]] | None = None
    taxes: Callable[[PricedCart], Taxes | None] | None = None
    gateways: list[Gateway] = field(default_factory=list)
    carriers: list[Carrier] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def each(self, name: str, *, draining: bool = False, **arguments: Any) -> list[tuple[str, Any]]:
        del draining
        self._note(name)
        answer: Any = None
        if name == "promote_offers" and self.offers:
            answer = self.offers(arguments["cart"], arguments["codes"])
        elif name == "payment_gateways":
            answer = self.gateways
        elif name == "fulfil_carriers":
            answer = self.carriers
        return [("fake", answer)] if answer else []

    def promote_prices(self, *, site: Site, queries: Sequence[PriceQuery]) -> dict[str, Any]:
        del site
        self._note("promote_prices")
        return {"fake": self.prices(queries)} if self.prices else {}

    def checkout_taxes(self, *, site: Site, priced: PricedCart) -> Taxes | None:
        self._note("checkout_taxes")
        del site
        return self.taxes(priced) if self.taxes else None

    def fulfil_allocate(self, **_: Any) -> None:
        self._note("fulfil_allocate")

    def checkout_problems(self, **_: Any) -> list[Problem]:
        self._note("checkout_problems")
        return list(self.problems)

    def answering(self, name: str) -> list[str]:
        return ["fake"] if name == "promote_prices" and self.prices else []

    def _note(self, name: str) -> None:
        if db.in_transaction():
            raise db.InTransaction(name)
        self.asked.append(name)


class FakeGateway(Gateway):
    """A gateway whose server is a dict: what happened there is what `fetch` tells."""

    code: ClassVar[str] = "fakepay"
    can = frozenset({"auth", "void", "refund", "partial_refund"})
    account = "acme"
    title = "Fake pay"
    unpaid_days = 3

    def __init__(self) -> None:
        self.server: dict[str, list[Fact]] = {}
        self.keys: dict[str, list[Fact]] = {}
        self.calls: list[str] = []
        self.before: Callable[[str], None] = lambda _act: None
        self.after: Callable[[str], None] = lambda _act: None

    def begin(self, intent: Intent, key: str) -> Begun:
        self._once("begin", key, list)
        return Redirect(url=f"https://pay.test/{intent.token}", reference=f"ref-{intent.token}")

    def fetch(self, intent: Intent) -> Sequence[Fact]:
        self.calls.append("fetch")
        self.before("fetch")
        return list(self.server.get(intent.token, ()))

    def refund(self, intent: Intent, amount: Money, key: str) -> Sequence[Fact]:
        def happen() -> list[Fact]:
            return [self.happen(intent.token, FactKind.REFUNDED, amount, f"re-{key}")]

        return self._once("refund", key, happen)

    def capture(self, intent: Intent, amount: Money, key: str) -> Sequence[Fact]:
        return self._once("capture", key, lambda: [self.happen(intent.token, FactKind.CAPTURED, amount, f"ca-{key}")])

    def void(self, intent: Intent, key: str) -> Sequence[Fact]:
        return self._once("void", key, lambda: [self.happen(intent.token, FactKind.VOIDED, intent.amount, f"vo-{key}")])

    def read(self, request: IncomingRequest) -> Notice:
        raise NotImplementedError

    def happen(self, token: str, kind: FactKind, amount: Money, reference: str = "", **more: Any) -> Fact:
        """Something happens at the gateway's side."""
        values = {"account": self.account, "live": self.live, "at": clock.now(), **more}
        fact = Fact(kind=kind, amount=amount, reference=reference or f"{kind}-{token}", **values)
        self.server.setdefault(token, []).append(fact)
        return fact

    def _once(self, act: str, key: str, happen: Callable[[], list[Fact]]) -> list[Fact]:
        self.calls.append(act)
        self.before(act)
        if key not in self.keys:
            self.keys[key] = happen()
        self.after(act)
        return self.keys[key]


class ByInvoice(Gateway):
    """A way to pay that shows where to send the money."""

    code: ClassVar[str] = "invoice"
    account = "bank"
    live = True
    title = "Bank transfer"
    unpaid_days = 14

    def begin(self, intent: Intent, key: str) -> Begun:
        del key
        return Show(text="Send it to us.", rows=(("Reference", intent.order_number),))


class Post(Carrier):
    """One service at one price."""

    code: ClassVar[str] = "post"
    title = "Post"

    def __init__(self, amount: int = 490) -> None:
        self.amount = amount

    def quote(self, parcel: Parcel) -> Sequence[Rate]:
        return [
            Rate(service="standard", title="Standard", amount=Money(self.amount, parcel.value.currency), days=(2, 4))
        ]


@dataclass
class Shop:
    """One site with its plugins."""

    state: SiteState
    plugins: FakePlugins

    @property
    def site(self) -> Site:
        return self.state.site

    def sell(self, name: str, amount: int = 1000, stock: int | None = 10, **more: Any) -> int:
        """Put something on sale and answer its variant's id; `stock` None is not counted."""
        variant = VariantDraft(
            sku=name,
            prices=(PriceDraft(amount=Money(amount, self.site.currency)),),
            tracked=stock is not None,
            stock=stock,
            **more,
        )
        draft = ProductDraft(texts={self.site.language: TextDraft(name=name.title())}, variants=(variant,))
        saved = save_product(self.site, draft, "staff:1")
        return int(db.value("SELECT id FROM variant WHERE product_id = ?", saved.product_id))

    def fill_cart(self, *things: tuple[int, int], codes: Iterable[str] = (), details: Details | None = None) -> str:
        """A cart with (variant id, quantity), ready to be ordered; answers its token."""
        token = None
        for variant_id, quantity in things:
            token = add_to_cart(self.site, token, variant_id, quantity)
        assert token is not None
        for code in codes:
            apply_code(self.site, token, code)
        save_details(self.site, token, details or Details(email="ada@example.com", address=LONDON))
        return token

    def look(self, token: str, step: str = CHECKOUT) -> CheckoutView:
        stored = find_cart(self.site, token)
        assert stored is not None
        return look(self.state, stored, step)

    def place(self, token: str, **more: Any) -> PlacedOrder:
        """Order what the checkout shows now."""
        seen = more.pop("seen_total", None)
        return place_order(
            self.state, token, seen_total=self.look(token).total.amount if seen is None else seen, **more
        )  # fmt: skip

    def order(self, *things: tuple[int, int], **more: Any) -> PlacedOrder:
        """Fill a cart and place it."""
        return self.place(self.fill_cart(*things, **more))


def open_shop(instance: Path, plugins: FakePlugins, **about: Any) -> Shop:
    """A new site on the present database, with `plugins` behind its hooks."""
    from core.app import assemble

    assemble(config.load(instance))
    values: dict[str, Any] = {"host": "shop.test", "name": "Test shop", "currency": "EUR", "country": "GB", **about}
    site = add_site(**values)
    return Shop(state_with(site, plugins), plugins)


def state_with(site: Site, plugins: FakePlugins) -> SiteState:
    """The state of a site as verbs get it, with `plugins` behind its hooks."""
    hooks: Any = plugins
    runtime: Any = None
    return SiteState(site=site, runtime=runtime, hooks=hooks, states={}, settings={}, about={}, open=True, epoch=0)
