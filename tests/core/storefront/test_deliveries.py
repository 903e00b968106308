"""What a shopper reads beside each way of delivery."""

from __future__ import annotations

from core.checkout.services.delivery import _chosen
from core.hookspecs.fulfil import Carrier, Rate
from core.lib.money import Money
from core.storefront.services.options import delivery_option


class Post(Carrier):
    """A carrier that has something to say."""

    code = "post"
    title = "Post"

    def quote(self, parcel: object) -> list[Rate]:
        del parcel
        return []


def test_days_and_the_carriers_own_sentence_stand_beside_the_way_of_delivery(app: object) -> None:
    rate = Rate(service="day", title="Day", amount=Money(490, "EUR"), days=(1, 2), description="Left with a neighbour.")
    option = delivery_option(_chosen("post", Post(), rate), None)
    assert option.text == "In 1 to 2 working days · Left with a neighbour."


def test_an_address_and_its_hours_stand_apart() -> None:
    place = Rate(
        service="point", title="Quay", amount=Money(0, "EUR"), pickup=True, description="12 Canal Street\nMon-Sat 9-18"
    )
    assert delivery_option(_chosen("post", Post(), place), None).text.endswith("12 Canal Street · Mon-Sat 9-18")
