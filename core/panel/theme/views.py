"""The customiser: a theme's settings as a draft, seen in the real shop, then published, planned or thrown away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

from flask import Response, make_response, request, url_for

from core.catalogue.services import media
from core.kernel import i18n, previews, respond, theme_drafts, theme_settings, theme_versions
from core.kernel.i18n import gettext as _
from core.kernel.installation import installation
from core.kernel.looks import published
from core.kernel.security import staff
from core.kernel.sites import current
from core.kernel.theme_drafts import DraftChanged
from core.kernel.themes import Theme
from core.lib.errors import NotFound, Refused, Unfit
from core.panel.activity import services as log
from core.panel.shell import actor, panel, shell
from core.panel.shell.answers import page, to
from core.panel.theme import forms, services

may_edit = staff("theme.edit")
Problems = Sequence[tuple[str, str]]


@panel.get("/theme", endpoint="theme")
@may_edit
def show() -> Response:
    """The settings of the theme that the site wears."""
    return _page(_theme(current().site.theme))


@panel.get("/theme/of/<theme>", endpoint="theme_of")
@may_edit
def show_theme(theme: str) -> Response:
    """The settings of any theme; a site may try one on before it wears it."""
    return _page(_theme(theme))


@panel.post("/theme/of/<theme>", endpoint="theme_save")
@may_edit
def save(theme: str) -> Response:
    """Store the form as the next state of the draft."""
    chosen, _step, answer = _save(theme)
    if answer is not None:
        return answer
    # A script says it itself; a note would wait for the page after.
    said = "" if respond.is_fragment() else _("The draft is saved. Shoppers do not see it yet.")
    return to("panel.theme_of", say=said, theme=chosen.name)


@panel.post("/theme/of/<theme>/publish", endpoint="theme_publish")
@may_edit
def publish(theme: str) -> Response:
    """Store the form, and show it to shoppers."""
    chosen, step, answer = _save(theme)
    if answer is not None:
        return answer
    number = theme_versions.publish(current().site.id, chosen.name, actor(), step)
    said = _("Version %(number)s is published. Shoppers see it with the next page.", number=number)
    return to("panel.theme_of", say=said, theme=chosen.name)


@panel.post("/theme/of/<theme>/plan", endpoint="theme_plan")
@may_edit
def plan(theme: str) -> Response:
    """Store the form, and let it be published at a time."""
    chosen, step, answer = _save(theme)
    if answer is not None:
        return answer
    site = current().site
    due_at = services.instant(request.form.get("due_at", ""), site.timezone)
    if due_at is None:
        return _unplanned(chosen, _("Write a day and a time."))
    try:
        theme_versions.plan(site.id, chosen.name, due_at, actor(), step)
    except Unfit as refusal:
        return _unplanned(chosen, i18n.gettext(refusal.errors["due_at"]))
    said = _("It will be published on %(at)s.", at=i18n.when(due_at, "short"))
    return to("panel.theme_of", say=said, theme=chosen.name)


@panel.post("/theme/of/<theme>/<any(undo, redo):way>", endpoint="theme_move")
@may_edit
def move(theme: str, way: str) -> Response:
    """Undo or redo one change."""
    chosen = _theme(theme)
    try:
        theme_drafts.move(current().site.id, chosen.name, _seen(), back=way == "undo")
    except DraftChanged as refusal:
        return _page(chosen, problems=[("", i18n.say(refusal))], status=409)
    return to("panel.theme_of", theme=chosen.name)


@panel.post("/theme/of/<theme>/discard", endpoint="theme_discard")
@may_edit
def discard(theme: str) -> Response:
    """Put the draft back to what shoppers see; undo brings it back."""
    chosen, state = _theme(theme), current()
    try:
        theme_drafts.change(state.site.id, chosen.name, published(state, chosen.name), actor(), _seen())
    except DraftChanged as refusal:
        return _page(chosen, problems=[("", i18n.say(refusal))], status=409)
    said = _("The draft is as shoppers see it. Undo brings your changes back.")
    return to("panel.theme_of", say=said, theme=chosen.name)


@panel.get("/theme/versions", endpoint="theme_versions")
@may_edit
def versions() -> Response:
    """What was published, by whom and when; and what is planned."""
    return page("theme_versions.html", **_versions())


@panel.post("/theme/versions/<int:version_id>/restore", endpoint="theme_restore")
@may_edit
def bring_back(version_id: int) -> Response:
    """Publish an earlier version again."""
    number = theme_versions.bring_back(current().site.id, version_id, actor())
    return to("panel.theme_versions", say=_("It is published again, as version %(number)s.", number=number))


@panel.post("/theme/versions/<int:version_id>/drop", endpoint="theme_drop")
@may_edit
def drop(version_id: int) -> Response:
    """Take back what was planned."""
    theme_versions.drop_plan(current().site.id, version_id, actor())
    undo = url_for("panel.theme_plan_restore", version_id=version_id)
    return to("panel.theme_versions", say=_("It will not be published. The draft is as it was."), undo=undo)


@panel.post("/theme/versions/<int:version_id>/plan", endpoint="theme_plan_restore")
@may_edit
def restore_plan(version_id: int) -> Response:
    """Plan again what was taken back."""
    site = current().site
    try:
        due_at = theme_versions.restore_plan(site.id, version_id, actor())
    except NotFound:
        return to("panel.theme_versions", say=_("Its time is past, or something else is planned."), kind="bad")
    return to("panel.theme_versions", say=_("It will be published on %(at)s.", at=i18n.when(due_at, "short")))


@panel.get("/theme/style.css", endpoint="theme_style")
@may_edit
def style() -> Response:
    """The stylesheet of the preview `look`; without one, that of what shoppers see."""
    state, themes = current(), installation().themes
    theme, values = state.site.theme, published(state)
    if token := request.args.get("look"):
        said = previews.opened(token, state)
        if said["staff"] != shell().person.id:
            raise previews.PreviewEnded
        theme, values = said["theme"], previews.values(state, said)
    runtime = installation().sites.runtimes.get(theme, state.states)
    text = themes.style(theme, runtime.plugins).body.decode() + themes.look(theme, values)
    # A preview that is fetched anew after each change would begin a transition between pages, and break it off.
    answer = make_response(text + "@view-transition { navigation: none; }\n")
    answer.mimetype = "text/css"
    return answer


# -- parts of the answers ----------------------------------------------------------------------------------------------


def _theme(name: str) -> Theme:
    found = services.theme_named(name)
    if found is None:
        raise NotFound
    return found


def _seen() -> int:
    return request.form.get("seen", 0, type=int)


def _save(name: str) -> tuple[Theme, int, Response | None]:
    """Store what the form says, if it differs from the draft, and answer the state it is in now.

    Or the page to answer, if it cannot be stored.
    """
    theme, site = _theme(name), current().site
    values, problems = _values(theme)
    errors: dict[str, str] = {}
    try:
        values = theme_settings.checked(theme.settings.values(), values)
    except Unfit as refusal:
        errors = {name: i18n.gettext(message) for name, message in refusal.errors.items()}
    if errors or problems:
        labels = {setting.name: i18n.of_theme(theme.name, setting.label) for setting in theme.settings.values()}
        problems += [(name, i18n.labelled(labels[name], message)) for name, message in errors.items()]
        return theme, 0, _page(theme, values=values, problems=problems, errors=errors, status=422)
    draft = theme_drafts.draft(site.id, theme.name)
    if values == dict(draft.values):
        return theme, draft.step, None  # Sent twice, or two people chose the same.
    try:
        return theme, theme_drafts.change(site.id, theme.name, values, actor(), _seen()), None
    except DraftChanged:
        return theme, 0, _meanwhile(theme, values)


def _values(theme: Theme) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """What the form says; pictures that came with it are stored first."""
    form, problems = request.form.copy(), []
    for setting in theme.settings.values():
        upload = request.files.get(f"{setting.name}-file") if setting.kind == "picture" else None
        if upload is not None and upload.filename and shell().may("media.edit"):
            try:
                form[setting.name] = str(media.add_picture(upload.read(), upload.filename, {}, actor()))
            except Refused as refusal:
                problems.append((setting.name, i18n.labelled(upload.filename or "", i18n.say(refusal))))
    settings = list(theme.settings.values())
    return forms.read(settings, form, current().site.languages, services.picture), problems


def _meanwhile(theme: Theme, mine: Mapping[str, Any]) -> Response:
    """409: what the other changed; the form holds both, mine where both changed the same."""
    site = current().site
    now = theme_drafts.draft(site.id, theme.name)
    base = theme_drafts.values_at(site.id, theme.name, _seen())
    if base is None and _seen() == 0:
        base = published(current(), theme.name)
    changes = services.differing(theme, base or {}, now.values)
    told = i18n.clauses(i18n.labelled(label, f"{before or '–'} → {after or '–'}") for label, before, after in changes)
    said = _(
        "While you were choosing, %(who)s changed the draft (%(changes)s). What you chose is still below, together with"
        " that; saving again stores both.",
        who=log.who(now.actor),
        changes=told or _("back to what it was"),
    )
    return _page(theme, values=services.merged(mine, base, now.values), problems=[("", said)], status=409)


def _unplanned(theme: Theme, wrong: str) -> Response:
    told = _("The draft is saved, but it is not planned.")
    return _page(theme, problems=[("due_at", wrong)], told=told, errors={"due_at": wrong}, status=422)


def _page(
    theme: Theme,
    *,
    values: Mapping[str, Any] | None = None,
    problems: Problems = (),
    told: str = "",
    errors: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    state = current()
    site = state.site
    draft = theme_drafts.draft(site.id, theme.name)
    shown = draft.values if values is None else values
    is_worn = theme.name == site.theme
    changes = services.differing(theme, published(state, theme.name), draft.values)
    return page(
        "theme.html",
        status,
        theme=theme,
        theme_title=i18n.of_theme(theme.name, theme.title),
        themes=services.choices(),
        draft=draft,
        author=log.who(draft.actor) if draft.actor else "",
        groups=services.groups(theme, shown, site.languages, errors or {}),
        pictures=services.recent_pictures(shown, theme),
        changes=changes,
        is_worn=is_worn,
        is_waiting=bool(changes) or not is_worn,
        problems=problems,
        told=told,
        wrong_due=(errors or {}).get("due_at", ""),
        planned=theme_versions.planned(site.id),
        due_at=request.form.get("due_at", ""),
        preview=_preview(theme.name),
        pages=_pages(theme.name),
        look=request.form.get("look", "light"),
        width=request.form.get("width", "desktop"),
    )


def _preview(theme: str, path: str = "/", version_id: int = 0) -> str:
    """Where the draft (or a version) is seen in the shop, in the language that is read here."""
    site = current().site
    prefix = f"/{i18n.language().lower()}" if i18n.language() != site.language else ""
    return previews.address(site.id, theme, shell().person.id, prefix + path, version_id)


def _pages(theme: str) -> list[tuple[str, str]]:
    """(address, name) of the pages that the preview offers: each kind of page, by an example."""
    found = [(_preview(theme), _("Home page")), (_preview(theme, "/search"), _("A list"))]
    if (path := services.example_product(current().site)) is not None:
        found.append((_preview(theme, path), _("A product")))
    return [*found, (_preview(theme, "/cart"), _("The cart"))]


def _versions() -> dict[str, Any]:
    state = current()
    site = state.site
    found = theme_versions.versions(site.id)
    waiting = theme_versions.planned(site.id)
    shown = [
        {
            "version": version,
            "who": log.who(version.actor),
            "theme": i18n.of_theme(version.theme, installation().themes.get(version.theme).title),
            "is_now": version.theme == site.theme and dict(version.values) == dict(published(state, version.theme)),
            "preview": _preview(version.theme, version_id=version.id),
            "changes": services.differing(_known(version.theme), before.values if before else {}, version.values),
        }
        for version, before in zip_longest(found, found[1:])
    ]
    # Only the latest of several equal ones is what shoppers see now.
    now = next((one for one in shown if one["is_now"]), None)
    for one in shown:
        one["is_now"] = one is now
    return {
        "rows": shown,
        "planned": waiting,
        "planned_who": log.who(waiting.actor) if waiting else "",
        "planned_preview": _preview(waiting.theme, version_id=waiting.id) if waiting else "",
        "back": (url_for("panel.theme"), _("Theme")),
    }


def _known(name: str) -> Theme:
    return installation().themes.get(name)
