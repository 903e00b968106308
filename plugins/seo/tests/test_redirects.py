"""Redirects: old addresses lead to new ones, never in a circle, and are counted without a write on a GET."""

from __future__ import annotations

import html
import io
from collections.abc import Callable
from typing import Any

import pytest

from core.api import Site, value
from core.testing.panel import AtPanel
from plugins.seo.models import SeoMissed
from plugins.seo.services.counting import COUNTS


@pytest.fixture
def go(browse: Callable[..., Any], site: Site) -> Callable[..., tuple[int, str]]:
    """`go("/old")`: the status, and where it leads."""

    def ask(path: str) -> tuple[int, str]:
        answer = browse(site, path)
        return answer.status_code, answer.headers.get("Location", "")

    return ask


def test_an_old_address_leads_to_the_new_one(panel: AtPanel, go: Any, make: Any) -> None:
    make("LAMP", name="Lamp")
    panel.post("/panel/seo/redirects", from_="/shop/lamp.html/", code="301", to="/p/lamp")
    panel.post("/panel/seo/redirects", from_="https://shop.test/产品", code="301", to="https://shop.test/zh-cn/p/lamp")
    panel.post("/panel/seo/redirects", from_="/p/old-lamp", code="301", to="https://other.example/lamp")
    panel.post("/panel/seo/redirects", from_="/season", code="410", to="")

    assert go("/shop/lamp.html") == (301, "/p/lamp")
    assert go("/shop/lamp.html?v=LAMP") == (301, "/p/lamp?v=LAMP")
    assert go("/%E4%BA%A7%E5%93%81/") == (301, "/zh-cn/p/lamp")
    assert go("/p/old-lamp") == (301, "https://other.example/lamp")
    assert go("/season")[0] == 410
    assert go("/nothing")[0] == 404
    assert go("/p/lamp")[0] == 200


def test_a_page_that_is_there_is_never_redirected(panel: AtPanel, go: Any, make: Any) -> None:
    make("LAMP", name="Lamp")
    panel.post("/panel/seo/redirects", from_="/p/lamp", code="301", to="/")
    assert go("/p/lamp")[0] == 200


def test_a_circle_is_refused_with_its_way(panel: AtPanel) -> None:
    panel.post("/panel/seo/redirects", from_="/b", code="301", to="/a")
    panel.post("/panel/seo/redirects", from_="/c", code="301", to="/b")
    for target in ("/a", "/a/", "https://shop.test/a", "/a?x=1", "/c"):
        page = html.unescape(panel.post("/panel/seo/redirects", 422, from_="/a", code="301", to=target))
        assert "This would lead in a circle: /a → " in page, target
        assert 'value="/a"' in page


def test_what_cannot_be_redirected_is_said_at_its_field(panel: AtPanel) -> None:
    for source, to, said in (
        ("", "/", "Fill this in."),
        ("old", "/", "Begin with a slash"),
        ("/old?id=1", "/", "Without what follows"),
        ("https://other.example/x", "/", "of another site"),
        ("/", "/p/lamp", "always there"),
        ("/panel/orders", "/", "cannot be redirected"),
        ("/old", "", "Fill this in, or say that the page is gone."),
        ("/old", "//evil.example", "Write a path"),
        ("/old", "javascript:alert(1)", "Write a path"),
        ("/old", "/\\evil.example", "Write a path"),
    ):
        assert said in html.unescape(panel.post("/panel/seo/redirects", 422, from_=source, code="301", to=to)), source


def test_uses_are_counted_in_memory_and_stored_by_a_job(
    panel: AtPanel, go: Any, outbox: Any, clock: Any, count_statements: Any
) -> None:
    panel.post("/panel/seo/redirects", from_="/old", code="301", to="/")
    outbox.deliver()
    with count_statements() as statements:
        for _ in range(3):
            go("/old")
        go("/never/was")
        go("/never/was")
        go("/wp-login.php")
    assert not [sql for sql in statements if sql.startswith(("INSERT", "UPDATE", "BEGIN"))]
    assert '<td class="end">3</td>' in panel.get("/panel/seo/redirects")
    clock.move(minutes=2)
    outbox.deliver()
    assert outbox.dead() == []
    assert value("SELECT hits FROM seo_redirect WHERE source = '/old'") == 3
    assert [(row.path, row.hits) for row in SeoMissed.select()] == [("/never/was", 2)]
    page = panel.get("/panel/seo/redirects")
    assert "/panel/seo/redirects?from=/never/was" in page
    panel.post("/panel/seo/redirects", from_="/never/was", code="410", to="")
    assert SeoMissed.select().count() == 0


def test_a_job_that_fails_keeps_what_was_counted(panel: AtPanel, go: Any, site: Site, monkeypatch: Any) -> None:
    panel.post("/panel/seo/redirects", from_="/old", code="301", to="/")
    go("/old")
    with monkeypatch.context() as broken:
        broken.setattr("plugins.seo.services.counting._store", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            COUNTS.flush(site)
    COUNTS.flush(site)
    assert value("SELECT hits FROM seo_redirect") == 1


def send(panel: AtPanel, text: str, status: int = 303) -> str:
    file = (io.BytesIO(text.encode()), "redirects.csv")
    return html.unescape(panel.post("/panel/seo/redirects/import", status, file=file))


def test_a_file_is_taken_whole(panel: AtPanel, go: Any) -> None:
    panel.post("/panel/seo/redirects", from_="/one", code="301", to="/")
    send(panel, "From;To;Code\n/one;/p/lamp;301\n/two;;\n/three;https://other.example/;\n")
    assert go("/one") == (301, "/p/lamp")
    assert go("/two")[0] == 410
    assert go("/three") == (301, "https://other.example/")
    exported = panel.get("/panel/seo/redirects.csv")
    assert "/two,,410,1" in exported.replace("\r", "") or "/two,,410,0" in exported
    send(panel, exported.removeprefix("\ufeff"))


def test_of_a_file_with_mistakes_nothing_is_taken(panel: AtPanel, go: Any) -> None:
    page = send(panel, "from,to,code\n/good,/,301\nbad,/,301\n/worse,/,302\n/good,/p/x,301\n", 422)
    assert "Begin with a slash" in page
    assert "301 (moved) or 410 (gone)." in page
    assert "in the file twice" in page
    assert go("/good")[0] == 404
    assert "in a circle: /a → /b → /a" in send(panel, "from,to\n/a,/b\n/b,/a\n", 422)
    assert go("/a")[0] == 404


def test_one_that_is_removed_can_be_brought_back(panel: AtPanel, go: Any) -> None:
    panel.post("/panel/seo/redirects", from_="/old", code="301", to="/")
    number = value("SELECT id FROM seo_redirect")
    page = panel.follow(f"/panel/seo/redirects/{number}/remove")
    assert "/old is no longer redirected." in page
    assert go("/old")[0] == 404
    panel.post("/panel/seo/redirects/restore?source=/old&target=/")
    assert go("/old") == (301, "/")
    panel.post("/panel/seo/redirects/999/remove", 404)


def test_a_site_knows_its_own_redirects_only(
    panel: AtPanel, other_site: Site, browse: Any, turn_on: Callable[..., None]
) -> None:
    turn_on("seo", on=other_site)
    panel.post("/panel/seo/redirects", from_="/old", code="301", to="/")
    assert browse(other_site, "/old").status_code == 404
