"""Products in from a file and out again, in the panel."""
