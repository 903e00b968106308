"""One mail per address when it can be bought again, and never one before or after."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from core.api import (
    Delivery,
    GuestErased,
    ListingDraft,
    Money,
    OptionDraft,
    PriceDraft,
    ProductDraft,
    ShopperErased,
    Site,
    TextDraft,
    ValueDraft,
    VariantDraft,
    execute,
    mail_code,
    now,
    rows,
    save_product,
    state_of,
    switch_off,
    transaction,
    value,
)
from core.testing.shop import PASSWORD, Item, Mailbox, Told
from plugins.back_in_stock.plugin import notify_event
from plugins.back_in_stock.services import key_of, wait_from_file

Browse = Callable[..., Any]


@pytest.fixture
def lamp(turn_on: Callable[..., None], mailbox: Mailbox, sell: Callable[..., Item]) -> Item:
    """A lamp that is sold out, in a shop that can send mails."""
    turn_on("mail", host=mailbox.host, port=mailbox.port, security="none", sender="shop@shop.test")
    turn_on("back_in_stock")
    return sell("LAMP", 8900, stock=0, name="Dome lamp")


def body(mail: Any) -> str:
    return str(mail.get_body(("plain",)).get_content())


def path_of(item: Item) -> str:
    return str(value("SELECT path FROM slug WHERE kind = 'product' AND ref = ?", item.product_id))


def ask(browse: Browse, site: Site, item: Item, email: str = "mira@example.com", **more: str) -> Any:
    sent = {"email": email, "variant": str(item.variant_id), **more}
    return browse(site, f"/back_in_stock/{path_of(item)}", data=sent)


def deliver(site: Site, item: Item, pieces: int) -> None:
    save_product(site, ProductDraft(variants=(VariantDraft(sku=item.sku, stock=pieces),), whole=False), "system")


def test_the_form_stands_on_what_is_sold_out_and_only_there(
    browse: Browse, site: Site, lamp: Item, sell: Callable[..., Item]
) -> None:
    jar = sell("JAR", 900, stock=4)
    assert "Tell me when it is back" in browse(site, f"/p/{path_of(lamp)}").text
    assert "Tell me when it is back" not in browse(site, f"/p/{path_of(jar)}").text
    switch_off(site.id, "back_in_stock", "system")
    assert "Tell me when it is back" not in browse(site, f"/p/{path_of(lamp)}").text


@pytest.fixture
def vases(site: Site, lamp: Item) -> list[int]:
    """The variants of a vase in three colours, of which only the green one can be bought."""
    del lamp
    colours = {"red": 0, "green": 3, "blue": 0}
    draft = ProductDraft(
        texts={"en": TextDraft(name="Vase")},
        options=(
            OptionDraft(
                code="colour",
                names={"en": "Colour"},
                values=tuple(ValueDraft(code=code, names={"en": code.title()}) for code in colours),
            ),
        ),
        variants=tuple(
            VariantDraft(
                sku=f"VASE-{code.upper()}", values={"colour": code}, tracked=True, stock=stock,
                prices=(PriceDraft(amount=Money(2000, "EUR")),),
            )
            for code, stock in colours.items()
        ),
        listing=ListingDraft(visible=True),
    )  # fmt: skip
    save_product(site, draft, "system")
    return [row[0] for row in rows("SELECT id FROM variant WHERE sku <> ? ORDER BY id", "LAMP")]


def test_the_choice_that_is_sold_out_is_the_one_that_is_waited_for(
    browse: Browse, site: Site, vases: list[int]
) -> None:
    assert '<details class="back-in-stock"><summary' in browse(site, "/p/vase?v=VASE-GREEN").text
    page = browse(site, "/p/vase?v=VASE-BLUE").text
    assert '<details class="back-in-stock" open>' in page
    chosen = f'value="{vases[2]}" selected'
    assert chosen in page
    sent = {"variant": str(vases[2]), "email": "mira"}
    assert chosen in browse(site, "/back_in_stock/vase", data=sent).text
    answer = browse(site, "/back_in_stock/vase", data={**sent, "email": "mira@example.com"})
    assert answer.headers["Location"].endswith("/p/vase?v=VASE-BLUE")


def test_one_mail_comes_when_it_is_back_and_no_second(
    browse: Browse, site: Site, lamp: Item, outbox: Told, mailbox: Mailbox
) -> None:
    assert ask(browse, site, lamp).status_code == 303
    outbox.deliver()
    assert mailbox.mails == []
    deliver(site, lamp, 3)
    outbox.deliver()
    (mail,) = mailbox.to("mira@example.com")
    assert mail["Subject"] == "Dome lamp can be bought again"
    assert f"/p/{path_of(lamp)}?v=LAMP" in body(mail)
    deliver(site, lamp, 0)
    browse(site, f"/zh-cn/back_in_stock/{path_of(lamp)}", data={"email": "li@example.com", "variant": lamp.variant_id})
    deliver(site, lamp, 5)
    outbox.deliver()
    assert [mail["Subject"] for mail in mailbox.mails[1:]] == ["Dome lamp 又可以购买了"]


def test_who_asks_again_is_told_again(
    browse: Browse, site: Site, lamp: Item, outbox: Told, mailbox: Mailbox, clock: Any
) -> None:
    for _again in range(2):
        ask(browse, site, lamp, "Mira@Example.com ")
        ask(browse, site, lamp)
        deliver(site, lamp, 3)
        outbox.deliver()
        deliver(site, lamp, 0)
        outbox.deliver()
        clock.move(hours=2)
    assert len(mailbox.mails) == 2


def test_nobody_is_told_before_the_shop_is_open_again(
    browse: Browse, site: Site, lamp: Item, outbox: Told, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, clock: Any
) -> None:
    ask(browse, site, lamp)
    state = state_of(site.id)
    with monkeypatch.context() as shut:
        shut.setattr("plugins.back_in_stock.services.state_of", lambda _id: replace(state, open=False))
        deliver(site, lamp, 3)
        outbox.deliver()
        clock.move(hours=2)
        outbox.deliver()
    assert mailbox.mails == [], "the link would lead to the page that says: not open"
    clock.move(hours=2)
    outbox.deliver()
    assert [mail["To"] for mail in mailbox.mails] == ["mira@example.com"]


def test_what_cannot_be_waited_for_is_refused(
    browse: Browse, site: Site, lamp: Item, sell: Callable[..., Item], other_site: Site
) -> None:
    for email, said in (("", "fill this in"), ("mira", "not an e-mail address")):
        answer = ask(browse, site, lamp, email)
        assert (answer.status_code, said in answer.text.lower()) == (422, True)
    other = sell("JAR", 900, stock=0)
    assert ask(browse, site, lamp, variant=str(other.variant_id)).status_code == 404
    assert value("SELECT COUNT(*) FROM back_in_stock_subscription") == 0
    ask(browse, site, lamp)
    number = value("SELECT id FROM back_in_stock_subscription")
    forged = key_of(other_site, number)
    assert browse(site, f"/back_in_stock/no/{number}/{forged}", data={}).status_code == 404
    deliver(site, lamp, 1)
    assert ask(browse, site, lamp, "li@example.com").status_code == 303
    assert value("SELECT COUNT(*) FROM back_in_stock_subscription") == 1


def test_the_mails_link_forgets_the_address_after_a_click(
    browse: Browse, site: Site, lamp: Item, outbox: Told, mailbox: Mailbox
) -> None:
    ask(browse, site, lamp)
    deliver(site, lamp, 3)
    outbox.deliver()
    found = re.search(r"http://[^/]+(/back_in_stock/no/\S+)", body(mailbox.mails[0]))
    assert found is not None
    assert "Shall we forget" in browse(site, found[1]).text
    assert value("SELECT COUNT(*) FROM back_in_stock_subscription") == 1
    browse(site, found[1], data={})
    assert value("SELECT COUNT(*) FROM back_in_stock_subscription") == 0


def test_a_mail_program_ends_the_waiting_by_one_click(
    browse: Browse,
    site: Site,
    other_site: Site,
    lamp: Item,
    outbox: Told,
    mailbox: Mailbox,
    turn_on: Callable[..., None],
) -> None:
    ask(browse, site, lamp)
    deliver(site, lamp, 3)
    outbox.deliver()
    path = str(mailbox.mails[0]["List-Unsubscribe"]).strip("<>").removeprefix(site.origin)
    assert path in body(mailbox.mails[0])
    one_click: Any = {"data": {"List-Unsubscribe": "One-Click"}, "headers": {"Sec-Fetch-Site": "cross-site"}}

    with transaction():
        execute("UPDATE site SET open = ? WHERE id = ?", False, site.id)
    turn_on("back_in_stock", on=other_site)

    assert ask(browse, site, lamp).status_code == 503
    assert browse(site, path).status_code == 200
    assert browse(other_site, path, **one_click).status_code == 404
    assert browse(site, f"{path}x", **one_click).status_code == 404
    assert browse(site, path.replace("/no/", "/yes/"), **one_click).status_code == 403
    assert value("SELECT COUNT(*) FROM back_in_stock_subscription") == 1
    for _again in range(2):
        assert browse(site, path, **one_click).status_code == 200
        assert value("SELECT COUNT(*) FROM back_in_stock_subscription") == 0


def test_where_it_must_be_confirmed_only_a_click_makes_it_count(
    browse: Browse, site: Site, lamp: Item, outbox: Told, mailbox: Mailbox, turn_on: Callable[..., None]
) -> None:
    turn_on("back_in_stock", confirm=True)
    ask(browse, site, lamp)
    outbox.deliver()
    (mail,) = mailbox.mails
    deliver(site, lamp, 3)
    outbox.deliver()
    assert len(mailbox.mails) == 1
    found = re.search(r"http://[^/]+(/back_in_stock/yes/\S+)", body(mail))
    assert found is not None
    browse(site, found[1])
    outbox.deliver()
    assert len(mailbox.mails) == 1
    assert "We write once" in browse(site, found[1], data={}).text
    outbox.deliver()
    assert len(mailbox.mails) == 2


def test_each_site_tells_its_own(
    browse: Browse, site: Site, lamp: Item, outbox: Told, mailbox: Mailbox, other_site: Site
) -> None:
    """What the other site sells, is nothing that this one could sell."""
    del other_site
    ask(browse, site, lamp)
    with transaction():
        execute(
            "INSERT INTO stock_safety (site_id, variant_id, pieces) VALUES (?, ?, 3)", site.id, lamp.variant_id
        )  # fmt: skip
    deliver(site, lamp, 3)
    outbox.deliver()
    assert mailbox.mails == []
    deliver(site, lamp, 4)
    outbox.deliver()
    assert len(mailbox.mails) == 1


def test_addresses_are_forgotten_after_a_while(
    browse: Browse, site: Site, lamp: Item, outbox: Told, clock: Any
) -> None:
    ask(browse, site, lamp)
    deliver(site, lamp, 3)
    outbox.deliver()
    clock.move(days=100)
    outbox.deliver()
    assert rows("SELECT email FROM back_in_stock_subscription") == []


def test_the_panel_counts_who_waits(
    browse: Browse, site: Site, lamp: Item, staff: Any, client: Any, outbox: Told
) -> None:
    origin = f"https://{site.host}"
    sent = {"base_url": origin, "headers": {"Origin": origin}}
    ask(browse, site, lamp)
    ask(browse, site, lamp, "li@example.com")
    client.post("/panel/login", data={"email": staff.email, "password": PASSWORD}, **sent)
    row = re.compile(r'LAMP</span></th><td class="end">(\d+)</td><td class="end soft">(\d+)</td>')
    assert row.findall(client.get("/panel/back_in_stock/", base_url=origin).text) == [("2", "0")]
    deliver(site, lamp, 3)
    outbox.deliver()
    assert row.findall(client.get("/panel/back_in_stock/", base_url=origin).text) == [("0", "2")]
    assert "Back in stock" in client.get(f"/panel/products/{lamp.product_id}", base_url=origin).text


def test_who_waits_in_another_shop_waits_here(
    lamp: Item, site: Site, mailbox: Mailbox, outbox: Told, tmp_path: Any
) -> None:
    file = tmp_path / "waits.csv"
    file.write_text("sku,email,language\nLAMP,Mira@example.com,zh-CN\nNOPE,bo@example.com,\nLAMP,nobody,\n")

    assert wait_from_file(site, str(file)) == (1, ["Line 3, NOPE, bo@example.com", "Line 4, LAMP, nobody"])
    wait_from_file(site, str(file))
    deliver(site, lamp, 3)
    outbox.deliver()

    assert [mail["To"] for mail in mailbox.mails] == ["mira@example.com"]
    assert "/zh-cn/p/" in body(mailbox.mails[0])


def test_whoever_is_erased_waits_no_more(
    browse: Browse, site: Site, lamp: Item, outbox: Told, mailbox: Mailbox, shopper: Any, order: Any, sell: Any,
    clock: Any,
) -> None:  # fmt: skip
    """An account takes along the address it has and those it ordered with; a guest the address of the order."""
    mine = order(sell("CUP", 900), email="Work@example.com")
    with transaction():
        execute("UPDATE orders SET shopper_id = ? WHERE id = ?", shopper.id, mine.id)
        execute("UPDATE order_line SET cancelled = ordered, allocated = 0")
        execute("UPDATE shopper SET erase_at = 1 WHERE id = ?", shopper.id)
    for email in (shopper.email, "work@example.com", "gus@example.com", "li@example.com"):
        ask(browse, site, lamp, email)
    clock.move(hours=2)
    outbox.deliver()
    (told,) = outbox.events(ShopperErased)
    assert "@" not in repr(told), "what is told stays in the stream of events"
    waiting = "SELECT email FROM back_in_stock_subscription ORDER BY id"
    assert rows(waiting) == [("gus@example.com",), ("li@example.com",)]
    event = GuestErased(order_ids=(7,), mail_codes=(mail_code(site.id, "Gus@Example.com"),))
    notify_event(site, Delivery(id="g", seq=9, at=now(), attempt=1, event=event))
    assert rows(waiting) == [("li@example.com",)]


def test_who_comes_back_after_it_waits_although_the_old_news_is_told_again(
    browse: Browse, site: Site, lamp: Item, clock: Any
) -> None:
    ask(browse, site, lamp)
    event = ShopperErased(shopper_id=1, mail_codes=(mail_code(site.id, " Mira@Example.com"),))
    for at, left in ((now() - timedelta(days=1), 1), (now(), 0)):
        notify_event(site, Delivery(id="e", seq=1, at=at, attempt=1, event=event))
        assert value("SELECT COUNT(*) FROM back_in_stock_subscription") == left
