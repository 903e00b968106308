"""A carrier whose services are those of an EasyPost account."""

from __future__ import annotations

import hashlib
import hmac
import json
import math
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from core.api import (
    Address,
    Broken,
    Carrier,
    CarrierService,
    Forged,
    IncomingRequest,
    Label,
    Manifest,
    NotMoney,
    Parcel,
    Rate,
    Scan,
    ScanStatus,
    Site,
    clauses,
    labelled,
    parse_money,
    take_scans,
)
from core.api import gettext as _
from plugins.easypost.client import Client, NoAnswer, Refusal
from plugins.easypost.forms import Settings

CODE, CHEAPEST = "easypost", "cheapest"
_OUNCE_G, _INCH_CM = 28.349523125, 2.54
_QUOTE_S = 4.0
_SOLD = "SHIPMENT.POSTAGE.EXISTS"
_GIVEN_BACK = {"submitted", "refunded"}
_STATUS = {
    "unknown": ScanStatus.PENDING,
    "pre_transit": ScanStatus.PENDING,
    "in_transit": ScanStatus.IN_TRANSIT,
    "out_for_delivery": ScanStatus.OUT_FOR_DELIVERY,
    "available_for_pickup": ScanStatus.READY_FOR_PICKUP,
    "delivered": ScanStatus.DELIVERED,
    "failure": ScanStatus.DELIVERY_FAILED,
    "return_to_sender": ScanStatus.RETURNED,
}
_FORMATS = {"application/pdf", "image/png", "application/zpl"}


