"""Every hook has a page, and the plugin on it works: asked, it answers what the spec allows, and orders go through."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.hookspecs import FAMILIES
from core.hookspecs.fulfil import Source
from core.hookspecs.notify import Message
from core.hookspecs.order import ActKind, OrderAct
from core.hookspecs.site import SearchQuery
from core.kernel import db, faults
from core.kernel.installation import installation
from core.kernel.runtime import listening
from core.kernel.sites import state_of
from core.orders.services.guards import guarded_order
from core.orders.services.read import order_view
from core.orders.services.stages import enter_stage

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "hooks"
EXAMPLE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HOOKS = sorted(name for family in FAMILIES for name in vars(family) if hasattr(getattr(family, name), "stoa_policy"))


def test_every_hook_has_a_page_and_every_page_a_hook():
    assert sorted(path.stem for path in PAGES.glob("*.md")) == HOOKS


@pytest.mark.parametrize("hook", HOOKS)
def test_the_example_of_a_hook_answers_and_an_order_goes_through(
    hook, instance, site, turn_on, sell, order, browse, outbox
):
    [code] = EXAMPLE.findall((PAGES / f"{hook}.md").read_text("utf-8"))
    name = re.search(r'name="(\w+)"', code)[1]
    folder = instance / "plugins" / name
    folder.mkdir(parents=True)
    (folder / "plugin.py").write_text(code, "utf-8")
    lamp = sell("LAMP", 8900, stock=30, name="Lamp")
    turn_on(name)

    heard = []
    token = listening.set(heard)
    try:
        assert browse(site, "/").status_code == 200
        assert order(lamp).number
        outbox.deliver()
        ask_directly(hook, site, lamp)
    finally:
        listening.reset(token)

    assert faults_of(site, name) == []
    assert hook in {asked for asked, plugin, _ in heard if plugin == name} | TOLD


# The worker calls this one without the guard that the bar listens to; its effect is asserted below.
TOLD = {"notify_event"}


def ask_directly(hook, site, lamp):
    """The hooks that neither a page nor an order asks."""
    hooks = state_of(site.id).hooks
    if hook == "site_search":
        assert hooks.site_search(site=site, query=SearchQuery(text="lamp", language="en")).product_ids == (
            lamp.product_id,
        )
    if hook == "site_urls":
        assert [url.path for url in hooks.site_urls(site=site, since=None)] == ["/about-us"]
    if hook == "site_data":
        assert hooks.site_data(site=site, kind="product", objects=[lamp.product_id])
    if hook == "site_moved":
        assert hooks.site_moved(site=site, path="/blog/2019/lamps").target == "/"
        assert hooks.site_moved(site=site, path="/about") is None
    if hook == "fulfil_allocate":
        shelves = [Source(location_id=n, country="DE", priority=n, free={7: n}) for n in (1, 2)]
        plan = hooks.fulfil_allocate(site=site, needs={7: 3}, sources=shelves, address=None)
        assert [(part.location_id, part.quantity) for part in plan] == [(2, 2), (1, 1)]
    if hook == "order_problems":
        placed = order_view(db.value("SELECT MAX(id) FROM orders"))
        act = OrderAct(kind=ActKind.CANCEL, actor="staff:1", lines={placed.lines[0].id: 1})
        told = guarded_order(placed)
        assert hooks.order_problems(site=site, order=told, act=act) == []
        assert enter_stage(site, placed.id, "engraver", "begun", actor="staff:1")
        [refusal] = hooks.order_problems(site=site, order=guarded_order(placed), act=act)
        assert (refusal.message, refusal.line_id) == ("Lamp is engraved already.", placed.lines[0].id)
    if hook == "notify_channels":
        assert [channel.code for channel in hooks.notify_channels(site=site)] == ["pigeon"]
    if hook == "notify_attachments":
        message = Message(key="k", kind="order.placed", to="mira@example.com", subject="S", text="T")
        [terms] = hooks.notify_attachments(site=site, message=message)
        assert (terms.name, terms.mime) == ("terms.txt", "text/plain")
    if hook == "notify_event":
        assert db.value("SELECT COUNT(*) FROM activity WHERE verb = 'diary.order'") == 1


def faults_of(site, plugin):
    installation().faults.flush()
    return [fault.message for fault in faults.faults_of(site.id, plugin)]
