"""Stock levels and their moves."""
