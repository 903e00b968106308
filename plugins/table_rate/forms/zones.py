"""What a form may say about a zone."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from core.api import Site, Unfit
from core.api import gettext as _
from plugins.table_rate.forms.areas import UnknownArea, read_area

NAME_LENGTH = 80
_REASON_LENGTH = 200
MOST_AREAS = 2000


class WantedZone(Struct, frozen=True, kw_only=True):
    """A zone that fits its form; shapes as in the table."""

    name: str
    position: int
    areas: str
    served: bool
    reasons: dict[str, str]


def parse_zone(form: Mapping[str, str], site: Site) -> WantedZone:
    """The form's zone. Raises Unfit with a message per field."""
    errors: dict[str, str] = {}
    name = form.get("name", "").strip()
    if not name:
        errors["name"] = _("Fill this in.")
    elif len(name) > NAME_LENGTH:
        errors["name"] = _("At most %(count)s characters.", count=NAME_LENGTH)
    reasons = {tag: text for tag in site.languages if (text := form.get(f"reason_{tag}", "").strip())}
    errors.update(
        {
            f"reason_{tag}": _("At most %(count)s characters.", count=_REASON_LENGTH)
            for tag, text in reasons.items()
            if len(text) > _REASON_LENGTH
        }
    )
    wanted = WantedZone(
        name=name,
        position=whole(form, "position", 9999, errors) or 0,
        areas=read_areas(form.get("areas", ""), errors),
        served=form.get("served", "1") == "1",
        reasons=reasons,
    )
    if errors:
        raise Unfit(errors)
    return wanted


def read_areas(text: str, errors: dict[str, str], field: str = "areas") -> str:
    """The areas, one per line; the first line that names none is noted with its number."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        errors[field] = _("Name one country at least, or * for everywhere.")
    if len(lines) > MOST_AREAS:
        errors[field] = _("At most %(count)s lines.", count=MOST_AREAS)
        return ""
    for place, line in enumerate(lines, 1):
        try:
            read_area(line)
        except UnknownArea as reason:
            errors[field] = _("Line %(line)s: %(reason)s", line=place, reason=str(reason))
            break
    return "\n".join(lines)


def whole(form: Mapping[str, str], name: str, most: int, errors: dict[str, str], least: int = 0) -> int | None:
    """A whole number; None for an empty field, and for a wrong one, which is noted."""
    text = form.get(name, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and least <= int(text[:12]) <= most):
        errors[name] = _("Write a whole number from %(least)s to %(most)s.", least=least, most=most)
        return None
    return int(text)
