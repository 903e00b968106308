"""The shell of the panel: its views' one set, the menu with what plugins add, and the way every view answers.

Templates know the shell as `shell`, in core's pages and in plugins' alike; made once per request, when
first asked.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, wraps
from tempfile import TemporaryFile
from typing import Any, BinaryIO, cast
from urllib.parse import urlencode

from flask import Response, g, request, send_file, url_for
from markupsafe import Markup
from msgspec import Struct
from werkzeug.datastructures import FileStorage

from core.accounts.models import Staff
from core.accounts.services.login import Visitor, visitor
from core.hookspecs.site import Site
from core.kernel import i18n, repeats, respond
from core.kernel.i18n import gettext as _
from core.kernel.i18n import lazy
from core.kernel.installation import installation
from core.kernel.kept import once_a_look
from core.kernel.outside import in_language
from core.kernel.routes import Views
from core.kernel.sites import SiteState, current
from core.lib import ids

panel = Views("/panel")
SCHEME = "stoa_scheme"
SCHEMES = ("", "light", "dark")


class Status(Struct, frozen=True):
    """How the panel draws a state: a word, a glyph that carries the meaning, and a tone that only adds to it.

    `glyph`: none, wait, part, busy, done, warn, stop, pause, drain. `tone`: good, busy, warn, bad or empty.
    """

    text: str
    glyph: str
    tone: str = ""


class Entry(Struct, frozen=True):
    """One line of the menu or the palette. `count` stands at its end, in red if it is an `alert`.

    `words` are others that find it in the palette. With `post` (a name and a value) it posts to `url`.
    """

    key: str
    title: str
    url: str
    icon: str
    count: int = 0
    alert: bool = False
    note: str = ""
    words: str = ""
    post: tuple[str, str] | None = None


class Group(Struct, frozen=True):
    """Entries under one heading; the first group has none. `folds` are groups that open when they are asked for."""

    key: str
    title: str
    entries: list[Entry]
    folds: tuple[Group, ...] = ()


class Item(Struct, frozen=True):
    """An entry of core's menu, before anyone is asked whether they may see it."""

    key: str
    title: Any
    icon: str
    permission: str
    everywhere: bool = False


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


