"""A minimal shop: it boots with every plugin off."""
