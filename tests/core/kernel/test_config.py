"""One file and the environment say how an installation runs; what they say wrongly is named at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.kernel.config import BadConfig, load


def test_without_a_file_it_works_on_sqlite_beside_its_files(tmp_path: Path) -> None:
    made = load(tmp_path / "new", env={})
    assert made.database_url == f"sqlite:///{tmp_path / 'new' / 'stoa.db'}"
    assert (made.port, made.scheme, made.job_threads) == (8000, "http", 1)
    assert made.media == tmp_path / "new" / "media"


def test_the_environment_wins_over_the_file_and_a_command_over_both(tmp_path: Path) -> None:
    (tmp_path / "stoa.toml").write_text('port = 8001\ntrusted_proxies = ["10.0.0.0/8"]\npage_cache = false\n')
    assert load(tmp_path, env={}).port == 8001
    assert load(tmp_path, env={}).trusted_proxies == ("10.0.0.0/8",)
    assert not load(tmp_path, env={}).page_cache
    said = {"STOA_PORT": "8002", "STOA_TRUSTED_PROXIES": "10.1.1.1 10.1.1.2", "STOA_PAGE_CACHE": "true"}
    made = load(tmp_path, env=said)
    assert (made.port, made.trusted_proxies, made.page_cache) == (8002, ("10.1.1.1", "10.1.1.2"), True)
    assert load(tmp_path, env=said, port=8003).port == 8003
    assert load(tmp_path, env=said, port=None).port == 8002


def test_the_environment_names_another_folder_and_another_database(tmp_path: Path) -> None:
    made = load(env={"STOA_INSTANCE": str(tmp_path / "two"), "STOA_DATABASE_URL": "postgresql://db/shop"})
    assert made.instance == tmp_path / "two"
    assert made.database_url == "postgresql://db/shop"
    assert made.instance.is_dir()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("prot = 1", "unknown key 'prot'"),
        ("port = ", "stoa.toml: Invalid value"),
        ("port = 'x'", "port: 'x' is not a int"),
        ("page_cache = 'perhaps'", "page_cache: 'perhaps' is not a bool"),
        ("hook_seconds = 'long'", "hook_seconds: 'long' is not a float"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "stoa.toml").write_text(text)
    with pytest.raises(BadConfig, match=complaint):
        load(tmp_path, env={})
