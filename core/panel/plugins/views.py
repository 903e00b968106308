"""The switchboard of a site, its plugins' settings and faults; and the settings that all sites inherit."""

from __future__ import annotations

from flask import Response, request, url_for

from core.kernel import i18n, switch, trials
from core.kernel.i18n import gettext as _
from core.kernel.installation import installation
from core.kernel.security import staff
from core.kernel.sites import current, state_of
from core.lib.errors import StoaError, Unfit
from core.panel.activity import services as log
from core.panel.plugins.services import board as boards
from core.panel.plugins.services import settings as forms
from core.panel.shell import actor, panel, shell
from core.panel.shell.answers import page, to
from core.panel.shell.menu import COUNTERS
from core.panel.sites.services import silence_of

may_switch = staff("plugins.switch")
may_set = staff("plugins.settings")
# The changes that the settings form shows; a switch is none of them.
_GUARDS = {"checkout_problems", "order_problems"}
_FORM = ("plugin.settings", "plugin.must_pass")


def _paused(_site: object) -> tuple[int, bool]:
    return sum(state == "paused" for state in current().states.values()), True


COUNTERS["plugins"] = _paused


@panel.get("/plugins", endpoint="plugins")
@may_switch
def board() -> Response:
    """Every plugin with its state on this site."""
    rows = boards.board(current().site.id)
    show, query = request.args.get("show", "all"), request.args.get("q", "")
    groups = boards.grouped(rows, show, query)
    return page("plugins.html", groups=groups, counts=boards.counts(rows), show=show, query=query, may_switch=True)


@panel.post("/plugins/<name>/switch", endpoint="plugin_switch")
@may_switch
def turn(name: str) -> Response:
    """Switch a plugin on or off; one that needs others leads to the page that says which."""
    site_id = current().site.id
    try:
        if request.values.get("on"):
            switch.switch_on(site_id, name, actor())
            return _back(name, _("%(plugin)s is on.", plugin=_title(name)))
        ended = switch.switch_off(site_id, name, actor())
    except (switch.NeedsAnother, switch.Conflicts):
        return to("panel.plugin_together", name=name)
    except StoaError as refusal:
        return _back(name, i18n.say(refusal), "bad")
    said = _("%(plugin)s is off. Its data is kept.", plugin=_title(name))
    if ended == "draining":
        said = _("%(plugin)s is no longer offered and ends with its last open order.", plugin=_title(name))
    loaded = installation().plugins.loaded.get(name)
    if loaded and loaded.plugin.languages and (silence := silence_of(state_of(site_id))):
        said = f"{said} {silence}"
    return _back(name, said, undo=url_for("panel.plugin_switch", name=name, on=1))


@panel.get("/plugins/<name>/together", endpoint="plugin_together")
@may_switch
def ask_together(name: str) -> Response:
    """What switching a plugin on brings with it."""
    return page("plugin_together.html", plan=boards.together(current().site.id, name))


@panel.post("/plugins/<name>/together", endpoint="plugin_together_save")
@may_switch
def turn_together(name: str) -> Response:
    """Switch a plugin on with all that it needs."""
    try:
        boards.switch_together(current().site.id, name, actor())
    except StoaError as refusal:
        return _back(name, i18n.say(refusal), "bad")
    return _back(name, _("%(plugin)s is on.", plugin=_title(name)))


@panel.post("/plugins/<name>/resume", endpoint="plugin_resume")
@may_switch
def resume(name: str) -> Response:
    """Let a paused plugin work again."""
    switch.resume(current().site.id, name, actor())
    return _back(name, _("%(plugin)s works again.", plugin=_title(name)))


@panel.get("/plugins/<name>/faults", endpoint="plugin_faults")
@may_switch
def faults(name: str) -> Response:
    """What went wrong inside a plugin."""
    return page("plugin_faults.html", title=_title(name), faults=switch.latest_faults(current().site.id, name))


@panel.get("/plugins/<name>", endpoint="plugin_settings")
@may_set
def settings(name: str) -> Response:
    """The settings form of a plugin on this site."""
    return _form(name, forms.items(name, current().site.id, current().site.currency))


