"""Wish list: what shoppers keep for later."""
