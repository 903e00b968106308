"""The contract of a search, and what is this plugin's own: files that may be lost, one writer, readers elsewhere."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core.api import SearchQuery, Site, enqueue_job, rows, run_plugin_command, transaction
from core.testing.contracts import SearchContract
from plugins.search_whoosh import client as whoosh
from plugins.search_whoosh.client import Busy, Document, Index
from plugins.search_whoosh.services import find, index_of


class TestContract(SearchContract):
    plugin = "search_whoosh"


@pytest.fixture
def shop(site: Site, sell, turn_on: Callable[..., None], outbox) -> Site:
    turn_on("search_whoosh")
    sell("L1", 4900, name="Oak lamp")
    sell("L2", 4900, name="Pine lamp")
    outbox.deliver()
    return site


def found(site: Site, text: str) -> int | None:
    answer = find(site, SearchQuery(text=text, language="en"))
    return None if answer is None else len(answer.product_ids)


def keep_now(site: Site, outbox) -> None:
    with transaction():
        enqueue_job("search_whoosh.keep", site_id=site.id)
    outbox.deliver()


def test_a_lost_index_is_built_again_while_the_shop_searches_by_itself(shop: Site, client, outbox) -> None:
    index_of("en").clear()
    assert found(shop, "lamp") is None
    assert "Oak lamp" in client.get("/search?q=lamp", base_url=shop.origin).text
    keep_now(shop, outbox)
    assert found(shop, "lamp") == 2


@pytest.mark.parametrize("damage", [b"", b"\0" * 4000], ids=["emptied", "overwritten"])
def test_a_broken_index_is_built_again(shop: Site, client, outbox, damage: bytes) -> None:
    for path in index_of("en").folder.iterdir():
        path.write_bytes(damage)
    assert found(shop, "lamp") is None
    assert "Oak lamp" in client.get("/search?q=lamp", base_url=shop.origin).text
    keep_now(shop, outbox)
    assert found(shop, "lamp") == 2
    assert rows("SELECT hook FROM plugin_fault") == []


def test_a_product_that_changed_often_is_written_once(shop: Site, sell, outbox) -> None:
    for name in ("Elm lamp", "Ash lamp", "Fir lamp"):
        sell("L1", 4900, name=name)
    outbox.deliver()
    assert (found(shop, "fir"), found(shop, "elm"), found(shop, "lamp")) == (1, 0, 2)
    assert rows("SELECT product_id FROM search_whoosh_waiting") == []


def test_the_command_builds_all_anew(shop: Site, capsys) -> None:
    (index_of("en").folder / "broken").touch()
    assert run_plugin_command("search_whoosh", "rebuild", []) == 0
    assert "4 products" in capsys.readouterr().err, "two in each of two languages"
    assert found(shop, "lamp") == 2


def a_document(product_id: int, name: str) -> Document:
    return Document(product_id=product_id, name=name, rest="", skus=(), spelled=())


ANOTHER_PROCESS = """
import sys
from pathlib import Path
from plugins.search_whoosh.client import Document, Index
with Index(Path(sys.argv[1])).writing(1) as writer:
    writer.replace([1, 2], [Document(product_id=2, name="elm lamp", rest="", skus=(), spelled=())])
"""


A_READER = """
import sys
from pathlib import Path
from plugins.search_whoosh.client import Index
with Index(Path(sys.argv[1])).reading(1) as reader:
    print(len(reader.find(["lamp"], "", 10)))
"""


def test_a_process_that_ends_leaves_no_file_open(tmp_path: Path) -> None:
    with Index(tmp_path / "en").writing(1) as writer:
        writer.replace([1], [a_document(1, "oak lamp")])
    asked = [sys.executable, "-X", "dev", "-W", "error::ResourceWarning", "-c", A_READER, str(tmp_path / "en")]
    ended = subprocess.run(asked, check=True, capture_output=True, text=True)
    assert (ended.stdout, ended.stderr) == ("1\n", "")


def test_what_one_process_writes_another_reads(tmp_path: Path) -> None:
    index = Index(tmp_path / "en")
    with index.writing(1) as writer:
        writer.replace([1], [a_document(1, "oak lamp")])
    with index.reading(1) as reader:
        assert len(reader.find(["lamp"], "", 10)) == 1
    subprocess.run([sys.executable, "-c", ANOTHER_PROCESS, str(index.folder)], check=True)
    with index.reading(1) as reader:
        assert [hit.product_id for hit in reader.find(["lamp"], "", 10)] == [2]


def test_there_is_one_writer_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whoosh, "_WAIT_S", 0.1)
    index = Index(tmp_path / "en")
    with index.writing(1) as writer:
        writer.replace([1], [a_document(1, "oak lamp")])
        with pytest.raises(Busy), index.writing(1):
            pass
    with index.reading(1) as reader:
        assert len(reader.find(["lamp"], "", 10)) == 1
