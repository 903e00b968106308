"""A furnished shop that stories begin in: goods, orders, payments and parcels are made by verbs, not in a browser."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING, Any

import requests
from msgspec import Struct, field

from core.hookspecs.checkout import Address
from core.testing.application import LiveServer
from core.testing.shop import PASSWORD, Mailbox

if TYPE_CHECKING:
    from core.hookspecs.site import Site

API = {"Authorization": "Bearer test-key"}


class Market(Struct, frozen=True, kw_only=True):
    """A site as its merchant wants it. Sums are in minor units, prices hold `tax` percent; both currencies have two
    decimals."""

    host: str
    name: str
    theme: str
    language: str
    currency: str
    symbol: str
    tax: int
    delivery: int
    lamp: int
    large_lamp: int
    cup: int
    names: Mapping[str, str]
    address: Address
    elsewhere: Mapping[str, str]

    def say(self, english: str, chinese: str) -> str:
        """What people read here."""
        return chinese if self.language == "zh-CN" else english

    def written(self, amount: int) -> str:
        """A sum as a reader of this site expects it."""
        sign = "-" if amount < 0 else ""
        return f"{sign}{self.symbol}{abs(amount) / 100:,.2f}"

    def tax_in(self, amount: int) -> int:
        """The tax within one line, rounded half up."""
        return floor(Fraction(amount * self.tax, 100 + self.tax) + Fraction(1, 2))

    def __str__(self) -> str:
        return f"{self.language}-{self.theme}"


HALDEN = Market(
    host="halden.localhost",
    name="Halden House",
    theme="plain",
    language="en",
    currency="EUR",
    symbol="€",
    tax=19,
    delivery=490,
    lamp=8900,
    large_lamp=12950,
    cup=1250,
    names={"lamp": "Dome lamp", "cup": "Tea cup"},
    address=Address(name="Mira Kessler", lines=("Lange Str. 1",), postcode="10115", city="Berlin", country="DE"),
    elsewhere={"line1": "Kurze Gasse 7", "postcode": "80331", "city": "München"},
)
DENGXIA = Market(
    host="dengxia.localhost",
    name="灯下集市",
    theme="lantern",
    language="zh-CN",
    currency="CNY",
    symbol="¥",
    tax=13,
    delivery=800,
    lamp=64900,
    large_lamp=89900,
    cup=8800,
    names={"lamp": "穹顶台灯", "cup": "茶杯"},
    address=Address(
        name="林小雨",
        lines=("天平路 18 号",),
        district="徐汇区",
        city="上海市",
        region="上海市",
        postcode="200030",
        country="CN",
    ),
    elsewhere={"line1": "愚园路 300 号", "postcode": "200040"},
)


class Ordered(Struct, frozen=True, kw_only=True):
    """An order of a story: who waits for it, and the link that their mails carry."""

    id: int
    number: str
    secret: str
    email: str


class House(Struct, kw_only=True):
    """A market that is open on a served shop."""

    market: Market
    site: Site
    origin: str
    gateway: str
    mailbox: Mailbox
    cookies: list[Any] = field(default_factory=list)
    _stories: int = 0

    # -- what is there before the story begins -------------------------------------------------------------------

    def story(self) -> str:
        """A word that makes the goods and people of a story its own, on the whole installation."""
        self._stories += 1
        return f"{self.market.address.country.lower()}{self._stories}"

    def sell(self, story: str, goods: str, stock: int) -> str:
        """Put so many pieces of `goods` on the shelf for this story; answers their SKU."""
        sku = f"{goods.upper()}-{story.upper()}"
        self._save(goods, [self._variant(sku, getattr(self.market, goods), stock, {})])
        return sku

    def sell_sizes(self, story: str, stock: int) -> tuple[str, str]:
        """The lamp in two sizes, so many pieces of each; answers the SKUs of the small and the large one."""
        from core.catalogue.services.drafts import OptionDraft, ValueDraft

        sizes = OptionDraft(
            code="lamp-size",
            names={"en": "Size", "zh-CN": "尺寸"},
            values=(
                ValueDraft(code="small", names={"en": "Small", "zh-CN": "小号"}),
                ValueDraft(code="large", names={"en": "Large", "zh-CN": "大号"}),
            ),
        )
        small, large = f"SMALL-{story.upper()}", f"LARGE-{story.upper()}"
        self._save(
            "lamp",
            [
                self._variant(small, self.market.lamp, stock, {"lamp-size": "small"}),
                self._variant(large, self.market.large_lamp, stock, {"lamp-size": "large"}),
            ],
            options=(sizes,),
        )
        return small, large

    def _variant(self, sku: str, amount: int, stock: int, values: Mapping[str, str]) -> Any:
        from core.catalogue.services.drafts import PriceDraft, VariantDraft
        from core.lib.money import Money

        price = PriceDraft(amount=Money(amount, self.market.currency))
        return VariantDraft(sku=sku, prices=(price,), tracked=True, stock=stock, values=values)

    def _save(self, goods: str, variants: Sequence[Any], **more: Any) -> None:
        from core.catalogue.services.drafts import ListingDraft, ProductDraft, TextDraft
        from core.catalogue.services.products import save_product

        texts = {self.market.language: TextDraft(name=self.market.names[goods])}
        listing = ListingDraft(visible=True)
        save_product(self.site, ProductDraft(texts=texts, variants=tuple(variants), listing=listing, **more), "system")

    def order(self, story: str, wanted: Mapping[str, int], *, account: bool = False) -> Ordered:
        """Order these pieces per SKU, by a guest or by somebody with an account."""
        from core.cart.services import Details, add_to_cart
        from core.checkout.services.place_order import PriceChanged, place_order
        from core.kernel import db
        from core.kernel.sites import state_of

        email, token = f"{story}@example.com", None
        shopper_id = self._account(email) if account else None
        for sku, quantity in wanted.items():
            variant_id = db.value("SELECT id FROM variant WHERE sku = ?", sku)
            token = add_to_cart(
                self.site, token, variant_id, quantity,
                currency=self.site.currency, language=self.site.language, shopper_id=shopper_id,
            )  # fmt: skip
        details = Details(email=email, address=self.market.address, gateway="fake_gateway")
        state = state_of(self.site.id)
        try:
            placed = place_order(state, token, seen_total=None, details=details, shopper_id=shopper_id)
        except PriceChanged as shown:
            placed = place_order(state, token, seen_total=shown.view.total.amount, shopper_id=shopper_id)
        return Ordered(id=placed.id, number=placed.number, secret=placed.secret, email=email)

    def _account(self, email: str) -> int:
        from core.accounts.models import Shopper
        from core.kernel import db, passwords
        from core.lib import clock

        with db.transaction():
            made = Shopper.create(
                site_id=self.site.id,
                email=email,
                email_folded=email,
                name=self.market.address.name,
                password_hash=passwords.hashed(PASSWORD),
                language=self.market.language,
                created_at=clock.now(),
            )
        return int(made.id)

    def pay(self, order: Ordered) -> None:
        """All that is due comes through the gateway."""
        from core.hookspecs.payment import Redirect
        from core.kernel.sites import state_of
        from core.orders.services.opening import begin_payment, fetch_payment
        from core.orders.services.read import order_view

        begun = begin_payment(state_of(self.site.id), order.id)
        assert isinstance(begun, Redirect)
        number = begun.url.rpartition("/")[2]
        decided = {"outcome": "pay", "notice": "none"}
        requests.post(f"{self.gateway}/control/payments/{number}", json=decided, timeout=5).raise_for_status()
        view = order_view(order.id, site=self.site)
        assert view is not None
        assert fetch_payment(state_of(self.site.id), view.payments[-1].id) == 1

    def ship(self, order: Ordered) -> None:
        """All of it leaves."""
        from core.orders.services.ship import ship

        ship(self.site, order.id, actor="system", title="DHL", tracking="00340434161094000017")

    # -- what others tell ----------------------------------------------------------------------------------------

    def mails(self, order: Ordered, count: int) -> list[EmailMessage]:
        """What the shopper has got, once so many mails have come; the worker has ten seconds for it."""
        until = time.monotonic() + 10
        while len(self.mailbox.to(order.email)) < count and time.monotonic() < until:
            time.sleep(0.05)
        mails = self.mailbox.to(order.email)
        assert len(mails) == count, [str(mail["Subject"]) for mail in mails]
        assert all(order.number in str(mail["Subject"]) for mail in mails)
        return mails

    def newest_mail(self, order: Ordered, count: int, subject: tuple[str, str]) -> str:
        """The text of the mail that came last, the `count`th to this shopper, with this subject."""
        mail = self.mails(order, count)[-1]
        assert self.market.say(*subject) in str(mail["Subject"])
        return str(mail.get_body(("plain",)).get_content())  # type: ignore[union-attr]

    def at_the_gateway(self, order: Ordered) -> list[tuple[str, int]]:
        """What the gateway's own book says of this order's payments: (what happened, amount), oldest first."""
        from core.kernel import db

        told = []
        for (token,) in db.rows("SELECT token FROM payment WHERE order_id = ? ORDER BY id", order.id):
            asked = {"reference": token}
            answer = requests.get(f"{self.gateway}/v1/payments", params=asked, headers=API, timeout=5)
            if answer.ok:
                told += [(event["kind"], event["amount"]) for event in answer.json()["events"]]
        return told

    def soon_at_the_gateway(self, order: Ordered, count: int) -> list[tuple[str, int]]:
        """The same once so much has happened there; the worker has ten seconds for it."""
        for _ in range(100):
            if len(self.at_the_gateway(order)) >= count:
                break
            time.sleep(0.1)
        return self.at_the_gateway(order)


def link_in(text: str) -> str:
    """The link to the order in a mail."""
    found = re.search(r"https?://\S+(/order/\S+)", text)
    assert found, text
    return found[1]


def furnish(market: Market, server: LiveServer, gateway: str, mailbox: Mailbox) -> House:
    """Open the market on the server, with plugins, delivery, taxes and the rule about returns."""
    from core.kernel.installation import installation
    from core.kernel.site_verbs import add_site
    from core.kernel.sites import state_of
    from core.kernel.switch import save_settings, switch_on
    from core.orders.services.case_rules import Rules, set_rules

    site = add_site(
        host=market.host, name=market.name, theme=market.theme, language=market.language, currency=market.currency,
        email="shop@example.com",
    )  # fmt: skip
    settings = {
        "fake_gateway": {"server": gateway, "mode": "sale", "hand_over": "get", "timeout_s": "5"},
        "mail": {"host": mailbox.host, "port": str(mailbox.port), "security": "none", "sender": "shop@example.com"},
    }
    for name in ("flat_rate", "tax_table", "fake_gateway", "mail"):
        switch_on(site.id, name, "system", together=True)
        if name in settings:
            save_settings(site.id, name, settings[name], "system", site.currency)
    state_of(site.id)
    commands = {name: installation().plugins.loaded[name].plugin.commands for name in ("flat_rate", "tax_table")}
    there = ["--site", site.host]
    price = f"{market.currency}={market.delivery / 100:.2f}"
    commands["flat_rate"]["add"]([*there, "--title", f"{market.language}=DHL", "--price", price])
    for goods in ("standard", "delivery"):
        country = market.address.country
        commands["tax_table"]["add"]([*there, "--class", goods, "--country", country, "--rate", str(market.tax)])
    # A tenth of the price for putting goods back on the shelf.
    set_rules(site, Rules(window_days=30, restocking=1000), actor="system")
    return House(market=market, site=site, origin=server.url("", host=market.host), gateway=gateway, mailbox=mailbox)
