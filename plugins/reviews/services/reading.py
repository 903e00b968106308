"""What the public sees: counts, the newest few, and lists that are sorted, narrowed and paged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct, field
from peewee import fn

from core.api import (
    Data,
    Site,
    fold,
    gettext,
    instant,
    kept_still,
    language,
    marks,
    micros,
    replace,
    rows,
    shorten,
    value,
)
from plugins.reviews.models import PUBLISHED, Review, Translation
from plugins.reviews.services.translating import primary, translations

ON_PRODUCT, ON_PAGE = 4, 10
NEWEST, HELPFUL, HIGHEST, LOWEST = "newest", "helpful", "highest", "lowest"
SORTS = (NEWEST, HELPFUL, HIGHEST, LOWEST)
_TOLD_TO_MACHINES, _LETTERS = 3, 300
_LONGEST_WORDS, _MOST_WORDS = 60, 6
# Of each product: a row for each number of stars with how many gave it, one for each language with how many speak it,
# and the newest few. One statement.
_FACTS = """
SELECT product_id, stars, n, nth, place, created_at, name, language, title, text, spoken, told FROM (
  SELECT product_id, stars, created_at, name, language, title, text,
    COUNT(*) OVER (PARTITION BY product_id, stars) AS n,
    ROW_NUMBER() OVER (PARTITION BY product_id, stars ORDER BY created_at DESC, id DESC) AS nth,
    COUNT(*) OVER (PARTITION BY product_id, language) AS spoken,
    ROW_NUMBER() OVER (PARTITION BY product_id, language ORDER BY created_at DESC, id DESC) AS told,
    ROW_NUMBER() OVER (PARTITION BY product_id ORDER BY created_at DESC, id DESC) AS place
  FROM reviews_review WHERE site_id = ? AND state = 'published' AND product_id IN ({})) counted
