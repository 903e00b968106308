"""What a page answered, in words that a test's author can use: never the whole page."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

from core.lib.text import plain, shorten

CORE = Path(__file__).parents[1]
# Into this list of the request's environ the application puts what it could not answer.
ERRORS = "stoa.errors"


def expect(answer: Any, status: int) -> None:
    """Fail unless the answer has this status: with the error and its place, or what the page says."""
    if answer.status_code == status:
        return
    asked = f"{answer.request.method} {answer.request.path} answered {answer.status_code}, not {status}"
    errors = answer.request.environ.get(ERRORS)
    raise AssertionError(f"{asked}: {_told(errors[-1]) if errors else _said(answer)}")


def _told(error: BaseException) -> str:
    """The error, and below it the way through code and templates that are not core's, nor of a library."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [one for one in frames if "site-packages" not in one.filename and not _is_core(Path(one.filename))]
    lines = [f"  {one.filename}:{one.lineno}  {one.line or ''}".rstrip() for one in ours or frames[-3:]]
    return "\n".join([f"{type(error).__name__}: {error}", *lines])


def _is_core(path: Path) -> bool:
    return path.is_relative_to(CORE)


def _said(answer: Any) -> str:
    """Where a redirect leads, else the words of the page's middle, with those of what was refused."""
    if "Location" in answer.headers:
        return f"it leads to {answer.headers['Location']}"
    page = str(answer.text)
    return shorten(plain(page.partition("<main")[2].partition(">")[2].partition("</main>")[0] or page), 400)
