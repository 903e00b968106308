"""A server that answers as EasyPost's documentation says, on this machine, and can lose its answers.

Its answers were read by EasyPost's own client (easypost 10.7): shipments by id and reference, buying, refunds,
trackers one by one and many at once, labels in three formats, SCAN forms, address verification and errors.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from msgspec import Struct, field

KEY = "EZTK-test"
PDF = b"%PDF-1.4 a label"
PNG = b"\x89PNG\r\n\x1a\n a label"
ZPL = b"^XA^FO50,50^FDa label^FS^XZ"
# What a label is said to be, what is in the file, and as what the store of files serves it.
KINDS = {
    "PDF": ("application/pdf", PDF, "application/pdf"),
    "PNG": ("image/png", PNG, "image/png"),
    "ZPL": ("application/zpl", ZPL, "binary/octet-stream"),
}
NOWHERE = "000 unknown street"
NOT_FOUND = {"code": "E.ADDRESS.NOT_FOUND", "field": "address", "message": "Address not found", "suggestion": None}


class Books(Struct):
    """What the server knows, and how it shall behave. `lose` are calls that are carried out and not answered.

    `told` are further lines of a parcel's tracker, by its number; `slow`: SCAN forms are made after the answer.
    """

    shipments: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[tuple[str, str, Any]] = field(default_factory=list)
    lose: list[str] = field(default_factory=list)
    told: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    forms: dict[str, dict[str, Any]] = field(default_factory=dict)
    slow: bool = False
    down: bool = False
    currency: str = "USD"
    origin: str = ""

    @property
    def sold(self) -> int:
        return sum(one["postage_label"] is not None for one in self.shipments.values())

    def called(self, what: str) -> list[Any]:
        """The bodies of the calls whose path ends so."""
        return [body for _method, path, body in self.calls if path.endswith(what)]


def _rates(books: Books, shipment: str) -> list[dict[str, Any]]:
    offered = (("USPS", "Priority", "6.95", 2), ("USPS", "GroundAdvantage", "5.93", 3), ("UPS", "Ground", "8.10", None))
    return [
        {
            "id": f"rate_{shipment}_{n}", "object": "Rate", "service": service, "carrier": carrier, "rate": amount,
            "currency": books.currency, "delivery_days": days, "shipment_id": shipment, "mode": "test",
            "carrier_account_id": f"ca_{carrier.lower()}",
        }
        for n, (carrier, service, amount, days) in enumerate(offered)
    ]  # fmt: skip


def _tracker(books: Books, shipment: dict[str, Any]) -> dict[str, Any]:
    code = shipment["tracking_code"]
    details = [tracking_detail("pre_transit", "Label created", "2026-11-20T15:00:00Z"), *books.told.get(code, ())]
    return {
        "id": shipment["id"].replace("shp_", "trk_"), "object": "Tracker", "tracking_code": code,
        "status": details[-1]["status"], "shipment_id": shipment["id"], "carrier": "USPS", "tracking_details": details,
    }  # fmt: skip


class _Handler(BaseHTTPRequestHandler):
    books: Books

    def log_message(self, *_arguments: Any) -> None:
        """Silence."""

    def do_GET(self) -> None:
        self._answer("GET", None)

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self._answer("POST", json.loads(self.rfile.read(length) or b"null"))

    def _answer(self, method: str, body: Any) -> None:
        parts = urlsplit(self.path)
        path = unquote(parts.path.removeprefix("/v2"))
        self.books.calls.append((method, path, body))
        if path.startswith("/files/"):
            kind, data, served_as = KINDS[path.rpartition(".")[2].upper()]
            del kind
            self._send(200, data, served_as)
            return
        basic = "Basic " + base64.b64encode(f"{KEY}:".encode()).decode()
        if self.headers.get("Authorization") not in {basic, f"Bearer {KEY}"}:
            self._json(401, {"error": {"code": "APIKEY.INACTIVE", "message": "This api key is no longer active."}})
            return
        status, answer = self._route(method, path, body, parse_qs(parts.query))
        lost = next((one for one in self.books.lose if path.endswith(one) and method == "POST"), None)
        if self.books.down or lost:
            if lost:
                self.books.lose.remove(lost)
            self.connection.close()
            return
        self._json(status, answer)

    def _route(self, method: str, path: str, body: Any, query: dict[str, list[str]]) -> tuple[int, Any]:
        if path == "/addresses":
            return 201, self._address(body)
        if path == "/trackers":
            return 200, self._trackers(
                query.get("tracking_codes[]", query.get("tracking_code", [])), query.get("before_id", [""])[0]
            )
        if path == "/scan_forms":
            return self._scan_form([one["id"] for one in body["scan_form"]["shipments"]])
        if path == "/shipments" and method == "POST":
            return self._create(body["shipment"])
        if path == "/shipments":
            return 200, {"shipments": list(self.books.shipments.values()), "has_more": False}
        return self._shipment(path.strip("/").split("/"), body)

    def _shipment(self, words: list[str], body: Any) -> tuple[int, Any]:
        known = self.books.shipments.values()
        shipment = next((one for one in known if words[1] in {one["id"], one["reference"]}), None)
        if shipment is None:
            return 404, {"error": {"code": "NOT_FOUND", "message": "The requested resource could not be found."}}
        if words[2:] == ["buy"]:
            return self._buy(shipment, body["rate"]["id"])
        if words[2:] == ["refund"]:
            shipment["refund_status"] = "submitted"
        return 200, shipment

    def _address(self, body: Any) -> Any:
        found = body["address"]["street1"] != NOWHERE
        told = {"success": found, "errors": [] if found else [NOT_FOUND], "details": {}}
        return {"id": "adr_1", "object": "Address", **body["address"], "verifications": {"delivery": told}}

    def _create(self, wanted: dict[str, Any]) -> tuple[int, Any]:
        if not wanted.get("to_address", {}).get("street1"):
            details = [{"field": "to_address", "message": "street1 can't be blank"}]
            error = {"code": "PARAMETER.REQUIRED", "message": "Missing required parameter.", "errors": details}
            return 422, {"error": error}
        name = f"shp_{len(self.books.shipments) + 1}"
        too_heavy = wanted["parcel"]["weight"] > 1120
        message = {"carrier": "USPS", "type": "rate_error", "message": "Weight exceeds 70 pounds."}
        self.books.shipments[name] = {
            "id": name, "object": "Shipment", "mode": "test", "reference": wanted.get("reference"),
            "is_return": wanted.get("is_return", False), "to_address": wanted["to_address"],
            "from_address": wanted["from_address"], "parcel": wanted["parcel"], "options": wanted["options"],
            "customs_info": wanted.get("customs_info"), "rates": [] if too_heavy else _rates(self.books, name),
            "messages": [message] if too_heavy else [], "postage_label": None, "selected_rate": None,
            "tracking_code": None, "refund_status": None, "status": "unknown", "scan_form": None,
        }  # fmt: skip
        return 201, self.books.shipments[name]

    def _buy(self, shipment: dict[str, Any], rate: str) -> tuple[int, Any]:
        if shipment["postage_label"] is not None:
            message = "Postage already exists for this shipment. Aborting purchase."
            return 422, {"error": {"code": "SHIPMENT.POSTAGE.EXISTS", "message": message, "errors": []}}
        shipment["selected_rate"] = next(one for one in shipment["rates"] if one["id"] == rate)
        shipment["tracking_code"] = f"9400{shipment['id'].removeprefix('shp_').zfill(18)}"
        kind = shipment["options"].get("label_format", "PNG")
        shipment["postage_label"] = {
            "object": "PostageLabel", "id": "pl_1", "label_size": "4x6", "label_file_type": KINDS[kind][0],
            "label_url": f"{self.books.origin}/files/{shipment['id']}.{kind.lower()}",
        }  # fmt: skip
        return 200, shipment

    def _scan_form(self, names: list[str]) -> tuple[int, Any]:
        """One for parcels of one account that are on none; only one of the carriers makes them."""
        shipments = [self.books.shipments[name] for name in names]
        accounts = {one["selected_rate"]["carrier_account_id"] for one in shipments}
        wrong = (
            (len(accounts) > 1, "Shipments must belong to the same carrier account."),
            (accounts != {"ca_usps"}, "UPS does not support scan forms."),
            (any(one["refund_status"] for one in shipments), "Refunded shipments cannot be added."),
            (any(one["scan_form"] for one in shipments), "A shipment is on another scan form."),
        )
        for is_wrong, message in wrong:
            if is_wrong:
                return 422, {"error": {"code": "SCAN_FORM.CREATE.ERROR", "message": message, "errors": []}}
        name = f"sf_{len(self.books.forms) + 1}"
        form = {
            "id": name, "object": "ScanForm", "mode": "test", "status": "creating" if self.books.slow else "created",
            "message": None, "address": shipments[0]["from_address"], "form_file_type": None,
            "tracking_codes": [one["tracking_code"] for one in shipments], "batch_id": "batch_1", "confirmation": None,
            "form_url": None if self.books.slow else f"{self.books.origin}/files/{name}.pdf",
        }  # fmt: skip
        self.books.forms[name] = form
        for one in shipments:
            one["scan_form"] = form
        return 201, form

    def _trackers(self, codes: list[str], before: str) -> dict[str, Any]:
        """The newest first, in pages of two: whoever asks for the first page alone misses the others."""
        known = [_tracker(self.books, one) for one in self.books.shipments.values() if one["tracking_code"] in codes]
        rest = [one for one in reversed(known) if not before or one["id"] < before]
        return {"trackers": rest[:2], "has_more": len(rest) > 2}

    def _json(self, status: int, answer: Any) -> None:
        self._send(status, json.dumps(answer).encode(), "application/json; charset=utf-8")

    def _send(self, status: int, data: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def tracking_detail(status: str, message: str, at: str, city: str | None = "HOUSTON") -> dict[str, Any]:
    """One line of a tracker."""
    return {
        "object": "TrackingDetail", "message": message, "status": status, "status_detail": "status_update",
        "datetime": at, "source": "USPS",
        "tracking_location": {"object": "TrackingLocation", "city": city, "state": "TX", "country": "US", "zip": None},
    }  # fmt: skip


@contextmanager
def serving(**changes: Any) -> Iterator[Books]:
    """The server on a free port; answers its books."""
    books = Books(**changes)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"books": books}))
    books.origin = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield books
    finally:
        server.shutdown()
        server.server_close()
