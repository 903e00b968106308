"""Pictures come after the products, each once; one that cannot be fetched is a remark and nothing more."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from PIL import Image

from core.hookspecs.site import Site
from core.imports.services import fetch_pictures
from core.imports.services.import_products import import_products
from core.imports.services.reports import Report, remarks_csv, report
from core.kernel import db, jobs
from core.kernel.fetch import AddressRefused, Fetched, NotFetched
from core.lib import clock
from tests.core.imports.files import table

COLUMNS = (
    "product",
    "sku",
    "price",
    "name",
    "option1_name",
    "option1_value",
    "pictures",
    "picture_alts",
    "variant_picture",
)
Fetch = Callable[..., Fetched]


def _png(colour: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(out, "PNG")
    return out.getvalue()


class Web:
    """The web as far as it matters: addresses with a picture, and errors for all others."""

    def __init__(self) -> None:
        self.pictures: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.error: Exception = NotFetched("The server answered %(status)s.", permanent=True, status=404)

    def fetch(self, url: str, **_: object) -> Fetched:
        self.asked.append(url)
        if url not in self.pictures:
            raise self.error
        return Fetched(url=url, type="image/png", data=self.pictures[url])


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Web:
    web = Web()
    monkeypatch.setattr(fetch_pictures, "fetch", web.fetch)
    return web


def _load(site: Site, *rows: tuple[str, ...]) -> Report:
    return import_products(site, io.BytesIO(table(COLUMNS, *rows)))


def _shown() -> list[str]:
    """Names of the pictures of all products, in order, as the files called them."""
    sql = "SELECT m.original FROM product_media p JOIN media m ON m.id = p.media_id ORDER BY p.product_id, p.position"
    return [row[0] for row in db.rows(sql)]


def _lamp(addresses: str, alts: str = "") -> tuple[str, ...]:
    return ("lamp", "L-1", "9", "Lamp", "", "", addresses, alts, "")


def test_pictures_are_fetched_after_the_import_in_their_order(site: Site, web: Web) -> None:
    web.pictures = {"https://a.test/x/one%20lamp.png": _png("red"), "https://a.test/2.png": _png("blue")}
    _load(site, _lamp("https://a.test/x/one%20lamp.png https://a.test/2.png", "On a table|Lit"))
    assert (_shown(), web.asked) == ([], [])
    jobs.run_due()
    assert _shown() == ["one lamp.png", "2.png"]
    assert [row[0] for row in db.rows("SELECT alt FROM media ORDER BY id")] == ['{"en":"On a table"}', '{"en":"Lit"}']
    assert db.value("SELECT COUNT(*) FROM card WHERE picture IS NOT NULL") == 2


def test_the_same_file_again_fetches_nothing(site: Site, web: Web) -> None:
    web.pictures = {"https://a.test/1.png": _png("red")}
    for _ in range(2):
        _load(site, _lamp("https://a.test/1.png"))
        jobs.run_due()
    assert web.asked == ["https://a.test/1.png"]


def test_a_picture_that_the_merchant_took_away_is_not_brought_back(site: Site, web: Web) -> None:
    web.pictures = {"https://a.test/1.png": _png("red")}
    _load(site, _lamp("https://a.test/1.png"))
    jobs.run_due()
    with db.transaction():
        db.execute("DELETE FROM product_media")
    _load(site, _lamp("https://a.test/1.png"))
    jobs.run_due()
    assert _shown() == []


def test_one_address_or_the_same_bytes_are_stored_once(site: Site, web: Web) -> None:
    web.pictures = {"https://a.test/1.png": _png("red"), "https://b.test/copy.png": _png("red")}
    _load(
        site,
        _lamp("https://a.test/1.png"),
        ("pot", "P-1", "9", "Pot", "", "", "https://a.test/1.png https://b.test/copy.png", "", ""),
    )
    jobs.run_due()
    assert web.asked == ["https://a.test/1.png", "https://b.test/copy.png"]
    assert db.value("SELECT COUNT(*) FROM media") == 1
    assert len(_shown()) == 2


def test_a_variant_shows_its_own_picture(site: Site, web: Web) -> None:
    web.pictures = {f"https://a.test/{name}.png": _png(name) for name in ("red", "blue")}
    red = ("tee", "T-R", "9", "Tee", "Colour", "Red", "https://a.test/red.png", "", "https://a.test/red.png")
    _load(site, red, ("tee", "T-B", "9", "", "", "Blue", "", "", "https://a.test/blue.png"))
    jobs.run_due()
    sql = "SELECT v.sku, m.original FROM variant v JOIN media m ON m.id = v.media_id ORDER BY v.sku"
    assert db.rows(sql) == [("T-B", "blue.png"), ("T-R", "red.png")]
    assert _shown() == ["red.png", "blue.png"]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (NotFetched("The server answered %(status)s.", permanent=True, status=404), "The server answered 404."),
        (AddressRefused(), "This address may not be opened from here."),
    ],
)
def test_a_picture_that_cannot_be_had_is_told_and_tried_with_the_next_import(
    site: Site, web: Web, error: Exception, reason: str
) -> None:
    web.error = error
    done = _load(site, _lamp("https://a.test/1.png https://a.test/2.png"))
    assert (done.created, done.refused) == (1, 0)
    web.pictures = {"https://a.test/2.png": _png("red")}
    jobs.run_due()
    assert [(failure.line, failure.url, failure.reason) for failure in report(site, done.id).failed_pictures] == [
        (2, "https://a.test/1.png", reason)
    ]
    assert f"2,,Warning,The picture https://a.test/1.png could not be fetched: {reason}," in b"".join(
        remarks_csv(site, done.id)
    ).decode("utf-8-sig")
    assert _shown() == ["2.png"]
    web.pictures["https://a.test/1.png"] = _png("blue")
    again = _load(site, _lamp("https://a.test/1.png https://a.test/2.png"))
    jobs.run_due()
    assert again.unchanged == 1
    assert _shown() == ["2.png", "1.png"]
    assert report(site, again.id).failed_pictures == []


def test_what_is_no_picture_is_told(site: Site, web: Web) -> None:
    web.pictures = {"https://a.test/1.png": b"<svg onload=alert(1)>"}
    done = _load(site, _lamp("https://a.test/1.png"))
    jobs.run_due()
    assert len(report(site, done.id).failed_pictures) == 1


def test_a_server_that_does_not_answer_is_asked_again_later(site: Site, web: Web) -> None:
    web.error = NotFetched()
    with clock.freeze(clock.now()) as now:
        done = _load(site, _lamp("https://a.test/1.png"))
        for _ in range(5):
            jobs.run_due()
            assert report(site, done.id).failed_pictures == [] or len(web.asked) == 3
            now.move(hours=7)
    assert len(web.asked) == 3
    assert [failure.reason for failure in report(site, done.id).failed_pictures] == ["There was no answer."]


@pytest.mark.parametrize("address", ["http://127.0.0.1/1.png", "http://169.254.169.254/1.png", "http://[::1]/1.png"])
def test_private_addresses_are_refused_without_asking(site: Site, address: str) -> None:
    done = _load(site, _lamp(address))
    jobs.run_due()
    (failure,) = report(site, done.id).failed_pictures
    assert failure.reason == "This address may not be opened from here."


def test_a_dry_run_fetches_nothing(site: Site, web: Web) -> None:
    import_products(site, io.BytesIO(table(COLUMNS, _lamp("https://a.test/1.png"))), dry_run=True)
    jobs.run_due()
    assert web.asked == []