WHERE nth = 1 OR told = 1 OR place <= 3 ORDER BY product_id, place
"""


def facts(site: Site, product_ids: Sequence[int]) -> dict[int, Data]:
    """What `site_data` says of these products; nothing of those without reviews. No statement on sites without any."""
    # Whoever publishes the first review says product_data_changed, so that this is read anew.
    if not product_ids or not kept_still(f"reviews:{site.id}", lambda: _has_any(site)):
        return {}
    found: dict[int, list[Any]] = {}
    for row in rows(_FACTS.format(marks(product_ids)), site.id, *product_ids):
        found.setdefault(row[0], []).append(row)
    return {product_id: Data(values=_values(about)) for product_id, about in found.items()}


def _has_any(site: Site) -> bool:
    return value("SELECT 1 FROM reviews_review WHERE site_id = ? AND state = ? LIMIT 1", site.id, PUBLISHED) is not None


def _values(about: Sequence[Any]) -> Mapping[str, object]:
    stars = [0, 0, 0, 0, 0]
    for row in about:
        stars[row[1] - 1] = row[2]
    count = sum(stars)
    mean = sum(number * (place + 1) for place, number in enumerate(stars)) / count
    newest = [_node(row) for row in about if row[4] <= _TOLD_TO_MACHINES]
    languages = {row[7]: row[10] for row in about if row[11] == 1}
    return {
        "rating": round(mean, 4), "rating_count": count, "stars": stars, "languages": languages,
        "json_ld": {"review": newest},
    }  # fmt: skip


def _node(row: Sequence[Any]) -> dict[str, object]:
    """A schema.org Review."""
    node: dict[str, object] = {
        "@type": "Review",
        "reviewRating": {"@type": "Rating", "ratingValue": row[1], "bestRating": 5, "worstRating": 1},
        "author": {"@type": "Person", "name": row[6] or gettext("A shopper")},
        "datePublished": instant(row[5]).date().isoformat(),
        "inLanguage": row[7],
    }
    return {
        **node,
        **({"name": row[8]} if row[8] else {}),
        **({"reviewBody": shorten(row[9], _LETTERS)} if row[9] else {}),
    }


# -- lists -------------------------------------------------------------------------------------------------------------


class Wish(Struct, frozen=True, kw_only=True):
    """Which reviews of a product, in which order, after which marker. `stars` 0: all; `q`: with all of these words.

    `own`: those that can be read in the language of the page.
    """

    stars: int = 0
    sort: str = NEWEST
    after: str = ""
    photos: bool = False
    own: bool = False
    q: str = ""

    @property
    def is_narrow(self) -> bool:
        """Whether it leaves anything out."""
        return bool(self.stars or self.photos or self.own or self.q)

    def but(self, **other: Any) -> dict[str, Any]:
        """The query string of the same wish with these parts otherwise, from its start."""
        return replace(self, **{"after": "", **other}).words

    @property
    def words(self) -> dict[str, Any]:
        """The query string that says the same; what goes without saying is left out."""
        said = {
            "stars": str(self.stars or ""), "sort": "" if self.sort == NEWEST else self.sort,
            "photos": "1" if self.photos else "", "own": "1" if self.own else "", "q": self.q, "after": self.after,
        }  # fmt: skip
        return {name: text for name, text in said.items() if text}


def wish_of(args: Mapping[str, str]) -> Wish:
    """A wish from a query string; what makes no sense is passed over."""
    stars, sort = args.get("stars", ""), args.get("sort", "")
    return Wish(
        stars=int(stars) if stars in {"1", "2", "3", "4", "5"} else 0,
        sort=sort if sort in SORTS else NEWEST,
        photos=args.get("photos", "") == "1",
        own=args.get("own", "") == "1",
        q=" ".join(args.get("q", "").replace("\0", " ").split())[:_LONGEST_WORDS],
        after=args.get("after", "") if _marker(args.get("after", "")) else "",
    )


class Shown(Struct, frozen=True, kw_only=True):
    """Some reviews, and the marker of the next ones (empty at the end).

    `foreign` are the ids of those in another language than the reader's, `translated` the shop's translations by id.
    """

    reviews: tuple[Review, ...]
    next: str
    foreign: frozenset[int] = frozenset()
    translated: Mapping[int, Translation] = field(default_factory=dict)


def listed(site: Site, product_id: int, wish: Wish, limit: int = ON_PAGE) -> Shown:
    """Published reviews of a product, with the shop's translations into the reader's language. Two statements."""
    wanted = Review.for_site(site).where(Review.product_id == product_id, Review.state == PUBLISHED)
    if wish.stars:
        wanted = wanted.where(Review.stars == wish.stars)
    if wish.photos:
        wanted = wanted.where(fn.LENGTH(Review.photos) > len("[]"))
    if wish.own:
        own = primary(language())
        wanted = wanted.where((Review.language == own) | Review.language.startswith(f"{own}-") | _translated(site))
    for word in fold(wish.q).split()[:_MOST_WORDS]:
        wanted = wanted.where(Review.folded.contains(word) | _translated(site, word))
    column, falls = _ORDER[wish.sort]
    marker = _marker(wish.after)
    if marker is not None:
        at: Any = instant(marker[0]) if column is Review.created_at else marker[0]
        beyond = column < at if falls else column > at
        wanted = wanted.where(beyond | ((column == at) & (Review.id < marker[1])))
    found = list(wanted.order_by(column.desc() if falls else column.asc(), Review.id.desc()).limit(limit + 1))
    page = found[:limit]
    following = f"{_number(getattr(page[-1], column.name))}.{page[-1].id}" if len(found) > limit else ""
    foreign = [one for one in page if primary(one.language) != primary(language())]
    return Shown(
        reviews=tuple(page), next=following, foreign=frozenset(one.id for one in foreign),
        translated=translations(site, foreign, language()),
    )  # fmt: skip


def _translated(site: Site, word: str = "") -> Any:
    """Whether the shop has translated a review into the reader's language, with `word` in it."""
    made = Translation.for_site(site).where(Translation.language == language())
    if word:
        made = made.where(Translation.folded.contains(word))
    return Review.id.in_(made.select(Translation.review))


def is_mixed(said: Mapping[str, Any]) -> bool:
    """Whether a product's reviews are in other languages than the reader's, too."""
    return any(primary(tag) != primary(language()) for tag in said.get("languages", ()))


_ORDER: dict[str, tuple[Any, bool]] = {
    NEWEST: (Review.created_at, True),
    HELPFUL: (Review.helpful, True),
    HIGHEST: (Review.stars, True),
    LOWEST: (Review.stars, False),
}
_LONGEST_MARKER = 17


def _number(found: datetime | int) -> int:
    return micros(found) if isinstance(found, datetime) else int(found)


def _marker(text: str) -> tuple[int, int] | None:
    """`<value>.<id>` of the last review of the page before."""
    parts = text.split(".")
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() for part in parts):
        return None
    if max(len(part) for part in parts) >= _LONGEST_MARKER or int(parts[1]) >= 2**31:
        return None
    return int(parts[0]), int(parts[1])
