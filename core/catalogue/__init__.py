"""What the shop sells: products, prices, stock, categories, pictures, and the cards that lists are made of."""
