"""A shop in one file: made while it runs, put back into an empty instance, and the same there."""

from __future__ import annotations

import json
import re
import shutil
import stat
import threading
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from PIL import Image

from core.cli import main
from core.cli.proofs import proofs
from core.hookspecs.site import Site
from core.kernel import db, secrets
from core.kernel.backups import archive, daily, notes, postgres, sqlite, verbs
from core.kernel.config import Config
from core.kernel.files import rendition, store_picture
from core.kernel.installation import installation
from core.lib.errors import Refused
from core.testing import postgres as server
from core.testing.database import Databases, on_postgres
from core.testing.shop import Item

Elsewhere = Callable[[], Config]


@pytest.fixture
def here(site: Site) -> Config:
    """The installation of the test, which knows where PostgreSQL's programs are."""
    del site
    programs = str(server.programs()) if on_postgres() else ""
    return replace(installation().config, postgres_programs=programs)


@pytest.fixture
def elsewhere(here: Config, databases: Databases, tmp_path: Path) -> Elsewhere:
    """An instance that nobody has begun, on a machine of its own."""

    def make() -> Config:
        folder = tmp_path / "elsewhere"
        folder.mkdir()
        url = databases.clone(folder) if on_postgres() else f"sqlite:///{folder / 'stoa.db'}"
        return replace(here, instance=folder, database_url=url)

    return make


@pytest.fixture
def shop(sell: Callable[..., Item], order: Callable[..., Any], site: Site) -> Site:
    """Lamps on the shelf, of which some were ordered, and a secret among the settings."""
    lamp = sell("LAMP", 8900, stock=40)
    for _ in range(3):
        order(lamp, 2)
    picture = BytesIO()
    Image.new("RGB", (60, 40), "teal").save(picture, "JPEG")
    stored = store_picture(picture.getvalue())
    rendition(stored.name, 96, "image/webp")
    return site


def opened(config: Config) -> None:
    """From now on the test looks at that instance."""
    db.close_all()
    db.configure(config.database_url)


def orders() -> list[tuple[Any, ...]]:
    return db.rows("SELECT number, total, state FROM orders ORDER BY id")


@pytest.mark.once
def test_a_shop_is_the_same_where_it_was_put_back(shop: Site, here: Config, elsewhere: Elsewhere) -> None:
    before, there = orders(), elsewhere()
    made = verbs.make(here, with_key=True)
    said = verbs.restore(made.path, there)
    opened(there)
    assert orders() == before
    assert len(before) == 3
    assert proofs() == []
    assert said.sites == ["shop.test"]
    assert said.tables["orders"][0] == 3
    # The picture came along; its sizes are made anew.
    names = [name for name in said.files if name.startswith("media/")]
    assert len(names) == 1
    assert (there.instance / names[0]).read_bytes() == (here.instance / names[0]).read_bytes()
    # Nobody but its owner reads names, addresses and keys.
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600


def test_orders_that_are_placed_meanwhile_are_in_it_whole_or_not_at_all(
    sell: Callable[..., Item], order: Callable[..., Any], here: Config, elsewhere: Elsewhere
) -> None:
    """Two shoppers buy as fast as they can while the backup is made: the copy is one moment, and balanced."""
    lamp, placed, stop = sell("LAMP", 8900, stock=10_000), list[str](), threading.Event()

    def buy() -> None:
        while not stop.is_set():
            placed.append(order(lamp, 2).number)
        db.reset_thread()

    buyers = [threading.Thread(target=buy) for _ in range(2)]
    for buyer in buyers:
        buyer.start()
    while len(placed) < 5:
        stop.wait(0.01)
    acknowledged = list(placed)
    made = verbs.make(here)
    while len(placed) < len(acknowledged) + 2:
        stop.wait(0.01)
    stop.set()
    for buyer in buyers:
        buyer.join(30)
    there = elsewhere()
    verbs.restore(made.path, there, new_key=True)
    opened(there)
    restored = {row[0] for row in orders()}
    assert {*acknowledged} <= restored <= {*placed}
    assert proofs() == []
    sold = db.value("SELECT SUM(ordered) FROM order_line")
    assert (
        sold == 2 * len(restored) == db.value("SELECT allocated FROM stock_level WHERE variant_id = ?", lamp.variant_id)
    )


