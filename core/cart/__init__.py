"""Carts: what a shopper means to buy, and the details typed so far."""
