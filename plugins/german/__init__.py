"""German as a language pack."""
