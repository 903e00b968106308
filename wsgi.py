"""The application for a WSGI server: `gunicorn wsgi:app`, also with `--preload`.

The tables must be up to date (`./stoa migrate`), and jobs are done by `./stoa work`.
"""

from __future__ import annotations

import gc

# Nearly all that is loaded now stays: to look through it for garbage again and again takes a tenth of the start.
_USUAL = gc.get_threshold()
gc.set_threshold(10_000, 1_000)

from core.lib import cldr, spare  # noqa: E402

cldr.lighten(["en", "zh-CN"])  # first, so that what comes takes the room
with spare.hollow("pdb"):  # the tests of click, which flask_login takes along, would stop in it
    import flask_login as flask_login

from core.app import create_app  # noqa: E402
from core.kernel import forks  # noqa: E402

app = create_app()
forks.prepare(app, app.flask.view_functions)
gc.set_threshold(*_USUAL)
