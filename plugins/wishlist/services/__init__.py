"""The verbs of the wish list: `cookie` is a visitor's list, `keeping` a shopper's, `showing` what a page says of it."""
