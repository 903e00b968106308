"""Products: words, variants, prices, pictures, and where they are sold."""
