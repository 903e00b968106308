"""Risk: a score of transparent rules lets odd orders wait for a person, and keeps their money and goods until then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.api import (
    ActKind,
    Cart,
    Data,
    Delivery,
    GuardedOrder,
    GuestErased,
    MenuEntry,
    OrderAct,
    OrderChanged,
    OrderPlaced,
    PaymentChanged,
    Permission,
    Plugin,
    Problem,
    ShopperErased,
    Site,
    gettext,
    hookimpl,
)
from plugins.risk.forms import Risk
from plugins.risk.models import TABLES
from plugins.risk.services.keeping import CODE, forget, keep, said, verdict
from plugins.risk.services.reading import scores_of, try_rules
from plugins.risk.services.signs import assess_cart
from plugins.risk.views import SECTION, VIEW, panel

_KEPT_BACK = (ActKind.CAPTURE, ActKind.PICK, ActKind.SHIP)


def try_it(site: Site, email: str) -> str:
    """What these settings would have made of the newest orders."""
    del email
    found = try_rules(site)
    return gettext(
        "Of the newest %(orders)s orders, %(wait)s would wait and %(refused)s would have been refused.",
        orders=found.orders,
        wait=found.wait,
        refused=found.refused,
    )


PLUGIN = Plugin(
    name="risk",
    version="1.0.0",
    title="Risk",
    summary="A score of rules that you set: odd orders wait for a person, neither sent nor captured before.",
    category="machinery",
    author="Stoa contributors",
    settings=Risk,
    test=try_it,
    models=TABLES,
    panel=panel,
    panel_menu=(MenuEntry(title="Risk", endpoint="show", icon="shield", permission=VIEW),),
    panel_sections=(SECTION,),
    permissions=(Permission(code=VIEW, title="See the risk of orders"),),
    holds={CODE: said},
    reads=("orders",),
    hears=(OrderPlaced, OrderChanged, PaymentChanged, ShopperErased, GuestErased),
)


@hookimpl
def checkout_problems(site: Site, cart: Cart, step: str) -> Sequence[Problem]:
    """Nothing while somebody shops; when the order is placed, what its score means."""
    if step != "place":
        return []
    rules = Risk.of(site)
    return verdict(site, rules, assess_cart(site, rules, cart), agreed=cart.agreed)


@hookimpl
def order_problems(order: GuardedOrder, act: OrderAct) -> Sequence[Problem]:
    """An order that waits for its risk is neither captured nor sent, also not among a hundred others."""
    if CODE not in order.holds or act.kind not in _KEPT_BACK:
        return []
    message = gettext("Order %(number)s waits because of its risk. Approve or cancel it first.", number=order.number)
    return [Problem(message=message, code=CODE)]


@hookimpl
def site_data(site: Site, kind: str, objects: Sequence[int]) -> Mapping[int, Data]:
    """The scores of orders, for the queue of those on hold."""
    if kind != "order":
        return {}
    return {order_id: Data(values={"score": score}) for order_id, score in scores_of(site, objects).items()}


@hookimpl
def notify_event(site: Site, delivery: Delivery) -> None:
    """Keep the score of an order that is placed or changed, or of which a payment fails; forget who is erased."""
    event = delivery.event
    if isinstance(event, OrderPlaced | OrderChanged | PaymentChanged):
        keep(site, event.order_id)
    if isinstance(event, ShopperErased | GuestErased):
        forget(site, event.shopper_id if isinstance(event, ShopperErased) else None)
