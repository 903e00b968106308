"""What a plugin says of itself: `PLUGIN = Plugin(...)`, and the things that it declares there.

A word that cannot be right is refused at once, by a LoadError that its author can use.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from core.kernel.blocks import Block
from core.kernel.operations import Operation
from core.kernel.routes import Views
from core.kernel.settings import Settings
from core.kernel.storing import NEEDED, WAITING, Stored
from core.lib.languages import is_language

if TYPE_CHECKING:
    from core.hookspecs.events import Event
    from core.hookspecs.site import Site

API = 1
NAME = re.compile(r"[a-z][a-z0-9_]{1,39}\Z")
PANEL_PLACES = ("product", "order", "category", "shopper", "draft")
ATTRIBUTE_CODE = re.compile(r"[a-z0-9]+([-_][a-z0-9]+)*\Z")
STAGE_TONES = ("", "busy", "good", "warn", "bad")
ATTRIBUTE_KINDS = ("text", "number", "flag", "choice")
CATEGORIES = (
    "payment",
    "delivery",
    "promotion",
    "tax",
    "content",
    "community",
    "search",
    "marketing",
    "channel",
    "machinery",
    "language",
)


class MenuEntry(Struct, frozen=True, kw_only=True):
    """An entry in the panel's menu: `endpoint` is one of the plugin's panel views, `permission` who sees it.

    `where` says of a site whether it stands there; everywhere without it.
    """

    title: str
    endpoint: str
    icon: str = "plug"
    permission: str = ""
    where: Callable[[Site], bool] | None = None


class CardAct(Struct, frozen=True, kw_only=True):
    """A button on every card of the shop, posting the field `product` to `endpoint`, one of the plugin's shop views.

    `title` is followed by the product's name for who cannot see `icon`. Lists stay the same for every visitor, so the
    button does too; a script of the plugin finds it as `[data-act="<plugin>"]` and may press it.
    """

    endpoint: str
    title: str
    icon: str


class ProductAct(Struct, frozen=True, kw_only=True):
    """Something to do with the products that staff choose in the panel's list.

    It leads to `endpoint`, one of the plugin's panel views, with the number `chosen` in its query: `chosen_products`
    answers which products they are, up to ten thousand, for thirty days. Nothing is done to them before the view does
    it. `permission` says who is offered it; the view asks for its own.
    """

    endpoint: str
    title: str
    permission: str
    icon: str = "plug"


class Permission(Struct, frozen=True, kw_only=True):
    """Something staff may be allowed to do; `code` begins with the plugin's name."""

    code: str
    title: str


class RecordedValue(Struct, frozen=True, kw_only=True):
    """A value that the plugin's acts record: its English title, and how it is said in the reader's language.

    `words(site, values)` answers a text for each of the values of a page, so that names are looked up once for all.
    Without it a value says itself.
    """

    title: str
    words: Callable[..., Sequence[str]] | None = None


class Attribute(Struct, frozen=True, kw_only=True):
    """A product attribute that the plugin adds: core rows, so form, import, facet and search come for free.

    Made when the plugin is first switched on. `code` is small letters, digits, hyphens and underscores; `title` an
    English msgid of the plugin's words; `kind` is text, number, flag or choice. What was said of products stays when
    the plugin is switched off.
    """

    code: str
    title: str
    on: str = "product"
    kind: str = "text"
    filterable: bool = False


class Stage(Struct, frozen=True, kw_only=True):
    """Where an order may stand with the plugin, on an axis of its own beside order, payment, fulfilment and return.

    `code` is small letters, digits, hyphens and underscores; `title` an English msgid of the plugin's words. `after`
    are the stages it may follow, "" for none yet; empty: any. `tone` is busy, good, warn, bad or nothing. `by_hand`:
    staff may set it on the order's page and in the list; the plugin does by `enter_stage` in any case.
    """

    code: str
    title: str
    after: tuple[str, ...] = ()
    tone: str = ""
    by_hand: bool = True


