"""Since which version a name of `core.api` or a hook is there.

`docs/since/0.1.txt` lists what came with 0.1, written once, when it is released (`./stoa docs --record`). What no file
lists is new in the present version. So nobody keeps a list while the version is in the making.
"""

from __future__ import annotations

import ast
import configparser
from collections.abc import Iterator
from pathlib import Path

from core.lib.retired import minor


def present(root: Path) -> str:
    """The version that is documented: major and minor, since within a minor version nothing comes or goes."""
    read = configparser.ConfigParser()
    read.read(root / "setup.cfg", "utf-8")
    return ".".join(map(str, minor(read["metadata"]["version"])))


def in_order(versions: Iterator[str] | list[str]) -> list[str]:
    """The oldest first: 0.9 before 0.10."""
    return sorted(versions, key=minor)


def recorded(root: Path) -> dict[str, str]:
    """The version that each name came with, of the versions that are released."""
    files = {path.stem: path for path in (root / "docs" / "since").glob("*.txt")}
    return {
        name: version for version in reversed(in_order([*files])) for name in files[version].read_text("utf-8").split()
    }


def exported(root: Path) -> list[tuple[str, str]]:
    """(floor, name) of all that `core.api` exports, in the order of the file."""
    tree = ast.parse((root / "core" / "api.py").read_text("utf-8"))
    return [
        (str(node.module).split(".")[1], alias.asname or alias.name)
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("core.")
        for alias in node.names
    ]


def hooks() -> list[str]:
    """Every hook that plugins may answer."""
    from core.hookspecs import FAMILIES

    return sorted(name for family in FAMILIES for name, spec in vars(family).items() if hasattr(spec, "stoa_policy"))


def record(root: Path) -> int:
    """Write down what came with the present version; answers how many names that are."""
    version = present(root)
    known = {name for name, since in recorded(root).items() if since != version}
    names = sorted({*(name for _, name in exported(root)), *hooks()} - known)
    path = root / "docs" / "since" / f"{version}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(names) + "\n", "utf-8")
    return len(names)


def lacking(root: Path) -> list[str]:
    """Minor versions before the present one, from the first that was recorded on, of which no file tells."""
    major, small = minor(present(root))
    told = {path.stem for path in (root / "docs" / "since").glob("*.txt")}
    first = 1 if major == 0 else 0
    return [f"{major}.{n}" for n in range(first, small) if f"{major}.{n}" not in told]
