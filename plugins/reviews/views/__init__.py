"""Pages of the shop and of the panel."""
