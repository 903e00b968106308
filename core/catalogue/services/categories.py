"""The tree of categories, as staff and imports change it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec import Struct, field

from core.catalogue.services.card_facts import sites, tree
from core.catalogue.services.cards import changing
from core.catalogue.services.returns import parse_returns
from core.catalogue.services.slugs import claim_path, current_path
from core.catalogue.services.words import code_of
from core.catalogue.services.writing import insert, insert_rows, update
from core.hookspecs.site import Site
from core.kernel import activity, cache, db
from core.kernel.repeats import claim
from core.lib import clock
from core.lib.errors import NotFound, Refused, Unfit
from core.lib.text import slugify


class WouldCircle(Refused):
    """A category cannot be put below itself."""

    code = "would_circle"
    default_message = "A category cannot stand below itself."


class CategoryText(Struct, frozen=True, kw_only=True):
    """Words in one language. `body_html` must be sanitised already."""

    name: str
    body_html: str = ""
    seo_title: str = ""
    seo_description: str = ""


class CategoryDraft(Struct, frozen=True, kw_only=True):
    """A category as it should be. `texts` maps languages to words; `code` is made from the first name if empty.

    `drop_languages` are those whose words go. `returns` is a word of `services.returns`; None leaves it as it is.
    """

    texts: Mapping[str, CategoryText] = field(default_factory=dict)
    drop_languages: tuple[str, ...] = ()
    parent_id: int | None = None
    position: int = 0
    code: str = ""
    media_id: int | None = None
    returns: str | None = None


def create_category(draft: CategoryDraft, actor: str, *, key: str = "") -> int:
    """Make a category and its address on every site. Raises NotFound for the parent, Unfit, DoneBefore. Commits."""
    with db.transaction():
        claim(key)
        return _create(draft, actor)


def ensure_category(names: Sequence[str], language: str, actor: str) -> int:
    """The id of the category at this path of names from the top, made with all above it where it is missing."""
    with db.transaction():
        return make_path(names, language, actor)[0]


def make_path(names: Sequence[str], language: str, actor: str) -> tuple[int, list[int]]:
    """Part of a verb: (the id of the category at this path, the ids of those that were made for it)."""
    parent_id: int | None = None
    made: list[int] = []
    for name in names:
        found = _child(parent_id, name, language)
        if found is None:
            found = _create(CategoryDraft(texts={language: CategoryText(name=name)}, parent_id=parent_id), actor)
            made.append(found)
        parent_id = found
    if parent_id is None:
        raise Unfit({"categories": "A category needs a name."})
    return parent_id, made


def _child(parent_id: int | None, name: str, language: str) -> int | None:
    """A child by its name, in `language` if another has it in a different one; a deleted one comes back."""
    above = "c.parent_id IS NULL" if parent_id is None else "c.parent_id = ?"
    found: int | None = db.value(
        f"SELECT c.id FROM category c JOIN category_text t ON t.category_id = c.id WHERE {above} AND c.deleted_at IS"
        " NULL AND t.name = ?"
        " ORDER BY CASE WHEN t.language = ? THEN 0 ELSE 1 END, c.id LIMIT 1",
        *([] if parent_id is None else [parent_id]),
        name,
        language,
    )
    return found


def _create(draft: CategoryDraft, actor: str) -> int:
    if not any(text.name.strip() for text in draft.texts.values()):
        raise Unfit({"name": "Give the category a name."})
    if draft.parent_id is not None and db.value("SELECT 1 FROM category WHERE id = ?", draft.parent_id) is None:
        raise NotFound
    code = _free_code(code_of({language: text.name for language, text in draft.texts.items()}, draft.code)[:100])
    row = {"parent_id": draft.parent_id, "position": draft.position, "code": code, "media_id": draft.media_id}
    row["returns"] = parse_returns(draft.returns or "")
    category_id = insert("category", row)
    _save_texts(category_id, draft.texts)
    _claim_paths(category_id, draft.parent_id, draft.texts)
    activity.record(
        actor, "category.created", f"category:{category_id}", title=_title(draft.texts), after={"code": code}
    )
    cache.touch("categories")
    return category_id


def update_category(category_id: int, draft: CategoryDraft, actor: str) -> None:
    """Change words, picture, position and parent; addresses stay, so that links do.

    A language that the draft leaves out keeps its words; an empty `code` keeps the code. Raises NotFound, WouldCircle,
    and Unfit where no language would be left.
    """
    moved = _products_below([category_id])
    with changing(moved) as change:
        old = _row(category_id)
        if draft.parent_id != old[0]:
            _check_circle(category_id, draft.parent_id)
            change.products.update(moved)
        returns = old[4] if draft.returns is None else parse_returns(draft.returns)
        update(
            "category",
            category_id,
            {
                "parent_id": draft.parent_id,
                "position": draft.position,
                "media_id": draft.media_id,
                "returns": returns,
            },
        )
        _save_texts(category_id, draft.texts)
        dropped = _drop_texts(category_id, draft.drop_languages)
        _claim_paths(
            category_id,
            draft.parent_id,
            {language: text for language, text in draft.texts.items() if language not in old[3]},
        )
        activity.record(
            actor,
            "category.changed",
            f"category:{category_id}",
            title=_title(draft.texts),
            before={
                "parent": old[0],
                "position": old[1],
                "picture": old[2],
                "returns": old[4],
                **{f"name ({k})": v for k, v in old[3].items()},
                **dropped,
            },
            after={
                "parent": draft.parent_id,
                "position": draft.position,
                "picture": draft.media_id,
                "returns": returns,
                **{f"name ({language})": text.name for language, text in {**_shells(old[3]), **draft.texts}.items()},
                **dict.fromkeys(dropped),
            },
        )
        _touch(category_id, old[0], draft.parent_id)


def move_category(category_id: int, parent_id: int | None, position: int, actor: str) -> None:
    """Put a category, with all below it, elsewhere. Its address stays. Raises NotFound, WouldCircle."""
    media_id = _row(category_id)[2]
    update_category(category_id, CategoryDraft(parent_id=parent_id, position=position, media_id=media_id), actor)


def set_category_on_site(site: Site, category_id: int, *, visible: bool, position: int, actor: str) -> None:
    """Whether and where a site shows a category; hiding it hides all below it there. Raises NotFound."""
    below = _products_below([category_id])
    with changing(below) as change:
        _row(category_id)
        insert_rows(
            "category_site",
            ("site_id", "category_id", "visible", "position"),
            [(site.id, category_id, visible, position)],
            "ON CONFLICT (site_id, category_id) DO UPDATE SET visible = excluded.visible, position = excluded.position",
        )
        change.products.update(below)
        activity.record(
            actor,
            "category.placed",
            f"category:{category_id}",
            site_id=site.id,
            title=_name(category_id),
            after={"visible": visible, "position": position},
        )
        _touch(category_id)


def delete_category(category_id: int, actor: str) -> None:
    """Take a category and all below it out of sight; its products stay in their other ones. Raises NotFound."""
    _set_deleted(category_id, clock.now_us(), "category.deleted", actor)


def restore_category(category_id: int, actor: str) -> None:
    """Bring a deleted category back with everything in it. Raises NotFound."""
    _set_deleted(category_id, None, "category.restored", actor)


def _name(category_id: int) -> str:
    return db.value("SELECT name FROM category_text WHERE category_id = ? ORDER BY id LIMIT 1", category_id) or ""


def _set_deleted(category_id: int, at: int | None, verb: str, actor: str) -> None:
    below = _products_below([category_id])
    with changing(below) as change:
        _row(category_id)
        update("category", category_id, {"deleted_at": at})
        change.products.update(below)
        activity.record(actor, verb, f"category:{category_id}", title=_name(category_id))
        _touch(category_id)


def place_products(category_id: int, product_ids: Sequence[int], actor: str) -> None:
    """Order the named products of a category as given, in front of all others. Raises NotFound."""
    with changing(product_ids) as change:
        _row(category_id)
        for position, product_id in enumerate(product_ids, -len(product_ids)):
            db.execute(
                "UPDATE product_category SET position = ? WHERE category_id = ? AND product_id = ?",
                position,
                category_id,
                product_id,
            )
        change.products.update(product_ids)
        activity.record(actor, "category.ordered", f"category:{category_id}", after={"products": list(product_ids)})


# -- below -------------------------------------------------------------------------------------------------------------


def _row(category_id: int) -> tuple[int | None, int, int | None, dict[str, str], str]:
    """(parent, position, picture, names by language, what it says of returns). Raises NotFound."""
    row = db.one("SELECT parent_id, position, media_id, returns FROM category WHERE id = ?", category_id)
    if row is None:
        raise NotFound
    names: dict[str, str] = dict(
        db.rows("SELECT language, name FROM category_text WHERE category_id = ? AND site_id IS NULL", category_id)
    )
    return row[0], row[1], row[2], names, row[3]


def _shells(names: Mapping[str, str]) -> dict[str, CategoryText]:
    return {language: CategoryText(name=name) for language, name in names.items()}


def _title(texts: Mapping[str, CategoryText]) -> str:
    return next((text.name for text in texts.values()), "")


def _free_code(code: str) -> str:
    taken = {row[0] for row in db.rows("SELECT code FROM category WHERE code = ? OR code LIKE ?", code, f"{code}-%")}
    number, free = 1, code
    while free in taken:
        number += 1
        free = f"{code}-{number}"
    return free


_TEXT = ("name", "body_html", "seo_title", "seo_description")


def _save_texts(category_id: int, texts: Mapping[str, CategoryText]) -> None:
    for language, text in texts.items():
        db.execute(
            "DELETE FROM category_text WHERE category_id = ? AND language = ? AND site_id IS NULL",
            category_id,
            language,
        )
        columns = {
            "name": text.name,
            "body_html": text.body_html,
            "seo_title": text.seo_title,
            "seo_description": text.seo_description,
        }
        insert("category_text", {"category_id": category_id, "language": language, "site_id": None, **columns})


def _drop_texts(category_id: int, languages: Collection[str]) -> dict[str, str]:
    """The words in these languages go; answers them as the log keeps them. Raises Unfit where none are left."""
    if not languages:
        return {}
    marks = db.marks(tuple(languages))
    rows = db.rows(
        "DELETE FROM category_text WHERE category_id = ? AND site_id IS NULL AND language IN"
        f" ({marks}) RETURNING language, {', '.join(_TEXT)}",
        category_id,
        *languages,
    )
    if rows and not db.value("SELECT 1 FROM category_text WHERE category_id = ? AND site_id IS NULL", category_id):
        raise Unfit({"name": "Give the category a name."})
    return {
        f"{name} ({language})": word
        for language, *words in rows
        for name, word in zip(_TEXT, words, strict=True)
        if word
    }


def _claim_paths(category_id: int, parent_id: int | None, texts: Mapping[str, CategoryText]) -> None:
    """An address below the parent's on every site, in each of its languages."""
    for site in sites().values():
        for language in site.languages:
            text = texts.get(language) or texts.get(site.languages[0]) or next(iter(texts.values()), None)
            before = current_path(site.id, language, "category", category_id)
            if text is None or (before is not None and language not in texts):
                continue
            above = current_path(site.id, language, "category", parent_id) if parent_id is not None else None
            step = slugify(text.name) or f"category-{category_id}"
            wanted = f"{above}/{step}" if above else step
            claim_path(site.id, language, "category", category_id, wanted, before=before)


def _check_circle(category_id: int, parent_id: int | None) -> None:
    if parent_id is None:
        return
    known = tree()
    if parent_id not in known.parents:
        raise NotFound
    if category_id in known.chain(parent_id):
        raise WouldCircle


def _products_below(category_ids: Iterable[int]) -> list[int]:
    """The products of categories and of all below them."""
    ids = tuple(category_ids)
    return [
        row[0]
        for row in db.rows(
            f"WITH RECURSIVE below(id) AS (SELECT id FROM category WHERE id IN ({db.marks(ids)})"
            " UNION ALL SELECT c.id FROM category c JOIN below b ON c.parent_id = b.id)"
            " SELECT DISTINCT p.product_id FROM product_category p JOIN below b ON b.id = p.category_id ORDER BY 1",
            *ids,
        )
    ]


def _touch(*category_ids: int | None) -> None:
    cache.touch("categories", *(f"category:{category_id}" for category_id in category_ids if category_id is not None))
