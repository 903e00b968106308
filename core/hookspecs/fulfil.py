"""Fulfil: carriers, what they charge and where the parcel is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from msgspec import Struct

from core.hookspecs.checkout import Address
from core.hookspecs.payment import IncomingRequest
from core.hookspecs.site import Site
from core.hookspecs.spec import asks
from core.lib.errors import Broken
from core.lib.money import Money


class ParcelLine(Struct, frozen=True, kw_only=True):
    """Goods of one variant to be delivered."""

    variant_id: int
    sku: str
    name: str
    quantity: int
    weight_g: int
    value: Money


class Parcel(Struct, frozen=True, kw_only=True):
    """What is to be carried where. `value` is the goods' price after offers; `address` may still lack parts."""

    lines: tuple[ParcelLine, ...]
    address: Address
    value: Money

    @property
    def weight_g(self) -> int:
        return sum(line.weight_g * line.quantity for line in self.lines)


class Rate(Struct, frozen=True, kw_only=True):
    """A price for one service. `days` are the earliest and latest working days until delivery, None if unknown.

    `token` comes back in `buy`; `pickup` marks services where the shopper collects (no street is needed):
    their `description` says where and when, in lines, and is kept with the order.
    """

    service: str
    title: str
    amount: Money
    days: tuple[int, int] | None = None
    description: str = ""
    pickup: bool = False
    valid_until: datetime | None = None
    token: str = ""


class Label(Struct, frozen=True, kw_only=True):
    """A bought label: the parcel's number, the printable file, and what it cost."""

    tracking: str
    document: bytes
    mime: str
    cost: Money


class Manifest(Struct, frozen=True, kw_only=True):
    """A paper with which parcels are handed over at the end of a day: one scan of it, and all of them are taken."""

    numbers: tuple[str, ...]
    document: bytes
    mime: str = "application/pdf"


class ScanStatus(StrEnum):
    """Where a parcel is, in rising rank."""

    PENDING = "pending"
    PICKED_UP = "picked_up"
    IN_TRANSIT = "in_transit"
    READY_FOR_PICKUP = "ready_for_pickup"
    OUT_FOR_DELIVERY = "out_for_delivery"
    DELIVERY_FAILED = "delivery_failed"
    DELIVERED = "delivered"
    RETURNED = "return_to_sender"


class Scan(Struct, frozen=True, kw_only=True):
    """A fact about a parcel; (carrier, tracking, status, at, place) makes it one and the same."""

    tracking: str
    status: ScanStatus
    at: datetime
    place: str = ""
    text: str = ""


class CarrierService(Struct, frozen=True, kw_only=True):
    """What parcels can be sent with: `service` as in `Rate`. Its `hint` tells staff alike ones apart."""

    service: str
    title: str
    hint: str = ""


class Carrier(ABC):
    """One carrier of one site. `quote` may use the network, within a deadline; nothing else here may at checkout.

    `quote` is asked again where a placed order goes to another place: of what waits, for the new place and the old one.
    `calls_out` False: it quotes by a merchant's own table, without the network, so that no thread has to wait for it.
    `sells_labels`: whoever packs may buy the label of a parcel (`buy`), and give it back (`void`).
    """

    code: ClassVar[str]
    calls_out: ClassVar[bool] = True
    sells_labels: ClassVar[bool] = False
    title: str = ""

    def serves(self, address: Address) -> str:
        """Empty if the carrier delivers there, else the reason in the shopper's language."""
        del address
        return ""

    def services(self) -> Sequence[CarrierService]:
        """All services, for whoever packs; none where the carrier itself is the choice. No network."""
        return ()

    @abstractmethod
    def quote(self, parcel: Parcel) -> Sequence[Rate]:
        """Rates in the currency of `parcel.value`.

        None where the carrier cannot say. Never raises for a bad address.
        """

    def buy(self, parcel: Parcel, rate: Rate, key: str) -> Label:
        """Buy a label, once per `key`. Network.

        `rate` names the service, with its token where the shopper chose it. Broken that is not permanent means that
        nobody knows whether it was sold: the same key is asked again, and answers the same label.
        """
        raise Broken("This carrier sells no labels.", permanent=True)

    def return_label(self, parcel: Parcel, key: str) -> Label | None:
        """Buy the way back of a return, from `parcel.address` to the shop, once per `key`. Network.

        None where the carrier does not offer it.
        """
        del parcel, key
        return None

    def void(self, tracking: str) -> None:
        """Give a label back. Network."""
        raise Broken("This carrier sells no labels.", permanent=True)

    def manifest(self, numbers: Sequence[str], key: str) -> Sequence[Manifest]:
        """The papers for these labels of its own, all of which leave one place today; asked by a job. Network.

        As many papers as it needs; a label is on one paper at most, and what cannot be on any goes without.
        A `Broken` that is permanent says why there is none at all; after another one the same is asked again under the
        same `key`, and what was made already is answered, not made anew.
        """
        raise Broken("This carrier makes no manifests.", permanent=True)

    def track(self, numbers: Sequence[str]) -> Sequence[Scan]:
        """What is known of these parcels, of all in one go; of one that it does not know it says nothing. Network.

        Who says it is asked by a job for what is under way and of what nothing was heard for hours. What comes by
        notice (`read`) may be told here again: the latest scan stays, and a parcel arrives once.
        """
        del numbers
        return ()

    def tracking_url(self, tracking: str, service: str = "") -> str:
        """The carrier's page about a parcel sent with `service`, by https, or nothing. No network."""
        del tracking, service
        return ""

    def read(self, request: IncomingRequest) -> Sequence[Scan]:
        """Verify, then parse a pushed notice. Pure."""
        del request
        return ()


class Source(Struct, frozen=True, kw_only=True):
    """A location with what it could send: pieces per variant. The list of them is by priority, lowest first.

    `postcode` is that of the location, if it is known.
    """

    location_id: int
    country: str
    priority: int
    free: Mapping[int, int]
    postcode: str = ""


class Sourced(Struct, frozen=True, kw_only=True):
    """Pieces of a variant that shall come from a location.

    `why` stands on the order's page: `only` (no other has it), `allowed` (no other may send it), `fewest` (parcels),
    `nearest`, `first` (in the merchant's order), `cheapest`, `health` (more is left there), or a sentence of yours.
    `figure` are the numbers that decided, the same in every language: `6.10 < 7.40 EUR`. Both are kept with the moves
    of stock for good, so they name nobody.
    """

    variant_id: int
    location_id: int
    quantity: int
    why: str = ""
    figure: str = ""


class FulfilSpecs:
    """Hooks of the family `fulfil`."""

    @asks(Carrier)
    def fulfil_carriers(self, site: Site) -> Sequence[Carrier]:  # type: ignore[empty-body]
        """The carriers of this site, in the order to be offered. Cheap: no network. A failing plugin's are left out."""

    @asks(Sourced, first=True)
    def fulfil_allocate(
        self, site: Site, needs: Mapping[int, int], sources: Sequence[Source], address: Address | None
    ) -> Sequence[Sourced] | None:
        """Which location sends how much of each variant (`needs`), where there is a choice.

        Asked before an order's transaction, only if more than one location has something. The first plugin that
        answers wins; without one, core takes the fewest parcels, the address's own country, more of its postcode's
        beginning, and then the priority. A plan that does not add up, or cannot be had any more inside the transaction,
        is replaced by core's; never is more promised than there is.
        """
