"""A shop with something in every corner, and for each operation a moment in which it can be carried out."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec

from core.api import Site, execute, transaction, value
from plugins.api.services.openapi import document, example
from plugins.api.services.operations import Operation, offered
from plugins.api.services.shapes.base import Problem
from plugins.api.tests.conftest import ADDRESS, Program
from plugins.api.tests.rules import errors

# Bodies that name a unit of the order's line.
_OF_A_LINE: dict[str, Callable[[dict[str, int]], Any]] = {
    "create_shipment": lambda unit: {"tracking": "JD01", "lines": [unit]},
    "cancel": lambda unit: {"lines": [unit]},
    "create_order_change": lambda unit: {"actions": [{"kind": "cancel", **unit}]},
    "create_return": lambda unit: {"lines": [unit], "reason": "does_not_fit"},
    "receive_return": lambda unit: {"lines": [unit]},
    "inspect_return": lambda unit: {"lines": [{"line_id": unit["line_id"], "damaged": 1}]},
}

# Those that take an order apart, or make two one: they have an order of their own.
_OF_ANOTHER = (
    "preview_order_split", "split_into_new_order", "get_merge_candidates", "preview_order_merge", "merge_into_order",
)  # fmt: skip


def euro(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "EUR"}


class Walk:
    """A program that may do everything, and the ids and bodies that fit each operation."""

    def __init__(
        self,
        app: Program,
        item: Any,
        placed: dict[str, Any],
        category: int,
        site: Site,
        shopper: int,
        van: Callable[[], None],
    ) -> None:
        self.app, self.item, self.placed, self.van = app, item, placed, van
        self.document, self.operations = document(site, "Test"), offered(site)
        endpoint, delivery = self.told()
        self.ids: dict[str, Any] = {
            "product_id": item.product_id, "category_id": category, "code": "TEN", "order_id": placed["id"],
            "endpoint_id": endpoint, "delivery_id": delivery, "variant_id": item.variant_id, "shopper_id": shopper,
            "payment_id": value("SELECT max(id) FROM payment"), "shipment_id": 1, "change_id": 1, "return_id": 1,
            "draft_id": 1, "transfer_id": 1, "parted_id": placed["id"], "into_id": placed["id"], "photo": "none.jpg",
        }  # fmt: skip
        self.count = 0

    def told(self) -> tuple[int, int]:
        """An endpoint of the plugin that tells addresses, and the delivery of an order to it, which was given up."""
        made = self.app.post("/webhooks", {"url": "https://example.com/hooks", "events": ["order.placed"]})["endpoint"]
        self.app.post(f"/webhooks/{made['id']}/pause", status=200)
        with transaction():
            execute(
                "INSERT INTO webhooks_event (site_id, uid, kind, body, at) VALUES (?, ?, ?, ?, ?)",
                *(self.app.site.id, "one", "order.placed", "{}", 1_000_000),
            )
            execute(
                "INSERT INTO webhooks_delivery (site_id, endpoint_id, event_id, state, attempts, due_at, created_at)"
                " SELECT site_id, ?, id, 'dead', 11, at, at FROM webhooks_event",
                made["id"],
            )
        (delivery,) = self.app.get(f"/webhooks/{made['id']}/deliveries")["items"]
        return int(made["id"]), int(delivery["id"])

    def post(self, path: str, body: Any = None, status: int = 201) -> Any:
        """A request of the preparations, under a name of its own."""
        self.count += 1
        return self.app.post(path, body, status, Idempotency_Key=f"before-{self.count}")

    @property
    def here(self) -> str:
        return f"/orders/{self.ids['order_id']}"

    @property
    def line(self) -> int:
        """The line of the order."""
        return int(self.app.get(self.here)["lines"][0]["id"])

    def cart_of(self, one: Operation) -> int:
        """A cart for an operation that needs one; answers its line."""
        if not one.has_cart:
            return 0
        made = self.app.post("/cart", {"lines": [{"variant_id": self.item.variant_id, "quantity": 2}]})
        self.app.cart = made["token"]
        self.app.patch("/cart/details", {"email": "mira@example.com", "address": ADDRESS})
        return int(made["cart"]["lines"][0]["id"])

    def path(self, one: Operation, line_id: int) -> str:
        ids = {**self.ids, "order_id": self.ids["parted_id"]} if one.name in _OF_ANOTHER else self.ids
        return one.path.format(**ids, line_id=line_id) + ("?q=lamp" if one.name == "search_products" else "")

    # -- moments -------------------------------------------------------------------------------------------------------

    def ready(self, one: Operation) -> None:
        """What must have happened before."""
        steps: dict[str, Callable[[], None]] = {
            "get_cart_order": self.ordered, "begin_order_payment": self.ordered, "get_order_change": self.changed,
            "confirm_order_change": self.changed, "drop_order_change": self.changed, "note_delivery": self.sent,
            "unship": self.sent, "change_tracking": self.sent, "create_return": self.sent,
            "note_supply": lambda: self.stock("expected", {"pieces": 20}),
            "get_transfer": self.moved, "note_transfer_arrival": self.moved, "take_transfer_back": self.moved,
            "create_refund": self.captured,
        }  # fmt: skip
        desk = ("get_return", "approve_return", "decline_return", "withdraw_return", "receive_return")
        steps |= dict.fromkeys(desk[:4], self.returned)
        steps["receive_return"] = lambda: self.returned("approval")
        steps["inspect_return"] = lambda: self.returned("approval", "arrivals")
        steps |= {
            name: lambda: self.returned("approval", "arrivals", "inspections")
            for name in ("get_return_terms", "decide_return")
        }
        steps |= dict.fromkeys(_OF_ANOTHER, self.parted)
        steps |= {"add_return_photo": self.returned, "get_return_photo": self.photographed}
        steps |= {"buy_label_of_return": self.with_van, "get_return_label": self.labelled}
        drafts = ("get_draft", "change_draft", "delete_draft", "send_draft_link", "delete_draft_link", "order_draft")
        steps |= dict.fromkeys(drafts, self.drafted)
        steps.get(one.name, lambda: None)()

    def ordered(self) -> None:
        self.post("/cart/order", {"seen_total": euro(17800)})

    def changed(self) -> None:
        change = {"actions": [{"kind": "charge", "charge": "goodwill", "amount": euro(100), "reason": "Late"}]}
        self.ids["change_id"] = self.post(f"{self.here}/changes", change)["id"]

    def sent(self) -> None:
        parcels = self.post(f"{self.here}/shipments", {"lines": [{"line_id": self.line, "quantity": 1}]})["shipments"]
        self.ids["shipment_id"] = parcels[-1]["id"]

    def returned(self, *steps: str) -> None:
        self.sent()
        units = [{"line_id": self.line, "quantity": 1}]
        asked = {"lines": units, "reason": "does_not_fit"}
        self.ids["return_id"] = self.post(f"{self.here}/returns", asked)["id"]
        bodies = {"arrivals": {"lines": units}, "inspections": {"lines": [{"line_id": self.line, "sellable": 1}]}}
        for step in steps:
            self.post(f"/returns/{self.ids['return_id']}/{step}", bodies.get(step), 201 if step in bodies else 200)

    def parted(self) -> None:
        """Two orders of one shopper, of two units each."""
        for name in ("parted_id", "into_id"):
            made = self.post("/cart", {"lines": [{"variant_id": self.item.variant_id, "quantity": 2}]})
            self.app.cart = made["token"]
            self.app.patch("/cart/details", {"email": "mira@example.com", "address": ADDRESS})
            self.ids[name] = self.post("/cart/order", {"seen_total": euro(17800)})["id"]

    def photographed(self) -> None:
        self.returned()
        here = f"/returns/{self.ids['return_id']}"
        (add,) = (one for one in self.operations if one.name == "add_return_photo")
        self.ids["photo"] = self.post(f"{here}/photos", self.shown(add))["photos"][-1]

    def with_van(self) -> None:
        self.returned("approval")
        self.van()

    def labelled(self) -> None:
        self.with_van()
        self.post(f"/returns/{self.ids['return_id']}/label", status=200)

    def captured(self) -> None:
        """The rest of what is open, so that something can be given back."""
        told = self.app.get(self.here)
        left = next(one["can_be_captured"] for one in told["payments"] if one["id"] == self.ids["payment_id"])
        if left["amount"]:
            self.post(f"{self.here}/payments/{self.ids['payment_id']}/captures", {"amount": left})
        if self.app.get(self.here)["due"]["amount"]:
            self.post(f"{self.here}/payments", {"reference": f"rest-{self.count}"})

    def drafted(self) -> None:
        self.ids["draft_id"] = self.post("/drafts", self.draft())["id"]

    def draft(self) -> dict[str, Any]:
        lines = [{"variant_id": self.item.variant_id, "quantity": 2}]
        return {"lines": lines, "email": "mira@example.com", "address": ADDRESS}

    def stock(self, what: str, body: Any) -> None:
        self.post(f"/stock/{self.item.variant_id}/{what}", body)

    def moved(self) -> None:
        self.ids["transfer_id"] = self.post("/transfers", {**self.transfer(), "on_its_way": True})["id"]

    def transfer(self) -> dict[str, Any]:
        source, target = (one["id"] for one in self.app.get("/locations")["items"])
        return {
            "variant_id": self.item.variant_id, "from_location_id": source, "to_location_id": target, "pieces": 2,
            "reason": "More",
        }  # fmt: skip

    # -- what is sent --------------------------------------------------------------------------------------------------

    def body(self, one: Operation) -> Any:
        """A body that fits; of those that name nothing it is the example of the document."""
        if one.body is None:
            return None
        return self.fitting(one.name) or self.shown(one)

    def shown(self, one: Operation) -> Any:
        schema = self.document["paths"][one.path][one.method.lower()]["requestBody"]["content"]["application/json"]
        return example(schema["schema"], self.document["components"]["schemas"])

    def fitting(self, name: str) -> Any:
        if name in {"create_transfer", "confirm_order_change"}:
            return self.transfer() if name == "create_transfer" else self.seen_change()
        if name in _OF_ANOTHER:
            line = self.app.get(f"/orders/{self.ids['parted_id']}")["lines"][0]["id"]
            units = {"lines": [{"line_id": int(line), "quantity": 1}]}
            return {
                "preview_order_split": units,
                "split_into_new_order": {**units, "seen_value": euro(8900)},
                "merge_into_order": {"seen_value": euro(17800)},
            }.get(name)
        if name in _OF_A_LINE:
            return _OF_A_LINE[name]({"line_id": self.line, "quantity": 1})
        variant, why = {"variant_id": self.item.variant_id}, {"reason": "Found"}
        return {
            "create_cart": {"lines": [variant]},
            "add_line": variant,
            "create_order": {"seen_total": euro(17800)},
            "change_details": {"email": "mira@example.com", "address": ADDRESS, "extra": {"x": {"y": "z"}}},
            "create_payment": {"reference": "7", "amount": euro(100)},
            "decide_return": {"seen": euro(8900)},
            "take_payment": {"amount": euro(500)},
            "create_refund": {"amount": euro(300), "reason": "Late"},
            "create_draft": self.draft(),
            "change_draft": {**self.draft(), "version": 1},
            "order_draft": {"seen_total": euro(17800)},
            "move_stock": {"delta": 5, **why},
            "note_count": {"counted": 480, **why},
            "note_sorting": {"from": "on_hand", "to": "damaged", "pieces": 1, **why},
            "note_expected": {"pieces": 20, "reference": "PO-7"},
            "note_supply": {"pieces": 5},
            "note_transfer_arrival": {"came": 2},
        }.get(name)

    def seen_change(self) -> dict[str, Any]:
        told = self.app.ask("GET", f"{self.here}/changes/{self.ids['change_id']}")
        if told.status_code != 200:
            return {"seen_price": euro(1), "version": 1}
        return {"seen_price": told.json["price_after"], "version": told.json["version"]}

    def checked(self, one: Operation, status: int) -> Any:
        """The last answer, read by its declaration and by the document."""
        answer = self.app.last
        responses = self.document["paths"][one.path][one.method.lower()]["responses"]
        assert answer.status_code == status, f"{one.name}: {answer.status_code} {answer.text}"
        assert str(status) in responses, f"{one.name}: {status} is not in the document"
        ((kind, content),) = responses[str(status)]["content"].items()
        assert answer.content_type == kind
        said = json.loads(answer.text)
        assert errors(said, content["schema"], self.document) == []
        shape = one.answer if status < 400 else Problem
        assert shape is not None
        msgspec.json.decode(answer.data, type=shape, strict=True)
        return said
