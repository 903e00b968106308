"""What plugins say of products (`site_data`): for cards, before the transaction that writes them, and for a page."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct, field

from core.catalogue.services.shapes import Rating
from core.hookspecs.site import Data, Site
from core.kernel import cache, db, jobs
from core.kernel.installation import installation
from core.kernel.sites import SiteState
from core.lib import clock

_AT_ONCE = 1000
_MOST_LETTERS = 20_000
_BEST, _MOST_RATINGS = 5, 999_999
JSON_LD = "json_ld"  # For the product's page alone; a card has no room for it.
ASK_AGAIN = "cards.ask_again"
Values = Mapping[str, Mapping[str, object]]  # Plugin to what it says.
Key = tuple[int, int]  # (site, product)


def said_of(state: SiteState, product_ids: Sequence[int]) -> dict[int, dict[str, Data]]:
    """Ask the site's plugins about these products: per product, what each says. Not inside a transaction.

    What cannot be written as JSON, or is too long to be read with every list, is a fault of its plugin and left out.
    """
    found: dict[int, dict[str, Data]] = defaultdict(dict)
    if not product_ids or not state.hooks.answering("site_data"):
        return found
    for start in range(0, len(product_ids), _AT_ONCE):
        part = tuple(product_ids[start : start + _AT_ONCE])
        asked = frozenset(part)
        for plugin, answers in state.hooks.site_data(site=state.site, kind="product", objects=part).items():
            for product_id, data in _readable(state.site, plugin, answers).items():
                if product_id in asked:
                    found[product_id][plugin] = data
    return found


def _readable(site: Site, plugin: str, answers: Mapping[int, Data]) -> dict[int, Data]:
    """The answers that can be stored; of the others the first is reported."""
    good, wrong = {}, None
    for product_id, data in answers.items():
        try:
            _check(data)
        except (TypeError, ValueError) as error:
            wrong = wrong or error
        else:
            good[product_id] = data
    if wrong is not None:
        installation().faults.report(site.id, plugin, "site_data", wrong)
    return good


def _check(data: Data) -> None:
    """Raise TypeError or ValueError for what has no JSON, or too much of it."""
    if len(json.dumps(dict(data.values), allow_nan=False)) > _MOST_LETTERS:
        raise ValueError(f"more than {_MOST_LETTERS} letters about one product")


# Touched where a product gets its first stars or loses its last: lists say then whether stars can sort them.
RATED = "rated"


def rating_in(values: Values) -> Rating | None:
    """The stars of the first plugin that counts any: `rating` above 0 and up to 5, `rating_count` at least 1."""
    for said in values.values():
        mean, count = said.get("rating"), said.get("rating_count")
        if isinstance(mean, bool) or isinstance(count, bool):
            continue
        if isinstance(mean, int | float) and 0 < mean <= _BEST and isinstance(count, int) and count > 0:
            return Rating(mean=float(mean), count=count)
    return None


def rank(rating: Rating | None) -> int:
    """One number to sort by: the mean in hundredths, then how many said so; 0 without stars."""
    return 0 if rating is None else round(rating.mean * 100) * (_MOST_RATINGS + 1) + min(rating.count, _MOST_RATINGS)


# -- for cards ---------------------------------------------------------------------------------------------------------


class Said(Struct, frozen=True):
    """What all plugins say of a product on a site, true until `until` (microseconds)."""

    values: Values = field(default_factory=dict)
    until: int | None = None


NOTHING = Said()


class ProductData(Struct, frozen=True):
    """What plugins answered. Sites in `silent` have no plugin to ask, so nothing is missing there.

    `versions` are those that the data had before the plugins were asked.
    """

    said: Mapping[Key, Said] = field(default_factory=dict)
    versions: Mapping[Key, int] = field(default_factory=dict)
    silent: frozenset[int] = frozenset()

    def knows(self, site_id: int, product_id: int) -> bool:
        """Whether the plugins of the site were asked about this product."""
        return site_id in self.silent or (site_id, product_id) in self.said

    def about(self, site_id: int, product_id: int, at: int) -> Said:
        """What holds at the instant `at` (microseconds)."""
        said = self.said.get((site_id, product_id), NOTHING)
        return NOTHING if said.until is not None and said.until <= at else said

    def not_overtaken(self) -> ProductData:
        """Without the answers that a change has overtaken since they were given. In the transaction that stores them.

        Between the question and this transaction a plugin may have changed its data; then it is asked once more.
        """
        if not self.said:
            return self
        now = _versions(self.said)
        said = {key: answer for key, answer in self.said.items() if now.get(key) == self.versions.get(key)}
        return ProductData(said, self.versions, self.silent)


def ask_data(product_ids: Collection[int]) -> ProductData:
    """Ask every site's plugins about these products. No statement where no plugin has anything to say."""
    states = installation().sites.all()
    speaking = [state for state in states if state.hooks.answering("site_data")]
    silent = frozenset(state.site.id for state in states) - {state.site.id for state in speaking}
    if not speaking or not product_ids:
        return ProductData(silent=silent)
    ids = sorted(product_ids)
    versions = _versions([(state.site.id, product_id) for state in speaking for product_id in ids])
    said: dict[Key, Said] = {}
    for state in speaking:
        answers = said_of(state, ids)
        said.update({(state.site.id, product_id): _together(answers.get(product_id, {})) for product_id in ids})
    return ProductData(said, versions, silent)


def _together(answers: Mapping[str, Data]) -> Said:
    if not answers:
        return NOTHING
    values = {
        plugin: {name: value for name, value in data.values.items() if name != JSON_LD}
        for plugin, data in answers.items()
    }
    ends = [clock.micros(data.until) for data in answers.values() if data.until is not None]
    return Said({plugin: said for plugin, said in values.items() if said}, min(ends, default=None))


# -- changes -----------------------------------------------------------------------------------------------------------


def product_data_changed(site: Site, product_ids: Collection[int]) -> None:
    """Say that what this plugin's `site_data` answers about these products is about to change.

    Part of the verb that changes it, inside its transaction: with the commit the products' pages end, and a job asks
    again and writes their cards. Nothing is lost if the process dies in between.
    """
    ids = sorted(set(product_ids))
    if not ids:
        return
    cache.touch(*(f"product:{product_id}" for product_id in ids), *(_tag((site.id, one)) for one in ids))
    for start in range(0, len(ids), _AT_ONCE):
        jobs.enqueue(ASK_AGAIN, {"product_ids": ids[start : start + _AT_ONCE]}, site_id=site.id)


def _tag(key: Key) -> str:
    return f"product_data:{key[0]}:{key[1]}"


def _versions(keys: Collection[Key]) -> dict[Key, int]:
    """How often the data changed, by the cache's clock; those that never did are absent."""
    by_tag, found = {_tag(key): key for key in keys}, {}
    tags = list(by_tag)
    for start in range(0, len(tags), _AT_ONCE):
        part = tags[start : start + _AT_ONCE]
        for tag, version in db.rows(f"SELECT tag, version FROM tag_version WHERE tag IN ({db.marks(part)})", *part):
            found[by_tag[tag]] = version
    return found
