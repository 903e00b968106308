"""An import taken back: the shop is as it was, but for what somebody has touched since, which is told."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import peewee
import pytest

from core.catalogue.services.drafts import ProductDraft, TextDraft
from core.catalogue.services.products import save_product
from core.catalogue.services.stock_audit import differences
from core.catalogue.services.stock_counts import adjust_stock, first_location
from core.hookspecs.site import Site
from core.imports.services import undo as undoing
from core.imports.services.import_products import import_products
from core.imports.services.reports import Report, report
from core.imports.services.undo import CannotBeUndone, left, undo_import
from core.kernel import db, jobs
from tests.core.imports.files import table
from tests.core.imports.test_import_products import counts, load, whole_shop

COLUMNS = ("product", "sku", "name", "price", "stock", "option1_name", "option1_value", "categories", "attribute:Stuff")
LAMP = ("lamp", "L-S", "Lamp", "12.50", "7", "Size", "S", "Light > Lamps", "Brass")
# What an undo may change beside the facts: the counter of edits, when that was, and the moves that tell of it.
_TOLD = {"stock_move"}


def _facts() -> dict[str, list[tuple[object, ...]]]:
    """The shop without what only tells that something was changed."""
    shop = {name: rows for name, rows in whole_shop().items() if name not in _TOLD}
    shop["product"] = sorted(db.rows("SELECT id, returns, vendor, tax_class, deleted_at FROM product"), key=repr)
    levels = db.rows("SELECT variant_id, on_hand, backorder_limit FROM stock_level WHERE on_hand > 0")
    return {**shop, "stock_level": sorted(levels), "attribute": db.rows("SELECT * FROM attribute ORDER BY id")}


def _undo(site: Site, run: Report) -> Report:
    undo_import(site, run.id, "staff:1")
    jobs.run_due()
    return report(site, run.id)


def _left(site: Site, run: Report) -> list[tuple[str, str]]:
    return [(one.title, one.reason) for one in left(site, run.id, 100)]


def test_what_an_import_made_is_gone_with_its_categories_and_attributes(site: Site) -> None:
    before = _facts()
    done = load(site, table(COLUMNS, LAMP, ("pot", "P", "Pot", "5", "", "", "", "Kitchen", "Clay")))
    undone = _undo(site, done)
    assert (undone.state, undone.undone, undone.kept) == ("undone", 2, 0)
    assert _facts() == before
    assert db.value("SELECT COUNT(*) FROM card_count WHERE total <> 0") == 0
    assert db.value("SELECT COUNT(*) FROM category") == 0
    # The same file can come in again, and nothing gets an id that something else had.
    assert counts(load(site, table(COLUMNS, LAMP))) == (1, 0, 0, 0)
    assert db.value("SELECT MIN(id) FROM product") == 3


def test_the_moves_of_what_is_gone_stay_and_add_up_to_nothing(site: Site) -> None:
    load(site, table(COLUMNS, LAMP))
    large = ("lamp", "L-L", "", "19", "2", "Size", "L", "", "")
    done = load(site, table(COLUMNS, LAMP, large, ("pot", "P", "Pot", "5", "4", "", "", "", "")))
    before = db.rows("SELECT * FROM stock_move ORDER BY id")
    _undo(site, done)
    moves = db.rows(
        "SELECT f.sku, m.kind, m.on_hand, m.actor, m.reference FROM stock_move m JOIN former_variant f"
        " ON f.variant_id = m.variant_id ORDER BY f.sku, m.id"
    )
    of_run = f"import:{done.id}"
    assert moves == [
        ("L-L", "count", 2, "system", of_run), ("L-L", "remove", -2, "staff:1", of_run),
        ("P", "count", 4, "system", of_run), ("P", "remove", -4, "staff:1", of_run),
    ]  # fmt: skip
    assert db.rows("SELECT * FROM stock_move ORDER BY id")[: len(before)] == before
    assert (differences(), db.rows("SELECT on_hand FROM stock_level")) == ([], [(7,)])


def test_what_an_import_changed_is_as_it_was(site: Site) -> None:
    mug = ("mug", "M", "Mug", "4", "3", "", "", "Kitchen", "")
    load(site, table(COLUMNS, LAMP, mug))
    before = _facts()
    lamp = ("lamp", "L-S", "Brass lamp", "15", "70", "Size", "S", "Sale", "Steel, Brass")
    large = ("lamp", "L-L", "", "19", "2", "Size", "L", "", "")
    done = load(site, table(COLUMNS, lamp, large, mug, ("pot", "P", "Pot", "5", "", "", "", "Sale", "Clay")))
    assert counts(done) == (1, 1, 1, 0)
    assert _facts() != before
    undone = _undo(site, done)
    assert (undone.undone, undone.kept) == (2, 0)
    assert _facts() == before


def test_every_column_is_put_back(site: Site) -> None:
    from tests.core.imports.test_export_products import COLUMNS as ALL
    from tests.core.imports.test_export_products import LAMP as FULL
    from tests.core.imports.test_export_products import fill

    fill(site)
    before = _facts()
    other = dict(zip(ALL, FULL, strict=True)) | {
        "name": "Other",
        "name:zh-CN": "别的",
        "summary": "",
        "body_html": "<p>New</p>",
        "vendor": "Maker",
        "price": "21",
        "was": "",
        "sale_price": "",
        "sale_starts": "",
        "sale_ends": "",
        "stock": "unlimited",
        "backorders": "no",
        "weight_g": "1",
        "barcode": "9",
        "needs_delivery": "no",
        "active": "no",
        "published": "no",
        "tags": "",
        "attribute:Material": "Tin",
        "seo_title": "x",
    }
    done = load(site, table(tuple(other), tuple(other.values())))
    assert counts(done) == (0, 1, 0, 0)
    _undo(site, done)
    assert _facts() == before


def test_what_was_edited_or_moved_since_stays_and_is_told(site: Site) -> None:
    load(site, table(("sku", "name", "price", "stock"), ("A", "Lamp", "1", "5"), ("B", "Pot", "1", "5")))
    done = load(
        site,
        table(
            ("sku", "name", "price", "stock"),
            *(("A", "Lamp", "2", "9"), ("B", "Pot", "2", "9"), ("C", "Cup", "1", "1"), ("D", "Dish", "1", "1")),
        ),
    )
    ids = dict(db.rows("SELECT sku, product_id FROM variant"))
    save_product(site, ProductDraft(id=ids["A"], texts={"en": TextDraft(name="My lamp")}, whole=False), "staff:1")
    for sku in "BC":
        variant = db.value("SELECT id FROM variant WHERE sku = ?", sku)
        adjust_stock(variant, first_location(), 1, "found", "staff:1")
    undone = _undo(site, done)
    assert (undone.undone, undone.kept) == (1, 3)
    assert _left(site, done) == [("Lamp", "edited"), ("Pot", "moved"), ("Cup", "moved")]
    assert db.rows("SELECT sku FROM variant ORDER BY sku") == [("A",), ("B",), ("C",)]
    assert db.rows("SELECT name FROM product_text ORDER BY name") == [("Cup",), ("My lamp",), ("Pot",)]


def test_what_was_sold_since_stays_and_is_told(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    done = load(site, table(("sku", "name", "price"), ("A", "Lamp", "1"), ("B", "Pot", "1")))
    variant = db.value("SELECT id FROM variant WHERE sku = 'A'")
    monkeypatch.setattr(undoing, "_sold", [lambda variants, _since: {variant} & {*variants}])
    undone = _undo(site, done)
    assert (undone.undone, undone.kept) == (1, 1)
    assert _left(site, done) == [("Lamp", "sold")]


def test_pictures_that_came_with_it_go_too_and_are_no_edit(site: Site, tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (40, 30), "teal").save(tmp_path / "lamp.png")
    file = tmp_path / "file.csv"
    load(site, table(("sku", "name"), ("A", "Lamp")))
    before = _facts()
    file.write_bytes(
        table(
            ("sku", "pictures", "variant_picture", "name"),
            ("A", "lamp.png", "lamp.png", ""),
            ("B", "lamp.png", "", "Pot"),
        )
    )
    done = import_products(site, file, pictures=tmp_path.as_uri())
    jobs.run_due()
    assert db.value("SELECT COUNT(*) FROM product_media") == 2
    assert db.value("SELECT media_id FROM variant WHERE sku = 'A'") is not None
    undone = _undo(site, done)
    assert (undone.undone, undone.kept) == (2, 0)
    assert _facts() == before


@pytest.mark.parametrize("bug", ["", "forgets how it was", "looks at no version"])
def test_it_is_seen_when_an_undo_goes_wrong(site: Site, monkeypatch: pytest.MonkeyPatch, bug: str) -> None:
    """The planted bugs: an undo that does not put back, and one that runs over an edit."""
    load(site, table(("sku", "name", "price"), ("A", "Lamp", "1")))
    before = _facts()
    done = load(site, table(("sku", "price"), ("A", "2")))
    if bug == "forgets how it was":
        monkeypatch.setattr(undoing, "_write", lambda *_args: None)
    if bug == "looks at no version":
        judge: Callable[..., None] = undoing._judge
        monkeypatch.setattr(undoing, "_judge", lambda steps, _sold: None)
        assert judge is not undoing._judge
        product = db.value("SELECT id FROM product")
        save_product(site, ProductDraft(id=product, texts={"en": TextDraft(name="Mine")}, whole=False), "staff:1")
        before = _facts()
    _undo(site, done)
    assert (_facts() == before) is (bug == "")


def test_an_undo_that_is_killed_goes_on(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.lib import clock

    before = _facts()
    done = load(site, table(("sku", "name"), *((f"S-{n}", f"Lamp {n}") for n in range(120))))
    take_back, taken = undoing._take_back, []

    def die_in_the_second_batch(*args: Any) -> None:
        taken.append(args)
        if len(taken) == 2:
            raise KeyboardInterrupt
        take_back(*args)

    monkeypatch.setattr(undoing, "_take_back", die_in_the_second_batch)
    undo_import(site, done.id, "staff:1")
    with clock.freeze(clock.now()) as now:
        with pytest.raises(KeyboardInterrupt):
            jobs.run_due()
        assert (report(site, done.id).state, report(site, done.id).undone) == ("undoing", 50)
        now.move(minutes=10)
        jobs.run_due()
    undone = report(site, done.id)
    assert (undone.state, undone.undone) == ("undone", 120)
    assert _facts() == before


def test_only_an_import_that_ended_and_changed_something_can_be_undone(site: Site) -> None:
    file = table(("sku", "name"), ("A", "Lamp"))
    rehearsal = import_products(site, io.BytesIO(file), dry_run=True)
    done, again = load(site, file), load(site, file)
    assert [report(site, run.id).undoable for run in (rehearsal, done, again)] == [
        False,
        True,
        False,
    ]
    for run in (rehearsal, again):
        with pytest.raises(CannotBeUndone):
            undo_import(site, run.id, "staff:1")
    _undo(site, done)
    with pytest.raises(CannotBeUndone):
        undo_import(site, done.id, "staff:1")


def test_what_something_still_refers_to_stays_and_the_rest_goes(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    done = load(site, table(("sku", "name"), ("A", "Lamp"), ("B", "Pot"), ("C", "Cup")))
    pot = db.value("SELECT product_id FROM variant WHERE sku = 'B'")
    remove = undoing.remove_products

    def refuse_one(ids: list[int], actor: str, reference: str) -> None:
        remove(ids, actor, reference)
        if pot in ids:
            raise peewee.IntegrityError

    monkeypatch.setattr(undoing, "remove_products", refuse_one)
    undone = _undo(site, done)
    assert (undone.undone, undone.kept) == (2, 1)
    assert _left(site, done) == [("Pot", "refused")]
    assert db.rows("SELECT sku FROM variant") == [("B",)]
