"""Lower prices for a time."""