class EasyPostCarrier(Carrier):
    """One account of one site."""

    code = CODE
    sells_labels: ClassVar[bool] = True

    def __init__(self, site: Site, settings: Settings, client: Client, quoting: Client | None = None) -> None:
        self._site, self._settings, self._client = site, settings, client
        self._quoting = quoting or client
        self.title = "EasyPost"

    def services(self) -> Sequence[CarrierService]:
        """What the merchant has named, and the cheapest of all."""
        named = [line.split(maxsplit=1) for line in self._settings.services.splitlines()]
        known = {f"{words[0]}:{words[1].strip()}": " ".join(words) for words in named if len(words) == 2}
        return [
            *(CarrierService(service=code[:60], title=title[:120], hint="EasyPost") for code, title in known.items()),
            CarrierService(service=CHEAPEST, title=_("The cheapest way"), hint="EasyPost"),
        ]

    def quote(self, parcel: Parcel) -> Sequence[Rate]:
        """The account's rates in the cart's currency, where the merchant offers them."""
        if not (self._settings.at_checkout and parcel.address.country and parcel.address.postcode):
            return []
        try:
            made = self._quoting.create(self._shipment(parcel))
        except Broken:
            return []
        found: dict[str, Rate] = {}
        for one in sorted(_rates(made), key=lambda one: float(one["rate"])):
            rate = _as_rate(one, parcel.value.currency)
            if rate is not None:
                found.setdefault(rate.service, rate)
        return list(found.values())

    # -- labels --------------------------------------------------------------------------------------------------------

    def buy(self, parcel: Parcel, rate: Rate, key: str) -> Label:
        """One label for each key: EasyPost knows the shipment by it, and sells the label of a shipment once."""
        return self._label(self._shipment(parcel), rate.service, key)

    def return_label(self, parcel: Parcel, key: str) -> Label | None:
        """The way back from the shopper, by the cheapest service."""
        return self._label({**self._shipment(parcel), "is_return": True}, CHEAPEST, f"{self._site.host}-{key}")

    def _label(self, wanted: Mapping[str, Any], service: str, key: str) -> Label:
        shipment = self._made(wanted, f"stoa-{key}")
        if not shipment.get("postage_label"):
            shipment = self._bought(shipment, service)
        return self._printed(shipment)

    def _made(self, wanted: Mapping[str, Any], reference: str) -> Mapping[str, Any]:
        """The one shipment of this reference. EasyPost would make another one under it, so it is looked for first.

        That goes for a lost answer, too: whoever made it once more would find the first one later, and buy again.
        """
        shipment = self._client.shipment(reference)
        if shipment is not None:
            return shipment
        self._check(wanted["to_address"])
        try:
            return self._client.create({**wanted, "reference": reference})
        except NoAnswer:
            found = self._client.shipment(reference)
            if found is None:
                raise
            return found

    def _check(self, address: Mapping[str, Any]) -> None:
        """Raises Refusal for an address that EasyPost cannot find: a parcel to nowhere costs as much."""
        if not self._settings.check_addresses:
            return
        told = self._client.verified(address).get("verifications", {}).get("delivery", {})
        if told and not told.get("success"):
            words = ". ".join(str(one.get("message", "")) for one in told.get("errors", ()))
            raise Refusal("ADDRESS.VERIFY.FAILURE", words or _("The address cannot be found."))

    def _bought(self, shipment: Mapping[str, Any], service: str) -> Mapping[str, Any]:
        """Where the answer is lost, the shipment says whether it was sold."""
        name, rate = str(shipment["id"]), _chosen(shipment, service)
        try:
            return self._client.buy(name, rate)
        except Refusal as refusal:
            if refusal.code != _SOLD:
                raise
        except NoAnswer:
            found = self._client.shipment(name)
            if not (found or {}).get("postage_label"):
                raise
        return self._client.shipment(name) or {}

    def _printed(self, shipment: Mapping[str, Any]) -> Label:
        """Its file and its price. What is missing may come yet: the label is sold, so this is never final."""
        label, rate = shipment.get("postage_label") or {}, shipment.get("selected_rate") or {}
        mime, tracking = str(label.get("label_file_type", "")), str(shipment.get("tracking_code") or "")
        if mime not in _FORMATS or not tracking or not label.get("label_url"):
            raise NoAnswer
        try:
            cost = parse_money(str(rate["rate"]), str(rate["currency"]))
        except (NotMoney, KeyError) as error:
            raise NoAnswer from error
        return Label(tracking=tracking, document=self._client.document(str(label["label_url"])), mime=mime, cost=cost)

    def void(self, tracking: str) -> None:
        """Ask for the label's money back; asked again, it is the same."""
        name = next(
            (str(one["shipment_id"]) for one in self._client.trackers([tracking]) if one.get("shipment_id")), ""
        )
        shipment = self._client.shipment(name) if name else None
        if shipment is None:
            raise Refusal("NOT_FOUND", _("EasyPost knows no label of this number."))
        if shipment.get("refund_status") in _GIVEN_BACK:
            return
        told = self._client.refund(name).get("refund_status")
        if told not in _GIVEN_BACK:
            raise Refusal("REFUND", _("The carrier does not take this label back (%(status)s).", status=told))

    # -- at the end of the day -----------------------------------------------------------------------------------------

    def manifest(self, numbers: Sequence[str], key: str) -> Sequence[Manifest]:
        """A SCAN form for each of the account's carriers; one that was made already is found on its parcels.

        EasyPost knows no keys here, but puts a parcel on one form at most. What a carrier refuses is left out.
        """
        del key
        forms: dict[str, Mapping[str, Any]] = {}
        alone: dict[str, list[str]] = {}
        for shipment in self._shipments(numbers):
            if form := shipment.get("scan_form"):
                forms[str(form["id"])] = form
            elif shipment.get("refund_status") not in _GIVEN_BACK:
                account = (shipment.get("selected_rate") or {}).get("carrier_account_id")
                alone.setdefault(str(account), []).append(str(shipment["id"]))
        refused = []
        for _account, shipments in sorted(alone.items()):
            try:
                made = self._client.scan_form(shipments)
            except Refusal as refusal:
                refused.append(str(refusal.params["reason"]))
            else:
                forms[str(made["id"])] = made
        refused += [str(one.get("message") or "") for one in forms.values() if one.get("status") == "failed"]
        papers = [self._paper(one, numbers) for one in forms.values() if one.get("status") != "failed"]
        if not papers:
            words = ". ".join(text.rstrip(".") for text in dict.fromkeys(refused) if text)
            raise Refusal("SCAN_FORM", words or _("EasyPost knows no label of this number."))
        return papers

    def _shipments(self, numbers: Sequence[str]) -> list[Mapping[str, Any]]:
        """The shipments of these parcels, each once."""
        names = dict.fromkeys(
            str(one["shipment_id"]) for one in self._client.trackers(numbers) if one.get("shipment_id")
        )
        return [found for name in names if (found := self._client.shipment(name)) is not None]

    def _paper(self, form: Mapping[str, Any], numbers: Sequence[str]) -> Manifest:
        """Its file. What is still being made may come yet, so this is never final."""
        listed = set(form.get("tracking_codes") or ())
        if not form.get("form_url"):
            raise NoAnswer
        return Manifest(
            numbers=tuple(number for number in numbers if number in listed),
            document=self._client.document(str(form["form_url"])),
            mime=str(form.get("form_file_type") or "application/pdf"),
        )

    # -- where parcels are ---------------------------------------------------------------------------------------------

    def track(self, numbers: Sequence[str]) -> Sequence[Scan]:
        """What EasyPost has heard."""
        return [scan for one in self._client.trackers(numbers) for scan in _scans(one)]

    def read(self, request: IncomingRequest) -> Sequence[Scan]:
        """A pushed event, signed by the webhook's secret. Raises Forged."""
        if not is_signed(request, self._settings.webhook_secret):
            raise Forged
        try:
            event = json.loads(request.body)
        except ValueError as error:
            raise Forged from error
        result = event.get("result") if isinstance(event, dict) else None
        return list(_scans(result)) if isinstance(result, dict) and result.get("object") == "Tracker" else ()

    # -- what is sent --------------------------------------------------------------------------------------------------

    def _shipment(self, parcel: Parcel) -> dict[str, Any]:
        said = self._settings
        sender = {
            "name": said.sender_name, "street1": said.sender_street, "city": said.sender_city,
            "state": said.sender_state, "zip": said.sender_zip, "country": said.sender_country.upper(),
            "phone": said.sender_phone,
        }  # fmt: skip
        length, width, height = (_up(side / _INCH_CM) for side in said.box)
        shipment: dict[str, Any] = {
            "from_address": sender,
            "to_address": _address(parcel.address),
            "parcel": {
                "length": length, "width": width, "height": height,
                "weight": _up((parcel.weight_g + said.least_g) / _OUNCE_G),
            },
            "options": {"label_format": said.label_format},
        }  # fmt: skip
        if parcel.address.country != sender["country"]:
            shipment["customs_info"] = self._customs(parcel, str(sender["country"]))
        return shipment

    def _customs(self, parcel: Parcel, origin: str) -> dict[str, Any]:
        """What is in it, for the other side of a border."""
        return {
            "customs_certify": bool(self._settings.customs_signer),
            "customs_signer": self._settings.customs_signer,
            "contents_type": "merchandise",
            "restriction_type": "none",
            "non_delivery_option": "return",
            "eel_pfc": "NOEEI 30.37(a)",
            "customs_items": [
                {
                    "description": line.name[:255], "quantity": line.quantity, "value": float(line.value.decimal),
                    "weight": _up(max(1, line.weight_g * line.quantity) / _OUNCE_G), "origin_country": origin,
                    "code": line.sku[:50],
                }
                for line in parcel.lines
            ],
        }  # fmt: skip


