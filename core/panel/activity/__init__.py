"""The activity log, as people read it."""