class PanelSection(Struct, frozen=True, kw_only=True):
    """A card of the plugin's own on a page of core's panel, with its own forms.

    `place` is the page: product, order, category, shopper or draft. `values(site, object_id)` answers what `template`
    shows; it reads, and writes nothing. `permission` says who sees it. Its forms post to panel views of the plugin,
    which answer with a redirect, or with `panel_section_refused`. `name` tells it from the plugin's other sections.
    """

    place: str
    title: str
    template: str
    values: Callable[[Any, int], Mapping[str, Any]]
    permission: str
    name: str = "section"


class PanelHit(Struct, frozen=True, kw_only=True):
    """What the search of the panel finds: `note` says more in small letters, `icon` is one of the sprite's."""

    title: str
    url: str
    note: str = ""
    icon: str = "page"


class PanelFinder(Struct, frozen=True, kw_only=True):
    """What the search of the panel (Ctrl K) finds among the things that the plugin keeps, under `title`.

    `find(site, words)` answers at most eight, the best first; it reads, and writes nothing. `permission` says who is
    shown them.
    """

    title: str
    find: Callable[[Any, str], Sequence[PanelHit]]
    permission: str


class FirstStep(Struct, frozen=True, kw_only=True):
    """A step that a new shop is led to on the panel's first page: what to do, why, and where.

    `endpoint` is one of the plugin's panel views. `is_done(site)` reads a fact, so that the step ticks itself.
    """

    title: str
    how: str
    endpoint: str
    permission: str
    is_done: Callable[[Any], bool]


class Csp(Struct, frozen=True, kw_only=True):
    """Hosts a plugin's pages need.

    `form_action`: where the checkout's form may lead; a function of settings may name them.
    """

    form_action: tuple[str, ...] | Callable[[Any], tuple[str, ...]] = ()
    script: tuple[str, ...] = ()
    frame: tuple[str, ...] = ()
    connect: tuple[str, ...] = ()
    image: tuple[str, ...] = ()


