"""The import wizard, as a member of staff walks through it without a script."""

from __future__ import annotations

import csv
import html
import io
import re
from typing import TYPE_CHECKING, Any

import pytest

from core.catalogue.services.products import archive_product
from core.imports.services.kept_files import folder
from core.imports.services.store_products import Store
from core.kernel import db, jobs
from core.testing.shop import PASSWORD, Item

if TYPE_CHECKING:
    from werkzeug.test import Client, TestResponse

    from core.accounts.models import Staff
    from core.hookspecs.site import Site

BASE = "https://shop.test"
FILE = b"sku,name,price\nA,Lamp,12\nB,Pot,-1\n"


@pytest.fixture
def desk(site: Site, staff: Staff, client: Client) -> Client:
    """A browser in which the owner is signed in."""
    del site
    answer = _post(client, "/panel/login", email=staff.email, password=PASSWORD)
    assert answer.status_code == 303
    return client


def _post(client: Client, path: str, **form: Any) -> TestResponse:
    return client.post(path, base_url=BASE, headers={"Sec-Fetch-Site": "same-origin"}, data=form)


def _page(client: Client, path: str) -> str:
    answer = client.get(path, base_url=BASE)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def _upload(client: Client, data: bytes, name: str = "lamps.csv") -> TestResponse:
    return _post(client, "/panel/products/imports", file=(io.BytesIO(data), name))


def _rehearse(desk: Client, data: bytes, **chosen: str) -> str:
    """Upload, leave the columns as they were guessed or choose some, and rehearse; answers the run's page."""
    columns = _upload(desk, data).location
    form = {**_guessed(_page(desk, columns)), **chosen, "act": "rehearse"}
    answer = _post(desk, columns, **form)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    jobs.run_due()
    return answer.location


