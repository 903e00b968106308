"""`python -m core.cli`, which the script `./stoa` runs."""

from core.cli import main

raise SystemExit(main())
