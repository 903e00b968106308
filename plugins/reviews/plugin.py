"""Reviews: what buyers say of products, with stars, read by staff, answered by the shop."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from core.api import (
    Data,
    Delivery,
    GuestErased,
    MenuEntry,
    Permission,
    Plugin,
    ProductPage,
    Refused,
    ShopperErased,
    Site,
    Slot,
    Stored,
    hookimpl,
    lazy,
    say,
    site_by_host,
)
from plugins.reviews import forms
from plugins.reviews.models import TABLES
from plugins.reviews.services import importing, inviting, moderating, reading, showing
from plugins.reviews.views.panel import PERMISSION, SECTION, panel
from plugins.reviews.views.shop import shop


def import_file(arguments: list[str]) -> int:
    """`./stoa reviews import FILE --site HOST`; 1 if any row could not be taken."""
    said = forms.import_arguments(arguments)
    try:
        done = importing.import_file(site_by_host(said.site), said.file, actor="system")
    except (Refused, OSError) as error:
        sys.stderr.write(f"{said.file}: {say(error) if isinstance(error, Refused) else error}\n")
        return 1
    for wrong in done.errors:
        sys.stderr.write(f"Line {wrong.line}, {wrong.column}: {wrong.message}\n")
    sys.stderr.write(f"{done.taken:,} reviews taken, {done.known:,} known before, {len(done.errors):,} errors.\n")
    return 1 if done.errors else 0


def erase(arguments: list[str]) -> int:
    """`./stoa reviews erase ADDRESS --site HOST`."""
    said = forms.erase_arguments(arguments)
    count = moderating.erase_person(site_by_host(said.site), said.email, actor="system")
    sys.stderr.write(f"{count:,} reviews without their name now.\n")
    return 0


PLUGIN = Plugin(
    name="reviews",
    version="1.0.0",
    title="Reviews",
    summary="Stars and words of buyers on the pages of products, read by you before or after they are shown.",
    category="community",
    author="Stoa contributors",
    verbs={
        "written": "wrote a review of %(title)s",
        "edited": "changed a review of %(title)s",
        "taken_back": "took a review of %(title)s back",
        "imported": "imported reviews: %(title)s",
        "answered": "answered the review of %(title)s",
        "translated": "translated the review of %(title)s",
        "approved": "showed the review of %(title)s",
        "rejected": "rejected the review of %(title)s",
        "removed": "removed the review of %(title)s",
        "restored": "brought the review of %(title)s back",
        "erased": "took the writer's name off the review of %(title)s",
    },
    settings=forms.ReviewSettings,
    slots=("product.tabs",),
    kept_slots=("product.tabs",),
    models=TABLES,
    stores=(
        Stored(
            name="reviews_visitor", purpose=lazy("That you found a review helpful, so that it counts once."), days=365
        ),
    ),
    shop=shop,
    panel=panel,
    panel_sections=(SECTION,),
    panel_menu=(MenuEntry(title="Reviews", endpoint="show", icon="star", permission=PERMISSION),),
    permissions=(Permission(code=PERMISSION, title="Approve, reject and answer reviews"),),
    jobs={"invite": inviting.invite, "purge": moderating.purge},
    every={"invite": 3600, "purge": 86400},
    commands={"import": import_file, "erase": erase},
    hears=(ShopperErased, GuestErased),
)


@hookimpl
def site_data(site: Site, kind: str, objects: Sequence[int]) -> Mapping[int, Data]:
    """Stars, their count, how they are spread, and the newest reviews for search engines."""
    return reading.facts(site, objects) if kind == "product" else {}


@hookimpl
def site_slot(site: Site, name: str, subject: object) -> Slot | None:
    """The section of a product's page."""
    return showing.section(site, subject) if name == "product.tabs" and isinstance(subject, ProductPage) else None


@hookimpl
def notify_event(site: Site, delivery: Delivery) -> None:
    """Whoever is erased has no name on a review any more."""
    if isinstance(delivery.event, ShopperErased | GuestErased):
        moderating.forget(site, delivery.event)
