"""Attributes that plugins declare: rows of the catalogue, made in the transaction that switches the plugin on."""

from __future__ import annotations

from collections.abc import Mapping

from core.catalogue.services.cards import postpone_cards
from core.catalogue.services.drafts import AttributeDraft
from core.catalogue.services.saving_choices import ensure_attribute, name_facets
from core.catalogue.services.writing import decoded, encoded, update
from core.hookspecs.site import Site
from core.kernel import db, switch
from core.kernel.i18n import of_plugin, speaking
from core.kernel.installation import installation
from core.kernel.manifest import Attribute


@switch.on_switch
def _make_attributes(site: Site, plugin: str, on: bool) -> None:  # noqa: FBT001 -- the switch's signature
    """What products say of it stays when the plugin goes, and is there again when it comes back."""
    loaded = installation().plugins.loaded.get(plugin)
    if on and loaded is not None:
        for attribute in loaded.plugin.attributes:
            _make(plugin, attribute, _names(site, plugin, attribute))


def _names(site: Site, plugin: str, attribute: Attribute) -> Mapping[str, str]:
    """The title in every language of the site, as far as the plugin speaks them."""
    names = {"en": attribute.title}
    for tag in site.languages:
        with speaking(tag):
            names[tag] = of_plugin(plugin, attribute.title)
    return names


def _make(plugin: str, attribute: Attribute, names: Mapping[str, str]) -> None:
    """One of this code that somebody else made serves as it is; the plugin's own follows its declaration."""
    draft = AttributeDraft(
        code=attribute.code, values=(), names=names, kind=attribute.kind, filterable=attribute.filterable
    )
    attribute_id = ensure_attribute(draft, plugin)
    found = db.one("SELECT plugin, names, filterable FROM attribute WHERE id = ?", attribute_id)
    if found is None or found[0] != plugin:
        return
    merged = {**decoded(found[1]), **names}
    if merged == decoded(found[1]) and bool(found[2]) == attribute.filterable:
        return
    update("attribute", attribute_id, {"names": encoded(merged), "filterable": attribute.filterable})
    name_facets([(attribute.code, "", merged, "", 0)])
    if bool(found[2]) != attribute.filterable:
        said = db.rows("SELECT DISTINCT product_id FROM product_attribute WHERE attribute_id = ?", attribute_id)
        postpone_cards([row[0] for row in said])
