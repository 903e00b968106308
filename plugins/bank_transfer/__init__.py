"""Paying by bank transfer."""
