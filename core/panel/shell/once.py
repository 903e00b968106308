"""Forms that are sent twice: what they ask for is done once."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, request
from markupsafe import Markup
from werkzeug.datastructures import FileStorage

from core.kernel import i18n, repeats
from core.kernel.sites import current
from core.lib import ids
from core.panel.shell.answers import to

_ViewOnce = Callable[..., Response]


def key_field() -> Markup:
    """The hidden field that makes a form sent twice one act. Every form gets a key of its own."""
    return Markup('<input type="hidden" name="key" value="{}">').format(ids.token())


def _size(upload: FileStorage) -> int:
    """How long a file is that was sent; it is read from its beginning afterwards."""
    size = upload.stream.seek(0, io.SEEK_END)
    upload.stream.seek(0)
    return size


def form_key() -> str:
    """The key of the form that this request sends, for the verb that writes it; empty where the form has none.

    Files count by their names and sizes.
    """
    token = request.values.get("key", "")
    said = str(sorted((name, value) for name, value in request.values.items(multi=True) if name != "key"))
    files = [(name, one.filename, _size(one)) for name, one in request.files.items(multi=True)] if token else []
    said += str(files) if files else ""
    return repeats.form_key(current().site.id, token, ids.digest(f"{request.path} {said}")) if token else ""


def once(endpoint: str, *names: str, **more: Any) -> Callable[[_ViewOnce], _ViewOnce]:
    """Let a view answer a form that was sent before: it leads to `endpoint`, and says that nothing was done twice.

    `names` are those values of the view's address that `endpoint` takes. The view gives `form_key()` to its verb.
    """

    def declare(view: _ViewOnce) -> _ViewOnce:
        @wraps(view)
        def answer(**values: Any) -> Response:
            try:
                repeats.check(form_key())
                return view(**values)
            except repeats.DoneBefore as done:
                return to(endpoint, say=i18n.say(done), **{name: values[name] for name in names}, **more)

        return answer

    return declare
