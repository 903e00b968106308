"""Stages: an axis of a plugin's own beside core's four. Facts are appended, and the last one is where an order stands.

A stage moves no goods and no money, so core makes nothing of it but showing it; what it stops, a guard stops.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.hookspecs.events import OrderStaged
from core.hookspecs.order import ActKind
from core.hookspecs.site import Site
from core.kernel import activity, db, events
from core.kernel.installation import installation
from core.kernel.manifest import Stage
from core.kernel.sites import current_or_none, state_of
from core.lib import clock
from core.lib.errors import NotFound, Refused
from core.orders.services.guards import ask_guards, stages_of
from core.orders.services.settle import lock_order
from core.orders.services.timeline import note


class WrongStage(Refused):
    """The stage does not follow the one where the order stands."""

    code = "wrong_stage"
    default_message = "The order is not where this stage begins. Look at it again."


def declared_stages(site: Site) -> Mapping[str, tuple[Stage, ...]]:
    """The stages of every plugin that is on here and keeps any. No statement in a request."""
    state = current_or_none()
    if state is None or state.site.id != site.id:
        state = state_of(site.id)
    loaded = installation().plugins.loaded
    return {
        name: loaded[name].plugin.order_stages for name in state.runtime.plugins if loaded[name].plugin.order_stages
    }


def may_follow(stage: Stage, now: str) -> bool:
    """Whether an order that stands at `now` ("" for nowhere yet) may come to this stage."""
    return stage.code != now and (not stage.after or now in stage.after)


def enter_stage(site: Site, order_id: int, plugin: str, stage: str, *, actor: str) -> bool:
    """Let an order come to a stage of a plugin; false if it stands there already. Commits.

    Raises NotFound (also for a stage that is not declared by a plugin that is on), Guarded, WrongStage. Records
    OrderStaged.
    """
    wanted = next((one for one in declared_stages(site).get(plugin, ()) if one.code == stage), None)
    if wanted is None:
        raise NotFound
    ask_guards(
        site, order_id, ActKind.STAGE, actor=actor, stage=f"{plugin}:{stage}",
        done=lambda: stages_of(order_id).get(plugin) == stage,
    )  # fmt: skip
    with db.transaction():
        lock_order(order_id, site.id)
        now = stages_of(order_id).get(plugin, "")
        if now == stage:
            return False
        if not may_follow(wanted, now):
            raise WrongStage
        db.execute(
            "INSERT INTO order_stage (site_id, order_id, plugin, stage, actor, at) VALUES (?, ?, ?, ?, ?, ?)",
            site.id, order_id, plugin, stage, actor, clock.now_us(),
        )  # fmt: skip
        number = db.value("SELECT number FROM orders WHERE id = ?", order_id)
        note(order_id, actor, "stage", plugin=plugin, before=now, after=stage)
        activity.record(
            actor, "stage", f"order:{order_id}", before={plugin: now}, after={plugin: stage}, site_id=site.id,
            title=number,
        )  # fmt: skip
        events.record(OrderStaged(order_id=order_id, number=number, plugin=plugin, stage=stage), site.id)
    return True


def copy_stages(source: int, target: int) -> None:
    """Both parts of a split order stand where the whole one stood. Inside a transaction."""
    db.require_transaction()
    db.execute(
        "INSERT INTO order_stage (site_id, order_id, plugin, stage, actor, at)"
        " SELECT site_id, ?, plugin, stage, actor, at FROM order_stage WHERE order_id = ? ORDER BY id",
        target, source,
    )  # fmt: skip