_SELLING = (
    Item("home", lazy("Home"), "home", ""),
    Item("orders", lazy("Orders"), "orders", "orders.view"),
    Item("shoppers", lazy("Shoppers"), "people", "shoppers.view"),
)
_GOODS = (
    Item("products", lazy("Products"), "products", "catalogue.view"),
    Item("categories", lazy("Categories"), "split", "catalogue.view"),
    Item("media", lazy("Pictures"), "image", "catalogue.view"),
    Item("stock", lazy("Stock"), "box", "catalogue.view"),
    Item("search_leads", lazy("Search"), "search", "site.edit"),
)
# Where the entries of plugins stand, by the plugins' categories.
_BESIDE_ORDERS = ("payment", "machinery")
_BESIDE_GOODS = ("content", "community", "search")
_FOLDS = (
    ("delivery", lazy("Delivery and taxes"), ("delivery", "tax")),
    ("marketing", lazy("Marketing"), ("promotion", "marketing")),
    ("links", lazy("Connections"), ("channel",)),
)
_SITE = (
    Item("theme", lazy("Theme"), "brush", "theme.edit"),
    Item("plugins", lazy("Plugins"), "plug", "plugins.switch"),
    Item("settings", lazy("Settings"), "gear", "site.edit"),
)
_HOUSE = (
    Item("sites", lazy("Sites"), "store", "sites.edit", everywhere=True),
    Item("staff", lazy("Staff and roles"), "staff", "staff.edit", everywhere=True),
    Item("activity", lazy("Activity"), "clock", "activity.view"),
    Item("jobs", lazy("Jobs"), "jobs", "jobs.view", everywhere=True),
    Item("health", lazy("Health"), "pulse", "jobs.view", everywhere=True),
)
_ACTS = (
    ("product_new", lazy("Add a product"), "plus", "products.edit"),
    ("draft_new", lazy("New order"), "plus", "orders.create"),
    ("imports", lazy("Import products"), "upload", "products.edit"),
    ("order_imports", lazy("Import orders"), "upload", "orders.import"),
    ("manifests", lazy("Manifests"), "truck", "orders.ship"),
    ("category_new", lazy("Add a category"), "plus", "categories.edit"),
    ("staff_new", lazy("Add someone"), "plus", "staff.edit"),
    ("role_new", lazy("New role"), "plus", "staff.edit"),
    ("site_new", lazy("Add a site"), "plus", "sites.edit"),
    ("plugin_defaults", lazy("Shared plugin settings"), "plug", "plugins.settings"),
)
# Permissions that hold for the open site; the other acts above concern all sites.
_OF_SITE = {"orders.create", "orders.import"}
_ORDER_ACTS = (
    ("order_ship", lazy("Ship"), "truck", "orders.ship"),
    ("order_paid", lazy("Mark as paid"), "card", "orders.pay"),
    ("order_refund", lazy("Refund"), "undo", "orders.refund"),
    ("order_change", lazy("Change"), "edit", "orders.edit"),
    ("order_cancel", lazy("Cancel"), "close", "orders.cancel"),
    ("order_return", lazy("Take back"), "return", "orders.return"),
)
COUNTERS: dict[str, Callable[[Site], tuple[int, bool]]] = {}


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
        known = every_site()
        return [
            Place(site.id, site.name, site.host, site.currency, f"{site.origin}/panel/", site.id == here)
            for site in known
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
        folds = (Group(key, str(title), self._plugin_entries(kinds)) for key, title, kinds in _FOLDS)
        groups = [
            Group("selling", "", [*self._entries(_SELLING), *self._plugin_entries(_BESIDE_ORDERS)]),
            Group("goods", _("Goods"), [*self._entries(_GOODS), *self._plugin_entries(_BESIDE_GOODS)]),
            Group("more", _("More to do"), [], tuple(fold for fold in folds if fold.entries)),
            Group("site", _("This site"), self._entries(_SITE)),
            Group("house", _("All sites"), self._entries(_HOUSE)),
        ]
        return [group for group in groups if group.entries or group.folds]

    def _entries(self, items: tuple[Item, ...]) -> list[Entry]:
        return [
            Entry(item.key, str(item.title), url_for(f"panel.{item.key}"), item.icon, *self._count(item.key))
            for item in items
            if not item.permission or (self.may_everywhere if item.everywhere else self.may)(item.permission)
        ]

    def _count(self, key: str) -> tuple[int, bool]:
        return COUNTERS[key](self.site) if key in COUNTERS else (0, False)

    def _plugin_entries(self, kinds: tuple[str, ...]) -> list[Entry]:
        """The entries of those plugins that are on and of one of these categories."""
        loaded = installation().plugins.loaded
        return [
            Entry(
                f"{name}.{entry.endpoint}",
                i18n.of_plugin(name, entry.title),
                url_for(f"{name}.panel.{entry.endpoint}"),
                entry.icon,
            )
            for name in self.state.runtime.plugins
            if loaded[name].plugin.category in kinds
            for entry in loaded[name].plugin.panel_menu
            if (not entry.permission or self.may(entry.permission)) and (entry.where is None or entry.where(self.site))
        ]

    def _order_acts(self) -> Iterator[Entry]:
        """What can be done with the order that is open, where one is."""
        number = (request.view_args or {}).get("number")
        if number and (request.endpoint or "").startswith("panel.order"):
            for endpoint, title, icon, permission in _ORDER_ACTS:
                if self.may(permission):
                    said = f"{title} · {number}"
                    yield Entry("", said, url_for(f"panel.{endpoint}", number=number), icon)

    def _own_acts(self) -> Iterator[Entry]:
        """What everybody may do for themselves."""
        for scheme, title, icon in (
            ("light", _("Light"), "sun"),
            ("dark", _("Dark"), "moon"),
            ("", _("System"), "system"),
        ):
            if scheme != self.scheme:
                said = i18n.labelled(_("Appearance"), title)
                yield Entry("", said, url_for("panel.appearance"), icon, post=("scheme", scheme))
        yield Entry("", _("Sign out"), url_for("panel.logout"), "arrow", post=("out", "1"))

    @property
    def nav(self) -> str:
        """The key of the menu's entry for this page, where the page does not say: a plugin's by its endpoint."""
        name, _dot, view = (request.endpoint or "").partition(".panel.")
        return f"{name}.{view}" if view else ""

    @property
    def palette(self) -> list[tuple[str, list[Entry]]]:
        """What Ctrl K finds without asking the server."""
        new = _("new, make, create")
        acts = [
            Entry("", str(title), url_for(f"panel.{endpoint}"), icon, words=new if icon == "plus" else "")
            for endpoint, title, icon, permission in _ACTS
            if (self.may if permission in _OF_SITE else self.may_everywhere)(permission)
        ]
        pages = [entry for group in self.menu for one in (group, *group.folds) for entry in one.entries]
        found = [
            (_("This order"), list(self._order_acts())),
            (_("Actions"), [*acts, *self._own_acts()]),
            (_("Go to"), [*pages, Entry("", _("Your account"), url_for("panel.account"), "key")]),
        ]
        return [(head, hits) for head, hits in found if hits]


def initials(name: str) -> str:
    """Two letters for a person: of the first and last word, or the first Chinese letter."""
    parts = name.split("@", maxsplit=1)[0].replace(".", " ").split()
    if not parts:
        return "?"
    return (
        parts[0][0] if ord(parts[0][0]) > 0x2E7F else (parts[0][0] + (parts[-1][0] if len(parts) > 1 else "")).upper()
    )


def actor() -> str:
    """Who acts, as the activity log and stock moves name them."""
    return f"staff:{shell().person.id}"


def shell() -> Shell:
    """The shell of this request."""
    if "panel_shell" not in g:
        g.panel_shell = Shell(current(), visitor())
    return g.panel_shell  # type: ignore[no-any-return]


def address(endpoint: str, **values: Any) -> str:
    """`url_for` for parameters that may be None, which are left out."""
    return url_for(endpoint, **values)


def page(name: str, status: int = 200, **values: Any) -> Response:
    """Answer with a page of the panel; `name` is a file in `panel/pages`."""
    return respond.page(f"panel/pages/{name}", status, **values)


def to(endpoint: str, say: str = "", undo: str = "", kind: str = "good", **values: Any) -> Response:
    """Answer a POST: 303 to a page, which shows `say` once, with a button that posts to `undo`.

    A message of `kind` bad stays until it is dismissed.
    """
    if say:
        respond.note(say, kind, undo=undo)
    return respond.redirect(url_for(endpoint, **values))


def table_file(name: str, write: Callable[[BinaryIO], object]) -> Response:
    """What `write` writes, as `<name>-<site>.csv`: whole before it is sent, so that an error half-way is a page."""
    file = cast("BinaryIO", TemporaryFile())  # noqa: SIM115 -- the response closes it when it is sent
    write(file)
    file.seek(0)
    return _file(file, "text/csv", f"{name}-{current().site.key}.csv")


def data_file(name: str, text: str) -> Response:
    """JSON that somebody asked for, as `<site>-<name>.json`."""
    return _file(io.BytesIO(text.encode()), "application/json", f"{current().site.key}-{name}.json")


def _file(file: BinaryIO, kind: str, name: str) -> Response:
    return send_file(file, mimetype=kind, as_attachment=True, download_name=name, max_age=0)


# -- forms that are sent twice -----------------------------------------------------------------------------------------

_ViewOnce = Callable[..., Response]


def key_field() -> Markup:
    """The hidden field that makes a form sent twice one act. Every form gets a key of its own."""
    return Markup('<input type="hidden" name="key" value="{}">').format(ids.token())


def _size(upload: FileStorage) -> int:
    """How long a file is that was sent; it is read from its beginning afterwards."""
    size = upload.stream.seek(0, io.SEEK_END)
    upload.stream.seek(0)
    return size


def form_key() -> str:
    """The key of the form that this request sends, for the verb that writes it; empty where the form has none.

    Files count by their names and sizes.
    """
    token = request.values.get("key", "")
    said = str(sorted((name, value) for name, value in request.values.items(multi=True) if name != "key"))
    files = [(name, one.filename, _size(one)) for name, one in request.files.items(multi=True)] if token else []
    said += str(files) if files else ""
    return repeats.form_key(current().site.id, token, ids.digest(f"{request.path} {said}")) if token else ""


def once(endpoint: str, *names: str, **more: Any) -> Callable[[_ViewOnce], _ViewOnce]:
    """Let a view answer a form that was sent before: it leads to `endpoint`, and says that nothing was done twice.

    `names` are those values of the view's address that `endpoint` takes. The view gives `form_key()` to its verb.
    """

    def declare(view: _ViewOnce) -> _ViewOnce:
        @wraps(view)
        def answer(**values: Any) -> Response:
            try:
                repeats.check(form_key())
                return view(**values)
            except repeats.DoneBefore as done:
                return to(endpoint, say=i18n.say(done), **{name: values[name] for name in names}, **more)

        return answer

    return declare


def named(names: Mapping[str, str], language: str) -> str:
    """A name in the reader's language, else in any."""
    return names.get(language) or next(iter(names.values()), "")


def there(site: Site, path: str) -> str:
    """The address of a page of the panel, as `url_for` gives it here, in the panel of `site`."""
    if site.id == current().site.id:
        return path
    return site.origin + in_language(site, i18n.language(), path.removeprefix(request.script_root))


def every_site() -> list[Site]:
    """All sites in their order; asked once a look."""
    return once_a_look(("every_site",), lambda: [state.site for state in installation().sites.all()])


def languages(site: Site) -> list[str]:
    """The languages to write in: this site's, then those of the other sites."""
    every = [tag for known in every_site() for tag in known.languages]
    return list(dict.fromkeys([*site.languages, *every]))