def carrier_of(site: Site) -> EasyPostCarrier | None:
    """The account of a site; None until it is ready."""
    settings = Settings.of(site)
    if not settings.is_ready:
        return None
    key = str(settings.key)
    return EasyPostCarrier(site, settings, Client(key), Client(key, timeout_s=_QUOTE_S))


def take_notice(site: Site, request: IncomingRequest) -> int:
    """Note where parcels are by a signed event; answers how many arrived by it. Raises Forged."""
    carrier = carrier_of(site)
    if carrier is None:
        raise Forged
    return take_scans(site, CODE, carrier.read(request), actor="plugin:easypost")


def try_connection(site: Site, email: str) -> str:
    """Ask for something small: an answer proves the key. Network. Raises Broken."""
    del email
    settings = Settings.of(site)
    Client(str(settings.key)).ping()
    if str(settings.key).startswith("EZTK"):
        return _("EasyPost took the key. It is one for tests: its labels cannot be sent.")
    return _("EasyPost took the key.")


def is_signed(request: IncomingRequest, secret: str) -> bool:
    """Whether the event comes from whoever knows the secret."""
    said = request.headers.get("x-hmac-signature", "")
    key = unicodedata.normalize("NFKD", secret).encode()
    made = f"hmac-sha256-hex={hmac.new(key, request.body, hashlib.sha256).hexdigest()}"
    return bool(secret) and hmac.compare_digest(made.encode(), said.encode())


def _up(amount: float) -> float:
    """To the next tenth: a carrier measures again, and asks for more where less was said."""
    return math.ceil(round(amount * 10, 6)) / 10


def _address(address: Address) -> dict[str, Any]:
    lines = [*address.lines, "", ""]
    return {
        "name": address.name, "company": address.company, "street1": lines[0], "street2": lines[1],
        "city": address.city, "state": address.region, "zip": address.postcode, "country": address.country,
        "phone": address.phone,
    }  # fmt: skip


def _rates(shipment: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [one for one in shipment.get("rates") or () if one.get("id") and one.get("rate") and one.get("currency")]


def _as_rate(one: Mapping[str, Any], currency: str) -> Rate | None:
    """A rate of EasyPost's for shoppers; None in another currency."""
    if one["currency"] != currency:
        return None
    days = one.get("delivery_days")
    return Rate(
        service=f"{one['carrier']}:{one['service']}"[:60], title=f"{one['carrier']} {one['service']}",
        amount=parse_money(str(one["rate"]), currency), days=(days, days) if isinstance(days, int) else None,
    )  # fmt: skip


def _chosen(shipment: Mapping[str, Any], service: str) -> str:
    """The id of the rate to buy. Raises Refusal with the carriers' own words where there is none."""
    rates = [one for one in _rates(shipment) if service in {CHEAPEST, "", f"{one['carrier']}:{one['service']}"[:60]}]
    if not rates:
        told = [labelled(one.get("carrier", ""), one.get("message", "")) for one in shipment.get("messages") or ()]
        raise Refusal("RATE", clauses(dict.fromkeys(told))[:500] or _("No carrier takes this parcel."))
    return str(min(rates, key=lambda one: float(one["rate"]))["id"])


def _scans(tracker: Mapping[str, Any]) -> Iterator[Scan]:
    """What happened to a parcel; what EasyPost says in no known word is left out."""
    for one in tracker.get("tracking_details") or ():
        status, at = _STATUS.get(str(one.get("status"))), _instant(str(one.get("datetime", "")))
        if status is None or at is None:
            continue
        place = one.get("tracking_location") or {}
        where = ", ".join(str(place[part]) for part in ("city", "state", "country") if place.get(part))
        yield Scan(
            tracking=str(tracker.get("tracking_code", "")), status=status, at=at, place=where,
            text=str(one.get("message") or ""),
        )  # fmt: skip


def _instant(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None
