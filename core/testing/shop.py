"""A shop to test in: a site, things to buy, people, a clock, what was told and what was mailed."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import Struct

from core.hookspecs.site import Site
from core.lib import clock as shop_clock
from core.lib.money import Money

if TYPE_CHECKING:
    from werkzeug.test import Client, TestResponse

    from core.accounts.models import Shopper, Staff
    from core.app import App
    from core.checkout.services.place_order import PlacedOrder
    from core.hookspecs.events import Event

PASSWORD = "a long enough password"


class Item(Struct, frozen=True, kw_only=True):
    """A product with one variant."""

    product_id: int
    variant_id: int
    sku: str


@pytest.fixture
def site(app: App) -> Site:
    """The first site: English and Chinese, in euro, prices with tax."""
    del app
    from core.kernel.site_verbs import add_site

    return add_site(
        host="shop.test",
        name="Test shop",
        currency="EUR",
        country="DE",
        languages=["zh-CN"],
        email="shop@shop.test",
    )


@pytest.fixture
def other_site(site: Site) -> Site:
    """A second site: Chinese, in yuan; nothing is sold on it unless the test says so."""
    del site
    from core.kernel.site_verbs import add_site

    return add_site(host="ji.test", name="灯下集市", language="zh-CN", currency="CNY")


@pytest.fixture
def sell(site: Site) -> Callable[..., Item]:
    """`sell("LAMP", 8900, stock=3, name="Lamp")`: a product on the site, at this price in minor units.

    `sell("SET", 12900, kit={lamp: 1, bulb: 2})` makes a kit of others. `category_ids` are those of `ensure_category` or
    `create_category`; `more` are fields of `VariantDraft`: `weight_g`, `needs_delivery`, `backorder_limit` and so on.
    """
    from core.catalogue.services.drafts import ListingDraft, PriceDraft, ProductDraft, TextDraft, VariantDraft
    from core.catalogue.services.products import save_product
    from core.catalogue.services.stock_kits import set_kit
    from core.kernel import db

    def make(
        sku: str,
        amount: int,
        *,
        stock: int | None = None,
        name: str = "",
        on: Site | None = None,
        kit: Mapping[Item, int] | None = None,
        category_ids: Sequence[int] = (),
        **more: Any,
    ) -> Item:
        where = on or site
        price = PriceDraft(amount=Money(amount, where.currency))
        variant = VariantDraft(sku=sku, prices=(price,), tracked=stock is not None, stock=stock, **more)
        texts = {where.language: TextDraft(name=name or sku.title())}
        draft = ProductDraft(
            texts=texts,
            variants=(variant,),
            category_ids=tuple(category_ids) or None,
            listing=ListingDraft(visible=True),
        )
        saved = save_product(where, draft, "system")
        variant_id = db.value("SELECT id FROM variant WHERE sku = ?", sku)
        if kit:
            set_kit(variant_id, {part.variant_id: pieces for part, pieces in kit.items()}, "system")
        return Item(product_id=saved.product_id, variant_id=variant_id, sku=sku)

    return make


@pytest.fixture
def turn_on(site: Site) -> Callable[..., None]:
    """`turn_on("coupons")`.

    Switch a plugin on, with settings if they are given: `turn_on("mail", host="localhost")`.
    """
    from core.kernel.sites import state_of
    from core.kernel.switch import save_settings, switch_on

    def turn(name: str, *, on: Site | None = None, **settings: object) -> None:
        where = on or site
        switch_on(where.id, name, "system", together=True)
        if settings:
            form = {field: str(value) for field, value in settings.items() if value not in {False, None}}
            save_settings(where.id, name, form, "system", where.currency)
        state_of(where.id)  # what a test asks outside a request is answered by what was said last

    return turn


@pytest.fixture
def speak(site: Site, turn_on: Callable[..., None]) -> Callable[[str, str], Site]:
    """`speak("german", "de")`: switch a language pack on and offer its language beside the others of the site."""
    from core.kernel.site_verbs import edit_site

    def choose(pack: str, language: str) -> Site:
        turn_on(pack)
        return edit_site(site.id, {"languages": [*site.languages, language]}, "system")

    return choose


@pytest.fixture
def order(site: Site) -> Callable[..., PlacedOrder]:
    """`order(item, 2, email="a@b.c")`: these units ordered to an address in Germany, at the total that is shown.

    `order(item, 3, away=2)`: two of them go to a second address, in France.
    """
    from core.cart.services import CartPlace, Details, add_to_cart
    from core.checkout.services.place_order import PriceChanged, place_order
    from core.hookspecs.checkout import Address
    from core.kernel.site_verbs import edit_site
    from core.kernel.sites import state_of

    def place(
        item: Item,
        quantity: int = 1,
        *,
        email: str = "mira@example.com",
        language: str = "",
        on: Site | None = None,
        away: int = 0,
        **details: Any,
    ) -> PlacedOrder:
        where = on or site
        if away:
            edit_site(where.id, {"several_addresses": True}, "system")
            other = Address(
                name="Oma", lines=("1 rue de Rivoli",), city="Paris", postcode="75001", country="FR"
            )  # fmt: skip
            details["places"] = (CartPlace(address=other, units={item.variant_id: away}),)
        token = add_to_cart(
            where, None, item.variant_id, quantity, currency=where.currency, language=language or where.language
        )
        address = Address(name="Mira K.", lines=("Lange Str. 1",), city="Berlin", postcode="10115", country="DE")
        wanted = Details(**{"email": email, "address": address, **details})
        try:
            return place_order(state_of(where.id), token, seen_total=None, details=wanted)
        except PriceChanged as shown:
            return place_order(state_of(where.id), token, seen_total=shown.view.total.amount)

    return place


@pytest.fixture
def browse(client: Client) -> Callable[..., TestResponse]:
    """`browse(site, "/p/lamp")`: what a browser gets there; `browse(site, "/cart/add", data={...})` posts a form."""

    def ask(where: Site, path: str, *, data: Mapping[str, str] | None = None, **options: Any) -> TestResponse:
        method = "GET" if data is None else "POST"
        headers = {"Sec-Fetch-Site": "same-origin", **options.pop("headers", {})}
        options.setdefault("buffered", True)  # A file that is sent is read and closed at once.
        return client.open(path, method=method, base_url=f"http://{where.host}", data=data, headers=headers, **options)

    return ask


@pytest.fixture
def count_statements(app: App) -> Callable[..., AbstractContextManager[list[str]]]:
    """A block that gathers the SQL of this thread, as a list, for tests of what a page may cost."""
    del app
    from core.kernel import db

    return db.counted


@pytest.fixture
def shopper(site: Site) -> Shopper:
    """Somebody with an account on the site; their password is `core.testing.shop.PASSWORD`."""
    from core.accounts.models import Shopper
    from core.kernel import db, passwords

    with db.transaction():
        return Shopper.create(
            site_id=site.id,
            email="mira@example.com",
            email_folded="mira@example.com",
            name="Mira K.",
            password_hash=passwords.hashed(PASSWORD),
            language="en",
            created_at=shop_clock.now(),
        )


@pytest.fixture
def staff(site: Site) -> Staff:
    """The owner of the installation, with a password of their own: `core.testing.shop.PASSWORD`."""
    del site
    from core.accounts.models import Staff
    from core.accounts.services import add_staff
    from core.kernel import db, passwords

    invited = add_staff("owner@example.com", name="Owner", is_owner=True, actor="system")
    with db.transaction():
        Staff.update(password_hash=passwords.hashed(PASSWORD), must_change_password=False, password_until=None).where(
            Staff.id == invited.staff.id
        ).execute()
    found: Staff = Staff.get_by_id(invited.staff.id)
    return found


@pytest.fixture
def clock() -> Iterator[shop_clock.Frozen]:
    """Time stands still: `clock.move(hours=1)`, `clock.set(...)`."""
    with shop_clock.freeze(shop_clock.now()) as frozen:
        yield frozen


class Told:
    """What was told, and the worker that carries it."""

    def deliver(self) -> None:
        """Do what the worker would: relay events, run every due job."""
        from core.kernel import events, jobs
        from core.kernel.installation import installation

        while events.relay() + jobs.run_due():
            pass
        installation().faults.flush()

    def events(self, kind: type[Event] | None = None) -> list[Event]:
        """Every event so far, oldest first; of one kind if it is named."""
        from core.kernel import db
        from core.kernel.events import decode

        found = [decode(row[0]) for row in db.rows("SELECT payload FROM outbox ORDER BY id")]
        return [event for event in found if kind is None or isinstance(event, kind)]

    def dead(self) -> list[str]:
        """The errors of jobs that gave up."""
        from core.kernel import db

        return [row[0] for row in db.rows("SELECT error FROM job WHERE state = 'dead' ORDER BY id")]


@pytest.fixture
def outbox(app: App) -> Told:
    """Events and jobs of this test's installation."""
    del app
    return Told()


