"""Orders: facts first. Lines count events, payments keep facts, and every status is derived from them."""
