"""Pictures: upload, words, focal point and use."""
