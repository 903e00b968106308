"""Where searches lead, as staff say it."""
