"""Files of goods for markets, feeds of new goods, and the panel's page about them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Response, send_file

from core.api import (
    NotFound,
    Unfit,
    actor,
    cacheable,
    current_site,
    language,
    panel_to,
    public,
    render,
    request,
    while_open,
)
from core.api import gettext as _
from plugins.seo.forms.texts import CONDITIONS, read_feeds
from plugins.seo.services import feeds, finding, goods, jobs, novelties, rules
from plugins.seo.services.finding import GOOGLE, META
from plugins.seo.views.place import may_edit, panel, shop

_SOON_S = "600"


@shop.get("/google.xml", endpoint="google")
@while_open
@public
def for_google() -> Response:
    """The file for Google Merchant Center."""
    return _file(GOOGLE)


@shop.get("/meta.csv", endpoint="meta")
@while_open
@public
def for_meta() -> Response:
    """The file for a catalogue of Meta."""
    return _file(META)


@shop.get("/<currency>/google.xml", endpoint="google_in")
@while_open
@public
def for_google_in(currency: str) -> Response:
    """The file for Google Merchant Center in a further currency."""
    return _file(GOOGLE, currency.upper())


@shop.get("/<currency>/meta.csv", endpoint="meta_in")
@while_open
@public
def for_meta_in(currency: str) -> Response:
    """The file for a catalogue of Meta in a further currency."""
    return _file(META, currency.upper())


def _file(market: str, currency: str = "") -> Response:
    """The file as it was made last, sent from the disk; asked for too early, when to ask again."""
    site = current_site()
    if currency and currency not in site.currencies:
        raise NotFound
    if market not in feeds.wanted(rules.rules_of(site).feeds):
        raise NotFound
    path: Path = feeds.path_of(site, market, language(), currency)
    if not path.exists():
        return Response("This file is being made.\n", 503, {"Retry-After": _SOON_S}, mimetype="text/plain")
    answer = send_file(path, mimetype=feeds.TYPES[market], conditional=True)
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@shop.get("/new.atom", endpoint="new")
@cacheable
@while_open
@public
def new() -> Response:
    """The newest goods of the shop."""
    return _atom("")


@shop.get("/new/<path:path>.atom", endpoint="new_in")
@cacheable
@while_open
@public
def new_in(path: str) -> Response:
    """The newest goods of a category."""
    return _atom(path)


def _atom(path: str) -> Response:
    text = novelties.atom(current_site(), path)
    if text is None:
        raise NotFound
    return Response(text, mimetype="application/atom+xml")


# -- the panel ---------------------------------------------------------------------------------------------------------


@panel.get("/feeds", endpoint="feeds")
@may_edit
def show() -> Any:
    """Which files there are, and what markets would refuse."""
    return _page(rules.read_rules(current_site()).feeds, {})


@panel.post("/feeds", endpoint="feeds_save")
@may_edit
def save() -> Any:
    """Keep which files are made, and make them."""
    site = current_site()
    try:
        said = read_feeds(request.form)
    except Unfit as refusal:
        return _page(request.form, refusal.errors, 422)
    rules.save_site(site, "feeds", said, actor=actor())
    jobs.ask_for(site, "feeds")
    return panel_to("seo.panel.feeds", say=_("Saved. The files are being made."))


@panel.post("/feeds/make", endpoint="feeds_make")
@may_edit
def make() -> Any:
    """Make the files now."""
    jobs.ask_for(current_site(), "feeds")
    return panel_to("seo.panel.feeds", say=_("The files are being made. Look again in a minute."))


def _page(values: Mapping[str, Any], errors: Mapping[str, str], status: int = 200) -> Any:
    site = current_site()
    stored = rules.read_rules(site).feeds
    runs = {market: finding.last_run(site, market) for market in feeds.wanted(stored)}
    return render(
        "seo/feeds.html",
        status,
        values=values,
        errors=errors,
        conditions=CONDITIONS,
        feeds=feeds.listed(site, stored),
        runs=runs,
        groups={market: finding.groups(site, market, run, goods.CODES) for market, run in runs.items()},
        refused=goods.REFUSED,
        novelties=novelties.address(),
    )
