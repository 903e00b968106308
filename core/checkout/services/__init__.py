"""The verbs of the checkout: look at a cart with all its prices, and place the order."""
