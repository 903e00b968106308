"""What a page carries so that its script can tell what it is. The same for every visitor, so the page stays kept."""

from __future__ import annotations

from markupsafe import Markup

from core.api import ProductPage, Site, Slot, kept_part, part, request
from plugins.pulse.forms import PulseSettings

_KINDS = {
    f"storefront.{name}": name for name in ("home", "category", "product", "search", "cart", "checkout", "confirmation")
}


def in_slot(site: Site, name: str, subject: object) -> Slot | None:
    """The script at the end of a page; at a product, its number."""
    if name == "product.bottom" and isinstance(subject, ProductPage):
        return Slot(html=Markup('<span hidden data-pulse-product="{}"></span>').format(subject.id))
    if name != "page.end":
        return None
    kind = _KINDS.get(request.endpoint or "", "other")
    words = request.args.get("q", "")[:200] if kind == "search" else ""
    write = part if words else kept_part
    return Slot(html=write("pulse/script", kind=kind, words=words, respect=PulseSettings.of(site).respect))
