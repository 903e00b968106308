"""The shop as shoppers see it: home, lists, product, search, cart, checkout, tracking and account."""
