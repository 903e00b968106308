"""The link of a guest's order ends and comes anew by mail; goods are bought again, exchanged, photographed."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from core.api import (
    Address,
    Details,
    ListingDraft,
    Money,
    PriceChanged,
    PriceDraft,
    ProductDraft,
    TextDraft,
    VariantDraft,
    add_to_cart,
    place_order,
    save_product,
    state_of,
)
from core.hookspecs.site import Site
from core.kernel import db, limits
from core.kernel.installation import installation
from core.kernel.switch import switch_on
from core.lib import clock
from core.orders.services import links
from core.orders.services.case_reading import cases_of
from core.orders.services.owner import claim_order
from core.orders.services.read import OrderView, order_by_key, order_view
from core.orders.services.ship import ship
from core.testing.shop import PASSWORD
from tests.core.accounts.conftest import CHANNEL, PostBox

from .conftest import ORIGIN, Visitor, text_of


@pytest.fixture
def box(instance: Path, site: Site) -> PostBox:
    """The shop can send mails."""
    folder = instance / "plugins" / "postbox"
    folder.mkdir(parents=True)
    (folder / "plugin.py").write_text(CHANNEL, "utf-8")
    installation().plugins.discover()
    switch_on(site.id, "postbox", "system")
    return PostBox(folder / "box.jsonl")


@pytest.fixture
def placed(box: PostBox, sell: Any, order: Callable[..., Any]) -> OrderView:
    """Two lamps, ordered by a guest."""
    del box
    limits.reset()
    return seen(order(sell("LAMP", 8900, stock=5, name="Dome lamp"), 2).id)


def seen(order_id: int) -> OrderView:
    found = order_view(order_id)
    assert found is not None
    return found


def at(order: OrderView, more: str = "") -> str:
    return f"/order/{order.secret}{more}"


def mailed_link(box: PostBox) -> str:
    found = re.search(r"/order/([\w-]{22})", box.collect()[-1]["text"])
    assert found is not None
    return f"/order/{found[1]}"


def test_a_link_ends_by_itself_but_not_for_the_account_that_owns_the_order(
    visitor: Visitor, placed: OrderView, site: Site, shopper: Any
) -> None:
    with clock.freeze(clock.now() + links.LIFE + timedelta(hours=1)):
        answer = visitor.get(at(placed))
        assert answer.status_code == 410
        assert "This link has ended" in text_of(answer.text)
        assert visitor.get("/track").status_code == 200
        assert all(f'href="{way}"' in answer.text for way in ("/track", "/login")), "it leads where it says"
        assert visitor.post(at(placed, "/change"), {"cancel": "1"}).status_code == 410
        assert order_by_key(site, placed.secret) is None, "nor for plugins"
        assert visitor.get(f"/checkout/thanks/{placed.secret}").status_code == 410
        claim_order(site, placed.secret, shopper.id)
        visitor.post("/login", {"email": "mira@example.com", "password": PASSWORD})
        assert visitor.get(at(placed)).status_code == 200


def test_whoever_opens_a_link_that_has_ended_asks_for_a_new_one_there(
    visitor: Visitor, placed: OrderView, box: PostBox
) -> None:
    limits.reset()
    with clock.freeze(clock.now() + links.LIFE + timedelta(hours=1)):
        assert f'action="{at(placed, "/anew")}"' in visitor.get(at(placed)).text
        told = text_of(visitor.post(at(placed, "/anew")).text)
        assert "on its way to the order's address" in told
        new = mailed_link(box)
        assert new != at(placed)
        assert visitor.get(new).status_code == 200
        # What opens nothing any more is answered as what never did.
        assert text_of(visitor.post(at(placed, "/anew")).text) == told
        assert len(box.collect()) == 1


def test_a_shopper_ends_the_link_and_gets_a_new_one(
    visitor: Visitor, placed: OrderView, box: PostBox, app: Any
) -> None:
    assert "Has somebody else got your link?" in text_of(visitor.get(at(placed)).text)
    visitor.post(at(placed, "/link"))
    new = mailed_link(box)
    assert new != at(placed)
    thief = Visitor(app.test_client())
    assert thief.get(at(placed)).status_code == 404
    assert thief.post(at(placed, "/again")).status_code == 404
    assert visitor.get(new).status_code == 200


def test_staff_end_it_too(visitor: Visitor, placed: OrderView, staff: Any, box: PostBox) -> None:
    visitor.post("/panel/login", {"email": staff.email, "password": PASSWORD})
    said = visitor.post(f"/panel/orders/{placed.number}/link").text
    assert "The old link opens nothing any more" in text_of(said)
    assert "a new one mailed" in text_of(said)
    assert visitor.get(at(placed)).status_code == 404
    assert visitor.get(mailed_link(box)).status_code == 200


def test_who_knows_number_and_address_gets_it_by_mail(visitor: Visitor, placed: OrderView, box: PostBox) -> None:
    found = visitor.post("/track", {"number": placed.number, "email": placed.email})
    assert "Mail me the link" in text_of(found.text)
    assert placed.secret not in found.text
    told = visitor.post("/track/link", {"number": placed.number, "email": placed.email})
    assert mailed_link(box) == at(placed), "one that is good stays"
    wrong = visitor.post("/track/link", {"number": placed.number, "email": "tom@example.com"})
    assert text_of(wrong.text) == text_of(told.text), "strangers learn nothing"
    with clock.freeze(clock.now() + links.LIFE + timedelta(hours=1)):
        visitor.post("/track/link", {"number": placed.number, "email": placed.email})
        new = mailed_link(box)
        assert new != at(placed)
        assert visitor.get(new).status_code == 200


def test_the_mailed_link_is_in_the_language_of_its_order(
    visitor: Visitor, placed: OrderView, staff: Any, box: PostBox
) -> None:
    with db.transaction():
        db.execute("UPDATE orders SET language = 'zh-CN' WHERE id = ?", placed.id)
    visitor.post("/panel/login", {"email": staff.email, "password": PASSWORD})
    visitor.post(f"/panel/orders/{placed.number}/link")
    assert "/zh-cn/order/" in box.collect()[-1]["text"]
    visitor.post("/track/link", {"number": placed.number, "email": placed.email})
    assert "/zh-cn/order/" in box.collect()[-1]["text"]


def test_a_shop_that_cannot_send_leaves_the_link(visitor: Visitor, sell: Any, order: Callable[..., Any]) -> None:
    limits.reset()
    placed = seen(order(sell("RUG", 5000, stock=5), 1).id)
    assert "cannot send mails" in text_of(visitor.post(at(placed, "/link")).text)
    assert visitor.get(at(placed)).status_code == 200


# -- the same again ----------------------------------------------------------------------------------------------------


def ordered(site: Site, token: str) -> int:
    """The order of a cart, at the total that is shown."""
    address = Address(name="Mira K.", lines=("Lange Str. 1",), city="Berlin", postcode="10115", country="DE")
    wanted = Details(email="mira@example.com", address=address)
    try:
        return place_order(state_of(site.id), token, seen_total=None, details=wanted).id
    except PriceChanged as shown:
        return place_order(state_of(site.id), token, seen_total=shown.view.total.amount).id


def test_the_same_goods_go_into_the_cart_and_what_is_gone_is_told(visitor: Visitor, site: Site, sell: Any) -> None:
    limits.reset()
    lamp, rug, cup = sell("LAMP", 8900, stock=9, name="Lamp"), sell("RUG", 5000, stock=4, name="Rug"), sell("CUP", 900)
    token = add_to_cart(site, None, lamp.variant_id, 2)
    for item, units in ((rug, 3), (cup, 1)):
        add_to_cart(site, token, item.variant_id, units)
    placed = seen(ordered(site, token))
    hidden = ProductDraft(
        texts={"en": TextDraft(name="Cup")},
        variants=(VariantDraft(sku="CUP", prices=(PriceDraft(amount=Money(900, "EUR")),)),),
        listing=ListingDraft(visible=False),
    )
    save_product(site, hidden, "system")
    said = text_of(visitor.post(at(placed, "/again")).text)
    assert "Cup can no longer be had." in said
    assert "Of Rug there are only 1 instead of 3." in said
    assert "Lamp" in said
    assert visitor.cookie("cart_count") == "3"


# -- exchange and photos -----------------------------------------------------------------------------------------------


@pytest.fixture
def sent(site: Site, lamp: int, order: Callable[..., Any]) -> OrderView:
    """A large green lamp, sent."""
    from core.kernel import db
    from core.testing.shop import Item

    limits.reset()
    variant = int(db.value("SELECT id FROM variant WHERE sku = 'LAMP-GREEN-L'"))
    placed = order(Item(product_id=lamp, variant_id=variant, sku="LAMP-GREEN-L"), 1)
    ship(site, placed.id, actor="staff:1")
    return seen(placed.id)


def test_a_shopper_asks_for_another_choice_of_the_same_product(visitor: Visitor, sent: OrderView, site: Site) -> None:
    line = sent.lines[0].id
    page = visitor.get(at(sent, "/return")).text
    offered = re.findall(r'<option value="(\d*)"[^>]*>([^<]*)</option>', page.split(f'id="instead.{line}"')[1])
    assert [text for _id, text in offered[:3]] == [
        "The money back",
        "Send me: The same again",
        "Send me: Green / Small",
    ]
    wish = {f"quantity.{line}": "1", f"instead.{line}": offered[2][0], "reason": "changed_mind", "key": "k1"}
    bad = visitor.post(at(sent, "/return"), {**wish, f"instead.{line}": "999999"})
    assert bad.status_code == 422
    assert "Choose something else" in text_of(bad.text)
    assert "Exchange" in text_of(visitor.post(at(sent, "/return"), wish).text)
    (case,) = cases_of(site, sent.id)
    assert (case.kind, dict(case.wanted)) == ("exchange", {int(offered[2][0]): 1})


def photo(*, kind: str = "JPEG") -> tuple[io.BytesIO, str]:
    """A photo that says where it was taken, larger than is kept."""
    picture, exif, buffer = Image.new("RGB", (2400, 1200), "teal"), Image.Exif(), io.BytesIO()
    exif[0x010E] = "Home of Mira"
    picture.save(buffer, kind, exif=exif)
    buffer.seek(0)
    return buffer, f"broken.{kind.lower()}"


def claim(visitor: Visitor, sent: OrderView, *photos: Any, key: str = "k", **more: str) -> Any:
    data = {f"quantity.{sent.lines[0].id}": "1", "reason": "damaged", "key": key, "photos": list(photos), **more}
    return visitor.client.post(at(sent, "/return"), base_url=ORIGIN, data=data, headers={"Origin": ORIGIN})


def kept_files() -> list[Path]:
    folder = installation().config.media / "files" / "photos"
    return list(folder.glob("*")) if folder.is_dir() else []


def test_photos_lose_what_they_tell_and_are_seen_by_owner_and_staff_alone(
    visitor: Visitor, sent: OrderView, site: Site, staff: Any, app: Any, sell: Any, order: Callable[..., Any]
) -> None:
    assert claim(visitor, sent, photo(), photo(kind="PNG")).status_code == 303
    (case,) = cases_of(site, sent.id)
    assert len(case.photos) == 2
    where = f"/photos/{case.id}/{case.photos[0]}"
    got = visitor.get(at(sent, where))
    shown = Image.open(io.BytesIO(got.data))
    assert (shown.format, shown.size, dict(shown.getexif())) == ("JPEG", (1600, 800), {})
    assert b"Mira" not in got.data
    assert "no-store" in got.headers["Cache-Control"]
    assert where in visitor.get(at(sent)).text

    stranger = Visitor(app.test_client())
    other = seen(order(sell("RUG", 5000, stock=5), 1).id)
    assert stranger.get(at(other, where)).status_code == 404
    assert stranger.get(f"/media/{case.photos[0]}/800").status_code == 404
    assert stranger.get(f"/media/files/photos/{case.photos[0]}").status_code == 404
    desk = f"/panel/orders/{sent.number}/returns/{case.id}/photos/{case.photos[0]}"
    assert stranger.get(desk, follow=False).status_code == 303
    stranger.post("/panel/login", {"email": staff.email, "password": PASSWORD})
    assert stranger.get(desk).data == got.data
    assert desk in stranger.get(f"/panel/orders/{sent.number}/returns/{case.id}").text


@pytest.mark.parametrize(
    ("photos", "said"),
    [
        ([(io.BytesIO(b"<svg onload=alert(1)>"), "x.svg")], "This is no picture we can read"),
        ([photo() for _ in range(6)], "Send at most 5 photos"),
    ],
    ids=["no picture", "too many"],
)
def test_what_is_refused_is_said_at_the_field_and_nothing_is_kept(
    visitor: Visitor, sent: OrderView, site: Site, photos: list[Any], said: str
) -> None:
    answer = claim(visitor, sent, *photos)
    assert answer.status_code == 422
    assert said in text_of(answer.text)
    assert 'id="photos"' in answer.text
    assert re.search(r'id="photos"[^>]*aria-invalid', answer.text)
    assert (cases_of(site, sent.id), kept_files()) == ([], [])


def test_a_second_press_and_a_refused_request_leave_no_files(visitor: Visitor, sent: OrderView, site: Site) -> None:
    claim(visitor, sent, photo())
    claim(visitor, sent, photo())
    assert len(kept_files()) == 1
    assert claim(visitor, sent, photo(), key="another").status_code == 422
    assert len(kept_files()) == 1


def test_photos_go_with_a_claim_and_have_to_be_chosen_again_after_a_mistake(
    visitor: Visitor, sent: OrderView, site: Site
) -> None:
    answer = claim(visitor, sent, photo(), reason="changed_mind", way="refund", note="Cracked")
    assert answer.status_code == 422
    assert "Please choose your photos again" in text_of(answer.text)
    assert "Cracked</textarea>" in answer.text
    assert kept_files() == []
    assert claim(visitor, sent, *(photo() for _ in range(5)), way="refund").status_code == 303
    (case,) = cases_of(site, sent.id)
    assert (case.kind, case.wish, len(case.photos)) == ("claim", "refund", 5)
    assert visitor.get(at(sent, f"/photos/{case.id}/{case.photos[4]}")).status_code == 200
