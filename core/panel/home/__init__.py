"""The panel's first page, and its search."""
