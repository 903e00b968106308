"""Taxes by class, country and region."""
