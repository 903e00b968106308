"""Arabic as a language pack."""
