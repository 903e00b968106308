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
# What serves takes no commands, is not Werkzeug's server, and is neither tested nor debugged.
with spare.hollow(
    "click",
    "flask.cli:AppGroup",
    "flask_login.test_client:FlaskLoginClient",
    "werkzeug.serving:run_simple is_running_from_reloader",
    "werkzeug.test:Client",
):
    import flask_login  # noqa: F401

from core.app import create_app  # noqa: E402
from core.kernel import forks  # noqa: E402

app = create_app()
forks.prepare(app, app.flask.view_functions)
gc.set_threshold(*_USUAL)
