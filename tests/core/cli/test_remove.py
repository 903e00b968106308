"""A plugin is removed: its folder is moved away, and its data is deleted only where that is said twice."""

from __future__ import annotations

import pytest

from core.cli import main
from core.kernel import db
from core.kernel.installation import installation
from core.kernel.switch import switch_off

FILES = {
    "plugin.py": """
from core.api import Plugin, Settings, setting
from plugins.notes.models import Note


class Notes(Settings):
    colour: str = setting("red", label="Colour")


PLUGIN = Plugin(name="notes", version="1", title="Notes", models=(Note,), settings=Notes)
""",
    "models.py": """
import peewee

from core.api import SiteTable


class Note(SiteTable):
    text = peewee.CharField(max_length=20)

    class Meta:
        table_name = "notes_note"
""",
    "migrations/0001_first.py": """
from plugins.notes.models import Note


def up(migrator, db):
    db.create_tables([Note])
""",
    "migrations/0002_extra.py": """
def up(migrator, db):
    db.execute_sql("CREATE TABLE notes_extra (id INTEGER)")


def down(migrator, db):
    db.execute_sql("DROP TABLE notes_extra")
""",
}


@pytest.fixture
def notes(instance, app, site, turn_on, monkeypatch):
    """A plugin with a table, a row in it, and settings."""
    monkeypatch.setenv("STOA_INSTANCE", str(instance))
    for name, text in FILES.items():
        path = instance / "plugins" / "notes" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    turn_on("notes", colour="blue")
    from plugins.notes.models import Note

    Note.create(site_id=site.id, text="Remember")
    return instance / "plugins" / "notes"


def tables():
    return {name for name in db.db.get_tables() if name.startswith(("notes", "migrations_plugin_notes"))}


def test_a_plugin_that_works_somewhere_stays(notes, site, capsys):
    assert main(["plugin", "remove", "notes"]) != 0
    assert f"notes is not off at {site.host}. Switch it off there first." in capsys.readouterr().err
    assert notes.is_dir()


def test_its_folder_is_moved_away_and_its_data_stays(notes, site, instance, capsys):
    switch_off(site.id, "notes", "system")
    assert main(["plugin", "remove", "notes"]) == 0
    assert "Its tables and settings stay" in capsys.readouterr().out
    assert not notes.exists()
    (away,) = (instance / "removed").glob("notes-*")
    assert (away / "plugin.py").is_file()
    assert db.value("SELECT text FROM notes_note") == "Remember"
    assert "blue" in db.value("SELECT settings FROM site_plugin WHERE name = 'notes'")


def test_its_data_is_deleted_only_after_the_notice(notes, site, capsys):
    switch_off(site.id, "notes", "system")
    assert main(["plugin", "remove", "notes", "--tables"]) == 1
    said = capsys.readouterr().out
    assert "notes_note" in said
    assert "Make a backup first" in said
    assert tables() == {"notes_note", "notes_extra", "migrations_plugin_notes"}
    assert notes.is_dir()

    assert main(["plugin", "remove", "notes", "--tables", "--yes"]) == 0
    assert tables() == set(), "also what a migration takes back by itself"
    assert db.value("SELECT count(*) FROM site_plugin WHERE name = 'notes'") == 0
    assert not notes.exists()


def test_a_plugin_of_the_house_is_not_moved(instance, site, turn_on, capsys, monkeypatch):
    monkeypatch.setenv("STOA_INSTANCE", str(instance))
    turn_on("wishlist")
    switch_off(site.id, "wishlist", "system")
    assert main(["plugin", "remove", "wishlist"]) != 0
    assert "Nothing was moved" in capsys.readouterr().err
    assert (installation().plugins.loaded["wishlist"].folder / "plugin.py").is_file()
