"""Backups: one file with all that an installation knows, put back into an empty one, and tried every night."""
