"""Two sites on this machine, and a channel that keeps what it is given."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.accounts import services as accounts
from core.accounts.models import Shopper, Staff
from core.app import App, create_app
from core.hookspecs.site import Site
from core.kernel import events, jobs
from core.kernel.installation import installation
from core.kernel.site_verbs import add_site
from core.kernel.switch import switch_on

PASSWORD = "lamp over the market"
HOME = "198.51.100.7"
CHANNEL = """
import json
from msgspec.structs import asdict
from pathlib import Path
from core.api import Channel, Plugin, hookimpl

class Box(Channel):
    code = "box"
    def send(self, message):
        with Path(__file__).with_name("box.jsonl").open("a", encoding="utf-8") as box:
            box.write(json.dumps(asdict(message)) + chr(10))
        return message.key

PLUGIN = Plugin(name="postbox", version="1", title="Post box", category="channel")

@hookimpl
def notify_channels(site):
    return [Box()]
"""


@dataclass(frozen=True)
class PostBox:
    """What was sent to people on the sites where the post box is on."""

    file: Path

    def collect(self) -> list[dict[str, str]]:
        """Let the worker work, then answer all messages so far."""
        for _ in range(3):
            events.relay()
            jobs.run_due()
        return [json.loads(line) for line in self.file.read_text("utf-8").splitlines()] if self.file.exists() else []

    def token(self) -> str:
        """The token in the link of the last message."""
        found = re.search(r"/t/([\w-]{22})", self.collect()[-1]["text"])
        assert found is not None
        return found[1]


@pytest.fixture
def app(instance: Path) -> App:
    return create_app(instance, services=("core.accounts.services",))


@pytest.fixture
def site(app: App) -> Site:
    del app
    return add_site(host="one.localhost", name="Halden House", currency="EUR", languages=["zh-CN"], country="GB")


@pytest.fixture
def other_site(site: Site) -> Site:
    del site
    return add_site(host="two.localhost", name="北岸茶舍", language="zh-CN", currency="CNY")


@pytest.fixture
def post_box(instance: Path, site: Site) -> PostBox:
    """The first site can send messages."""
    folder = instance / "plugins" / "postbox"
    folder.mkdir(parents=True)
    (folder / "plugin.py").write_text(CHANNEL, "utf-8")
    installation().plugins.discover()
    switch_on(site.id, "postbox", "system")
    return PostBox(folder / "box.jsonl")


@pytest.fixture
def ines(site: Site) -> Shopper:
    return register(site, "ines@example.com")


@pytest.fixture
def owner(app: App) -> Staff:
    del app
    return accounts.add_staff("mira@example.com", name="Mira", is_owner=True, actor="system").staff


@pytest.fixture
def as_visitor(app: App) -> Callable[..., Any]:
    """A context as within a request of `site`, for verbs that speak to the session."""

    def enter(site: Site, **options: Any) -> Any:
        from core.kernel.sites import state_of

        overrides = {"stoa.state": state_of(site.id), "REMOTE_ADDR": HOME}
        return app.flask.test_request_context("/", base_url=site.origin, environ_overrides=overrides, **options)

    return enter


def register(site: Site, email: str, password: str = PASSWORD, **more: Any) -> Shopper:
    shopper = begin(site, email, password, **more)
    assert shopper is not None
    return shopper


def begin(site: Site, email: str, password: str = PASSWORD, name: str = "Ines", address: str = HOME) -> Shopper | None:
    link = f"{site.origin}/t/{accounts.TOKEN}"
    return accounts.register_shopper(
        site, email=email, name=name, password=password, language="en", link=link, address=address
    )
