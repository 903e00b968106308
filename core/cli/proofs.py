"""What must hold in every shop, whatever happened to it: for the doctor, and for a shop that was restored."""

from __future__ import annotations


def proofs() -> list[str]:
    """Everything that is not as the facts say it, in words; empty is right. Reads all that ever moved."""
    from core.catalogue.services.product_words import wrong_words
    from core.catalogue.services.stock_audit import differences
    from core.kernel import db
    from core.kernel.files import has_picture
    from core.orders.services.shortages import wrong_shortages
    from core.orders.services.states import wrong_states
    from core.orders.services.waits import wrong_waits

    found = [f"stock differs from its moves: {one.sku} at {one.location}: {one.words}" for one in differences()]
    if wrong := wrong_states():
        found.append(f"lists say of {len(wrong)} orders what their facts do not; ./stoa reindex puts them right")
    if places := len(wrong_shortages()) + len(wrong_waits()):
        found.append(f"who waits for goods is told wrongly in {places} places; ./stoa reindex puts that right")
    if lost := wrong_words():
        found.append(f"the panel does not find {len(lost)} products by all of their words; ./stoa reindex does")
    if gone := sum(not has_picture(name) for (name,) in db.rows("SELECT name FROM media")):
        found.append(f"the files of {gone} pictures are not there")
    return found
