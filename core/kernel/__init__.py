"""Machinery that knows no shop."""
