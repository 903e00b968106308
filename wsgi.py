"""The application for a WSGI server: `gunicorn wsgi:app`, also with `--preload`.

The tables must be up to date (`./stoa migrate`), and jobs are done by `./stoa work`.
"""

from __future__ import annotations

import gc

# Nothing that is loaded now is garbage: looking for some again and again takes a tenth of the start.
gc.disable()

from core.app import create_app  # noqa: E402
from core.kernel import forks  # noqa: E402

app = create_app()
forks.prepare(app, app.flask.view_functions)
gc.enable()
