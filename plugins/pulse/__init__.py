"""Pulse: statistics of a shop without cookies."""
