"""Cards of plugins on core's pages of the panel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.hookspecs.site import Site
from core.kernel import db
from core.kernel.faults import faults_of
from core.kernel.installation import installation
from core.kernel.manifest import LoadError, PanelSection, Plugin
from core.kernel.switch import switch_off, switch_on
from core.testing.shop import Item
from tests.core.panel.conftest import Panel, words

PLUGIN = """
from core.api import (PanelSection, Permission, Plugin, Views, panel_section_refused, panel_to, request, staff)

views = Views()
KEPT, TROUBLE = {}, []


def values(site, product_id):
    if TROUBLE:
        raise TROUBLE[0]
    return {"note": KEPT.get((site.id, product_id), ""), "errors": {}}


NOTE = PanelSection(place="product", title="Note to self", template="notes/note.html", values=values,
                    permission="notes.edit")


ORDER = PanelSection(place="order", title="Note to the packer", template="notes/order.html",
                     values=lambda site, order_id: {"note": ""}, permission="notes.edit")


@views.post("/order/<int:order_id>")
@staff("notes.edit")
def refuse(order_id):
    return panel_section_refused(ORDER, order_id, [("notes-packer", "Too long.")], note=request.form["note"])


@views.post("/product/<int:product_id>")
@staff("notes.edit")
def save(product_id):
    note = request.form.get("note", "")
    if len(note) > 10:
        return panel_section_refused(NOTE, product_id, [("notes-note", "Too long.")], note=note,
                                     errors={"note": "Too long."})
    from core.api import current_site
    KEPT[current_site().id, product_id] = note
    return panel_to("panel.product", product_id=product_id, _anchor="notes-section")


PLUGIN = Plugin(name="notes", version="1.0.0", title="Notes", panel=views, panel_sections=(NOTE, ORDER),
                permissions=(Permission(code="notes.edit", title="Edit notes"),))
"""
TEMPLATE = """{% from "panel/parts/field.html" import field %}
<form method="post" action="{{ url_for("notes.panel.save", product_id=object_id) }}">
{{ field("notes-note", "Note", note, error=errors.get("note", ""), name="note") }}<button>Keep</button></form>
"""


@pytest.fixture
def lamp(sell: Callable[..., Item]) -> Item:
    return sell("LAMP", 8900, stock=3, name="Lamp")


@pytest.fixture
def notes(instance: Path, site: Site) -> Any:
    """The plugin's module; it is on."""
    folder = instance / "plugins" / "notes"
    (folder / "templates" / "notes").mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "plugin.py").write_text(PLUGIN, "utf-8")
    (folder / "templates" / "notes" / "note.html").write_text(TEMPLATE, "utf-8")
    (folder / "templates" / "notes" / "order.html").write_text('<p id="notes-packer">{{ note }}</p>', "utf-8")
    switch_on(site.id, "notes", "system")
    return installation().plugins.loaded["notes"].module


def test_the_card_stands_on_the_products_page_and_is_saved_by_the_plugin(panel: Panel, notes: Any, lamp: Item) -> None:
    path = f"/panel/products/{lamp.product_id}"
    assert "Note to self" in words(panel.get(path))
    answer = panel.post(f"/panel/notes/product/{lamp.product_id}", {"note": "Dusty"})
    assert answer.headers["Location"].endswith(f"{path}#notes-section")
    assert 'value="Dusty"' in panel.follow(answer).get_data(as_text=True)


