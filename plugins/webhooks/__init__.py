"""Events of the shop, sent to addresses of the merchant."""
