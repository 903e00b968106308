"""A gateway for tests: its server is a process of its own, on an origin of its own."""
