"""Products in from a file and out again: WooCommerce, Shopify and our own CSV."""
