"""The tree of categories and one category's form."""

from __future__ import annotations

from flask import Response, request, url_for

from core.catalogue.services import categories
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.security import staff
from core.kernel.sites import current
from core.lib.errors import Refused
from core.panel.activity import services as log
from core.panel.categories import services
from core.panel.products.services import returns
from core.panel.products.services.listing import category_choices
from core.panel.services import section_problems, shows_sections
from core.panel.shell import actor, panel
from core.panel.shell.answers import page, to
from core.panel.shell.once import form_key, once

_FORM = ("category.changed", "category.placed")


@panel.get("/categories", endpoint="categories")
@staff("catalogue.view")
def show() -> Response:
    """The whole tree."""
    return page("categories.html", branches=services.tree(current().site, i18n.language()))


@panel.get("/categories/new", endpoint="category_new")
@staff("categories.edit")
def ask_new() -> Response:
    """The form for a new category."""
    return _form_page(services.form(current().site, None, request.args.get("parent", type=int)), [])


@panel.post("/categories/new", endpoint="category_new_save")
@staff("categories.edit")
@once("panel.categories")
def add() -> Response:
    """Make a category."""
    return _save(services.form(current().site, None))


@panel.get("/categories/<int:category_id>", endpoint="category")
@staff("catalogue.view")
def one(category_id: int) -> Response:
    """One category."""
    return _form_page(services.form(current().site, category_id), list(section_problems()))


shows_sections("category", one)


@panel.post("/categories/<int:category_id>", endpoint="category_save")
@staff("categories.edit")
def save(category_id: int) -> Response:
    """Change a category."""
    return _save(services.form(current().site, category_id))


@panel.post("/categories/<int:category_id>/delete", endpoint="category_delete")
@staff("categories.edit")
def delete(category_id: int) -> Response:
    """Take a category and all below it out of sight."""
    categories.delete_category(category_id, actor())
    return to(
        "panel.categories",
        say=_("The category is deleted. Its products stay."),
        undo=url_for("panel.category_restore", category_id=category_id),
    )


@panel.post("/categories/<int:category_id>/restore", endpoint="category_restore")
@staff("categories.edit")
def restore(category_id: int) -> Response:
    """Bring a deleted category back."""
    categories.restore_category(category_id, actor())
    return to("panel.categories", say=_("The category is back."))


@panel.post("/categories/<int:category_id>/words/<int:entry_id>", endpoint="category_words_back")
@staff("categories.edit")
def bring_words_back(category_id: int, entry_id: int) -> Response:
    """Bring the words of a language back that was removed with a save."""
    services.bring_back_words(current().site, category_id, entry_id, actor())
    return to("panel.category", say=_("The words are back."), category_id=category_id)


def _save(form: services.CategoryForm) -> Response:
    problems = services.read(request.form, form)
    if form.id and (other := log.meanwhile(request.form.get("version"), f"category:{form.id}", verbs=_FORM)):
        return _form_page(form, [("", other), *problems], 409)
    if problems:
        return _form_page(form, problems, 422)
    try:
        services.save(current().site, form, actor(), key=form_key())
    except Refused as refusal:
        return _form_page(form, [("parent", i18n.say(refusal))], refusal.status)
    if dropped := [text.title for text in form.texts if text.is_dropped]:
        said = _("Saved. There are no words in %(languages)s any more.", languages=i18n.enumerated(dropped))
        entry = log.latest(f"category:{form.id}", verbs=("category.changed",))
        undo = url_for("panel.category_words_back", category_id=form.id, entry_id=entry)
        return to("panel.categories", say=said, undo=undo)
    return to("panel.categories", say=_("%(category)s is saved.", category=form.name))


def _form_page(form: services.CategoryForm, problems: list[tuple[str, str]], status: int = 200) -> Response:
    parents = [
        ("", _("At the top")),
        *(
            (str(category_id), name)
            for category_id, name in category_choices(i18n.language())
            if category_id != form.id
        ),
    ]
    version = log.latest(f"category:{form.id}", verbs=_FORM) if form.id else 0
    return page(
        "category.html",
        status,
        form=form,
        problems=problems,
        parents=parents,
        version=version,
        returns=returns.choices(category=True),
    )
