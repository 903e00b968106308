"""Collecting the goods at a shop or depot."""
