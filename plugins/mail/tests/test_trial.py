"""Trying the settings sends a letter to whoever tries them."""

from __future__ import annotations

from core.testing.panel import AtPanel


def test_a_letter_comes_to_whoever_presses_the_button(at_panel: AtPanel, turn_on, mailbox, staff):
    turn_on("mail")
    assert "Name a server first, and save." in at_panel.post("/panel/plugins/mail/test", 200)
    turn_on("mail", host=mailbox.host, port=mailbox.port, security="none")

    page = at_panel.post("/panel/plugins/mail/test", 200)

    assert f"A letter is on its way to {staff.email}." in page
    [letter] = mailbox.to(staff.email)
    assert letter["Subject"] == "A letter from Test shop"
    mailbox.refuse = {staff.email: "550 no such user"}
    assert "The mail server refuses the address." in at_panel.post("/panel/plugins/mail/test", 200)
    turn_on("mail", host="127.0.0.1", port=1, security="none")
    assert "The mail server does not answer." in at_panel.post("/panel/plugins/mail/test", 200)
