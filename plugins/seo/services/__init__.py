"""Verbs and readings, by what they are about."""
