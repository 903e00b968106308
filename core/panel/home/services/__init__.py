"""What the first page and the search show."""
