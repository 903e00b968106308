"""The tables of orders and payments."""

from __future__ import annotations

from core.orders.models.case import OrderCase, OrderCaseLine, ReturnRules
from core.orders.models.change import OrderChange, OrderChangeAction, OrderCharge
from core.orders.models.draft import OrderDraft, OrderDraftLine
from core.orders.models.history import OrderImport
from core.orders.models.hold import HoldRules, OrderHold
from core.orders.models.order import (
    ClaimCounter,
    Order,
    OrderAdjustment,
    OrderClaim,
    OrderCounter,
    OrderDestination,
    OrderEffect,
    OrderEntry,
    OrderLabel,
    OrderLine,
    OrderLinePart,
    OrderManifest,
    OrderShortage,
    OrderTax,
    OrderWait,
    OwnCarriers,
    Shipment,
    ShipmentLine,
)
from core.orders.models.payment import Payment, PaymentFact, PaymentOperation
from core.orders.models.stage import OrderStage
from core.orders.models.tag import OrderTag

TABLES = (
    Order,
    OrderDestination,
    OrderLine,
    OrderLinePart,
    OrderShortage,
    OrderWait,
    OrderAdjustment,
    OrderTax,
    OrderClaim,
    OrderEntry,
    OrderEffect,
    Shipment,
    ShipmentLine,
    OrderLabel,
    OrderManifest,
    OwnCarriers,
    OrderCounter,
    ClaimCounter,
    Payment,
    PaymentOperation,
    PaymentFact,
    OrderChange,
    OrderChangeAction,
    OrderCharge,
    OrderCase,
    OrderCaseLine,
    ReturnRules,
    OrderDraft,
    OrderDraftLine,
    OrderTag,
    OrderHold,
    HoldRules,
    OrderImport,
    OrderStage,
)
