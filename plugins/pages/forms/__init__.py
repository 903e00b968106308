"""The form of a page: what it sends, and how it is shown again."""
