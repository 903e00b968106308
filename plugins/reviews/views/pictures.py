"""How a kept photo is answered with."""

from __future__ import annotations

from pathlib import Path

from flask import Response


def picture(path: Path, keep: str = "no-store") -> Response:
    """A photo as it was drawn anew when it came: JPEG, without metadata. Browsers alone keep it, and not for long."""
    answer = Response(path.read_bytes(), mimetype="image/jpeg")
    answer.headers["Cache-Control"] = f"private, {keep}"
    return answer