class Mailbox:
    """A mail server on this machine. `host` and `port` are for the settings of a channel."""

    def __init__(self) -> None:
        self.host, self.port = "127.0.0.1", 0
        self.raw: list[bytes] = []
        self.refuse: Mapping[str, str] = {}

    @property
    def mails(self) -> list[EmailMessage]:
        """What arrived, oldest first."""
        return [message_from_bytes(raw, policy=default) for raw in self.raw]

    def to(self, address: str) -> list[EmailMessage]:
        """What arrived for one address."""
        return [mail for mail in self.mails if address in str(mail["To"])]

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802, ARG002
        """Say to aiosmtpd whether mail for `address` is taken."""
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802, ARG002
        """Keep one mail."""
        self.raw.append(envelope.content)
        return "250 OK"


@contextmanager
def _served(mailbox: Mailbox) -> Iterator[Mailbox]:
    from aiosmtpd.controller import Controller

    with socket.socket() as probe:
        probe.bind((mailbox.host, 0))
        mailbox.port = probe.getsockname()[1]
    controller = Controller(mailbox, hostname=mailbox.host, port=mailbox.port)
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop(no_assert=True)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """A real SMTP server that keeps what it is given: `turn_on("mail", host=mailbox.host, port=mailbox.port, ...)`."""
    with _served(Mailbox()) as served:
        yield served