class Plugin(Struct, frozen=True, kw_only=True):
    """All that core knows of a plugin without running its hooks. `PLUGIN = Plugin(...)` in `plugins/<name>/plugin.py`.

    Templates, static files and translations are found by convention.
    """

    name: str
    """The folder, the module, and the prefix of tables, endpoints and permissions: small letters, digits, `_`."""
    version: str
    """The plugin's own, such as `1.0.0`."""
    title: str
    """What merchants call it; an English msgid of the plugin's words, as all texts here."""
    summary: str = ""
    """A sentence for the switchboard."""
    category: str = "content"
    """Where it stands on the switchboard; a word that is not known is an error that names them."""
    api: int = API
    """The API that it was written for."""
    author: str = ""
    """Who to ask."""
    settings: type[Settings] | None = None
    """What a merchant may change: the form in the panel is made from this class."""
    test: Callable[[Any, str], str] | None = None
    """`test(site, email)`: a button on the page of the settings. It tries them and answers in plain words what it
    found, or raises a StoaError that says what is wrong; `email` is of whoever presses. It may use the network, and has
    ten seconds."""
    models: tuple[type, ...] = ()
    """Its tables, each called `<plugin>_...`."""
    shop: Views | tuple[Views, ...] | None = None
    """Its pages in the shop; several `Views`, each with its own prefix."""
    panel: Views | None = None
    """Its pages in the panel, under `/panel/<plugin>`."""
    panel_menu: tuple[MenuEntry, ...] = ()
    """Entries of the panel's menu."""
    panel_sections: tuple[PanelSection, ...] = ()
    """Cards of its own on core's pages in the panel."""
    panel_finder: PanelFinder | None = None
    """Answers the search of the panel."""
    first_steps: tuple[FirstStep, ...] = ()
    """Stand among the first steps of a new shop."""
    blocks: tuple[Block, ...] = ()
    """Kinds of pieces for pages of text, shown by the plugin that keeps pages."""
    card_acts: tuple[CardAct, ...] = ()
    """Buttons on every card, and beside every product."""
    product_acts: tuple[ProductAct, ...] = ()
    """What staff may do with the products they chose in the list."""
    order_stages: tuple[Stage, ...] = ()
    """Where an order may stand with it."""
    stores: tuple[Stored, ...] = ()
    """What it stores in browsers. A cookie that is not among them, or that waits for the visitor's word, is held
    back."""
    waits: Mapping[str, str] = field(default_factory=dict)
    """Slots that it fills only for visitors who agreed: `{"page.end": "marketing"}`."""
    entered: Callable[..., str | None] | None = None
    """`entered(site, shopper_id, cookie)` is called when a shopper has signed in, with what the browser holds in the
    cookie `mine_<plugin>`. It may write, and answers what the cookie holds from now on (None: as it is). Cookies of
    that name end when the shopper signs out."""
    permissions: tuple[Permission, ...] = ()
    """What staff may be allowed to do."""
    operations: tuple[Operation, ...] = ()
    """What programs may ask, below `/<plugin>`, by the plugin that serves an API."""
    scopes: Mapping[str, str] = field(default_factory=dict)
    """What a key needs for them: `<plugin>:<word>` and an English title."""
    attributes: tuple[Attribute, ...] = ()
    """Attributes of products that it brings."""
    slots: tuple[str, ...] = ()
    """The places of pages that its `site_slot` fills: it is asked for those alone, for every place if it names none."""
    kept_slots: tuple[str, ...] = ()
    """Those of them where its answer depends on the site, the language, the currency, the id of the subject and the
    tags it gives alone, so that it is asked once and not for every visitor."""
    hears: tuple[type[Event], ...] = ()
    """The events that its `notify_event` is told of; all of them if it names none."""
    languages: tuple[str, ...] = ()
    """Those (BCP 47, such as `de`) that it is a language pack for: its `locale/` holds the words of core, of themes and
    of other plugins, a file for each, and a site where it is on may be shown in them."""
    jobs: Mapping[str, Callable[..., None]] = field(default_factory=dict)
    """Handlers `(payload, site)` by the names of jobs."""
    every: Mapping[str, int] = field(default_factory=dict)
    """Names of jobs that are done again and again, with the seconds between."""
    verbs: Mapping[str, str] = field(default_factory=dict)
    """What the activity log says of its acts: `{"saved": "saved the price %(title)s"}` for
    `record_activity(actor, "<plugin>.saved", ...)`."""
    recorded: Mapping[str, RecordedValue] = field(default_factory=dict)
    """The values in `before` and `after` of its `record_activity`, by their names, as the log and the history of a
    product show them: `{"price": RecordedValue(title="Price", words=price_words)}`."""
    holds: Mapping[str, str | Callable[[Mapping[str, Any]], str]] = field(default_factory=dict)
    """Why orders wait by its word, in words: an English sentence that the `values` of the problem or of `hold_order`
    fill, or a function of them that answers one in the reader's language, with nothing else asked. The codes are its
    name, or begin with it and a dot: `{"gifts": "It is a gift for %(guests)s"}`."""
    commands: Mapping[str, Callable[[list[str]], int]] = field(default_factory=dict)
    """Words of `./stoa <plugin> <word>` with functions of the remaining arguments. Of a plugin that searches, `rebuild`
    is also run by `./stoa reindex`."""
    csp: Csp = Csp()
    """Hosts that its pages need."""
    reads: tuple[str, ...] = ()
    """What it may see, as the switchboard tells the merchant: English msgids of its words, such as `orders`."""
    requires: tuple[str, ...] = ()
    """Plugins that must be on with it."""
    conflicts: tuple[str, ...] = ()
    """Plugins that must be off."""

    def __post_init__(self) -> None:
        if not NAME.match(self.name):
            raise LoadError(f"a plugin's name is small letters, digits and underscores: {self.name!r}")
        if self.api != API:
            raise LoadError(f"written for plugin API {self.api}, this is {API}")
        if self.category not in CATEGORIES:
            raise LoadError(f"category {self.category!r} is not one of {', '.join(CATEGORIES)}")
        if self.slots and (others := set(self.kept_slots) - {*self.slots}):
            raise LoadError(f"kept_slots are some of the slots: {', '.join(sorted(others))}")
        for tag in self.languages:
            if not is_language(tag):
                raise LoadError(f"{tag!r} is no language; write it as de or pt-BR")
        for attribute in self.attributes:
            _check_attribute(attribute)
        _check_sections(self.panel_sections)
        _check_stages(self.order_stages)
        _check_stores(self)
        _check_holds(self)
        if self.settings is not None:
            self.settings._plugin = self.name  # noqa: SLF001 -- the class belongs to this plugin