@pytest.mark.once
def test_a_copy_that_is_no_moment_of_the_shop_is_noticed(
    shop: Site, here: Config, elsewhere: Elsewhere, sell: Callable[..., Item], order: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The planted bug: somebody buys between the copy and what is said of it, as where a file is copied by hand."""
    there, lamp, engine = elsewhere(), sell("BULB", 900, stock=9), postgres if on_postgres() else sqlite
    honest = engine.dump

    def torn(*known: Any) -> Any:
        dumped = honest(*known)
        order(lamp)
        return replace(dumped, tables=engine.sums(here.database_url))

    monkeypatch.setattr(engine, "dump", torn)
    made = verbs.make(here)
    with pytest.raises(Refused, match="order_line: 4 rows then, 3 now"):
        verbs.restore(made.path, there, new_key=True)


def test_a_shop_that_is_there_is_replaced_on_purpose_alone(
    shop: Site, here: Config, order: Callable[..., Any], sell: Callable[..., Item]
) -> None:
    made = verbs.make(here, with_key=True)
    order(sell("BULB", 900, stock=9))
    with pytest.raises(Refused, match="There is a shop here already"):
        verbs.restore(made.path, here)
    assert len(orders()) == 4
    verbs.restore(made.path, here, force=True)
    opened(here)
    assert len(orders()) == 3
    # What was there is kept, and comes back the same way.
    [kept] = (here.instance / "backups").glob("before-restore-*.zip")
    verbs.restore(kept, here, force=True)
    opened(here)
    assert len(orders()) == 4


@pytest.mark.once
def test_secrets_stay_encrypted_and_need_their_key(
    shop: Site, here: Config, elsewhere: Elsewhere, turn_on: Callable[..., None], tmp_path: Path
) -> None:
    turn_on("mail", host="localhost", password="swordfish-in-clear")
    made, there = verbs.make(here), elsewhere()
    with zipfile.ZipFile(made.path) as packed:
        assert secrets.FILE not in packed.namelist()
        assert not any(b"swordfish" in packed.read(name) for name in packed.namelist())
    with pytest.raises(Refused, match="neither in it nor here"):
        verbs.restore(made.path, there)
    assert not (there.instance / secrets.FILE).exists()
    kept = shutil.copy(here.instance / secrets.FILE, tmp_path / "kept.key")
    verbs.restore(made.path, there, key=Path(kept))
    assert (there.instance / secrets.FILE).read_bytes() == (here.instance / secrets.FILE).read_bytes()


@pytest.mark.once
def test_where_the_database_is_stays_out_of_it(shop: Site, here: Config, elsewhere: Elsewhere) -> None:
    """An address of PostgreSQL has its password in clear."""
    (here.instance / "stoa.toml").write_text('database_url = "postgresql://a:s3cret@db/x"\nscheme = "https"\n')
    there = elsewhere()
    verbs.restore(verbs.make(here).path, there, new_key=True)
    assert (there.instance / "stoa.toml").read_text() == 'scheme = "https"\n'


@pytest.mark.once
def test_a_damaged_file_changes_nothing(shop: Site, here: Config, elsewhere: Elsewhere) -> None:
    there, made = elsewhere(), verbs.make(here)
    body = bytearray(made.path.read_bytes())
    body[len(body) // 2] ^= 0x55
    made.path.write_bytes(body)
    with pytest.raises(Refused, match=r"is damaged|is no backup"):
        verbs.restore(made.path, there, new_key=True)
    made.path.write_bytes(body[:-100])
    with pytest.raises(Refused, match="is no backup, or only a part of one"):
        verbs.restore(made.path, there, new_key=True)
    assert not any((there.instance).glob("media"))


@pytest.mark.once
def test_one_of_another_database_is_refused(shop: Site, here: Config) -> None:
    other = "sqlite:////nowhere/stoa.db" if on_postgres() else "postgresql://nobody@/none"
    with pytest.raises(Refused, match="and this installation is on"):
        verbs.restore(verbs.make(here).path, replace(here, database_url=other))


def test_a_backup_is_tried_in_a_scratch_place_that_is_gone_afterwards(shop: Site, here: Config) -> None:
    made, before = verbs.make(here), orders()
    with verbs.tried(made.path, here) as (said, scratch):
        opened(scratch)
        assert orders() == before
        assert proofs() == []
        assert said.rows == sum(count for count, _digest in said.tables.values())
        db.close_all()
    assert not scratch.instance.exists()
    opened(here)
    assert orders() == before


@pytest.mark.once
def test_the_nightly_command_makes_tries_and_notes_it(
    shop: Site, here: Config, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STOA_INSTANCE", str(here.instance))
    assert main(["backup", "--daily"]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"daily-\d{8}-\d{6}\.zip: 0\.\d MB, \d+ rows of \d+ tables and 3 files", printed)
    assert "and all proofs hold." in printed
    tried = notes.read(here).tried
    assert tried is not None
    assert tried.wrong == ""
    # Something is wrong with the shop itself: its copy tells, and the command fails, so the job waits.
    opened(here)
    with db.transaction():
        db.execute("UPDATE stock_level SET on_hand = on_hand + 1")
    assert main(["backup", "--daily"]) == 1
    assert "✗ stock differs from its moves: LAMP" in capsys.readouterr().out
    assert "stock differs" in (notes.read(here).tried or tried).wrong
    assert main(["restore", tried.file]) == 1
    assert "There is a shop here already" in capsys.readouterr().err


@pytest.mark.postgres
def test_without_programs_that_fit_it_says_what_to_install(shop: Site, here: Config, tmp_path: Path) -> None:
    with pytest.raises(
        Refused, match=r"PostgreSQL \d+ needs its own pg_dump, and there is none: install postgresql-cl"
    ):
        verbs.make(replace(here, postgres_programs=str(tmp_path)))


# -- what needs no database --------------------------------------------------------------------------------------------


@pytest.mark.once
@pytest.mark.parametrize("name", ["../evil", "media/../../evil", "/etc/evil", "other/evil", "media\\..\\evil"])
def test_a_file_that_would_lie_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    file = tmp_path / "evil.zip"
    about = {
        "format": 1, "made_at": "", "engine": "sqlite", "version": "", "key": "", "sites": [], "plugins": {},
        "tables": {}, "files": {name: [1, "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"]},
    }  # fmt: skip
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr(zipfile.ZipInfo(name), "x")
        packed.writestr(archive.MANIFEST, json.dumps(about))
    with pytest.raises(Refused, match="at a place where none may be"):
        archive.unpack(file, archive.manifest(file), tmp_path / "out")
    assert not (tmp_path / "evil").exists()


@pytest.mark.once
def test_the_last_days_are_kept_and_one_of_each_week_before(tmp_path: Path) -> None:
    config = Config(instance=tmp_path, database_url="sqlite:///x", backup_days=3, backup_weeks=2)
    folder, last = notes.folder(config), datetime(2026, 11, 27, 3, tzinfo=UTC)  # a Friday
    folder.mkdir()
    for day in range(30):
        (folder / f"daily-{last - timedelta(days=day):%Y%m%d-%H%M%S}.zip").touch()
    (folder / "backup-20200101-000000.zip").touch()
    (folder / "from-elsewhere.tar").touch()
    notes.let_go(config)
    kept = sorted(path.name for path in folder.iterdir())
    # Three days; the newest of this week before them, and of the week before that. What others made stays.
    assert kept == [
        "backup-20200101-000000.zip", "daily-20261122-030000.zip", "daily-20261124-030000.zip",
        "daily-20261125-030000.zip", "daily-20261126-030000.zip", "daily-20261127-030000.zip", "from-elsewhere.tar",
    ]  # fmt: skip


@pytest.mark.once
def test_it_is_made_once_a_night_and_made_up_for(tmp_path: Path) -> None:
    config = Config(instance=tmp_path, database_url="sqlite:///x", backup_hour=3)
    night = datetime(2026, 11, 27, 3, 20, tzinfo=UTC)
    assert not daily.is_due(config, night - timedelta(hours=1))
    assert daily.is_due(config, night)
    notes.folder(config).mkdir()
    (notes.folder(config) / "daily-20261127-032000.zip").touch()
    assert not daily.is_due(config, night + timedelta(minutes=30))
    assert not daily.is_due(config, night + timedelta(hours=20))
    assert daily.is_due(config, night + timedelta(hours=24))
    # The machine was off at three.
    assert daily.is_due(config, night + timedelta(hours=30))
    assert not daily.is_due(replace(config, backup_hour=-1), night + timedelta(days=9))
