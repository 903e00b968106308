"""Notify: what happened, told to plugins after the commit, and the channels that carry words to people."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from msgspec import Struct

from core.hookspecs.events import Event
from core.hookspecs.site import Site
from core.hookspecs.spec import OnError, asks


class Attachment(Struct, frozen=True, kw_only=True):
    """A file that goes along with a message, such as a PDF, under a `name` with its ending."""

    name: str
    mime: str
    content: bytes


class Message(Struct, frozen=True, kw_only=True):
    """Words for one person. `key` makes it one and the same: a channel sends a key once. `html` may be empty.

    `about` names what it is about, as `draft:12-3` (a draft and its version). `attachments` are asked for when it is
    sent, and stored nowhere; a channel that carries no files leaves them out.

    `unsubscribe_url` goes with what is not transactional, such as a newsletter: the page where it ends, also by a POST
    from anywhere (RFC 2369, RFC 8058).
    """

    key: str
    kind: str
    to: str
    subject: str
    text: str
    html: str = ""
    language: str = "en"
    about: str = ""
    attachments: tuple[Attachment, ...] = ()
    unsubscribe_url: str = ""


class Delivery(Struct, frozen=True, kw_only=True):
    """One delivery of an event to one plugin: `id` is the event's, the same at every try; `attempt` counts from 1."""

    id: str
    seq: int
    at: datetime
    attempt: int
    event: Event


class Channel(ABC):
    """A way to reach people: mail, text message, chat. One that only keeps what is sent says so by `reaches_people`."""

    code: ClassVar[str]
    reaches_people: ClassVar[bool] = True
    title: str = ""

    @abstractmethod
    def send(self, message: Message) -> str:
        """Hand over the message and answer the channel's own id for it. Network. Raises Broken."""


class NotifySpecs:
    """Hooks of the family `notify`."""

    @asks(Channel)
    def notify_channels(self, site: Site) -> Sequence[Channel]:  # type: ignore[empty-body]
        """The channels of this site. Cheap: no network. A failing plugin's are left out."""

    @asks(Attachment, patience=30)
    def notify_attachments(self, site: Site, message: Message) -> Sequence[Attachment]:  # type: ignore[empty-body]
        """Files that go along with a message that is about to be sent; asked again at every try.

        By a worker, so it may draw something. What is more than a mail carries is left out, as a failing plugin is.
        """

    @asks(shape="none", on_error=OnError.RETRY, writes=True)
    def notify_event(self, site: Site, delivery: Delivery) -> None:
        """Something happened, and is committed.

        Called by a worker, once or more per event: `delivery.id` is the same each time.

        Here a plugin may write and use the network. An error is retried with back-off, then shown as a dead letter.
        """
