"""What plugins offer to do with the products that somebody chose in the list."""

from __future__ import annotations

from msgspec import Struct

from core.kernel import i18n
from core.kernel.installation import installation
from core.kernel.sites import current
from core.panel.shell import shell


class OfferedAct(Struct, frozen=True, kw_only=True):
    """An act of a plugin as the list shows it; `view` is the panel view that it leads to."""

    plugin: str
    endpoint: str
    title: str
    icon: str

    @property
    def view(self) -> str:
        return f"{self.plugin}.panel.{self.endpoint}"


def product_acts() -> list[OfferedAct]:
    """The acts of the plugins that are on here, as far as this person may do them. No statement."""
    loaded = installation().plugins.loaded
    return [
        OfferedAct(plugin=name, endpoint=act.endpoint, title=i18n.of_plugin(name, act.title), icon=act.icon)
        for name in sorted(current().runtime.plugins)
        for act in loaded[name].plugin.product_acts
        if shell().may(act.permission)
    ]
