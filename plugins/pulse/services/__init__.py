"""Counting, and reading what was counted."""
