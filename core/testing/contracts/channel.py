"""The contract of a channel: each message once, as it was written, and failures as Broken."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import pytest
from msgspec.structs import replace

from core.hookspecs.notify import Attachment, Channel, Message
from core.lib import ids
from core.lib.errors import Broken, Refused
from core.testing.contracts.fences import no_writes


class ChannelPeer(Protocol):
    """The driver of whoever receives."""

    def received(self) -> Sequence[str]:
        """Every message that arrived, as raw text, oldest first."""

    def unreachable(self) -> AbstractContextManager[None]:
        """Nobody answers within the block."""


class ChannelContract:
    """Subclass it in the plugin's tests, give the fixtures `channel` and `peer`; `to` is an address that it takes."""

    to = "mira@example.com"

    @pytest.fixture
    def channel(self) -> Channel:
        raise NotImplementedError("give the channel under test")

    @pytest.fixture
    def peer(self) -> ChannelPeer:
        raise NotImplementedError("give the driver of whoever receives")

    def message(self, **changes: Any) -> Message:
        """A message with a key of its own."""
        usual = Message(
            key=ids.uid(), kind="order.placed", to=self.to, subject="Order 1001", text="Thank you for your order."
        )
        return replace(usual, **changes)

    def test_it_says_what_it_is(self, channel: Channel) -> None:
        assert channel.code, "code is empty"
        assert channel.title, "title is empty"

    def test_a_message_arrives(self, channel: Channel, peer: ChannelPeer) -> None:
        with no_writes():
            number = channel.send(self.message(text="Your order is on its way: 4711."))
        assert isinstance(number, str), "send answers the channel's own id"
        assert number, "send answers the channel's own id"
        assert sum("4711" in text for text in peer.received()) == 1

    def test_files_go_along_or_are_left_out(self, channel: Channel, peer: ChannelPeer) -> None:
        files = (
            Attachment(name="Q-1.pdf", mime="application/pdf", content=b"%PDF-1.7 " + bytes(range(256))),
            Attachment(name='报价\r\nBcc: thief@example.com".pdf', mime="application/pdf", content=b""),
        )
        with no_writes():
            channel.send(self.message(text="With a paper: 4713.", attachments=files))
        (raw,) = [text for text in peer.received() if "4713" in text]
        assert "\nBcc: thief" not in raw, "the name of a file added a header"

    def test_one_key_is_sent_under_one_id(self, channel: Channel, peer: ChannelPeer) -> None:
        message = self.message(text="Only once: 4712.")
        first, again = channel.send(message), channel.send(message)
        assert first == again, "the receiver could not tell that both are one"
        del peer

    def test_a_subject_cannot_add_headers(self, channel: Channel, peer: ChannelPeer) -> None:
        for field in ("subject", "to", "unsubscribe_url"):
            value = f"{getattr(self.message(), field)}\r\nBcc: thief@example.com\r\n\r\nEvil"
            try:
                channel.send(self.message(**{field: value}))
            except (Refused, Broken):
                continue
            assert not any("\nBcc: thief" in text for text in peer.received()), f"{field} added a header"

    def test_chinese_and_long_texts_pass(self, channel: Channel, peer: ChannelPeer) -> None:
        before = len(peer.received())
        channel.send(
            self.message(
                subject="订单已确认 " + "长" * 200, text="感谢您的订购。\n" * 500, html="<p>感谢</p>", language="zh-CN"
            )
        )
        assert len(peer.received()) == before + 1

    def test_nobody_answering_is_broken_for_now(self, channel: Channel, peer: ChannelPeer) -> None:
        with peer.unreachable(), pytest.raises(Broken) as refusal:
            channel.send(self.message())
        assert not refusal.value.permanent, "it would never be tried again"
