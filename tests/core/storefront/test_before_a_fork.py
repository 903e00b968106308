"""Before a server forks, the pages that everybody asks for are shown once: workers share what that makes."""

from __future__ import annotations

from core.kernel import db, forks


def test_a_page_of_each_kind_is_shown_and_then_kept(app, site, lamp, visitor):
    del lamp
    asked = []

    def listening(environ, start_response):
        asked.append(environ["PATH_INFO"])
        return app(environ, start_response)

    forks.warm_up(listening, app.flask.view_functions)
    assert asked[:2] == ["/", "/zh-cn/"], "in every language"
    assert [path for path in asked if path.startswith("/p/")] == ["/p/dome-lamp"]
    assert {"/cart", "/search"} <= set(asked)
    assert not [path for path in asked if path.startswith(("/account", "/panel"))], "nothing of one person"
    assert db.db.is_closed(), "a connection is not carried into a child"
    with db.counted() as statements:
        assert "Dome lamp" in visitor.client.get("/p/dome-lamp", base_url=site.origin).text
    assert len(statements) == 1, "it only asks whether the page is still true"
