"""All sites of the installation, and the settings of the one that is open."""

from __future__ import annotations

from flask import Response, request, url_for

from core.kernel import i18n, respond, site_verbs
from core.kernel.i18n import gettext as _
from core.kernel.security import public, staff
from core.kernel.setting_up import is_setup_key
from core.kernel.sites import current, state_of
from core.lib.errors import NotFound, Unfit
from core.panel.activity import services as log
from core.panel.forms import PanelForm
from core.panel.shell import actor, panel
from core.panel.shell.answers import page, to
from core.panel.sites import services
from core.panel.sites.forms import SetupForm, SiteForm, of_site, timezone_of

may_edit_all = staff("sites.edit", everywhere=True)
_FORM = ("site.edited", "site.domains", "theme.published")


# -- the first site ----------------------------------------------------------------------------------------------------


@panel.get("/setup", endpoint="setup")
@public
def ask_first() -> Response:
    """The form for the first site; with the key that was printed, and while there is none."""
    key = _setup_key()
    tag = i18n.language()
    data = {"host": request.host.partition(":")[0], "language": tag, **_FIRST.get(tag, _FIRST["en"])}
    return _first_page(SetupForm(data=data).offer(site_verbs.speakable(None)), [], key)


@panel.post("/setup", endpoint="setup_save")
@public
def add_first() -> Response:
    """Add the first site; whoever made it signs in next."""
    key = _setup_key()
    form = SetupForm(request.form).offer(site_verbs.speakable(None))
    if not form.validate():
        return _first_page(form, form.problems, key, 422)
    try:
        site_verbs.add_site(**form.data, timezone=timezone_of(form.country.data), actor="system", first=True)
    except Unfit as refusal:
        return _first_page(form, _refused(form, refusal), key, 422)
    respond.note(_("Your shop is there. Sign in with the password that was printed beside the address."))
    return respond.redirect("/panel/login")  # In the site's own language, whichever this page was read in.


_FIRST = {"en": {"currency": "EUR", "country": "DE"}, "zh-CN": {"currency": "CNY", "country": "CN"}}


def _setup_key() -> str:
    """The key that was sent. Raises NotFound where it is wrong, or there is a site."""
    key = request.values.get("key", "")
    if current().site.id != 0 or not is_setup_key(key):
        raise NotFound
    return key


def _first_page(form: SetupForm, problems: list[tuple[str, str]], key: str, status: int = 200) -> Response:
    return page("setup.html", status, form=form, problems=problems, key=key)


# -- every site --------------------------------------------------------------------------------------------------------


@panel.get("/installation/sites", endpoint="sites")
@may_edit_all
def show() -> Response:
    """Every site."""
    return page("sites.html", rows=services.all_sites())


@panel.get("/installation/sites/new", endpoint="site_new")
@may_edit_all
def ask_new() -> Response:
    """The form for a further site, with what the open one has."""
    site = current().site
    return _form_new(
        SiteForm(
            data={
                "language": site.language,
                "currency": site.currency,
                "country": site.country,
                "timezone": site.timezone,
                "theme": site.theme,
                "prices_include_tax": site.prices_include_tax,
            }
        ).offer(site_verbs.speakable(None)),
        [],
    )


@panel.post("/installation/sites/new", endpoint="site_new_save")
@may_edit_all
def add() -> Response:
    """Add a site."""
    form = SiteForm(request.form).offer(site_verbs.speakable(None))
    if not form.validate():
        return _form_new(form, form.problems, 422)
    changes = form.changes()
    is_open = bool(changes.pop("open"))
    try:
        site = site_verbs.add_site(**changes, actor=actor())  # type: ignore[arg-type]
        site_verbs.set_domains(site.id, form.further_hosts, actor())
    except Unfit as refusal:
        return _form_new(form, _refused(form, refusal), 422)
    if not is_open:
        site_verbs.edit_site(site.id, {"open": False}, actor())
    return to("panel.sites", say=_("%(site)s is added.", site=site.name))


@panel.get("/installation/sites/<int:site_id>", endpoint="site_edit")
@may_edit_all
def edit(site_id: int) -> Response:
    """The settings of any site."""
    return _form_of(site_id, (url_for("panel.sites"), _("All sites")), is_here=False)


@panel.post("/installation/sites/<int:site_id>", endpoint="site_edit_save")
@may_edit_all
def save(site_id: int) -> Response:
    """Change the settings of any site."""
    return _save(site_id, "panel.sites", (url_for("panel.sites"), _("All sites")), is_here=False)


@panel.get("/settings", endpoint="settings")
@staff("site.edit")
def edit_here() -> Response:
    """The settings of this site."""
    return _form_of(current().site.id, None, is_here=True)


@panel.post("/settings", endpoint="settings_save")
@staff("site.edit")
def save_here() -> Response:
    """Change the settings of this site."""
    return _save(current().site.id, "panel.settings", None, is_here=True)


def _things(site_id: int) -> tuple[str, str]:
    """What the form shows: the site, and the theme that it wears, which is also changed under Theme."""
    return f"site:{site_id}", f"theme:{site_id}"


def _save(site_id: int, then: str, back: tuple[str, str] | None, *, is_here: bool) -> Response:
    form = SiteForm(request.form).offer(site_verbs.speakable(site_id))
    if other := log.meanwhile(request.form.get("version"), *_things(site_id), verbs=_FORM):
        name = state_of(site_id).site.name
        return _page(form, [("", other)], name, back, site_id=site_id, is_here=is_here, status=409)
    if not form.validate():
        return _page(
            form, form.problems, state_of(site_id).site.name, back, site_id=site_id, is_here=is_here, status=422
        )
    try:
        site_verbs.edit_site(site_id, form.changes(), actor())
        site_verbs.set_domains(site_id, form.further_hosts, actor())
    except Unfit as refusal:
        return _page(
            form,
            _refused(form, refusal),
            state_of(site_id).site.name,
            back,
            site_id=site_id,
            is_here=is_here,
            status=422,
        )
    return to(then, say=_("Settings are saved."))


def _form_of(site_id: int, back: tuple[str, str] | None, *, is_here: bool) -> Response:
    state = state_of(site_id)
    form = of_site(state, services.domains_of(site_id), site_verbs.speakable(site_id))
    return _page(form, [], state.site.name, back, site_id=site_id, is_here=is_here)


def _form_new(form: SiteForm, problems: list[tuple[str, str]], status: int = 200) -> Response:
    back = (url_for("panel.sites"), _("All sites"))
    return page(
        "site_edit.html",
        status,
        form=form,
        problems=problems,
        title=_("Add a site"),
        lede="",
        back=back,
        is_here=False,
        silent="",
        version=0,
        act=_("Add the site"),
    )


def _page(
    form: SiteForm,
    problems: list[tuple[str, str]],
    name: str,
    back: tuple[str, str] | None,
    *,
    site_id: int,
    is_here: bool,
    status: int = 200,
) -> Response:
    title = _("Settings") if is_here else name
    return page(
        "site_edit.html",
        status,
        form=form,
        problems=problems,
        title=title,
        lede=name if is_here else "",
        back=back,
        is_here=is_here,
        silent=services.silence_of(state_of(site_id)),
        version=log.latest(*_things(site_id), verbs=_FORM),
        act=_("Save settings"),
    )


def _refused(form: PanelForm, refusal: Unfit) -> list[tuple[str, str]]:
    """The service's refusals, each beside its field."""
    problems = []
    for name, message in refusal.errors.items():
        problems = form.refuse(name, i18n.gettext(message))
    return problems
