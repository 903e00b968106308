"""The first steps of a new shop. Each ticks itself from a fact of the site, never by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from flask import url_for
from msgspec import Struct

from core.kernel import db
from core.kernel.i18n import gettext as _
from core.kernel.i18n import of_plugin
from core.kernel.installation import installation
from core.kernel.sites import SiteState


class Step(Struct, frozen=True, kw_only=True):
    """A first step: why to do it, where, and the permission that lets somebody do it."""

    title: str
    how: str
    url: str
    permission: str
    is_done: bool


def steps(state: SiteState, may: Callable[[str], bool]) -> list[Step]:
    """The first steps of a new shop; none once all are done. Steps that others must do have no address."""
    known = [
        Step(
            title=_("Name your shop"),
            how=_("Its name, and the address that mails come from."),
            url=url_for("panel.settings"),
            permission="site.edit",
            is_done=bool(state.site.name and state.site.email),
        ),
        Step(
            title=_("Put a first product on sale"),
            how=_("Shoppers see it at once."),
            url=url_for("panel.product_new"),
            permission="products.edit",
            is_done=_exists("SELECT 1 FROM listing WHERE site_id = ? AND visible = ?", state.site.id, True),
        ),
        Step(
            title=_("Decide how you are paid"),
            how=_("Without a plugin, orders are to be paid by arrangement."),
            url=url_for("panel.plugins", _anchor="group-payment"),
            permission="plugins.switch",
            is_done=bool(state.hooks.payment_gateways(site=state.site)),
        ),
        Step(
            title=_("Decide how parcels travel"),
            how=_("One flat price is enough to begin."),
            url=url_for("panel.plugins", _anchor="group-delivery"),
            permission="plugins.switch",
            is_done=bool(state.hooks.fulfil_carriers(site=state.site)),
        ),
        Step(
            title=_("Let the shop send mails"),
            how=_("A mail for each order, parcel and refund. Until then, pages tell shoppers that none will come."),
            url=url_for("panel.plugins", _anchor="group-channel"),
            permission="plugins.switch",
            is_done=any(one.reaches_people for one in state.hooks.notify_channels(site=state.site)),
        ),
        Step(
            title=_("Place a test order"),
            how=_("Buy from your own shop as a shopper would."),
            url=f"{state.site.origin}/",
            permission="",
            is_done=_exists("SELECT 1 FROM orders WHERE site_id = ?", state.site.id),
        ),
    ]
    known[-1:-1] = _of_plugins(state)
    if all(step.is_done for step in known):
        return []
    return [step if not step.permission or may(step.permission) else _elsewhere(step) for step in known]


def _of_plugins(state: SiteState) -> Iterator[Step]:
    """The steps of the plugins that are on, before the last one, which tries everything; each guarded."""
    loaded = installation().plugins.loaded
    for name in state.runtime.plugins:
        for step in loaded[name].plugin.first_steps:
            try:
                is_done = bool(step.is_done(state.site))
            except (Exception, SystemExit) as error:  # noqa: BLE001 -- the guard: the panel's first page stands
                installation().faults.report(state.site.id, name, "first step", error)
                continue
            yield Step(
                title=of_plugin(name, step.title),
                how=of_plugin(name, step.how),
                url=url_for(f"{name}.panel.{step.endpoint}"),
                permission=step.permission,
                is_done=is_done,
            )


def _elsewhere(step: Step) -> Step:
    return Step(title=step.title, how=step.how, url="", permission=step.permission, is_done=step.is_done)


def _exists(sql: str, *values: object) -> bool:
    return db.one(f"{sql} LIMIT 1", *values) is not None
