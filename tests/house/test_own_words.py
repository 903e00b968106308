"""The project speaks of itself alone: no place of a machine, no registry, nothing left for later."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

# Put together here, so that this file does not hold what it looks for.
FORBIDDEN = tuple(
    "".join(parts)
    for parts in (
        ("TO", "DO"),
        ("FIX", "ME"),
        ("/wo", "rk/"),
        ("/ro", "ot/"),
        ("pypi", ".org"),
        ("python", "hosted"),
        ("registry.npm", "js"),
        ("index", "-url"),
        ("find", "-links"),
    )
)
KINDS = {"", ".py", ".html", ".txt", ".css", ".js", ".md", ".po", ".cfg", ".toml", ".lock", ".svg", ".json"}
# Kept files of the project; vendored files speak for themselves.
TOPS = ("core", "plugins", "themes", "tests", "docs", "bench", ".ci")
PASSED_OVER = {"vendor", "__pycache__", ".ruff_cache", ".mypy_cache", ".pytest_cache", "node_modules"}


def forbidden_words(root: Path) -> list[str]:
    """Lines that name something outside the project, or leave work undone."""
    return [
        f"{path.relative_to(root)}:{number}: {word}"
        for path in text_files(root)
        for number, line in enumerate(path.read_text("utf-8", errors="replace").splitlines(), 1)
        for word in FORBIDDEN
        if word in line
    ]


def text_files(root: Path) -> Iterator[Path]:
    found = [path for path in root.iterdir() if path.is_file()]
    for top in TOPS:
        found += [path for path in (root / top).rglob("*") if path.is_file()]
    return (
        path
        for path in sorted(found)
        if path.suffix in KINDS and not PASSED_OVER & set(path.relative_to(root).parts) and path.name != ".git"
    )


def test_the_house_speaks_of_itself(house: Path) -> None:
    found = forbidden_words(house)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("word", FORBIDDEN)
@pytest.mark.parametrize("name", ["core/cart/services.py", "README.md", "stoa", "docs/guide/merchant.md"])
def test_a_planted_word_is_caught(plant: Callable[..., Path], name: str, word: str) -> None:
    files: Mapping[str, str] = {name: f"first line\nand {word} in the second\n"}
    assert forbidden_words(plant(files)) == [f"{name}:2: {word}"]