def _guessed(page: str) -> dict[str, str]:
    """What a browser would send of the columns' selects."""
    found = {}
    for name, options in re.findall(r'<select class="input" id="(column-\d+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    return found


def _import(desk: Client, data: bytes) -> str:
    run = _post(desk, f"{_rehearse(desk, data)}/apply").location
    jobs.run_due()
    return run


def test_a_file_is_looked_at_rehearsed_then_imported(desk: Client) -> None:
    columns = _upload(desk, FILE).location
    assert "The price is below zero." in _page(desk, columns)
    answer = _post(desk, columns, **_guessed(_page(desk, columns)), act="rehearse")
    rehearsal = answer.location
    assert "<progress" in _page(desk, rehearsal)
    jobs.run_due()
    shown = _page(desk, rehearsal)
    assert "Nothing in the shop has changed" in shown
    assert "The price is below zero." in shown
    assert db.value("SELECT COUNT(*) FROM product") == 0
    answer = _post(desk, f"{rehearsal}/apply")
    assert answer.status_code == 303
    jobs.run_due()
    assert "1" in _page(desk, answer.location)
    assert db.rows("SELECT sku FROM variant") == [("A",)]
    assert "lamps.csv" in _page(desk, "/panel/products/imports")


# -- columns -----------------------------------------------------------------------------------------------------------

UNKNOWN = "货号,商品名称,售价,颜色,Fabric,Notes\nA,灯,12,红,Wool,x\nB,锅,2,,,y\n".encode()


def test_an_unknown_files_columns_are_guessed_shown_and_previewed(desk: Client) -> None:
    page = _page(desk, _upload(desk, UNKNOWN).location)
    assert list(_guessed(page).values()) == ["sku", "name", "price", "option:颜色", "attribute:fabric", ""]
    assert "A · B" in page
    assert "灯" in page
    assert "2 products in the first rows" in page


def test_the_merchant_corrects_what_a_column_stands_for(desk: Client) -> None:
    columns = _upload(desk, b"Code,Title,Cost,Net\nA,Lamp,1,12.50\n").location
    page = _page(desk, columns)
    assert _guessed(page) == {"column-0": "sku", "column-1": "name", "column-2": "", "column-3": ""}
    chosen = {**_guessed(page), "column-3": "price"}
    _post(desk, columns, **chosen, act="look")
    assert "12.50" in _page(desk, columns)
    run = _post(desk, columns, **chosen, act="rehearse").location
    jobs.run_due()
    _post(desk, f"{run}/apply")
    jobs.run_due()
    assert db.one("SELECT v.sku, p.amount FROM variant v JOIN price p ON p.variant_id = v.id") == ("A", 1250)


def test_a_choice_that_cannot_be_is_told_and_nothing_begins(desk: Client) -> None:
    columns = _upload(desk, b"a,b\n1,2\n").location
    for chosen, told in (
        ({"column-0": ""}, "every other target once at most: sku"),
        ({"column-0": "sku", "column-1": "sku"}, "every other target once at most: sku"),
        ({"column-0": "sku", "pictures": "nowhere"}, "Write an address that begins with https://."),
    ):
        answer = _post(desk, columns, **chosen, act="rehearse")
        assert answer.status_code == 422
        assert told in answer.get_data(as_text=True)
        assert db.value("SELECT state FROM import_run") == "draft"


def test_a_choice_kept_under_a_name_serves_the_next_file(desk: Client) -> None:
    file = b"Nr,Wort,Kosten\n1,Lamp,4\n"
    columns = _upload(desk, file).location
    chosen = {"column-0": "sku", "column-1": "name", "column-2": "price"}
    assert _post(desk, columns, **chosen, act="keep", keep_name="").status_code == 422
    _post(desk, columns, **chosen, act="keep", keep_name="Supplier")
    assert _guessed(_page(desk, _upload(desk, file).location)) == chosen
    # One more column is another file: there the kept choice can be taken by hand.
    other = _upload(desk, b"Wort,Nr,Kosten,Rest\nLamp,1,4,x\n").location
    kept = re.search(r'value="(use:\d+)"', _page(desk, other))
    assert kept is not None
    _post(desk, other, act=kept[1])
    assert list(_guessed(_page(desk, other)).values()) == ["name", "sku", "price", ""]
    _post(desk, other, act=kept[1].replace("use", "forget"))
    assert "Supplier" not in _page(desk, other)


def test_the_file_of_another_shop_system_needs_no_choice_but_may_have_one(desk: Client) -> None:
    columns = _upload(desk, b"Handle,Title,Variant Price,Variant SKU\nlamp,Lamp,4,L\n").location
    page = _page(desk, columns)
    assert "This is a file of Shopify CSV" in page
    assert _guessed(page) == {}
    _post(desk, columns, act="as:stoa")
    assert _guessed(_page(desk, columns)) == {
        "column-0": "product",
        "column-1": "name",
        "column-2": "",
        "column-3": "sku",
    }


def test_a_step_that_is_over_leads_to_the_run(desk: Client) -> None:
    run = _rehearse(desk, FILE)
    answer = desk.get(f"{run}/columns", base_url=BASE)
    assert (answer.status_code, answer.location) == (303, run)
    assert _post(desk, f"{run}/columns", act="rehearse", **{"column-0": "sku"}).status_code in {303, 409}


# -- while it runs, and afterwards -------------------------------------------------------------------------------------


def test_a_run_can_be_stopped_before_it_begins(desk: Client) -> None:
    run = _post(desk, f"{_rehearse(desk, FILE)}/apply").location
    assert "Stop" in _page(desk, run)
    _post(desk, f"{run}/stop")
    jobs.run_due()
    assert "This import was stopped" in _page(desk, run)
    assert "It had not begun." in _page(desk, run)
    assert db.value("SELECT COUNT(*) FROM product") == 0
    _post(desk, f"{run}/resume")
    jobs.run_due()
    assert db.value("SELECT COUNT(*) FROM product") > 0
    assert f"{run.removeprefix('http://one.localhost')}/resume" not in _page(desk, run)


@pytest.mark.once
def test_a_running_one_stops_behind_its_batch_and_tells_the_time_left(
    desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = b"".join(b"S-%d,Lamp\n" % n for n in range(120))
    run = _post(desk, f"{_rehearse(desk, b'sku,name' + chr(10).encode() + rows)}/apply").location
    save, pages = Store.save, []

    def look_and_stop(store: Store, *args: Any) -> None:
        if len(pages) == 1:
            with db.transaction():
                db.execute("UPDATE import_run SET began_at = began_at - 100000000 WHERE state = 'running'")
        pages.append(_page(desk, run))
        if len(pages) == 2:
            _post(desk, f"{run}/stop")
        save(store, *args)

    monkeypatch.setattr(Store, "save", look_and_stop)
    jobs.run_due()
    assert "50 of 120 products" in pages[1]
    assert "About 2 minutes left. You can leave this page" in pages[1]
    assert db.value("SELECT COUNT(*) FROM product") == 100
    assert "100 of 120 products had been dealt with. It can go on where it stood." in _page(desk, run)
    _post(desk, f"{run}/resume")
    monkeypatch.setattr(Store, "save", save)
    jobs.run_due()
    assert db.value("SELECT COUNT(*) FROM product") == 120
    assert "It went on behind line 101. Nothing was imported twice." in _page(desk, run)


@pytest.mark.once
def test_an_interrupted_run_says_so_and_goes_on(desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.lib import clock

    rows = b"".join(b"S-%d,Lamp\n" % n for n in range(120))
    run = _post(desk, f"{_rehearse(desk, b'sku,name' + chr(10).encode() + rows)}/apply").location
    save, saved = Store.save, []

    def die_in_the_second_batch(store: Store, *args: Any) -> None:
        saved.append(args)
        if len(saved) == 2:
            raise KeyboardInterrupt
        save(store, *args)

    monkeypatch.setattr(Store, "save", die_in_the_second_batch)
    with clock.freeze(clock.now()) as now:
        with pytest.raises(KeyboardInterrupt):
            jobs.run_due()
        _post(desk, f"{run}/stop")  # Nobody knows yet that it has died.
        now.move(minutes=2)
        interrupted = _page(desk, run)
        assert "The import was interrupted" in interrupted
        assert "It stops behind" not in interrupted
        assert f"{run.removeprefix('http://one.localhost')}/stop" in interrupted, "it can still be ended"
        _post(desk, f"{run}/resume")
        jobs.run_due()
        shown = _page(desk, run)
    assert "It went on behind line 51." in shown
    assert db.value("SELECT COUNT(*) FROM product") == 120


def test_an_import_is_undone_and_what_was_sold_since_is_named(desk: Client, order: Any) -> None:
    run = _import(desk, b"sku,name,price\nA,Lamp,12\nB,Pot,3\nC,Cup,3\n")
    assert "Undo this import" in _page(desk, run)
    product_id, variant_id = db.rows("SELECT product_id, id FROM variant WHERE sku = 'A'")[0]
    order(Item(product_id=product_id, variant_id=variant_id, sku="A"), 1)
    _post(desk, f"{run}/undo")
    assert "products taken back" in _page(desk, run)
    jobs.run_due()
    shown = _page(desk, run)
    assert "2 products were taken back" in shown
    assert "It has been sold since." in shown
    assert f"/panel/products/{product_id}" in shown
    assert db.rows("SELECT sku FROM variant") == [("A",)]
    file = desk.get(f"{run}/left.csv", base_url=BASE).get_data(as_text=True)
    assert file.splitlines()[1:] == ["2,Lamp,It has been sold since."]
    assert _post(desk, f"{run}/undo").status_code == 303
    assert "cannot be undone" in _page(desk, run)


def test_all_remarks_can_be_fetched_as_a_file(desk: Client) -> None:
    answer = desk.get(f"{_rehearse(desk, FILE)}/remarks.csv", base_url=BASE)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "3,price,Error,The price is below zero." in answer.get_data(as_text=True)


def test_a_file_that_is_none_is_refused_where_it_was_chosen(desk: Client) -> None:
    answer = _post(
        desk, "/panel/products/imports", file=(io.BytesIO(b"name,price\nLamp,1\n"), "lamps.csv"), format="woocommerce"
    )
    assert answer.status_code == 422
    assert "These columns are missing: type, sku, name, regular price." in answer.get_data(as_text=True)
    assert _post(desk, "/panel/products/imports").status_code == 422


def test_the_export_is_a_file_that_can_be_imported(desk: Client) -> None:
    _import(desk, b"sku,name,price\nA,Lamp,12\n")
    with desk.get("/panel/products/export.csv", base_url=BASE) as answer:
        assert answer.headers["Content-Disposition"].startswith("attachment")
        again = _rehearse(desk, answer.get_data())
    assert db.one("SELECT unchanged, created, updated FROM import_run WHERE id = ?", int(again.rpartition("/")[2])) == (
        1,
        0,
        0,
    )


def test_the_export_holds_what_the_list_shows(desk: Client) -> None:
    _import(
        desk,
        b"sku,name,price,categories,published\nA,Arc lamp,12,Light,yes\nB,Pot,3,Kitchen,yes\nC,Desk lamp,3,Light,no\n"
        b"D,Old lamp,1,Light,yes\n",
    )
    archive_product(db.value("SELECT product_id FROM variant WHERE sku = 'D'"), "staff:1")
    seen = {}
    for narrowed in ("", "?q=lamp", "?show=hidden", "?show=archived", "?category=1", "?q=lamp&show=on_sale"):
        page = _page(desk, f"/panel/products{narrowed}")
        seen[narrowed] = re.findall(r'<th scope="row" class="main">.*?<span class="sub">([A-D])', page, re.DOTALL)
        with desk.get(f"/panel/products/export.csv{narrowed}", base_url=BASE) as answer:
            file = list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"))))
        assert {row["sku"] for row in file} == set(seen[narrowed])
        assert not narrowed or [row["sku"] for row in file] == seen[narrowed]
        link = html.unescape(page).split("/panel/products/export.csv")[1].partition('"')[0]
        assert set(link.strip("?").split("&")) == set(narrowed.strip("?").split("&"))
    assert list(seen.values()) == [["C", "B", "A"], ["C", "A"], ["C"], ["D"], ["C", "A"], ["A"]]


@pytest.mark.parametrize("path", ["", "/1", "/1/columns", "/1/remarks.csv", "/1/left.csv"])
def test_nobody_else_sees_it(site: Site, client: Client, path: str) -> None:
    del site
    assert client.get(f"/panel/products/imports{path}", base_url=BASE).status_code in {303, 404}


def test_a_run_whose_file_is_no_longer_kept_says_so(desk: Client) -> None:
    columns, run = _upload(desk, FILE).location, _rehearse(desk, FILE)
    for file in folder().iterdir():
        file.unlink()
    assert desk.get(columns, base_url=BASE).status_code == 410
    assert "no longer kept" in _post(desk, f"{run}/apply").get_data(as_text=True)


def test_a_run_that_does_not_exist_is_not_found(desk: Client) -> None:
    assert desk.get("/panel/products/imports/99", base_url=BASE).status_code == 404