def test_a_refused_card_keeps_what_was_typed_and_the_rest_of_the_page(
    panel: Panel, notes: Any, lamp: Item, site: Site
) -> None:
    from core.catalogue.services.categories import ensure_category
    from core.catalogue.services.drafts import ProductDraft
    from core.catalogue.services.products import save_product

    category = ensure_category(["Lamps"], "en", "system")
    save_product(site, ProductDraft(id=lamp.product_id, category_ids=(category,), whole=False), "system")
    answer = panel.post(f"/panel/notes/product/{lamp.product_id}", {"note": "Much too long", "vendor": "Nobody"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'value="Much too long"' in page
    assert 'href="#notes-note"' in page
    assert f'name="categories" value="{category}" checked' in page
    assert f'action="/panel/products/{lamp.product_id}"' in page
    assert "Nobody" not in page


def test_orders_have_cards_too(
    panel: Panel, notes: Any, lamp: Item, order: Callable[..., Any], colleague: Callable[..., Panel]
) -> None:
    placed = order(lamp)
    assert "Note to the packer" in words(panel.get(f"/panel/orders/{placed.number}"))
    answer = panel.post(f"/panel/notes/order/{placed.id}", {"note": "Wrap it twice"})
    assert answer.status_code == 422
    assert "Wrap it twice" in words(answer)
    assert "Too long." in words(answer)
    assert panel.post(f"/panel/notes/order/{placed.id + 1}", {"note": ""}).status_code == 404
    theirs = colleague({"notes.edit"})
    assert theirs.post(f"/panel/notes/order/{placed.id}", {"note": "Wrap"}).status_code == 403


def test_who_may_not_see_it_does_not(colleague: Callable[..., Panel], notes: Any, lamp: Item) -> None:
    theirs = colleague({"catalogue.view"})
    assert "Note to self" not in words(theirs.get(f"/panel/products/{lamp.product_id}"))
    assert theirs.post(f"/panel/notes/product/{lamp.product_id}", {"note": "Mine"}).status_code == 403


def test_a_refused_card_does_not_open_a_page_that_is_closed_to_its_person(
    colleague: Callable[..., Panel], notes: Any, lamp: Item
) -> None:
    theirs = colleague({"notes.edit"})
    answer = theirs.post(f"/panel/notes/product/{lamp.product_id}", {"note": "Much too long"})
    assert answer.status_code == 403


def test_switched_off_it_leaves_no_trace(panel: Panel, notes: Any, lamp: Item, site: Site) -> None:
    switch_off(site.id, "notes", "system")
    page = panel.get(f"/panel/products/{lamp.product_id}").get_data(as_text=True)
    assert "Note to self" not in page
    assert "plugin_section" not in page
    assert panel.post(f"/panel/notes/product/{lamp.product_id}", {"note": "Dusty"}).status_code == 404


@pytest.mark.parametrize("trouble", [RuntimeError("no such table"), SystemExit(1)])
def test_one_that_fails_is_a_fault_and_the_page_stands(
    panel: Panel, notes: Any, lamp: Item, site: Site, trouble: BaseException
) -> None:
    notes.TROUBLE.append(trouble)
    answer = panel.get(f"/panel/products/{lamp.product_id}")
    assert answer.status_code == 200
    assert "This part could not be shown" in words(answer)
    assert "In one sentence" in words(answer)
    installation().faults.flush()
    assert faults_of(site.id, "notes")[0].hook == "panel section product"


def test_a_template_that_fails_is_a_fault_too(panel: Panel, notes: Any, lamp: Item, instance: Path) -> None:
    (instance / "plugins" / "notes" / "templates" / "notes" / "note.html").write_text("{{ nothing.there }}", "utf-8")
    answer = panel.get(f"/panel/products/{lamp.product_id}")
    assert answer.status_code == 200
    assert "This part could not be shown" in words(answer)


def test_a_flag_of_a_plugin_is_chosen_and_asked_for_only_where_the_plugin_is_on(
    panel: Panel, lamp: Item, instance: Path, site: Site
) -> None:
    folder = instance / "plugins" / "laundry"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "plugin.py").write_text(
        'from core.api import Attribute, Plugin\nPLUGIN = Plugin(name="laundry", version="1", title="Laundry",'
        ' attributes=(Attribute(code="machine", title="Machine washable", kind="flag"),))\n',
        "utf-8",
    )
    path, form = f"/panel/products/{lamp.product_id}", {"name-en": "Lamp", "tax_class": "standard"}
    switch_on(site.id, "laundry", "system")
    fact = db.value("SELECT id FROM attribute WHERE code = 'machine'")
    assert "Machine washable" in words(panel.get(path))
    panel.post(path, {**form, f"fact-{fact}": "yes"})
    assert '<option value="yes" selected>Yes' in panel.get(path).get_data(as_text=True)
    switch_off(site.id, "laundry", "system")
    assert "Machine washable" in words(panel.get(path)), "what was said stays to be seen"
    panel.post(path, {**form, f"fact-{fact}": ""})
    assert "Machine washable" not in words(panel.get(path))


@pytest.mark.parametrize("wrong", [{"place": "prodct"}, {"permission": ""}])
def test_a_wrong_declaration_is_refused_at_load(wrong: dict[str, str]) -> None:
    right: dict[str, Any] = {"place": "product", "permission": "notes.edit"}
    section = PanelSection(title="Note", template="n.html", values=lambda site, one: {}, **{**right, **wrong})
    with pytest.raises(LoadError):
        Plugin(name="notes", version="1", title="Notes", panel_sections=(section,))
