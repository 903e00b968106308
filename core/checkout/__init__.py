"""Checkout: the quote, and the one transaction that turns a cart into an order."""
