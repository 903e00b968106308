"""What plugins are asked before cards are written: promoted prices, and what they say of products."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from msgspec import Struct, field

from core.catalogue.services.card_data import ProductData, ask_data
from core.catalogue.services.prices import Expected, Promotions, ask_promoted


class Answers(Struct, frozen=True):
    """All answers that go into the transaction that writes cards."""

    promotions: Promotions = field(default_factory=Promotions)
    data: ProductData = field(default_factory=ProductData)

    def not_overtaken(self) -> Answers:
        """Without answers that changed since; promotions are bound to the list price they were asked for."""
        return Answers(self.promotions, self.data.not_overtaken())


def ask_plugins(product_ids: Collection[int], expected: Iterable[Expected] = ()) -> Answers:
    """Ask every site's plugins about these products as they are, and as they are expected to be.

    No statement and no call where no plugin answers. Not inside a transaction.
    """
    return Answers(ask_promoted(product_ids, expected), ask_data(product_ids))
