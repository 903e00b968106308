"""Pages in the shop and in the panel."""
