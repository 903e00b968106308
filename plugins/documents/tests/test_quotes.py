"""A draft on paper: what it costs, until when, in the languages of the shop, and no number of any series."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from core.api import Message, Money, NotFound, Site, draft_quote, one, transaction, value
from core.testing.contracts import AskContract
from plugins.documents import plugin
from plugins.documents.services.drawing import draw
from plugins.documents.services.quoting import quote_paper
from plugins.documents.tests.test_pages import Browser, guest, panel

__all__ = ["guest", "panel"]
WHERE = {"a_name": "Mira K.", "a_line1": "Lange Str. 1", "a_postcode": "10115", "a_city": "Berlin", "a_country": "DE"}


@pytest.fixture
def draft(panel: Browser, lamp: Any) -> str:
    """Two lamps of 89.99 for 80.00 each, 10.00 off, to Berlin."""
    del lamp
    form = {
        "act": "save", "key": "one", "email": "mira@example.com", "sku-0": "LAMP", "qty-0": "2", "price-0": "80",
        "why-0": "Two", "discount": "10", "discount_reason": "Welcome", "note": "As we said.", **WHERE,
    }  # fmt: skip
    return re.sub(r"^https?://[^/]+", "", panel.post("/panel/drafts/new", **form).headers["Location"])


def test_a_quote_says_what_the_draft_costs_and_adds_up(site: Site, draft: str) -> None:
    draft_id = int(draft.rpartition("/")[2])
    paper = quote_paper(site, draft_quote(site, draft_id))
    assert (paper.title, paper.code) == ("Quote", f"Q-{draft_id}-1")
    assert paper.rows[0][:3] == ("Lamp\nLAMP", "2", "€80.00")
    sums = {label: text for label, text, _is_total in paper.sums}
    # 160.00 less 10.00, the tax of 19 % in it, and a delivery that costs nothing here.
    assert (sums["Subtotal"], sums["Welcome"], sums["Total"]) == ("€160.00", "-€10.00", "€150.00")
    assert (sums["Without tax"], sums["MwSt 19 %"]) == ("€126.05", "€23.95")
    assert "As we said." in paper.notes
    assert dict(paper.facts)["Valid until"]
    in_chinese = quote_paper(site, draft_quote(site, draft_id, "zh-CN"))
    assert (in_chinese.title, in_chinese.rows[-1][0]) == ("报价单", "配送方式另行商定")
    assert draw([paper]) == draw([quote_paper(site, draft_quote(site, draft_id))]), "the same paper is the same bytes"
    assert draft_quote(site, draft_id).quote.total == Money(15000, "EUR")


def test_it_is_read_in_the_panel_and_behind_the_pay_link_and_counts_in_no_series(
    panel: Browser, draft: str, site: Site, other_site: Site
) -> None:
    draft_id = int(draft.rpartition("/")[2])
    assert f"Q-{draft_id}-1" in panel.get(draft).text
    answer = panel.get(f"/panel/documents/drafts/{draft_id}/quote.pdf?language=zh-CN")
    assert answer.data.startswith(b"%PDF-1.")
    assert f"filename=Q-{draft_id}-1.pdf" in answer.headers["Content-Disposition"]
    panel.post(f"{draft}/send", days="5")
    link = re.search(r'href="https?://[^/"]+(/offer/[^"]+)"', panel.get(draft).text)
    assert link is not None
    paper = re.search(r'href="(/documents/quote/[^"]+)"', panel.get(link[1]).text)
    assert paper is not None
    assert panel.get(paper[1]).headers["Content-Type"] == "application/pdf"
    panel.post(f"{draft}/revoke")
    panel.get(paper[1], 404)
    assert one("SELECT COUNT(*) FROM documents_document")[0] == 0  # type: ignore[index]
    assert one("SELECT COUNT(*) FROM documents_series")[0] == 0  # type: ignore[index]
    with pytest.raises(NotFound):
        draft_quote(other_site, draft_id)


def test_what_is_no_quote_any_more_has_no_paper(panel: Browser, draft: str, site: Site) -> None:
    draft_id = int(draft.rpartition("/")[2])
    panel.post(f"{draft}/drop")
    panel.get(f"/panel/documents/drafts/{draft_id}/quote.pdf", 404)
    with pytest.raises(NotFound), transaction():
        draft_quote(site, draft_id)


def test_a_quote_for_two_addresses_says_what_goes_where(site: Site, panel: Browser, draft: str) -> None:
    form = {
        "act": "save", "version": "1", "email": "mira@example.com", "sku-0": "LAMP", "qty-0": "2", "p1_qty-0": "1",
        "p1_name": "Oma", "p1_line1": "1 rue de Rivoli", "p1_postcode": "75001", "p1_city": "Paris",
        "p1_country": "FR", **WHERE,
    }  # fmt: skip
    panel.post(draft, **form)
    paper = quote_paper(site, draft_quote(site, int(draft.rpartition("/")[2])))
    assert [row[:2] for row in paper.rows[:2]] == [
        ("Lamp\nLAMP\nTo Mira K., Berlin", "1"),
        ("Lamp\nLAMP\nTo Oma, Paris", "1"),
    ]
    assert [lines[0] for _title, lines in paper.parties] == ["Mira K.", "Mira K.", "Oma"]


def test_the_mail_of_a_pay_link_carries_the_quote(
    panel: Browser, draft: str, site: Site, turn_on: Any, mailbox: Any, outbox: Any
) -> None:
    turn_on("mail", host=mailbox.host, port=mailbox.port, security="none")
    draft_id = int(draft.rpartition("/")[2])
    panel.post(f"{draft}/send", days="5", key="one")
    assert len(str(value("SELECT payload FROM job WHERE name = 'messages.send'"))) < 2_000, "no file is stored"
    outbox.deliver()
    (mail,) = mailbox.to("mira@example.com")
    (paper,) = mail.iter_attachments()
    assert (paper.get_filename(), paper.get_content_type()) == (f"Q-{draft_id}-1.pdf", "application/pdf")
    assert paper.get_content() == draw([quote_paper(site, draft_quote(site, draft_id))])
    # It was written anew before the next mail left: no paper says anything else than the mail.
    panel.post(f"{draft}/send", days="5", key="two")
    panel.post(draft, act="save", version="1", email="mira@example.com", **{"sku-0": "LAMP", "qty-0": "1"}, **WHERE)
    outbox.deliver()
    assert [len(list(one.iter_attachments())) for one in mailbox.to("mira@example.com")] == [1, 0]


@pytest.mark.slow
class TestAttachments(AskContract):
    """The quote goes along with the mail of a pay link, and with no other."""

    hook = "notify_attachments"

    @pytest.fixture
    def answer(self) -> Callable[..., Any]:
        return plugin.notify_attachments

    @pytest.fixture
    def answers(self, draft: str) -> Sequence[dict[str, Any]]:
        about = f"draft:{draft.rpartition('/')[2]}-1"
        message = Message(key="k", kind="order.draft", to="mira@example.com", subject="S", text="T", about=about)
        return [{"message": message}]
