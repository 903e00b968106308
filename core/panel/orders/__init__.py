"""Orders: the list, and one order with all that happened to it."""
