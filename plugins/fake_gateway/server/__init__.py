"""The other side of the fake gateway: a process of its own. It imports nothing of the shop: each proves the other."""
