"""What surrounds every page of the panel: its views' one set, and the site, person and menu of a request.

Templates know it as `shell`, in core's pages and in plugins' alike; made once per request, when first asked.
"""

from __future__ import annotations

from functools import cached_property
from urllib.parse import urlencode

from flask import g, request, url_for
from msgspec import Struct

from core.accounts.models import Staff
from core.accounts.services.login import Visitor, visitor
from core.hookspecs.site import Site
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.installation import installation
from core.kernel.routes import Views
from core.kernel.sites import SiteState, current
from core.lib.text import initials
from core.panel.shell.menu import Entry, Group, menu_of, palette_of
from core.panel.shell.sites import every_site

panel = Views("/panel")
SCHEME = "stoa_scheme"
SCHEMES = ("", "light", "dark")


class Place(Struct, frozen=True):
    """A site that this person works on, as the switcher shows it."""

    id: int
    name: str
    host: str
    currency: str
    url: str
    is_current: bool


class Tongue(Struct, frozen=True):
    """A language the panel can be read in, with this page's address in it."""

    code: str
    name: str
    url: str
    is_current: bool


class Shell:
    """What surrounds a page of the panel: site, menu, person. Its lists cost a bounded number of statements."""

    def __init__(self, state: SiteState, visitor: Visitor) -> None:
        self.state, self.visitor = state, visitor

    @property
    def person(self) -> Staff:
        """The member of staff; only pages that need one ask."""
        assert self.visitor.staff is not None
        return self.visitor.staff

    @property
    def site(self) -> Site:
        return self.state.site

    @property
    def scheme(self) -> str:
        """`light` or `dark` if this person chose one; else the system decides."""
        chosen = request.cookies.get(SCHEME, "")
        return chosen if chosen in SCHEMES else ""

    @property
    def here(self) -> str:
        """The path of this page, for forms that come back to it."""
        return request.script_root + request.path if request.method == "GET" else url_for("panel.home")

    @property
    def initials(self) -> str:
        return initials(self.person.name or self.person.email)

    @cached_property
    def role(self) -> str:
        return _("Owner") if self.person.is_owner else _("Staff")

    def may(self, permission: str) -> bool:
        """Whether this person may do something on this site."""
        return self.visitor.may(permission, self.site.id)

    def may_everywhere(self, permission: str) -> bool:
        """Whether this person may do something that concerns all sites."""
        return self.visitor.is_owner or permission in self.visitor.grants.everywhere

    @cached_property
    def places(self) -> list[Place]:
        """The sites that this person works on."""
        here = self.site.id
        return [
            Place(site.id, site.name, site.host, site.currency, f"{site.origin}/panel/", site.id == here)
            for site in every_site()
            if self.visitor.may("", site.id)
        ]

    @cached_property
    def tongues(self) -> list[Tongue]:
        """The languages of this site that the panel can be read in, each with the address of this page."""
        query = f"?{urlencode(list(request.args.items(multi=True)))}" if request.args else ""
        path = request.path + query if request.method == "GET" else url_for("panel.home")
        return [
            Tongue(
                tag,
                i18n.language_name(tag),
                (f"/{tag.lower()}" if tag != self.site.language else "") + path,
                tag == i18n.language(),
            )
            for tag in self.site.languages
            if installation().themes.catalogues.in_panel(tag)
        ]

    @cached_property
    def menu(self) -> list[Group]:
        """Core's entries and those of the plugins that are on, as far as this person may use them."""
        return menu_of(self)

    @property
    def nav(self) -> str:
        """The key of the menu's entry for this page, where the page does not say: a plugin's by its endpoint."""
        name, _dot, view = (request.endpoint or "").partition(".panel.")
        return f"{name}.{view}" if view else ""

    @property
    def palette(self) -> list[tuple[str, list[Entry]]]:
        """What Ctrl K finds without asking the server."""
        return palette_of(self)


def actor() -> str:
    """Who acts, as the activity log and stock moves name them."""
    return f"staff:{shell().person.id}"


def shell() -> Shell:
    """The shell of this request."""
    if "panel_shell" not in g:
        g.panel_shell = Shell(current(), visitor())
    return g.panel_shell  # type: ignore[no-any-return]
