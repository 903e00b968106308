"""Paying in cash when the goods arrive."""
