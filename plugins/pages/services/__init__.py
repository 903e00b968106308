"""Pages: what they say, where they stand, and how that changes."""
