"""Paying in cash when the goods are received."""
