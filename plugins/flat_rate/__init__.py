"""Delivery at fixed prices."""
