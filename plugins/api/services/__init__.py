"""The operations of the API and its keys. Each module below is one noun or use case."""
