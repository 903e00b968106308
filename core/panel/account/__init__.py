"""Signing in and out, and what staff set for themselves."""
