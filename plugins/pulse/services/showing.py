"""What a page carries so that its script can tell what it is. The same for every visitor, so the page stays kept."""

from __future__ import annotations

from markupsafe import Markup

from core.api import ProductPage, SearchPage, Site, Slot, kept_part, request
from plugins.pulse.forms import PulseSettings

_KINDS = {
    f"storefront.{name}": name for name in ("home", "category", "product", "search", "cart", "checkout", "confirmation")
}


def in_slot(site: Site, name: str, subject: object) -> Slot | None:
    """The script at the end of a page; at a product its number, at a search its words and how many goods they found."""
    if name == "product.bottom" and isinstance(subject, ProductPage):
        return Slot(html=Markup('<span hidden data-pulse-product="{}"></span>').format(subject.id))
    if isinstance(subject, SearchPage) and name != "search.top":
        # A search that was narrowed or leafed through was counted when it began.
        return _searched(subject) if subject.words and not subject.narrowed else None
    if name != "page.end" or request.script_root.startswith("/preview/"):
        return None
    kind = _KINDS.get(request.endpoint or "", "other")
    return Slot(html=kept_part("pulse/script", kind=kind, respect=PulseSettings.of(site).respect))


def _searched(page: SearchPage) -> Slot:
    mark = Markup('<span hidden data-pulse-words="{}" data-pulse-found="{}"></span>')
    return Slot(html=mark.format(page.words[:200], page.total))
