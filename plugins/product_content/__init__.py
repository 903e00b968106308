"""More about products: specifications, downloads, goods that go together, and size advice."""
