"""Preparing words, keeping them, and finding products by them."""
