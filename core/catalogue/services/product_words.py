"""What a text of the panel is looked for in, on each product's own row: its folded names, SKUs and barcodes.

Nothing here is true by itself: whatever makes a product's cards anew copies it from the facts (docs/decisions/0056).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from core.kernel import db
from core.lib.text import fold

_AT_ONCE = 500
_MOST = 6


def differing(product_ids: Collection[int]) -> dict[int, str]:
    """The words that rows should have and have not. Three statements."""
    ids = tuple(product_ids)
    marks = db.marks(ids)
    lines: dict[int, dict[str, None]] = {product_id: {} for product_id in ids}
    for product_id, name in db.rows(
        f"SELECT product_id, name FROM product_text WHERE product_id IN ({marks}) ORDER BY id", *ids
    ):
        lines[product_id][fold(name)] = None
    for product_id, sku, barcode in db.rows(
        "SELECT product_id, sku, barcode FROM variant WHERE deleted_at IS NULL"
        f" AND product_id IN ({marks}) ORDER BY position, id",
        *ids,
    ):
        lines[product_id] |= {fold(sku): None, fold(barcode): None}
    stored = db.rows(f"SELECT id, words FROM product WHERE id IN ({marks})", *ids)
    true = {product_id: "\n".join(line for line in lines[product_id] if line) for product_id, _words in stored}
    return {product_id: true[product_id] for product_id, words in stored if true[product_id] != words}


def keep_words(product_ids: Collection[int]) -> None:
    """Copy them where they differ. Part of a verb."""
    db.require_transaction()
    for product_id, words in sorted(differing(product_ids).items()):
        db.execute("UPDATE product SET words = ? WHERE id = ?", words, product_id)


def wrong_words() -> list[int]:
    """The products that a search of the panel would miss, or find by what they are not. Empty is right."""
    return [product_id for batch in _batches() for product_id in differing(batch)]


def _batches() -> Iterator[list[int]]:
    last = 0
    while found := [
        row[0] for row in db.rows("SELECT id FROM product WHERE id > ? ORDER BY id LIMIT ?", last, _AT_ONCE)
    ]:
        yield found
        last = found[-1]


def holding(text: str, table: str = "p") -> tuple[str, list[object]]:
    """The condition that every word of a text is somewhere in a product's, and its parameters."""
    words = fold(text.replace("\0", " ")).split()[:_MOST]
    return " AND ".join([db.holds(f"{table}.words")] * len(words)) or "1 = 1", list(words)
