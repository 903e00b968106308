"""Categories as pages show them: the tree with counts, and one category's page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from core.catalogue.services.lists import cards_only
from core.catalogue.services.prices import state_for
from core.catalogue.services.reading import picture_of
from core.catalogue.services.shapes import CategoryNode, CategoryPage, Crumb, Home, ListingQuery, Moved, Sort
from core.hookspecs.site import Site
from core.kernel import cache, db

# The site's own words in the language asked for, then those of all sites, then the same in the site's language, then
# any.
_TEXT = """(SELECT t.id FROM category_text t WHERE t.category_id = c.id AND (t.site_id IS NULL OR t.site_id = ?)
 ORDER BY CASE WHEN t.language = ? THEN 0 WHEN t.language = ? THEN 1 ELSE 2 END,
   CASE WHEN t.site_id IS NULL THEN 1 ELSE 0 END, t.id LIMIT 1)"""
_TREE = f"""
SELECT c.id, c.parent_id, c.code, x.name, s.path, o.path, k.total,
  m.id, m.name, m.mime, m.width, m.height, m.focal_x, m.focal_y, m.alt
FROM category c
LEFT JOIN category_site z ON z.category_id = c.id AND z.site_id = ?
LEFT JOIN category_text x ON x.id = {_TEXT}
LEFT JOIN slug s ON s.kind = 'category' AND s.ref = c.id AND s.site_id = ? AND s.language = ? AND s.current = ?
LEFT JOIN slug o ON o.kind = 'category' AND o.ref = c.id AND o.site_id = ? AND o.language = ? AND o.current = ?
LEFT JOIN card_count k ON k.site_id = ? AND k.category_id = c.id AND k.currency = ? AND k.code = '' AND k.value = ''
LEFT JOIN media m ON m.id = c.media_id
WHERE c.deleted_at IS NULL AND (z.visible IS NULL OR z.visible = ?)
ORDER BY COALESCE(z.position, c.position), c.id
"""


def category_tree(site: Site, language: str, currency: str) -> tuple[CategoryNode, ...]:
    """The visible top categories with all below them, in order; one statement.

    Every page needs it for its menu, so each process keeps it as long as nothing in it changes.
    """
    cache.depends("categories")
    kept, key = state_for(site).extra, ("category_tree", language, currency)
    version = db.value("SELECT version FROM tag_version WHERE tag = 'categories'")
    found: tuple[object, tuple[CategoryNode, ...]] | None = kept.get(key)
    if found is None or found[0] != version:
        # Read after its version: if a change comes between, the next page reads again.
        found = kept[key] = (version, _read_tree(site, language, currency))
    return found[1]


def _read_tree(site: Site, language: str, currency: str) -> tuple[CategoryNode, ...]:
    here = (site.id, language, True, site.id, site.language, True)
    rows = db.rows(_TREE, site.id, site.id, language, site.language, *here, site.id, currency, True)
    below: dict[int | None, list[tuple[Any, ...]]] = defaultdict(list)
    for row in rows:
        below[row[1]].append(row)

    def nodes(parent_id: int | None) -> tuple[CategoryNode, ...]:
        return tuple(
            CategoryNode(
                id=row[0],
                code=row[2],
                name=row[3] or row[2],
                path=row[4] or row[5] or row[2],
                count=row[6] or 0,
                picture=picture_of(row[7:], language, site.language, row[3] or ""),
                children=nodes(row[0]),
            )
            for row in below[parent_id]
        )

    return nodes(None)


def trail(tree: Sequence[CategoryNode], category_id: int) -> tuple[CategoryNode, ...]:
    """The nodes from the top down to a category; empty if it is not in the tree."""

    def search(nodes: Sequence[CategoryNode]) -> tuple[CategoryNode, ...]:
        for node in nodes:
            if node.id == category_id:
                return (node,)
            if found := search(node.children):
                return (node, *found)
        return ()

    return search(tree)


def crumbs(nodes: Sequence[CategoryNode]) -> tuple[Crumb, ...]:
    """Steps of a trail."""
    return tuple(Crumb(category_id=node.id, name=node.name, path=node.path) for node in nodes)


# A site that was added later has no addresses for the categories there were; there their codes serve.
_PAGE = f"""
SELECT c.id, x.language, x.name, x.body_html, x.seo_title, x.seo_description, o.language, o.path
FROM category c
LEFT JOIN category_text x ON x.id = {_TEXT}
LEFT JOIN slug o ON o.kind = 'category' AND o.ref = c.id AND o.site_id = ? AND o.current = ?
WHERE c.id = COALESCE(
  (SELECT s.ref FROM slug s WHERE s.site_id = ? AND s.language = ? AND s.kind = 'category' AND s.path = ?),
  (SELECT s.ref FROM slug s WHERE s.site_id = ? AND s.language = ? AND s.kind = 'category' AND s.path = ?),
  (SELECT k.id FROM category k WHERE k.code = ?
    AND NOT EXISTS (SELECT 1 FROM slug s WHERE s.kind = 'category' AND s.ref = k.id AND s.site_id = ?)))
"""


def category_page(
    site: Site, language: str, currency: str, path: str, tree: Sequence[CategoryNode] | None = None
) -> CategoryPage | Moved | None:
    """The page at /c/<path>, where it moved to, or None if the site shows no such category.

    One statement, and one more if the `tree`, which menus need too, is not handed over.
    """
    wanted = path.replace("\0", "")
    at = (site.id, language, wanted, site.id, site.language, wanted, wanted, site.id)
    rows = db.rows(_PAGE, site.id, language, site.language, site.id, True, *at)
    if not rows:
        return None
    category_id, text_language, name, *words = rows[0][:6]
    steps = trail(category_tree(site, language, currency) if tree is None else tree, category_id)
    if not steps:
        return None
    node = steps[-1]
    if node.path != path:
        return Moved(path=node.path)
    body_html, seo_title, seo_description = (text or "" for text in words)
    return CategoryPage(
        id=category_id,
        path=path,
        name=name or node.name,
        body_html=body_html,
        seo_title=seo_title,
        seo_description=seo_description,
        text_language=text_language or language,
        picture=node.picture,
        crumbs=crumbs(steps[:-1]),
        children=node.children,
        alternates={row[6]: row[7] for row in rows if row[6] in site.languages},
    )


def home_page(
    site: Site, language: str, currency: str, *, newest: int = 8, tree: Sequence[CategoryNode] | None = None
) -> Home:
    """The newest products and the top categories: one statement, and one more without the `tree`."""
    cards = cards_only(site, language, currency, ListingQuery(sort=Sort.NEWEST, limit=newest))
    untils = [card.until for card in cards if card.until is not None]
    categories = category_tree(site, language, currency) if tree is None else tuple(tree)
    return Home(newest=cards, categories=categories, until=min(untils, default=None))


def flat(tree: Sequence[CategoryNode], depth: int = 0) -> Iterator[tuple[int, CategoryNode]]:
    """Every node with its depth, parents first: for selects and sitemaps."""
    for node in tree:
        yield depth, node
        yield from flat(node.children, depth + 1)
