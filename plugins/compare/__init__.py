"""Compare: up to four products side by side."""
