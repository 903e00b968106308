"""The import wizard, as a member of staff walks through it without a script."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest

from core.kernel import db, jobs
from core.testing.shop import PASSWORD

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


def test_a_file_is_rehearsed_then_imported(desk: Client) -> None:
    answer = _upload(desk, FILE)
    assert answer.status_code == 303
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


def test_all_remarks_can_be_fetched_as_a_file(desk: Client) -> None:
    run = _upload(desk, FILE).location
    jobs.run_due()
    answer = desk.get(f"{run}/remarks.csv", base_url=BASE)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "3,price,Error,The price is below zero." in answer.get_data(as_text=True)


def test_a_file_that_is_none_is_refused_where_it_was_chosen(desk: Client) -> None:
    answer = _upload(desk, b"name,price\nLamp,1\n")
    assert answer.status_code == 422
    assert "These columns are missing: sku." in answer.get_data(as_text=True)
    assert _post(desk, "/panel/products/imports").status_code == 422


def test_the_export_is_a_file_that_can_be_imported(desk: Client) -> None:
    run = _upload(desk, b"sku,name,price\nA,Lamp,12\n").location
    jobs.run_due()
    _post(desk, f"{run}/apply")
    jobs.run_due()
    with desk.get("/panel/products/export.csv", base_url=BASE) as answer:
        assert answer.headers["Content-Disposition"].startswith("attachment")
        again = _upload(desk, answer.get_data()).location
    jobs.run_due()
    assert db.one("SELECT unchanged, created, updated FROM import_run WHERE id = ?", int(again.rpartition("/")[2])) == (
        1,
        0,
        0,
    )


@pytest.mark.parametrize("path", ["", "/1", "/1/remarks.csv"])
def test_nobody_else_sees_it(site: Site, client: Client, path: str) -> None:
    del site
    assert client.get(f"/panel/products/imports{path}", base_url=BASE).status_code in {303, 404}


def test_a_run_that_does_not_exist_is_not_found(desk: Client) -> None:
    assert desk.get("/panel/products/imports/99", base_url=BASE).status_code == 404
