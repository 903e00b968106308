"""Figures of days that were counted elsewhere, from a CSV file."""

from __future__ import annotations

import re

from core.api import CsvRow, Site, open_rows, products_by_sku, rows, transaction
from plugins.pulse.forms import words_of
from plugins.pulse.models import ALL, DEVICE, HOST, KINDS, LANGUAGE, PAGE, PRODUCT, WORDS
from plugins.pulse.services import days
from plugins.pulse.services.counting import Key, store

_WHAT = (PAGE, PRODUCT, WORDS, HOST, DEVICE, LANGUAGE)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_COUNT = re.compile(r"\d{1,9}")


def import_file(site: Site, path: str) -> tuple[int, list[int]]:
    """Take the rows of a file; answers how many, and the numbers of the lines that mean nothing.

    Days of which anything is known stay as they are, so that a file that is taken twice counts once. Raises
    UnreadableFile, OSError. Commits.
    """
    with open_rows(path) as found:
        read = [(row.line, row, _key(site, row)) for row in found]
    products = products_by_sku([key.name for _line, _row, key in read if key is not None and key.what == PRODUCT])
    counted: dict[Key, tuple[int, int]] = {}
    results: dict[Key, int] = {}
    wrong = []
    for line, row, key in read:
        meant = _meant(key, products)
        if meant is None:
            wrong.append(line)
            continue
        before = counted.get(meant, (0, 0))
        counted[meant] = (before[0] + int(row.cells["views"]), before[1] + int(row.cells.get("visits") or 0))
        if meant.what == WORDS and (row.cells.get("results") or row.cells.get("visits") == row.cells["views"]):
            results[meant] = int(row.cells.get("results") or 0)
    with transaction():
        known = {row[0] for row in rows("SELECT DISTINCT period FROM pulse_count WHERE site_id = ?", site.id)}
        fresh = {key: counts for key, counts in counted.items() if key.period not in known}
        store(fresh, results)
    return len(fresh), wrong


def _key(site: Site, row: CsvRow) -> Key | None:
    """What a row counts; None where it says nothing that can be counted."""
    cells = {name: text.strip() for name, text in row.cells.items()}
    day, what, name = cells.get("day", ""), cells.get("what", ""), cells.get("name", "")
    if not _DAY.fullmatch(day) or not days.oldest(site) <= day <= days.today(site).isoformat() or what not in _WHAT:
        return None
    counts = [cells.get(one, "") or "0" for one in ("views", "visits", "results")]
    if not all(_COUNT.fullmatch(count) for count in counts) or not cells.get("views"):
        return None
    if what == PAGE and name not in {ALL, *KINDS}:
        return None
    name = words_of(name) if what == WORDS else name
    return Key(site.id, day, what, name) if name or what == PAGE else None


def _meant(key: Key | None, products: dict[str, int]) -> Key | None:
    """The key with the product's number in place of its SKU."""
    if key is None or key.what != PRODUCT:
        return key
    return key._replace(name=str(products[key.name])) if key.name in products else None
