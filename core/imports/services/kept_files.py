"""The files of imports in the installation's folder: the merchant's copies, and the remarks made about them."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from core.imports.services.rows import Problem
from core.kernel.i18n import gettext
from core.kernel.installation import installation
from core.lib import ids
from core.lib.csv import write_rows
from core.lib.errors import Refused

LARGEST_FILE_MB = 512
_CHUNK = 1024 * 1024


class FileTooLarge(Refused):
    """The file is larger than an import may be."""

    status = 413
    code = "file_too_large"
    default_message = "This file is too large: at most %(most)s MB. Split it into several."


class FileGone(Refused):
    """The run is so old that its file is no longer kept."""

    status = 410
    code = "file_gone"
    default_message = "The file of this import is no longer kept. Upload it again."


def folder() -> Path:
    """Where the files are; made if it is not there."""
    path = installation().config.instance / "imports"
    path.mkdir(parents=True, exist_ok=True)
    return path


def keep_file(source: str | Path | BinaryIO) -> str:
    """Keep a copy under a generated name and answer it: the run may go on long after the merchant's file is gone."""
    name = f"{ids.uid()}.csv"
    try:
        with (folder() / name).open("xb") as copy:
            if isinstance(source, str | Path):
                with Path(source).open("rb") as stream:
                    _copy(stream, copy)
            else:
                _copy(source, copy)
    except BaseException:
        forget_file(name)
        raise
    return name


def _copy(source: BinaryIO, target: io.BufferedWriter) -> None:
    left = LARGEST_FILE_MB * _CHUNK
    while chunk := source.read(_CHUNK):
        left -= len(chunk)
        if left < 0:
            raise FileTooLarge(most=LARGEST_FILE_MB)
        target.write(chunk)


def kept_file(name: str) -> Path:
    """Where a kept file is. Raises FileGone."""
    path = folder() / name
    if not path.exists():
        raise FileGone
    return path


def digest_of(file: str | Path) -> str:
    """What tells a file from others: of a kept one by its name, of any other by its path."""
    with (folder() / file if isinstance(file, str) else file).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def forget_file(name: str) -> None:
    """Remove a file and its remarks; nothing if they are gone already."""
    (folder() / name).unlink(missing_ok=True)
    remarks_path(name).unlink(missing_ok=True)


def remarks_path(name: str) -> Path:
    """Where the remarks about a file are, whether there are any or not."""
    return folder() / f"{Path(name).stem}-remarks.csv"


def remark_columns() -> tuple[str, ...]:
    """The header of a file of remarks, in the present language."""
    return gettext("Line"), gettext("Column"), gettext("Kind"), gettext("What is wrong"), gettext("What to do")


def remark_cells(problem: Problem) -> tuple[object, ...]:
    """A remark as a row, in the present language."""
    kind = gettext("Warning") if problem.warning else gettext("Error")
    return problem.line, problem.column, kind, problem.what, problem.fix


class RemarksFile:
    """A CSV file that grows with a run."""

    def __init__(self, name: str) -> None:
        self._path = remarks_path(name)

    def __enter__(self) -> Self:
        self._file = self._path.open("r+b" if self._path.exists() else "w+b")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, kept: int, problems: Iterable[Problem]) -> int:
        """Add remarks behind the first `kept` bytes, and answer how many there are now.

        What stands beyond them was written for a batch that was not stored: it is cut off.
        """
        self._file.truncate(kept)
        self._file.seek(kept)
        if not kept:
            # A byte order mark, without which Excel takes UTF-8 for an old code page.
            self._write("\ufeff")
            self._rows(remark_columns(), [])
        self._rows((), [remark_cells(problem) for problem in problems])
        self._file.flush()
        return self._file.tell()

    def _rows(self, columns: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
        text = io.StringIO(newline="")
        write_rows(text, columns, rows)
        self._write(text.getvalue())

    def _write(self, text: str) -> None:
        self._file.write(text.encode())
