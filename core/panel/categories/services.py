"""The tree of categories for staff, and one of them for its form."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping

from msgspec import Struct, field

from core.catalogue.services import categories
from core.catalogue.services.returns import UnknownReturns
from core.hookspecs.site import Site
from core.kernel import db, i18n
from core.kernel.i18n import gettext as _
from core.lib.errors import NotFound
from core.lib.languages import named
from core.lib.text import clean_html
from core.panel.forms import is_whole
from core.panel.products.services import returns
from core.panel.shell.sites import every_site, languages

_WORDS = ("name", "body_html", "seo_title", "seo_description")


class Branch(Struct, frozen=True, kw_only=True):
    """A category in the tree, at its depth. `visible` is about this site."""

    id: int
    name: str
    depth: int
    products: int
    visible: bool


class CategoryWords(Struct, kw_only=True):
    """The words in one language as the form shows them.

    `first_on` are the sites that show the category and speak this language first. `is_dropped`: all that was there is
    emptied, so the language goes.
    """

    language: str
    title: str
    first_on: list[str] = field(default_factory=list)
    is_dropped: bool = False
    name: str = ""
    body_html: str = ""
    seo_title: str = ""
    seo_description: str = ""


class CategoryForm(Struct, kw_only=True):
    """One category as its form shows it; `id` None: a new one. `word` is what was read about sending back."""

    id: int | None
    parent_id: int | None
    position: str
    media_id: int | None
    visible: bool
    texts: list[CategoryWords]
    returns: dict[str, str] = field(default_factory=lambda: returns.shown(""))
    word: str | None = None
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return next((text.name for text in self.texts if text.name), "")

    def draft(self) -> categories.CategoryDraft:
        """As the catalogue takes it."""
        return categories.CategoryDraft(
            parent_id=self.parent_id,
            position=int(self.position),
            media_id=self.media_id,
            returns=self.word,
            texts={
                text.language: categories.CategoryText(
                    name=text.name,
                    body_html=clean_html(text.body_html),
                    seo_title=text.seo_title,
                    seo_description=text.seo_description,
                )
                for text in self.texts
                if text.name
            },
            drop_languages=tuple(text.language for text in self.texts if text.is_dropped),
        )


def tree(site: Site, language: str) -> list[Branch]:
    """Every category in the order of the tree; two statements."""
    found = db.rows(
        "SELECT c.id, c.parent_id, t.language, t.name, COALESCE(s.visible, ?) FROM category c"
        " LEFT JOIN category_text t ON t.category_id = c.id AND t.site_id IS NULL LEFT JOIN category_site s ON"
        " s.category_id = c.id AND s.site_id = ?"
        " WHERE c.deleted_at IS NULL ORDER BY c.position, c.id",
        True,
        site.id,
    )
    counts: dict[int, int] = dict(db.rows("SELECT category_id, COUNT(*) FROM product_category GROUP BY category_id"))
    names: dict[int, dict[str, str]] = defaultdict(dict)
    children: dict[int | None, list[int]] = defaultdict(list)
    shown: dict[int, bool] = {}
    for category_id, parent_id, tag, name, visible in found:
        if category_id not in names:
            children[parent_id].append(category_id)
        names[category_id][tag or ""], shown[category_id] = name or "", bool(visible)

    def below(parent: int | None, depth: int) -> list[Branch]:
        branches = []
        for child in children[parent]:
            branches.append(
                Branch(
                    id=child,
                    name=named(names[child], language),
                    depth=depth,
                    products=counts.get(child, 0),
                    visible=shown[child],
                )
            )
            branches += below(child, depth + 1)
        return branches

    return below(None, 0)


def form(site: Site, category_id: int | None, parent_id: int | None = None) -> CategoryForm:
    """The form of a category, or of a new one below `parent_id`; raises NotFound."""
    texts = {tag: CategoryWords(language=tag, title=i18n.language_name(tag)) for tag in languages(site)}
    if category_id is None:
        return CategoryForm(
            id=None, parent_id=parent_id, position="0", media_id=None, visible=True, texts=list(texts.values())
        )
    row = db.one(
        "SELECT parent_id, position, media_id, returns FROM category WHERE id = ? AND deleted_at IS NULL", category_id
    )
    if row is None:
        raise NotFound
    for tag, *words in db.rows(
        "SELECT language, name, body_html, seo_title, seo_description FROM category_text WHERE category_id = ? AND"
        " site_id IS NULL",
        category_id,
    ):
        if tag in texts:
            texts[tag].name, texts[tag].body_html, texts[tag].seo_title, texts[tag].seo_description = words
    shown: dict[int, bool] = dict(
        db.rows("SELECT site_id, visible FROM category_site WHERE category_id = ?", category_id)
    )
    for other in every_site():
        if other.id == site.id or shown.get(other.id, True):
            texts[other.language].first_on.append(other.name)
    return CategoryForm(
        id=category_id,
        parent_id=row[0],
        position=str(row[1]),
        media_id=row[2],
        visible=bool(shown.get(site.id, True)),
        texts=list(texts.values()),
        returns=returns.shown(row[3]),
    )


def read(typed: Mapping[str, str], shown: CategoryForm) -> list[tuple[str, str]]:
    """Put what was typed into the form; answers what cannot be read."""
    for text in shown.texts:
        _read_words(typed, text, shown.errors)
    parent, shown.position = typed.get("parent", ""), typed.get("position", "").strip() or "0"
    shown.parent_id = int(parent) if parent.isdecimal() else None
    shown.visible = bool(typed.get("visible"))
    if "returns" in typed:
        shown.returns = {name: typed.get(name, "") for name in ("returns", "returns_days")}
    try:
        shown.word = returns.read(typed)
    except UnknownReturns as refusal:
        shown.errors[refusal.field or "returns"] = i18n.say(refusal)
    if not shown.name:
        shown.errors[f"name-{shown.texts[0].language}"] = _("Fill this in.")
    if not is_whole(shown.position):
        shown.errors["position"] = _("Write a whole number.")
    titles = {f"name-{text.language}": i18n.enumerated((text.title, _("Name"))) for text in shown.texts}
    titles["position"] = _("Position")
    return [
        (name, i18n.labelled(titles[name], message) if name in titles else message)
        for name, message in shown.errors.items()
    ]


def _read_words(typed: Mapping[str, str], text: CategoryWords, errors: dict[str, str]) -> None:
    """A name that was given goes only with all of its language."""
    had, name = text.name, f"name-{text.language}"
    for column in _WORDS:
        setattr(text, column, typed.get(f"{column.removesuffix('_html')}-{text.language}", "").strip())
    if not had or text.name or name not in typed:
        return
    text.is_dropped = not (text.first_on or text.body_html or text.seo_title or text.seo_description)
    if text.first_on:
        first = i18n.enumerated(text.first_on)
        errors[name] = _("Give the category a name. This is the first language of %(sites)s.", sites=first)
    elif not text.is_dropped:
        errors[name] = _("Give the category a name, or empty all words of this language to remove it.")


def bring_back_words(site: Site, category_id: int, entry_id: int, actor: str) -> None:
    """Undo the removal of languages that an entry of the log tells of; words that came since stay. Raises NotFound."""
    row = db.one(
        "SELECT before, after FROM activity WHERE id = ? AND object = ? AND verb = 'category.changed'",
        entry_id,
        f"category:{category_id}",
    )
    if row is None:
        raise NotFound
    before, after = json.loads(row[0] or "{}"), json.loads(row[1] or "{}")
    shown, is_changed = form(site, category_id), False
    for text in shown.texts:
        name = f"name ({text.language})"
        if not text.name and before.get(name) and name in after and after[name] is None:
            is_changed = True
            for column in _WORDS:
                setattr(text, column, before.get(f"{column} ({text.language})", ""))
    if is_changed:
        categories.update_category(category_id, shown.draft(), actor)


def save(site: Site, shown: CategoryForm, actor: str, *, key: str = "") -> int:
    """Make or change a category, and whether this site shows it; answers its id. Raises what the catalogue raises."""
    if shown.id is None:
        category_id = categories.create_category(shown.draft(), actor, key=key)
    else:
        category_id = shown.id
        categories.update_category(category_id, shown.draft(), actor)
    known = db.value("SELECT visible FROM category_site WHERE site_id = ? AND category_id = ?", site.id, category_id)
    if shown.visible != (known is None or bool(known)):
        categories.set_category_on_site(
            site, category_id, visible=shown.visible, position=int(shown.position), actor=actor
        )
    return category_id
