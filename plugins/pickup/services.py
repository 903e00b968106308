"""Pickup points: keeping them, and offering them."""

from __future__ import annotations

from collections.abc import Sequence

from core.api import (
    Carrier,
    Money,
    NotFound,
    Parcel,
    Rate,
    Site,
    asdict,
    claim_form,
    kept,
    language,
    record_activity,
    touch,
    transaction,
)
from core.api import gettext as _
from plugins.pickup.forms import Wanted
from plugins.pickup.models import PickupPoint


def points_of(site: Site) -> list[PickupPoint]:
    """The site's points in the merchant's order, kept until they change."""
    return kept(_tag(site), lambda: list(PickupPoint.for_site(site).order_by(PickupPoint.position, PickupPoint.id)))


def _tag(site: Site) -> str:
    return f"pickup:{site.id}"


def find_point(site: Site, point_id: int) -> PickupPoint:
    """A point of this site. Raises NotFound."""
    found: PickupPoint | None = PickupPoint.for_site(site).where(PickupPoint.id == point_id).first()
    if found is None:
        raise NotFound
    return found


def save_point(site: Site, wanted: Wanted, *, actor: str, point_id: int | None = None, key: str = "") -> int:
    """Add a point, or change one; answers its id. Raises NotFound, DoneBefore. Commits."""
    with transaction():
        claim_form(key)
        point = PickupPoint(site_id=site.id) if point_id is None else find_point(site, point_id)
        before = _told(point) if point_id else {}
        for name, value in asdict(wanted).items():
            setattr(point, name, value)
        point.save()
        touch(_tag(site))
        _record(site, point, actor, "pickup.saved", before, _told(point))
    return int(point.id)


def remove_point(site: Site, point_id: int, *, actor: str) -> None:
    """Take a point away; orders to be collected there keep its name and address. Raises NotFound. Commits."""
    with transaction():
        point = find_point(site, point_id)
        PickupPoint.put_away(site, point_id)
        touch(_tag(site))
        _record(site, point, actor, "pickup.removed", _told(point), {})


def restore_point(site: Site, point_id: int, *, actor: str) -> None:
    """Bring a point back that was taken away. Raises NotFound. Commits."""
    with transaction():
        point = PickupPoint.bring_back(site, point_id)
        if point is None:
            raise NotFound
        touch(_tag(site))
        _record(site, point, actor, "pickup.restored", {}, _told(point))


def _told(point: PickupPoint) -> dict[str, object]:
    return {
        name: getattr(point, name) for name in ("name", "address", "hours", "fees", "days_from", "days_to", "position")
    }


def _record(
    site: Site, point: PickupPoint, actor: str, verb: str, before: dict[str, object], after: dict[str, object]
) -> None:
    record_activity(actor, verb, f"pickup:{point.id}", before=before, after=after, site_id=site.id, title=point.name)


class PickupCarrier(Carrier):
    """All points of a site as one carrier: each is a service, and whoever collects may live anywhere."""

    code = "pickup"
    calls_out = False

    def __init__(self, points: Sequence[PickupPoint]) -> None:
        self._points = points
        self.title = _("Pickup")

    def quote(self, parcel: Parcel) -> Sequence[Rate]:
        return [_quoted(point, parcel.value.currency) for point in self._points]


def _quoted(point: PickupPoint, currency: str) -> Rate:
    hours = point.hours.get(language()) or next(iter(point.hours.values()), "")
    return Rate(
        service=f"point-{point.id}",
        title=point.name,
        description="\n".join(filter(None, (point.address, hours))),
        amount=Money(point.fees.get(currency, 0), currency),
        days=None if point.days_to is None else (point.days_from or 0, point.days_to),
        pickup=True,
    )