class LoadError(Exception):
    """A plugin that cannot be loaded, in words for its author."""


def _check_attribute(attribute: Attribute) -> None:
    if not ATTRIBUTE_CODE.match(attribute.code):
        raise LoadError(f"an attribute's code is small letters, digits, hyphens and underscores: {attribute.code!r}")
    if attribute.kind not in ATTRIBUTE_KINDS:
        raise LoadError(f"attribute {attribute.code}: {attribute.kind!r} is not one of {', '.join(ATTRIBUTE_KINDS)}")
    if attribute.on != "product":
        raise LoadError(f"attribute {attribute.code}: only products have attributes, not {attribute.on!r}")


def _check_stores(plugin: Plugin) -> None:
    for one in plugin.stores:
        if one.kind not in {NEEDED, *WAITING}:
            raise LoadError(f"stored {one.name}: {one.kind!r} is not one of {', '.join((NEEDED, *WAITING))}")
        if one.where not in {"cookie", "browser"}:
            raise LoadError(f"stored {one.name}: where is cookie or browser, not {one.where!r}")
    kinds = {one.kind for one in plugin.stores}
    for place, kind in plugin.waits.items():
        if kind not in WAITING or kind not in kinds:
            raise LoadError(f"{place} waits for {kind!r}: say by stores= what of that kind is stored")


def _check_holds(plugin: Plugin) -> None:
    for code in plugin.holds:
        if code.partition(".")[0] != plugin.name or len(code) > 60:
            raise LoadError(f"the code of a hold is {plugin.name!r}, or begins with that and a dot: {code!r}")


def _check_stages(stages: tuple[Stage, ...]) -> None:
    codes = [stage.code for stage in stages]
    for stage in stages:
        if not ATTRIBUTE_CODE.match(stage.code) or len(stage.code) > 40:
            raise LoadError(f"a stage's code is small letters, digits, hyphens and underscores: {stage.code!r}")
        if stage.tone not in STAGE_TONES:
            raise LoadError(f"stage {stage.code}: {stage.tone!r} is not one of {', '.join(STAGE_TONES[1:])}, or empty")
        for before in stage.after:
            if before and before not in codes:
                raise LoadError(f"stage {stage.code}: it follows {before!r}, which is none{guess(before, codes)}")
    if len(codes) != len(set(codes)):
        raise LoadError("two stages have one code")


def _check_sections(sections: tuple[PanelSection, ...]) -> None:
    for section in sections:
        if section.place not in PANEL_PLACES:
            raise LoadError(
                f"panel section {section.name}: {section.place!r} is not one of {', '.join(PANEL_PLACES)}"
                f"{guess(section.place, PANEL_PLACES)}"
            )
        if not section.permission:
            raise LoadError(f"panel section {section.name}: say by its permission who sees it")
    names = [(section.place, section.name) for section in sections]
    if len(names) != len(set(names)):
        raise LoadError("two panel sections of one page have one name")


def guess(word: str, known: Any) -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
