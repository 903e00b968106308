"""The application for a WSGI server: `gunicorn wsgi:app`, also with `--preload`.

The tables must be up to date (`./stoa migrate`), and jobs are done by `./stoa work`.
"""

from __future__ import annotations

import gc
import os

from core.app import create_app
from core.kernel import db

app = create_app()

# A server that loads the application once and then forks gives every child its own connections. What was loaded is
# set aside from the collector, which would write to all of it in each child, so that they go on sharing its memory.
gc.collect()
os.register_at_fork(before=gc.freeze, after_in_child=db.after_fork)
