"""The house itself, and small trees in which a breach of a rule is planted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

Plant = Callable[[Mapping[str, str]], Path]


@pytest.fixture(scope="session")
def house() -> Path:
    """The root of the project."""
    return Path(__file__).parents[2]


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    """`plant({"core/cart/utils.py": ""})` writes the files into an empty tree and answers its root."""

    def write(files: Mapping[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        return tmp_path

    return write
