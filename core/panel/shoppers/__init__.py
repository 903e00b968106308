"""Shoppers: the list of accounts, and a page for each."""
