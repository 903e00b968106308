"""Delivery prices by zone, weight, order value or quantity."""
