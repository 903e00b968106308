"""Background work: what waits, runs, is retried and gave up."""
