"""The rules, the signs they look at, what is kept of them, and how it is read."""
