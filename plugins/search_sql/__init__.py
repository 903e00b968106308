"""Search by the shop's own database."""
