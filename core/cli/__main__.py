"""`python -m core.cli`, which the script `./stoa` runs."""

from __future__ import annotations

from core.cli import main

raise SystemExit(main())
