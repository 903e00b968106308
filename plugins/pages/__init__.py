"""Reviews: stars and words of buyers."""