@panel.post("/plugins/<name>", endpoint="plugin_settings_save")
@may_set
def save_settings(name: str) -> Response:
    """Store the settings of a plugin on this site."""
    site = current().site
    inherit = request.form.get("inherit", "")
    if other := log.meanwhile(request.form.get("version"), f"plugin:{name}", verbs=_FORM, site_id=site.id):
        return _form(name, forms.items(name, site.id, site.currency, request.form), 409, other)
    try:
        forms.save(
            name,
            site.id,
            request.form,
            site.currency,
            actor(),
            inherit=inherit,
            may_replace_secrets=shell().may("plugins.secrets"),
        )
    except Unfit as refusal:
        return _form(name, forms.items(name, site.id, site.currency, request.form, refusal.errors), 422)
    must = bool(request.form.get("must_pass"))
    if not inherit and must != _view(name).must_pass:
        switch.set_must_pass(site.id, name, actor(), must=must)
    return to("panel.plugin_settings", say=_("Settings are saved."), name=name)


@panel.post("/plugins/<name>/test", endpoint="plugin_test")
@may_set
def test_settings(name: str) -> Response:
    """Try the settings as they are saved, and say beside the button what came of it."""
    site = current().site
    trial = trials.try_settings(site, name, shell().person.email)
    return _form(name, forms.items(name, site.id, site.currency), trial=trial)


@panel.get("/installation/plugins", endpoint="plugin_defaults")
@staff("plugins.settings", everywhere=True)
def defaults() -> Response:
    """Plugins with settings, to be set once for all sites."""
    rows = [row for row in boards.board(current().site.id) if switch.declared_settings(row.name) is not None]
    return page("plugin_defaults.html", groups=boards.grouped(rows))


@panel.get("/installation/plugins/<name>", endpoint="plugin_default")
@staff("plugins.settings", everywhere=True)
def default_settings(name: str) -> Response:
    """The settings form of a plugin for all sites."""
    return _default_form(name, forms.items(name, None, current().site.currency))


@panel.post("/installation/plugins/<name>", endpoint="plugin_default_save")
@staff("plugins.settings", everywhere=True)
def save_default_settings(name: str) -> Response:
    """Store the settings of a plugin that all sites inherit."""
    currency = current().site.currency
    if other := log.meanwhile(request.form.get("version"), f"plugin:{name}", verbs=_FORM):
        return _default_form(name, forms.items(name, None, currency, request.form), 409, other)
    try:
        forms.save(
            name,
            None,
            request.form,
            currency,
            actor(),
            inherit=request.form.get("inherit", ""),
            may_replace_secrets=shell().may_everywhere("plugins.secrets"),
        )
    except Unfit as refusal:
        return _default_form(name, forms.items(name, None, currency, request.form, refusal.errors), 422)
    return to("panel.plugin_default", say=_("Settings are saved for all sites."), name=name)


def _form(
    name: str, items: list[forms.Item], status: int = 200, other: str = "", trial: trials.Trial | None = None
) -> Response:
    row = boards.row_of(current().site.id, name)
    view = _view(name)
    asked = bool(request.form.get("must_pass")) if request.method == "POST" and trial is None else view.must_pass
    for_all = url_for("panel.plugin_default", name=name) if shell().may_everywhere("plugins.settings") else ""
    return page(
        "plugin_settings.html",
        status,
        row=row,
        items=items,
        problems=_problems(items, other),
        version=log.latest(f"plugin:{name}", verbs=_FORM, site_id=current().site.id),
        for_all=False,
        for_all_url=for_all,
        must_pass=asked if _GUARDS & set(view.hooks) else None,
        can_be_tried=trials.can_be_tried(name),
        trial=trial,
        back=url_for("panel.plugins"),
    )


def _view(name: str) -> switch.PluginView:
    return next(view for view in switch.switchboard(current().site.id) if view.name == name)


def _default_form(name: str, items: list[forms.Item], status: int = 200, other: str = "") -> Response:
    row = boards.row_of(current().site.id, name)
    return page(
        "plugin_settings.html",
        status,
        row=row,
        items=items,
        problems=_problems(items, other),
        version=log.latest(f"plugin:{name}", verbs=_FORM),
        for_all=True,
        for_all_url="",
        must_pass=None,
        can_be_tried=False,
        trial=None,
        back=url_for("panel.plugin_defaults"),
    )


def _problems(items: list[forms.Item], other: str) -> list[tuple[str, str]]:
    """What somebody else changed meanwhile, then what is wrong with single settings."""
    wrong = [(item.id, i18n.labelled(item.label, item.error)) for item in items if item.error]
    return [("", other), *wrong] if other else wrong


def _title(name: str) -> str:
    loaded = installation().plugins.loaded.get(name)
    return i18n.of_plugin(name, str(loaded.plugin.title)) if loaded else name


def _back(name: str, say: str, kind: str = "good", undo: str = "") -> Response:
    return to("panel.plugins", say=say, kind=kind, undo=undo, _anchor=f"plugin-{name}")
