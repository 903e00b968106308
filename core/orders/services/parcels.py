"""What parcels are sent with, and where they can be followed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from msgspec import Struct

from core.hookspecs.fulfil import Carrier, CarrierService
from core.hookspecs.site import Site
from core.kernel import activity, db
from core.kernel.answers import checked_all
from core.kernel.cache import touch
from core.kernel.i18n import speaking
from core.kernel.kept import kept
from core.kernel.repeats import claim
from core.kernel.sites import SiteState, state_of
from core.lib.errors import Broken, Unfit
from core.lib.tracking import NotATrackingAddress, parse_tracking_address, tracking_address
from core.orders.services.gateways import guarded
from core.orders.services.part_shapes import ShipmentView

_TAG = "own carriers"
_LONGEST_NAME = 60


class Way(Struct, frozen=True, kw_only=True):
    """What a parcel can be sent with: a service of a plugin's carrier, or another carrier by its name."""

    carrier: str = ""
    service: str = ""
    title: str = ""
    hint: str = ""

    @property
    def code(self) -> str:
        """As forms send it. Another carrier is told by its name."""
        return f"{self.carrier}:{self.service}" if self.carrier else f"own:{self.title}" if self.title else ""


def ways(site: Site) -> list[Way]:
    """All that parcels of a site can be sent with: what its plugins carry, then its own list. No network."""
    state = state_of(site.id)
    found = [way for plugin, carrier in carriers_of(state).values() for way in _ways_of(state, plugin, carrier)]
    return [*found, *(Way(title=name) for name, _ in own_carriers(site))]


def carriers_of(state: SiteState) -> dict[str, tuple[str, Carrier]]:
    """{code: (plugin, carrier)}, also of plugins that only finish their open orders."""
    return {
        one.code: (plugin, one)
        for plugin, answer in state.hooks.each("fulfil_carriers", draining=True, site=state.site)
        for one in answer
    }


def _ways_of(state: SiteState, plugin: str, carrier: Carrier) -> Iterator[Way]:
    """Each service of a carrier, or the carrier itself where it has none or cannot say."""
    with suppress(Broken):
        services = guarded(
            state, plugin, "services", lambda: checked_all(carrier.services(), CarrierService, asked="services")
        )
        for one in services:
            yield Way(carrier=carrier.code, service=one.service[:60], title=one.title[:120], hint=one.hint)
        if services:
            return
    yield Way(carrier=carrier.code, title=carrier.title[:120])


def sent_with(site: Site, order_id: int, carrier: str, service: str, title: str) -> Way:
    """What these codes mean on this site, in the order's language; a carrier that nobody knows is taken by its name."""
    if not carrier:
        return Way(title=title.strip()[:120])
    spoken = db.value("SELECT language FROM orders WHERE id = ? AND site_id = ?", order_id, site.id) or site.language
    with speaking(spoken, site.timezone):
        known = [way for way in ways(site) if way.carrier == carrier]
    if not known:
        return Way(title=(title or carrier).strip()[:120])
    exact = next((way for way in known if way.service == service), None)
    return exact or Way(carrier=carrier, title=title.strip()[:120])


# -- links -------------------------------------------------------------------------------------------------------------


def tracking_links(site: Site, shipments: Sequence[ShipmentView]) -> Mapping[int, str]:
    """{shipment id: the carrier's page for it}, where there is one: a carrier that is broken or gone has none."""
    told = [one for one in shipments if one.tracking]
    if not told:
        return {}
    state, own = state_of(site.id), {name.casefold(): address for name, address in own_carriers(site)}
    carriers = carriers_of(state) if any(one.carrier for one in told) else {}
    found = {}
    for one in told:
        if one.carrier in carriers:
            plugin, carrier = carriers[one.carrier]
            link = _asked(state, plugin, carrier, one)
        else:
            link = tracking_address(own.get(one.title.casefold(), ""), one.tracking)
        if link.startswith("https://"):
            found[one.id] = link
    return found


def _asked(state: SiteState, plugin: str, carrier: Carrier, parcel: ShipmentView) -> str:
    with suppress(Broken):
        return str(
            guarded(state, plugin, "tracking_url", lambda: carrier.tracking_url(parcel.tracking, parcel.service))
        )
    return ""


def tracking_link(site: Site, parcel: ShipmentView) -> str:
    """The carrier's page for one parcel, or nothing."""
    return tracking_links(site, [parcel]).get(parcel.id, "")


# -- the shop's own list -----------------------------------------------------------------------------------------------


def own_carriers(site: Site) -> list[tuple[str, str]]:
    """(name, tracking address or nothing) of the carriers that the merchant named, kept until they change."""
    stored = kept(_TAG, lambda: db.value("SELECT data FROM own_carriers WHERE site_id = ?", site.id), str(site.id))
    return [(name, address) for name, address in json.loads(stored)] if stored else []


def set_own_carriers(site: Site, rows: Sequence[tuple[str, str]], *, actor: str, key: str = "") -> None:
    """Store the site's own list; rows without a name are left out. Commits.

    Raises Unfit by `name-<row>`, DoneBefore.
    """
    errors: dict[str, str] = {}
    found: dict[str, str] = {}
    for place, (name, address) in enumerate(rows):
        title = " ".join(name.split())
        if not title:
            if address.strip():
                errors[f"name-{place}"] = "Fill this in."
            continue
        if len(title) > _LONGEST_NAME:
            errors[f"name-{place}"] = "At most 60 characters."
        if title.casefold() in {one.casefold() for one in found}:
            errors[f"name-{place}"] = "This name is there twice."
        try:
            found[title] = parse_tracking_address(address)
        except NotATrackingAddress as error:
            errors[f"address-{place}"] = error.message
    if errors:
        raise Unfit(errors)
    stored = [[name, address] for name, address in found.items()]
    text = json.dumps(stored, ensure_ascii=False)
    with db.transaction():
        claim(key)
        db.execute(
            "INSERT INTO own_carriers (site_id, data) VALUES (?, ?) ON CONFLICT (site_id) DO UPDATE SET data = ?",
            site.id, text, text,
        )  # fmt: skip
        activity.record(actor, "edit carriers", f"site:{site.id}", after={"carriers": stored}, site_id=site.id)
        touch(_TAG)
