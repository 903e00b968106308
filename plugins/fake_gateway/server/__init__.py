"""The other side of the fake gateway: a process of its own. It imports nothing of the shop, so that each proves the other."""
