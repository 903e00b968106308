"""A bare application with two sites, and plugins written into its folder by the test itself."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.app import App, create_app
from core.hookspecs.site import Site
from core.kernel.installation import installation
from core.kernel.site_verbs import add_site
from core.kernel.switch import switch_on

Write = Callable[..., None]


@pytest.fixture
def write_plugin(instance: Path) -> Write:
    """`write_plugin("name", "source")`: a plugin folder with this plugin.py, as a merchant would drop it in."""

    def write(name: str, source: str, **files: str) -> None:
        folder = instance / "plugins" / name
        folder.mkdir(parents=True, exist_ok=True)
        head = f"from core.api import *\nPLUGIN = Plugin(name={name!r}, version='1', title={name.title()!r})\n"
        body = textwrap.dedent(source)
        (folder / "plugin.py").write_text(body if "PLUGIN" in body else head + body, "utf-8")
        for path, content in files.items():
            target = folder / path.replace("__", "/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(textwrap.dedent(content), "utf-8")

    return write


@pytest.fixture
def bare(instance: Path) -> App:
    """The kernel without any face, on an empty installation."""
    return create_app(instance, faces=(), services=())


@pytest.fixture
def sites(bare: App) -> tuple[Site, Site]:
    """Two sites that share nothing but the installation."""
    del bare
    first = add_site(host="one.test", name="One", currency="EUR", languages=["zh-CN"])
    return first, add_site(host="two.test", name="Two", language="zh-CN", currency="CNY")


@pytest.fixture
def turn_on(sites: tuple[Site, Site]) -> Callable[..., None]:
    """Find new plugin folders and switch one on, on the first site unless another is named."""

    def turn(name: str, site: Site | None = None) -> None:
        if installation().plugins.discover():
            installation().plugins_changed()
        switch_on((site or sites[0]).id, name, "system")

    return turn


@pytest.fixture
def browse(bare: App) -> Callable[..., Any]:
    """`browse(site, "/path")`: the response that a browser on this site gets."""

    def get(site: Site, path: str, method: str = "GET", cookies: dict[str, str] | None = None, **options: Any) -> Any:
        client = bare.test_client()
        for name, value in (cookies or {}).items():
            client.set_cookie(name, value, domain=site.host)
        return client.open(path, method=method, base_url=f"http://{site.host}", **options)

    return get
